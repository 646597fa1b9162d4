package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
	"github.com/mashgate/mashgate/policy/history"
)

// Own is how many records, alike in everything that rules read, an agency decided on for one request, and how.
type Own struct {
	Seq     int64
	Request string
	Header  policy.AgencyHeader
	Records int64
	// Warrant is what the warrant allowed, Was what the agency's own policy said.
	Warrant policy.Verdict
	Was     history.Outcome
}

// AgencyOptions are a run over an agency's own record of its decisions.
type AgencyOptions struct {
	// Against is the agency's policy in force, Draft the one that is tried.
	Against, Draft *policy.AgencyPolicy
	Records        iter.Seq2[Own, error]
}

// RunAgency decides an agency's own records under a draft of its own policy. What the warrant refused stays refused whatever an agency's
// own policy says, so every figure is exact: the agency has the header of each record it was asked for.
func RunAgency(ctx context.Context, o AgencyOptions) (Report, error) {
	if o.Against == nil || o.Draft == nil || o.Records == nil {
		return Report{}, errors.New("simulate: a run needs two policies and records")
	}
	t := &agencyTally{changes: map[key]int64{}, rules: map[string]int64{}, requests: newTop(), firsts: map[key]first{}}
	for own, err := range o.Records {
		if err != nil {
			return Report{}, fmt.Errorf("simulate: reading the records: %w", err)
		}
		now, err := o.Draft.Decide(ctx, []policy.AgencyHeader{own.Header})
		if err != nil {
			return Report{}, fmt.Errorf("simulate: deciding record %d: %w", own.Seq, err)
		}
		verdict, err := history.OfRelease(o.Draft.ID(), now)
		if err != nil {
			return Report{}, err
		}
		t.count(own, verdict.Outcomes[0])
	}
	out := t.outcome()
	var err error
	if out.Examples, err = t.examples(ctx, o); err != nil {
		return Report{}, err
	}
	return Report{Against: o.Against.ID(), Draft: o.Draft.ID(), Runs: []Outcome{out}, Agencies: []Counts{}, Tells: []Tell{}}, nil
}

// agencyTally counts an agency's records.
type agencyTally struct {
	lines, records, errors int64
	changes                map[key]int64
	rules                  map[string]int64
	requests               *top
	// firsts are the first records of each kind of change.
	firsts map[key]first
}

type first struct {
	request string
	header  policy.AgencyHeader
}

func (t *agencyTally) count(own Own, now history.Outcome) {
	t.lines++
	t.records += own.Records
	if failed(history.Verdict{Outcomes: []history.Outcome{now}}) {
		t.errors += own.Records
	}
	h := own.Header.Header
	changes := betweenOutcomes(Released, joined(own.Warrant, own.Was), joined(own.Warrant, now))
	for _, c := range changes {
		c.Organisation, c.Category, c.Basis = h.Organisation, h.Category, own.Header.Request.Basis
		if t.changes[key(c)] == 0 {
			t.firsts[key(c)] = first{request: own.Request, header: own.Header}
		}
		t.changes[key(c)] += own.Records
	}
	if len(changes) > 0 {
		t.requests.add(own.Request, own.Records)
	}
	if len(changes) == 0 && !sameRules(own.Was, now) {
		t.rules[h.Category] += own.Records
	}
}

// joined is what comes of a record: the stricter of the warrant and the agency's own policy, and the masks of both.
func joined(warrant policy.Verdict, own history.Outcome) history.Outcome {
	of := warrant.And(policy.Verdict{Effect: own.Effect, Masks: own.Masks})
	return history.Outcome{Effect: of.Effect, Masks: of.Masks}
}

func (t *agencyTally) outcome() Outcome {
	out := Outcome{
		Kind: Journal, Records: t.lines, Decisions: t.records, Errors: t.errors, Changes: rows(t.changes), Gates: []Gate{},
		Obligations: []Duty{}, OtherReasons: []Category{}, Episodes: t.requests.most(episodesShown), EpisodesExact: !t.requests.full,
	}
	for _, code := range slices.Sorted(maps.Keys(t.rules)) {
		out.OtherReasons = append(out.OtherReasons, Category{Category: code, Count: t.rules[code]})
	}
	var wider, tighter int64
	for _, row := range out.Changes {
		if row.Direction == Wider {
			wider += row.Count
		} else {
			tighter += row.Count
		}
	}
	out.Figures = []Figure{
		{"records newly released or held less strictly", wider, true, "Every record that was asked for was decided again; what a warrant refused stays refused."},
		{"records newly held back or masked", tighter, true, "Every record that was asked for was decided again."},
	}
	return out
}

// examples explains the first records of the commonest changes, those that widen first.
func (t *agencyTally) examples(ctx context.Context, o AgencyOptions) ([]Example, error) {
	changes := rows(t.changes)
	slices.SortStableFunc(changes, func(a, b Row) int {
		return cmp.Or(-cmp.Compare(a.Direction, b.Direction), cmp.Compare(b.Count, a.Count))
	})
	shown := []Example{}
	for _, row := range changes[:min(len(changes), examplesShown)] {
		at := t.firsts[key(row.Change)]
		example := Example{Change: row.Change, Request: at.request, Alike: row.Count}
		var err error
		if example.Was, err = explain.ExplainAgency(ctx, explain.AgencyQuestion{Policy: o.Against, Header: at.header}); err != nil {
			return nil, fmt.Errorf("simulate: explaining an example: %w", err)
		}
		if example.Now, err = explain.ExplainAgency(ctx, explain.AgencyQuestion{Policy: o.Draft, Header: at.header}); err != nil {
			return nil, fmt.Errorf("simulate: explaining an example: %w", err)
		}
		shown = append(shown, example)
	}
	return shown, nil
}

// Asks are what one organisation would be asked for under a draft of the hub's policy, for requests it has answered before. They hold
// what a warrant would: random ids, categories and limits, no name.
type Asks struct {
	Organisation string `json:"organisation"`
	Against      string `json:"against"`
	Draft        string `json:"draft"`
	// Requests are by the request's id.
	Requests map[string][]policy.Constraint `json:"requests"`
}

// Count says how many of an agency's own records a draft of the hub's policy would let out, or hold, and the policy in force did not. It
// gives counts by category and nothing else, so that they can be handed to the hub. A category that the agency was not asked for is not
// in its record: nobody knows what is there until it is asked.
func (a Asks) Count(records iter.Seq2[Own, error]) (Counts, error) {
	counted := map[CategoryOf]int64{}
	for own, err := range records {
		if err != nil {
			return Counts{}, fmt.Errorf("simulate: reading the records: %w", err)
		}
		constraints, known := a.Requests[own.Request]
		if !known {
			continue
		}
		was, now := joined(own.Warrant, own.Was), joined(allowed(constraints, own.Header), own.Was)
		if was.Effect != now.Effect {
			counted[CategoryOf{Category: own.Header.Header.Category, Was: was.Effect, Now: now.Effect}] += own.Records
		}
	}
	counts := Counts{Organisation: a.Organisation, Against: a.Against, Draft: a.Draft, Changes: []CategoryOf{}}
	for of, n := range counted {
		of.Records = n
		counts.Changes = append(counts.Changes, of)
	}
	slices.SortFunc(counts.Changes, func(x, y CategoryOf) int {
		return compareChanges(Change{Category: x.Category, Was: x.Was, Now: x.Now}, Change{Category: y.Category, Was: y.Was, Now: y.Now})
	})
	return counts, nil
}

// allowed is what the constraints let out of a record; what they do not speak of is refused.
func allowed(constraints []policy.Constraint, h policy.AgencyHeader) policy.Verdict {
	for _, c := range constraints {
		if c.Category == h.Header.Category && c.Subject == h.Header.Subject {
			return c.Apply(h.Header)
		}
	}
	return policy.Verdict{Effect: policy.Deny}
}
