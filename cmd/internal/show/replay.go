package show

import (
	"fmt"
	"io"

	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// differenceWords say what is wrong with one recorded decision.
var differenceWords = map[string]string{
	"decision_differs": "deciding it again gives something else",
	"record_altered":   "the record is not what the ledger says was recorded",
	"record_missing":   "the ledger tells of a decision, and its record is gone",
	"revision_altered": "the policy that decided is not what it was",
	"revision_gone":    "the policy that decided is no longer kept",
}

// Difference prints one recorded decision that was not reproduced.
func Difference(w io.Writer, d *policyv1.Difference) error {
	p := &page{w: w}
	which := "a decision without a record"
	if d.GetDecision() > 0 {
		which = fmt.Sprintf("decision record %d", d.GetDecision())
	}
	p.line("%s: %s", which, word(differenceWords, d.GetCode()))
	p.line("  %s", d.GetInformationRequest())
	if d.GetOrganisation() != "" {
		p.line("  answer of %s", d.GetOrganisation())
	}
	if d.GetRevision() != "" {
		p.line("  under policy revision %s", d.GetRevision())
	}
	p.wrapped(2, d.GetDetail())
	return p.err
}

// Replayed prints what a replay came to, in plain words.
func Replayed(w io.Writer, r *policyv1.ReplayResult) error {
	p := &page{w: w}
	total := r.GetEqual() + r.GetDifferent() + r.GetErased()
	p.line("%s on record, in %s.", plural(int(total), "decision"), plural(int(r.GetRecords()), "record"))
	if again := r.GetEqual() + r.GetDifferent(); again > 0 {
		p.wrapped(2, fmt.Sprintf("%d decided again under the policy that decided them: %s.", again, sameness(r)))
	}
	if r.GetErased() > 0 {
		p.wrapped(2, fmt.Sprintf("%d erased, with their case or because their time was over: nobody can decide those again.", r.GetErased()))
	}
	return p.err
}

func sameness(r *policyv1.ReplayResult) string {
	if r.GetDifferent() == 0 {
		return "each came out exactly as it was recorded"
	}
	return fmt.Sprintf("%d came out exactly as recorded, %d DID NOT", r.GetEqual(), r.GetDifferent())
}
