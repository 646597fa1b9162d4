// Package matching says whether one of an organisation's people is the person it was asked about. It is pure: identities in, an
// outcome out. It trusts that the organisation's source gave every person who could be meant (a cheap superset) and refuses to guess:
// one exact identifier that nothing contradicts, or name and date of birth, and only one person for whom that holds. Whatever else
// might be the person makes the outcome ambiguous, because a wrong match discloses a stranger, and a false "no trace" tells a worker
// that there is nothing to know (domain.md 4.5).
package matching

import (
	"log/slog"
	"slices"

	"github.com/mashgate/mashgate/internal/person"
)

// Candidate is one person of an organisation's own system.
type Candidate struct {
	// Ref is the person in the organisation's own system; it never leaves the organisation.
	Ref      string
	Identity person.Identity
	// Flags are the protective flags held on the person or their household.
	Flags []string
}

// LogValue keeps the person out of logs.
func (Candidate) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Outcome is what came of a look-up. Its zero value is none of them.
type Outcome string

// The outcomes. NoTrace comes from a completed look-up with enough identifiers and from nothing else.
const (
	Matched           Outcome = "matched"
	NoTrace           Outcome = "no_trace"
	Ambiguous         Outcome = "ambiguous"
	TooFewIdentifiers Outcome = "too_few_identifiers"
)

// Kinds of identifier a look-up can be made with.
const (
	ByNHSNumber   = "nhs_number"
	ByUPN         = "upn"
	ByName        = "name"
	ByDateOfBirth = "date_of_birth"
	ByPostcode    = "postcode"
)

// Result is the outcome of one look-up.
type Result struct {
	Outcome Outcome
	// Ref is the one person, for Matched.
	Ref string
	// Flags are those of the match or, while it is open who is meant, of everybody it could be.
	Flags []string
	// With are the kinds of identifier the look-up was made with, in a fixed order.
	With []string
	// Possible is how many people it could be, for Ambiguous.
	Possible int
}

// LogValue keeps the person out of logs.
func (r Result) LogValue() slog.Value { return slog.StringValue(string(r.Outcome)) }

// Match looks one person up among candidates. A candidate that is given twice (the same Ref) is one person.
func Match(who person.Identity, candidates []Candidate) Result {
	asked := keysOf(who)
	result := Result{With: asked.kinds()}
	if len(result.With) == 0 {
		result.Outcome = TooFewIdentifiers
		return result
	}
	sure, possible := weigh(asked, candidates)
	for _, c := range append(slices.Clone(sure), possible...) {
		result.Flags = append(result.Flags, c.Flags...)
	}
	slices.Sort(result.Flags)
	result.Flags = slices.Compact(result.Flags)
	switch {
	case len(sure) == 1 && len(possible) == 0:
		result.Outcome, result.Ref = Matched, sure[0].Ref
	case len(sure)+len(possible) > 0:
		result.Outcome, result.Possible = Ambiguous, len(sure)+len(possible)
	default:
		result.Outcome = NoTrace
	}
	return result
}

// weigh sorts candidates into those who are the person and those who could be, each person once and at their best.
func weigh(asked keys, candidates []Candidate) (sure, possible []Candidate) {
	best := make(map[string]strength, len(candidates))
	for _, c := range candidates {
		best[c.Ref] = max(best[c.Ref], asked.compare(keysOf(c.Identity)))
	}
	taken := make(map[string]int, len(candidates))
	for _, c := range candidates {
		list := &sure
		switch best[c.Ref] {
		case different:
			continue
		case couldBe:
			list = &possible
		case same:
		}
		if at, seen := taken[c.Ref]; seen {
			(*list)[at].Flags = append(slices.Clone((*list)[at].Flags), c.Flags...)
			continue
		}
		taken[c.Ref] = len(*list)
		*list = append(*list, c)
	}
	return sure, possible
}

// Enough tells whether a person can be looked up at all with what is known of them.
func Enough(who person.Identity) bool { return len(keysOf(who).kinds()) > 0 }
