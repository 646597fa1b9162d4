package policy

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/record"
)

// NotAsked is a category that an organisation holds, was needed about a subject, and is not asked for.
type NotAsked struct {
	Category string `json:"category"`
	Subject  string `json:"subject"`
	// Effect is deny, or review where the hub has to decide before the organisation is told anything.
	Effect  Effect   `json:"effect"`
	Reasons []Reason `json:"reasons"`
}

// Constraints are what one organisation may be asked for, a constraint for each category and subject. What may not be asked at all,
// and what the hub must first review, is left out; NotAsked says why. The same rule is not written twice: each constraint comes
// from deciding made-up headers by the release rules. It equals them for rules that read one label at a time, which the default
// pack's tests hold; whatever a constraint lets through is decided again by Release.
func (q *Request) Constraints(ctx context.Context, organisation string) ([]Constraint, error) {
	constraints := []Constraint{}
	err := q.eachAsk(ctx, organisation, func(h record.Header, base Decision) error {
		if q.mayAsk(base) {
			constraint, err := q.constraint(ctx, h, base)
			if err != nil {
				return err
			}
			constraints = append(constraints, constraint)
		}
		return nil
	})
	return constraints, err
}

// NotAsked lists what the organisation holds of the categories in play and is not asked for, with the reasons.
func (q *Request) NotAsked(ctx context.Context, organisation string) ([]NotAsked, error) {
	left := []NotAsked{}
	err := q.eachAsk(ctx, organisation, func(h record.Header, base Decision) error {
		if !q.mayAsk(base) {
			left = append(left, NotAsked{Category: h.Category, Subject: h.Subject, Effect: base.Effect, Reasons: q.whyNot(h.Subject, base)})
		}
		return nil
	})
	return left, err
}

// mayAsk: what is denied is not asked, and an ask under hub review tells the organisation nothing (domain.md 4.6).
func (q *Request) mayAsk(base Decision) bool {
	return q.ask.Proceed && base.Effect != Deny && base.Verdict().Decider != DeciderHub
}

func (q *Request) whyNot(subject string, base Decision) []Reason {
	if !q.ask.Proceed {
		return q.ask.Gates
	}
	if reason, ok := q.ask.LeftOut[subject]; ok {
		return []Reason{reason}
	}
	return base.strictest()
}

// eachAsk visits each category in play that the organisation holds, about each subject, with the decision on a plain record.
func (q *Request) eachAsk(ctx context.Context, organisation string, visit func(record.Header, Decision) error) error {
	at := slices.IndexFunc(q.input.Organisations, func(o Organisation) bool { return o.ID == organisation })
	if at < 0 {
		return nil
	}
	for _, category := range q.ask.Categories {
		if !slices.Contains(q.input.Organisations[at].Categories, category) {
			continue
		}
		for _, subject := range q.input.Subjects {
			header := plainHeader(organisation, category, subject.ID)
			base, err := q.releaseOne(ctx, header)
			if err != nil {
				return err
			}
			if err := visit(header, base); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainHeader is a record that applies today and carries no label.
func plainHeader(organisation, category, subject string) record.Header {
	return record.Header{
		Organisation: organisation, Category: category, Subject: subject, Current: true, LabelsKnown: true, Labels: []string{},
	}
}

// deriver decides made-up headers for one constraint and keeps the first error.
type deriver struct {
	decide func(record.Header) (Decision, error)
	base   record.Header
	err    error
}

func (d *deriver) decideAs(change func(*record.Header), labels ...string) Decision {
	if d.err != nil {
		return Decision{}
	}
	h := d.base
	h.Labels = labels
	change(&h)
	decision, err := d.decide(h)
	d.err = err
	return decision
}

func (q *Request) derive(ctx context.Context, h record.Header, base Decision) (Constraint, error) {
	d := &deriver{base: h, decide: func(h record.Header) (Decision, error) { return q.releaseOne(ctx, h) }}
	plain := base.Verdict()
	c := Constraint{
		Category: h.Category, Subject: h.Subject, Base: plain, From: q.windows[h.Category][h.Subject], Before: plain,
		Labels: map[string]Verdict{}, AddressLabels: map[string]Verdict{}, Unlimited: []string{}, UnlimitedUndated: []string{}, Hidden: []string{},
	}
	undated := func(h *record.Header) { h.Current = false }
	before := func(h *record.Header) { beforeWindow(h, c.From) }
	onlyAddress := func(h *record.Header) { h.OnlyAddress = true }
	if c.From != "" {
		c.Before = d.decideAs(before).Verdict()
	}
	c.Undated = d.decideAs(undated).Verdict()
	c.OnlyAddress = d.decideAs(onlyAddress).Verdict()
	c.NoLabels = d.decideAs(func(h *record.Header) { h.LabelsKnown = false }).Verdict()
	for _, label := range q.revision.catalogue.Labels {
		labelled := d.decideAs(func(*record.Header) {}, label)
		c.Labels[label] = labelled.Verdict()
		if addsHolding(base, labelled) {
			c.Hidden = append(c.Hidden, label)
		}
		if c.From != "" && d.lifts(before, label, c.Before, c.Labels[label]) {
			c.Unlimited = append(c.Unlimited, label)
		}
		if d.lifts(undated, label, c.Undated, c.Labels[label]) {
			c.UnlimitedUndated = append(c.UnlimitedUndated, label)
		}
		if more := d.decideAs(onlyAddress, label).Verdict(); !reflect.DeepEqual(more, c.OnlyAddress.And(c.Labels[label])) {
			c.AddressLabels[label] = more
		}
	}
	return c, d.err
}

// lifts tells whether a label undoes what the date alone would do: with both, the record is decided by the label alone.
func (d *deriver) lifts(date func(*record.Header), label string, dated, labelled Verdict) bool {
	joined := dated.And(labelled)
	if reflect.DeepEqual(joined, labelled) {
		return false // the date changes nothing
	}
	return reflect.DeepEqual(d.decideAs(date, label).Verdict(), labelled)
}

// addsHolding tells whether a label brings a contribution of its own that holds back or masks.
func addsHolding(base, labelled Decision) bool {
	return slices.ContainsFunc(labelled.Reasons, func(r Reason) bool {
		known := slices.ContainsFunc(base.Reasons, func(b Reason) bool { return reflect.DeepEqual(b, r) })
		return !known && r.Effect != Permit
	})
}

// beforeWindow dates a record on the last day outside the window; where there is none, nothing is outside.
func beforeWindow(h *record.Header, from string) {
	if from != "" {
		h.Current, h.EventDate = false, dayBefore(from)
	}
}

// dayBefore expects an ISO day; the decision that gave it has been read by the same format.
func dayBefore(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}
