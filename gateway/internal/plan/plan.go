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

// Request is what is to be planned.
type Request struct {
	Subjects      []string
	Organisations []Organisation
	// NeverNamed are categories that a requester must not learn of.
	NeverNamed []string
}

// Make plans a request. Every pair of organisation and subject is either in one leg or in one Unasked, never in both.
func Make(r Request) Plan {
	var p Plan
	for _, organisation := range r.Organisations {
		leg := legOf(organisation)
		for _, subject := range slices.Compact(slices.Sorted(slices.Values(r.Subjects))) {
			if !slices.Contains(leg.Subjects, subject) {
				p.Unasked = append(p.Unasked, r.unasked(organisation, subject))
			}
		}
		if len(leg.Subjects) > 0 {
			p.Legs = append(p.Legs, leg)
		}
		p.Held = append(p.Held, r.held(organisation, leg)...)
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

func (r Request) unasked(o Organisation, subject string) Unasked {
	answer := Unasked{Organisation: o.ID, Subject: subject}
	if !o.Connected {
		answer.Reasons = []policy.Reason{notConnected()}
		return answer
	}
	for _, not := range o.NotAsked {
		if not.Subject == subject && r.tellable(not) {
			answer.Reasons = join(answer.Reasons, not.Reasons)
		}
	}
	if len(answer.Reasons) == 0 {
		answer.Reasons = []policy.Reason{nothingToAsk()}
	}
	return answer
}

// held lists what is not asked for, as far as it may be named: a category whose reason may not be told is not named either
// (domain.md 4.4, what a refusal tells). That a category is not asked for is the same whether or not anything is held. What the hub
// must first review is always listed, because somebody has to decide it; what is denied only where the rest of the answer would hide
// it: an answer that is wholly not_asked carries its reasons itself. What does not apply to the person says nothing to anybody.
func (r Request) held(o Organisation, leg Leg) []Held {
	var list []Held
	for _, not := range o.NotAsked {
		listed := not.Effect == policy.Review || slices.Contains(leg.Subjects, not.Subject) && !idle(not)
		if o.Connected && listed && r.tellable(not) {
			list = append(list, Held{
				Organisation: o.ID, Subject: not.Subject, Category: not.Category, Effect: not.Effect, Reasons: not.Reasons,
			})
		}
	}
	return list
}

// idle: the pack's code for a category that is not kept about such a person.
func idle(not policy.NotAsked) bool {
	return !slices.ContainsFunc(not.Reasons, func(r policy.Reason) bool { return r.Code != "not_applicable" })
}

func (r Request) tellable(not policy.NotAsked) bool {
	silent := slices.ContainsFunc(not.Reasons, func(reason policy.Reason) bool { return !reason.Tellable })
	return len(not.Reasons) > 0 && !silent && !slices.Contains(r.NeverNamed, not.Category)
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
		Source: "Hub sharing rules, section 3: an organisation that is not connected is listed as such",
	}
}

func nothingToAsk() policy.Reason {
	return policy.Reason{
		Code: "nothing_to_ask", Rule: "plan", Effect: policy.Deny, Tellable: true,
		Text:   "Nothing that this organisation could be asked about this person is needed, or may be asked.",
		Source: "Hub sharing rules, section 4: an agency with nothing permitted is asked nothing and told nothing",
	}
}
