package episode

import (
	"fmt"
	"slices"

	"github.com/mashgate/mashgate/internal/fault"
)

// The facts of which it is kept who recorded them: a request that rests on one person's word alone needs a second person (domain.md
// 4.4).
const (
	FactReferral   = "referral"
	FactRating     = "rating"
	FactS47Cause   = "s47_cause"
	FactOverride   = "override"
	FactBreakGlass = "break_glass"
)

// Rate sets rating, level, basis, concerns and findings. A change of rating or level needs a reason (domain.md 1). Whoever sets the
// same rating again confirms it.
func (e *Episode) Rate(r Rating) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	changed := r.Code != e.Rating || r.LevelOfNeed != e.LevelOfNeed
	if changed && len(e.Ratings) > 0 && r.Reason == "" {
		return fault.Invalid("reason", "a change of rating or level needs a reason")
	}
	e.record(FactRating, r.By.Person, r.Code != e.Rating)
	if r.Facts.S47Cause {
		e.record(FactS47Cause, r.By.Person, !e.Facts.S47Cause)
	} else {
		delete(e.Recorders, FactS47Cause)
	}
	e.Rating, e.RatingReason, e.LevelOfNeed, e.Basis = r.Code, r.Reason, r.LevelOfNeed, r.Basis
	e.Concerns, e.Facts, e.DecisionDue = slices.Clone(r.Concerns), r.Facts, r.Due
	e.Ratings = append(e.Ratings, r)
	return nil
}

// MoveTo changes the stage, but not to closed: that takes Close and a reason.
func (e *Episode) MoveTo(stage string) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if stage == StageClosed {
		return fault.Precondition("CLOSE_NEEDS_REASON", "An episode is closed with a reason.")
	}
	e.Stage = stage
	return nil
}

// RecordConsent adds an answer. Earlier ones stay.
func (e *Episode) RecordConsent(c Consent) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if err := checkConsent("consent", c); err != nil {
		return err
	}
	if e.subject(c.Giver) < 0 {
		return fault.Invalid("consent.giver", "is not a subject of this episode")
	}
	e.Consents = append(e.Consents, c)
	return nil
}

// WithdrawConsent adds a withdrawal. It is taken whatever was answered before, and on a closed episode too: what was released stands,
// nothing more follows.
func (e *Episode) WithdrawConsent(kind, giver string, by By) error {
	if e.subject(giver) < 0 {
		return fault.Invalid("giver", "is not a subject of this episode")
	}
	e.Consents = append(e.Consents, Consent{Kind: kind, Giver: giver, Status: "withdrawn", Recorder: by.Person, Recorded: by.At})
	return nil
}

// AddSubject adds a person under a new random id, and returns them.
func (e *Episode) AddSubject(s Subject) (Subject, error) {
	if err := e.checkOpen(); err != nil {
		return Subject{}, err
	}
	if err := checkSubject("subject", s); err != nil {
		return Subject{}, err
	}
	s.ID = newID()
	return s, e.replaceSubjects(append(slices.Clone(e.Subjects), s))
}

// UpdateSubject replaces the person with the same id.
func (e *Episode) UpdateSubject(s Subject) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if err := checkSubject("subject", s); err != nil {
		return err
	}
	i := e.subject(s.ID)
	if i < 0 {
		return fault.Invalid("subject.id", "is not a subject of this episode")
	}
	subjects := slices.Clone(e.Subjects)
	subjects[i] = s
	return e.replaceSubjects(subjects)
}

func (e *Episode) replaceSubjects(subjects []Subject) error {
	if err := checkFamily("subject", subjects); err != nil {
		return err
	}
	judgeIdentities(subjects)
	e.Subjects = subjects
	return nil
}

// SetOverride records a ground to go on without consent. The same ground recorded by another person confirms it.
func (e *Episode) SetOverride(o Override) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if o.Ground == "" || o.Reason == "" {
		return fault.Invalid("override.reason", "a ground to go on without consent needs a reason")
	}
	e.record(FactOverride, o.By.Person, e.Override == nil || e.Override.Ground != o.Ground)
	e.Override = &o
	return nil
}

// EndOverride takes back the ground to go on without consent. What it was, and why it ended, stays on the episode.
func (e *Episode) EndOverride(reason string, by By) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if reason == "" {
		return fault.Invalid("reason", "ending an override needs a reason")
	}
	if e.Override == nil {
		return fault.Precondition("NO_OVERRIDE", "No override is in force.")
	}
	e.EndedOverrides = append(slices.Clone(e.EndedOverrides), EndedOverride{Override: *e.Override, EndReason: reason, EndedBy: by})
	e.Override = nil
	delete(e.Recorders, FactOverride)
	return nil
}

// Settle settles the consent position, once per episode (domain.md 4.2).
func (e *Episode) Settle(p ConsentPosition) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if p.Reason == "" {
		return fault.Invalid("reason", "settling the consent position needs a reason")
	}
	if e.ConsentPosition != nil {
		return fault.Precondition("ALREADY_SETTLED", "The consent position of this episode has been settled; it is settled once.")
	}
	e.ConsentPosition = &p
	return nil
}

// Break opens the emergency basis in one person's name until it expires. Starts is b.By.At.
func (e *Episode) Break(b BreakGlass) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if b.Reason == "" || b.By.Person == "" {
		return fault.Invalid("reason", "a break-glass needs a reason and a named person")
	}
	b.Starts, b.PriorBasis = b.By.At, e.Basis
	if e.Basis == BasisEmergency && e.BreakGlass != nil {
		b.PriorBasis = e.BreakGlass.PriorBasis
	}
	if !b.Expires.After(b.Starts) {
		return fault.Invalid("expire_time", "is not after the present")
	}
	// Another person's break-glass in force is confirmed; one that is over starts anew.
	e.record(FactBreakGlass, b.By.Person, e.BreakGlass == nil || !e.BreakGlass.Expires.After(b.Starts))
	e.BreakGlass, e.Basis = &b, BasisEmergency
	return nil
}

// EndBreakGlass ends the break-glass now; the basis goes back to what was recorded before it.
func (e *Episode) EndBreakGlass(by By) error {
	if e.BreakGlass == nil || !e.BreakGlass.Expires.After(by.At) {
		return fault.Precondition("NO_BREAK_GLASS", "No break-glass is in force.")
	}
	ended := *e.BreakGlass
	ended.Expires = by.At
	e.BreakGlass = &ended
	if e.Basis == BasisEmergency {
		e.Basis = ended.PriorBasis
	}
	return nil
}

// RecordOutcome records the final recommendation.
func (e *Episode) RecordOutcome(o Outcome) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if len(o.OutstandingOrganisations) > 0 && o.OutstandingReason == "" {
		return fault.Invalid("outcome.outstanding_reason", "recommending before everybody has answered needs a reason")
	}
	e.Outcome = &o
	return nil
}

// Assign replaces the people assigned.
func (e *Episode) Assign(people []string) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if len(people) == 0 {
		return fault.Invalid("assignees", "an episode has at least one person assigned")
	}
	sorted := slices.Clone(people)
	slices.Sort(sorted)
	e.Assignees = slices.Compact(sorted)
	return nil
}

// Close closes the episode: nothing more is asked, and nothing changes but a withdrawal.
func (e *Episode) Close(c Closing) error {
	if err := e.checkOpen(); err != nil {
		return err
	}
	if c.Reason == "" {
		return fault.Invalid("reason", "closing an episode needs a reason")
	}
	e.Stage, e.Closing = StageClosed, &c
	return nil
}

func (e *Episode) checkOpen() error {
	if e.Stage == StageClosed {
		return fault.Precondition("EPISODE_CLOSED", "The episode is closed.")
	}
	return nil
}

func (e *Episode) subject(id string) int {
	return slices.IndexFunc(e.Subjects, func(s Subject) bool { return s.ID == id })
}

// record keeps who stands behind a fact: a new fact has its recorder alone, a standing one gains a confirmer.
func (e *Episode) record(fact, person string, anew bool) {
	if e.Recorders == nil {
		e.Recorders = map[string][]string{}
	}
	if anew {
		e.Recorders[fact] = []string{person}
	} else if !slices.Contains(e.Recorders[fact], person) {
		e.Recorders[fact] = append(e.Recorders[fact], person)
	}
}

func checkConsent(field string, c Consent) error {
	if (c.Status == "not_sought" || c.Status == "not_safe_to_seek") && c.Reason == "" {
		return fault.Invalid(field+".reason", fmt.Sprintf("an answer %s needs a reason", c.Status))
	}
	return nil
}
