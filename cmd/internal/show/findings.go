package show

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// causeWords say what happened, as far as this list knows it; a cause that it does not know is printed as it is.
var causeWords = map[string]string{
	"activation": "another policy came into force", "tightening": "the emergency rules changed", "consent_withdrawn": "consent was withdrawn",
	"override_ended": "the ground to go on without consent was taken back", "break_glass_ended": "the break-glass ended",
	"episode_closed": "the episode closed",
}

// nowWords say what would become of a record.
var nowWords = map[string]string{
	"deny": "would not be shown", "review": "would be held until a named person decides", "exist": "would be shown only as held by the organisation",
	"redact": "would be shown with more taken out",
}

// Findings prints what was seen and would not be shown now, the newest first.
func Findings(w io.Writer, list *policyv1.ListRecheckFindingsResponse) error {
	p := &page{w: w}
	if len(list.GetFindings()) == 0 {
		p.line("Nothing that anybody has seen would be held back now.")
	}
	for i, f := range list.GetFindings() {
		if i > 0 {
			p.line("")
		}
		p.finding(f)
	}
	return p.err
}

func (p *page) finding(f *policyv1.RecheckFinding) {
	p.line("%s  %s", moment(f.GetTime()), word(causeWords, f.GetCause()))
	p.wrapped(2, fmt.Sprintf("%s of %s from %s about %s %s now.", plural(int(f.GetRecords()), "record"), f.GetCategory(), f.GetOrganisation(),
		f.GetSubject(), word(nowWords, f.GetNow())))
	p.wrapped(2, "Why: "+strings.ReplaceAll(strings.Join(f.GetReasons(), ", "), "_", " "))
	p.wrapped(2, "Seen by: "+strings.Join(f.GetSeenBy(), ", "))
	entries := make([]string, 0, len(f.GetLedgerEntries()))
	for _, seq := range f.GetLedgerEntries() {
		entries = append(entries, strconv.FormatInt(seq, 10))
	}
	p.wrapped(2, "Ledger entries: "+strings.Join(entries, ", "))
	p.line("  %s", f.GetInformationRequest())
}

func word(words map[string]string, code string) string {
	if known, ok := words[code]; ok {
		return known
	}
	return strings.ReplaceAll(code, "_", " ")
}
