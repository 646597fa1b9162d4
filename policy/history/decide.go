package history

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Allowed is what one organisation may be asked for, and what it is not asked for with the reasons.
type Allowed struct {
	Organisation string
	Constraints  []policy.Constraint
	NotAsked     []policy.NotAsked
}

// Decide decides what each organisation of the request may be asked for. It is the one way to do so, live and in replay.
func Decide(ctx context.Context, q *policy.Request, organisations []policy.Organisation) ([]Allowed, error) {
	all := make([]Allowed, 0, len(organisations))
	for _, o := range organisations {
		allowed := Allowed{Organisation: o.ID}
		var err error
		if allowed.Constraints, err = q.Constraints(ctx, o.ID); err != nil {
			return nil, fmt.Errorf("history: deciding what may be asked: %w", err)
		}
		if allowed.NotAsked, err = q.NotAsked(ctx, o.ID); err != nil {
			return nil, fmt.Errorf("history: deciding what may not be asked: %w", err)
		}
		all = append(all, allowed)
	}
	return all, nil
}

// Answer is all that a revision says about a record, in words and codes.
type Answer struct {
	Kind     Kind
	Revision string
	// Ask is of kinds Ask and Read, Allowed of Ask, Decisions of Release and Read.
	Ask       policy.Ask
	Allowed   []Allowed
	Decisions []policy.Decision
}

// OfAsk is the verdict of a request decision, with what was allowed under it.
func OfAsk(ask policy.Ask, allowed []Allowed) (Verdict, error) {
	return Answer{Kind: Ask, Revision: ask.Revision, Ask: ask, Allowed: allowed}.Verdict()
}

// OfRelease is the verdict of release decisions, one for each header, in order.
func OfRelease(revision string, decisions []policy.Decision) (Verdict, error) {
	return Answer{Kind: Release, Revision: revision, Decisions: decisions}.Verdict()
}

// OfRead is the verdict of a reading: the gates that the reader met, and a release decision for each header, in order.
func OfRead(ask policy.Ask, decisions []policy.Decision) (Verdict, error) {
	if decisions == nil {
		decisions = []policy.Decision{} // nothing was decided on but the gates
	}
	return Answer{Kind: Read, Revision: ask.Revision, Ask: ask, Decisions: decisions}.Verdict()
}

// Verdict is what is recorded of the answer: its codes, and the digest that holds every word of it.
func (a Answer) Verdict() (v Verdict, err error) {
	v = a.Codes()
	switch a.Kind {
	case Ask:
		v.Digest, err = digest(a.Ask, a.Allowed)
	case Release:
		v.Digest, err = digest(a.Decisions)
	case Read:
		v.Digest, err = digest(a.Ask, a.Decisions)
	}
	return v, err
}

// Codes are the answer in codes alone, for whoever compares it with another: a Verdict without its digest, which costs more than deciding.
func (a Answer) Codes() Verdict {
	v := Verdict{Revision: a.Revision}
	if a.Kind != Release {
		v.Ask = askedOf(a.Ask, a.Allowed)
	}
	if a.Kind != Ask {
		v.Outcomes = outcomes(a.Decisions)
	}
	return v
}

func askedOf(ask policy.Ask, allowed []Allowed) *Asked {
	asked := &Asked{Gates: codes(ask.Gates), Tell: ask.Tell, Obligations: ask.Obligations, Asks: []Asks{}}
	for _, of := range allowed {
		for _, c := range of.Constraints {
			asked.Asks = append(asked.Asks, Asks{
				Organisation: of.Organisation, Category: c.Category, Subject: c.Subject, Asked: true, Effect: c.Base.Effect, Reasons: c.Base.Tell,
			})
		}
		for _, n := range of.NotAsked {
			asked.Asks = append(asked.Asks, Asks{
				Organisation: of.Organisation, Category: n.Category, Subject: n.Subject, Effect: n.Effect, Reasons: codes(n.Reasons),
			})
		}
	}
	return asked
}

func outcomes(decisions []policy.Decision) []Outcome {
	all := make([]Outcome, 0, len(decisions))
	for _, d := range decisions {
		outcome := Outcome{Effect: d.Effect, Masks: d.Masks, Rules: make([]Rule, 0, len(d.Reasons))}
		for _, reason := range d.Reasons {
			outcome.Rules = append(outcome.Rules, Rule{Rule: reason.Rule, Code: reason.Code, Effect: reason.Effect})
		}
		all = append(all, outcome)
	}
	return all
}

// Decider decides records again, one after the other, and remembers the requests it opened last: records that follow one another mostly
// have one input. Its zero value is ready; one goroutine uses it at a time.
type Decider struct{ opened []opened }

type opened struct {
	input   policy.Input
	request *policy.Request
}

// maxOpened bounds the requests a Decider remembers: a few inputs, each under the few revisions that are compared.
const maxOpened = 16

// Again decides a record under a revision, to see whether it comes out as it was recorded.
func (d *Decider) Again(ctx context.Context, revision *policy.Revision, r Record) (Verdict, error) {
	answer, err := d.Answer(ctx, revision, r)
	if err != nil {
		return Verdict{}, err
	}
	return answer.Verdict()
}

// Answer decides a record under a revision: the one that decided it, or another.
func (d *Decider) Answer(ctx context.Context, revision *policy.Revision, r Record) (Answer, error) {
	q, err := d.Open(ctx, revision, r)
	if err != nil {
		return Answer{}, err
	}
	return under(ctx, q, r)
}

// Open opens the record's request under a revision, or finds it among those opened last.
func (d *Decider) Open(ctx context.Context, revision *policy.Revision, r Record) (*policy.Request, error) {
	for _, known := range d.opened {
		if known.request.Revision() == revision && reflect.DeepEqual(known.input, r.Input) {
			return known.request, nil
		}
	}
	q, err := revision.Open(ctx, r.Input)
	if err != nil {
		return nil, fmt.Errorf("history: opening record %d: %w", r.Seq, err)
	}
	if len(d.opened) >= maxOpened {
		d.opened = slices.Delete(d.opened, 0, 1)
	}
	d.opened = append(d.opened, opened{r.Input, q})
	return q, nil
}

// under decides a record on an open request.
func under(ctx context.Context, q *policy.Request, r Record) (Answer, error) {
	answer := Answer{Kind: r.Kind, Revision: q.Revision().ID(), Ask: q.Ask()}
	var err error
	if r.Kind == Ask || r.Kind == Attempt {
		answer.Kind = Ask
		answer.Allowed, err = Decide(ctx, q, r.asked())
		return answer, err
	}
	if answer.Decisions, err = q.Release(ctx, r.Headers); err != nil {
		return Answer{}, fmt.Errorf("history: deciding record %d: %w", r.Seq, err)
	}
	return answer, nil
}

// asked are the organisations that the record decided what may be asked of.
func (r Record) asked() []policy.Organisation {
	if r.Kind == Attempt {
		return []policy.Organisation{{ID: r.Organisation}}
	}
	return r.Input.Organisations
}

// Bare is the header as it is recorded: without the holder's reference, which no rule reads.
func Bare(h record.Header) record.Header {
	h = h.Normalised()
	h.Ref = ""
	return h
}

func codes(reasons []policy.Reason) []string {
	all := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		all = append(all, reason.Code)
	}
	return all
}
