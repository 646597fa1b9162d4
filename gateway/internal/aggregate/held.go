package aggregate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/policy"
)

// The kinds of answer (domain.md 4.5). They are never confused.
const (
	Records        = "records"
	NoTrace        = "no_trace"
	NothingToShare = "nothing_to_share"
	NotAsked       = "not_asked"
	Ambiguous      = "ambiguous"
	Withheld       = "withheld"
	Refused        = "refused"
	NotAnswered    = "not_answered"
	Error          = "error"
)

// Tellable are the reasons that carry a decision's effect and may be told, one for each code; none where the decision is silent.
func Tellable(d policy.Decision) []policy.Reason {
	if d.Silent() {
		return nil
	}
	var told []policy.Reason
	for _, reason := range d.Reasons {
		said := slices.ContainsFunc(told, func(r policy.Reason) bool { return r.Code == reason.Code })
		if reason.Effect == d.Effect && reason.Tellable && !said {
			told = append(told, reason)
		}
	}
	return told
}

// heldBack lists what may be told of what is held: each line once and never a count, because how much there is may be the leak.
func heldBack(held []request.Held, words *policy.Vocabulary) []Held {
	var lines []Held
	for _, h := range held {
		line, ok := lineOf(h, words)
		if ok && !slices.ContainsFunc(lines, line.same) {
			lines = append(lines, line)
		}
	}
	slices.SortFunc(lines, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.Organisation, b.Organisation), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Category, b.Category),
			cmp.Compare(a.codes(), b.codes()))
	})
	return lines
}

func lineOf(h request.Held, words *policy.Vocabulary) (Held, bool) {
	reasons := Tellable(h.Decision)
	if len(reasons) == 0 || slices.Contains(words.NeverNamed.Categories, h.Category) {
		return Held{}, false
	}
	line := Held{
		Organisation: h.Organisation, Subject: h.Subject, Category: h.Category, Effect: h.Decision.Effect, Reasons: reasons,
		DecidedBy: decidedBy(words, reasons),
	}
	// A category with no record behind it was not asked for: there is nothing that its holder's desk could tell of.
	if h.Ref != "" || h.Category == "" {
		line.Desk = desk(words, h.Organisation)
	}
	// exist: only that the agency holds something, and its desk to ring; never the category (domain.md section 4).
	if line.Effect == policy.Exist {
		line.Category = ""
	}
	return line, true
}

func (h Held) same(other Held) bool {
	return h.Organisation == other.Organisation && h.Subject == other.Subject && h.Category == other.Category &&
		h.Effect == other.Effect && h.codes() == other.codes()
}

func (h Held) codes() string {
	codes := make([]string, 0, len(h.Reasons))
	for _, reason := range h.Reasons {
		codes = append(codes, reason.Code)
	}
	slices.Sort(codes)
	return strings.Join(codes, " ")
}

func desk(words *policy.Vocabulary, organisation string) string {
	for _, o := range words.Organisations {
		if o.ID == organisation {
			return strings.TrimSpace(o.SafeguardingDesk.Title + ", " + o.SafeguardingDesk.Phone)
		}
	}
	return ""
}

// decidedBy names who resolves a review. Where hub and holder both have one standing the hub comes first (domain.md 4.6).
func decidedBy(words *policy.Vocabulary, reasons []policy.Reason) string {
	for _, decider := range []string{policy.DeciderHub, policy.DeciderHolder} {
		for _, reason := range reasons {
			if reason.Decider == decider {
				who := words.Reasons[reason.Code]
				return decider + ": " + spoken(who.Who) + "; out of hours: " + spoken(who.WhoOutOfHours)
			}
		}
	}
	return ""
}

func spoken(role string) string { return strings.ReplaceAll(role, "_", " ") }
