// Package plan turns what policy allows into what will be done: a leg for each organisation that may be asked about somebody, and,
// for everybody else, the answer that needs no asking. It stands between policy.Ask and the ledger, trusts only the constraints it
// is handed, and refuses to leave a hole: every organisation of the hub and every subject of the episode meet exactly once. It is
// pure: values in, values out.
package plan

import (
	"cmp"
	"slices"

	"github.com/mashgate/mashgate/policy"
)

// Organisation is one organisation of the hub, with what policy lets it be asked and what not.
type Organisation struct {
	ID string
	// Connected is false for an organisation that no line leads to; it is listed as such (domain.md section 3).
	Connected   bool
	Constraints []policy.Constraint
	NotAsked    []policy.NotAsked
}

// Leg is one organisation that will be asked, about whom, and under which constraints.
type Leg struct {
	Organisation string
	// Subjects are those with at least one constraint, sorted: an organisation is told of nobody else.
	Subjects    []string
	Constraints []policy.Constraint
}

// Unasked is the answer `not_asked` of one organisation about one subject.
type Unasked struct {
	Organisation string
	Subject      string
	// Reasons may all be told to the requester.
	Reasons []policy.Reason
}

// Held is a category that is not asked for, about a subject, as the requester may be told it.
type Held struct {
	Organisation string
	Subject      string
	Category     string
	Effect       policy.Effect
	Reasons      []policy.Reason
}

// Plan is everything one request will do.
type Plan struct {
	Legs    []Leg
	Unasked []Unasked
	Held    []Held
}

// Make plans a request. Every pair of organisation and subject is either in one leg or in one Unasked, never in both.
func Make(subjects []string, organisations []Organisation) Plan {
	var p Plan
	for _, organisation := range organisations {
		leg := legOf(organisation)
		for _, subject := range slices.Compact(slices.Sorted(slices.Values(subjects))) {
			if !slices.Contains(leg.Subjects, subject) {
				p.Unasked = append(p.Unasked, unasked(organisation, subject))
			}
		}
		if len(leg.Subjects) > 0 {
			p.Legs = append(p.Legs, leg)
		}
		p.Held = append(p.Held, held(organisation)...)
	}
	slices.SortFunc(p.Legs, func(a, b Leg) int { return cmp.Compare(a.Organisation, b.Organisation) })
	return p
}

func legOf(o Organisation) Leg {
	leg := Leg{Organisation: o.ID}
	if !o.Connected {
		return leg
	}
	leg.Constraints = o.Constraints
	for _, constraint := range o.Constraints {
		leg.Subjects = append(leg.Subjects, constraint.Subject)
	}
	slices.Sort(leg.Subjects)
	leg.Subjects = slices.Compact(leg.Subjects)
	return leg
}

func unasked(o Organisation, subject string) Unasked {
	answer := Unasked{Organisation: o.ID, Subject: subject}
	if !o.Connected {
		answer.Reasons = []policy.Reason{notConnected()}
		return answer
	}
	for _, not := range o.NotAsked {
		if not.Subject == subject && tellable(not.Reasons) {
			answer.Reasons = join(answer.Reasons, not.Reasons)
		}
	}
	if len(answer.Reasons) == 0 {
		answer.Reasons = []policy.Reason{nothingToAsk()}
	}
	return answer
}

// held lists what is not asked for, as far as it may be named: a category whose reason may not be told is not named either
// (domain.md 4.4, what a refusal tells). That a category is not asked for is the same whether or not anything is held.
func held(o Organisation) []Held {
	var list []Held
	for _, not := range o.NotAsked {
		if o.Connected && tellable(not.Reasons) {
			list = append(list, Held{
				Organisation: o.ID, Subject: not.Subject, Category: not.Category, Effect: not.Effect, Reasons: not.Reasons,
			})
		}
	}
	return list
}

func tellable(reasons []policy.Reason) bool {
	return len(reasons) > 0 && !slices.ContainsFunc(reasons, func(r policy.Reason) bool { return !r.Tellable })
}

// join adds reasons whose code is not yet among them.
func join(have, more []policy.Reason) []policy.Reason {
	for _, reason := range more {
		if !slices.ContainsFunc(have, func(r policy.Reason) bool { return r.Code == reason.Code }) {
			have = append(have, reason)
		}
	}
	return have
}

// The reasons of the path itself: no rule of a hub could decide them otherwise.

func notConnected() policy.Reason {
	return policy.Reason{
		Code: "not_connected", Rule: "plan", Effect: policy.Deny, Tellable: true,
		Text:   "This organisation is not connected to the gateway: ring its safeguarding desk.",
		Source: "domain.md section 3: an organisation that is not connected is listed as such",
	}
}

func nothingToAsk() policy.Reason {
	return policy.Reason{
		Code: "nothing_to_ask", Rule: "plan", Effect: policy.Deny, Tellable: true,
		Text:   "Nothing that this organisation could be asked about this person is needed, or may be asked.",
		Source: "domain.md section 4: an agency with nothing permitted is asked nothing and told nothing",
	}
}
