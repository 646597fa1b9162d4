package episode

import (
	"cmp"
	"slices"
	"time"

	"github.com/mashgate/mashgate/policy"
)

// PolicyInput is what the decision reads of the episode: facts, codes and dates, no name and no sentence. The requester, the
// categories, the organisations and the flags are the caller's to fill in.
func (e Episode) PolicyInput(at time.Time) policy.Input {
	in := policy.Input{
		At: at, Hub: e.Hub,
		Episode: policy.Episode{
			Stage: e.Stage, Purpose: e.Purpose, Rating: cmp.Or(e.Rating, None), LevelOfNeed: e.LevelOfNeed, Basis: cmp.Or(e.Basis, None),
			Concerns: append([]string{}, e.Concerns...), Facts: e.Facts, Expires: e.Expires,
		},
		Requester: policy.Requester{Relationships: []policy.Relationship{}, OwnFacts: []string{}, SupportedFacts: []string{}},
		Subjects:  make([]policy.Subject, 0, len(e.Subjects)), Consents: make([]policy.Consent, 0, len(e.Consents)),
		Categories: []policy.Category{}, Organisations: []policy.Organisation{}, Flags: []policy.Flag{},
	}
	if o := e.Override; o != nil {
		in.Episode.Override = &policy.Override{Ground: o.Ground, Reason: policy.Said(o.Reason), By: policy.Said(o.By.Person)}
	}
	if b := e.BreakGlass; b != nil {
		in.Episode.BreakGlass = &policy.BreakGlass{By: policy.Said(b.By.Person), Reason: policy.Said(b.Reason), Starts: b.Starts, Expires: b.Expires}
	}
	if p := e.ConsentPosition; p != nil {
		in.Episode.ConsentPosition = &policy.ConsentPosition{By: policy.Said(p.By.Person), Reason: policy.Said(p.Reason)}
	}
	for _, s := range e.Subjects {
		in.Subjects = append(in.Subjects, s.policy())
	}
	for _, c := range e.Consents {
		in.Consents = append(in.Consents, policy.Consent{Kind: c.Kind, By: c.Giver, Status: c.Status, Reason: policy.Said(c.Reason), Recorded: c.Recorded})
	}
	return in
}

func (s Subject) policy() policy.Subject {
	return policy.Subject{
		ID: s.ID, Role: s.Role, Born: s.Identity.DateOfBirth, Identified: cmp.Or(s.Identified, "no"),
		GillickCompetent: cmp.Or(s.GillickCompetent, "unknown"), PregnantOrPostnatal: cmp.Or(s.PregnantOrPostnatal, "unknown"),
		// Not stated: yes for a parent, else no (subject.proto).
		ParentalResponsibility: s.ParentalResponsibility == "yes" || s.Role == "parent" && s.ParentalResponsibility != "no",
		// Anything but a no counts as living with the child: protection then covers the person.
		LivesWithIndex:      s.LivesWithIndex != "no",
		AllegedSourceOfHarm: s.AllegedSourceOfHarm, SafeAddress: s.SafeAddress,
	}
}

// FactsBy tells which facts the episode rests on that only this person recorded, and which another person recorded or confirmed.
func (e Episode) FactsBy(personID string) (own, supported []string) {
	own, supported = []string{}, []string{}
	for _, fact := range []string{FactReferral, FactRating, FactS47Cause, FactOverride, FactBreakGlass} {
		by := e.Recorders[fact]
		switch {
		case len(by) == 0:
		case slices.ContainsFunc(by, func(p string) bool { return p != personID }):
			supported = append(supported, fact)
		default:
			own = append(own, fact)
		}
	}
	return own, supported
}

// AssignedTo tells whether the person is assigned to the episode.
func (e Episode) AssignedTo(personID string) bool { return slices.Contains(e.Assignees, personID) }
