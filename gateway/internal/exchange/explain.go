package exchange

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
	"github.com/mashgate/mashgate/policy/history"
)

// Filter narrows an explanation; its zero value asks for all of it.
type Filter struct{ Organisation, Subject, Category string }

// Explained is why a request was decided as it was.
type Explained struct {
	Request request.Request
	// Gates are those that stopped it, as far as this reader may be told, and GateChanges what would have opened them.
	Gates       []policy.Reason
	GateChanges []explain.Change
	Lines       []Explanation
	// Everything tells that this reader may be told every reason (data.explain), not only what a refusal may tell.
	Everything bool
}

// Explanation is one decision of a request, with the rules that gave it. Lines that read the same stand once.
type Explanation struct {
	Organisation, Subject, Category string
	Effect                          policy.Effect
	Masks                           []string
	// Reasons may all be told; Locations are where the rules of each stand in the pack that decided.
	Reasons   []policy.Reason
	Locations []policy.Location
	Revision  string
	// Inputs are what the rules read, and Changes what would have changed the decision, found by deciding the recorded decision again.
	// Both are empty where a holder decided, or where what was decided on is no longer kept.
	Inputs  []explain.Input
	Changes []explain.Change
}

// Explain says why a request was decided as it was (invariant 6), under the revision that decided. It leaves out what may not be told to
// this reader. Roles that make requests are held to the same gate as for Get; others (IG officers, auditors) to the role table alone.
func (e *Exchange) Explain(ctx context.Context, who directory.Person, ref request.Ref, filter Filter) (Explained, error) {
	r, err := e.looker(ctx, who, ref)
	if err != nil {
		return Explained{}, err
	}
	if r.words().Roles[r.who.Role].MayRequest {
		if err := r.gate(gateRequester); err != nil && r.request.Requester != r.who.ID {
			return Explained{}, e.refused(ctx, r, err)
		}
	}
	t := &account{
		reader: r, filter: filter, everything: slices.Contains(r.words().Explain.ToldEverything, r.who.Role),
		samples: map[string]sample{},
	}
	if err := t.readRecorded(ctx); err != nil {
		return Explained{}, err
	}
	err = e.chunks(ctx, ref, func(event request.Event) error {
		if event.Held != nil {
			t.tell(*event.Held)
		}
		if event.Chunk != nil {
			for _, released := range event.Chunk.Records {
				t.tell(heldOf(released.Record.Header, released.Decision))
			}
		}
		return nil
	})
	if err != nil {
		return Explained{}, err
	}
	return t.explained(ctx)
}

// account puts one explanation together.
type account struct {
	*reader
	filter     Filter
	everything bool
	// ask is the sample of the request decision; samples are one decision for each way in which something was decided.
	ask     *sample
	samples map[string]sample
	// unasked are what was not asked for, silently or not: for whoever may be told everything.
	unasked    []sample
	lines      []shown
	explainers []opened
}

// opened is a request opened again, to be explained.
type opened struct {
	revision string
	input    policy.Input
	by       *explain.Explainer
}

// shown is a line with the sample that it is explained by.
type shown struct {
	Explanation
	sample sample
}

// sample is a recorded decision to be made again.
type sample struct {
	input    policy.Input
	revision string
	header   record.Header
}

// sampleKey is what a decision is found by: whose about whom, and what came of it, with the codes of the rules or without.
func sampleKey(organisation, subject, category string, effect policy.Effect, codes []string) string {
	return strings.Join([]string{organisation, subject, category, string(effect), strings.Join(codes, " ")}, "\x00")
}

// readRecorded takes a sample of each way in which something was decided. What was altered is for replay to tell, and explains nothing.
func (t *account) readRecorded(ctx context.Context) error {
	query := decision.Query{Hub: t.request.Hub, Request: t.request.ID, Kinds: []history.Kind{history.Ask, history.Release}, Entry: t.onLedger}
	for r, err := range t.exchange.Decisions.Each(ctx, query) {
		switch {
		case errors.Is(err, history.ErrAltered) || r.Erased:
		case err != nil:
			return fmt.Errorf("reading what was decided: %w", err)
		case r.Kind == history.Ask:
			t.sampleAsk(r)
		default:
			t.sampleRelease(r)
		}
	}
	return nil
}

func (t *account) onLedger(ctx context.Context, hub string, seq int64) (string, error) {
	digest, err := t.exchange.Ledger.Digest(ctx, hub, seq)
	if errors.Is(err, ledger.ErrAltered) {
		return "", nil
	}
	return digest, err
}

// sampleAsk: what was not asked for is explained by the record that would have been decided, had there been one.
func (t *account) sampleAsk(r history.Record) {
	v := r.Verdicts[0]
	t.ask = &sample{input: r.Input, revision: v.Revision}
	for _, a := range v.Ask.Asks {
		if a.Asked {
			continue
		}
		s := sample{input: r.Input, revision: v.Revision, header: record.Header{
			Organisation: a.Organisation, Category: a.Category, Subject: a.Subject, Current: true, Labels: []string{}, LabelsKnown: true,
		}}
		t.keep(s, a.Effect, a.Reasons)
		if t.everything && len(v.Ask.Gates) == 0 {
			t.unasked = append(t.unasked, s)
		}
	}
}

func (t *account) sampleRelease(r history.Record) {
	for i, h := range r.Headers {
		by := r.Verdicts[0]
		for _, v := range r.Verdicts[1:] {
			if v.Outcomes[i].Effect != by.Outcomes[i].Effect && policy.Stricter(v.Outcomes[i].Effect, by.Outcomes[i].Effect) == v.Outcomes[i].Effect {
				by = v
			}
		}
		var codes []string
		for _, rule := range by.Outcomes[i].Rules {
			codes = append(codes, rule.Code)
		}
		t.keep(sample{input: r.Input, revision: by.Revision, header: h}, by.Outcomes[i].Effect, codes)
	}
}

func (t *account) keep(s sample, effect policy.Effect, codes []string) {
	h := s.header
	for _, key := range []string{
		sampleKey(h.Organisation, h.Subject, h.Category, effect, union(codes, nil)), sampleKey(h.Organisation, h.Subject, h.Category, effect, nil),
	} {
		if _, known := t.samples[key]; !known {
			t.samples[key] = s
		}
	}
}

// tell adds a decision, unless it may not be told or reads like one that stands there.
func (t *account) tell(h request.Held) {
	line := Explanation{
		Organisation: h.Organisation, Subject: h.Subject, Category: h.Category, Effect: h.Decision.Effect, Revision: h.Decision.Revision,
		Reasons: h.Decision.Reasons,
	}
	if !t.everything {
		if t.untold(h) {
			return
		}
		line.Reasons, line.Effect = tellable(line.Reasons), toldEffect(h.Decision)
	}
	if !t.filter.matches(line, t.everything) {
		return
	}
	for _, reason := range line.Reasons {
		line.Masks = union(line.Masks, reason.Masks)
	}
	of, known := t.samples[sampleKey(h.Organisation, h.Subject, h.Category, h.Decision.Effect, union(codesOf(h.Decision.Reasons), nil))]
	if !known {
		of = t.samples[sampleKey(h.Organisation, h.Subject, h.Category, h.Decision.Effect, nil)]
	}
	if line.Effect == policy.Exist && !t.everything {
		line.Category, of = "", sample{} // what it read would name the category
	}
	same := func(o shown) bool {
		return o.Organisation == line.Organisation && o.Subject == line.Subject && o.Category == line.Category && o.Effect == line.Effect &&
			slices.Equal(codesOf(o.Reasons), codesOf(line.Reasons))
	}
	if !slices.ContainsFunc(t.lines, same) {
		t.lines = append(t.lines, shown{line, of})
	}
}

// untold tells what an explanation may not even count, as the picture does not: what is held back by what may not be told, and every
// category that is never named.
func (t *account) untold(h request.Held) bool {
	return !h.Decision.Effect.Content() &&
		(len(aggregate.Tellable(h.Decision)) == 0 || slices.Contains(t.words().NeverNamed.Categories, h.Category))
}

// toldEffect is the effect without a mask that may not be named: "redact", with no class beside it, would name it (domain.md 4.4).
func toldEffect(d policy.Decision) policy.Effect {
	masked := func(r policy.Reason) bool { return r.Tellable && r.Effect == policy.Redact }
	if d.Effect == policy.Redact && !slices.ContainsFunc(d.Reasons, masked) {
		return policy.Permit
	}
	return d.Effect
}

func (f Filter) matches(line Explanation, everything bool) bool {
	return (f.Organisation == "" || f.Organisation == line.Organisation) && (f.Subject == "" || f.Subject == line.Subject) &&
		(f.Category == "" || f.Category == line.Category && (everything || line.Effect != policy.Exist))
}

// explained decides each sample again.
func (t *account) explained(ctx context.Context) (Explained, error) {
	answer := Explained{Request: t.request, Gates: t.request.Ask.Gates, Everything: t.everything}
	if !t.everything {
		answer.Gates = tellable(answer.Gates)
	}
	if !t.request.Ask.Proceed && t.ask != nil {
		if by, err := t.explainer(ctx, *t.ask); err != nil {
			return Explained{}, err
		} else if by != nil {
			x, err := by.Gates(ctx)
			if err != nil {
				return Explained{}, err
			}
			answer.GateChanges = x.Changes
		}
	}
	for _, line := range t.lines {
		if err := t.add(ctx, &line); err != nil {
			return Explained{}, err
		}
		answer.Lines = append(answer.Lines, line.Explanation)
	}
	silent, err := t.silent(ctx)
	answer.Lines = append(answer.Lines, silent...)
	return answer, err
}

// silent are the decisions that no event tells of: what was not asked for because it may not even be named.
func (t *account) silent(ctx context.Context) ([]Explanation, error) {
	var lines []Explanation
	for _, s := range t.unasked {
		h := s.header
		line := Explanation{Organisation: h.Organisation, Subject: h.Subject, Category: h.Category, Revision: s.revision}
		told := slices.ContainsFunc(t.lines, func(o shown) bool {
			return o.Organisation == line.Organisation && o.Subject == line.Subject && o.Category == line.Category
		})
		if told || !t.filter.matches(line, true) {
			continue
		}
		by, err := t.explainer(ctx, s)
		if err != nil {
			return nil, err
		}
		if by == nil {
			continue
		}
		x, err := by.Release(ctx, h)
		if err != nil {
			return nil, err
		}
		line.Effect, line.Masks, line.Inputs, line.Changes = x.Effect, x.Masks, x.Inputs, x.Changes
		for _, rule := range x.Rules {
			line.Reasons = append(line.Reasons, policy.Reason{
				Rule: rule.Rule, Code: rule.Code, Effect: rule.Effect, Masks: rule.Masks, Text: rule.Text, Source: rule.Source,
			})
			line.Locations = appendNew(line.Locations, rule.Locations)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (t *account) add(ctx context.Context, line *shown) error {
	for id := range strings.SplitSeq(line.Revision, "/") {
		revision, err := t.revision(ctx, id)
		if err != nil {
			return err
		}
		for _, reason := range line.Reasons {
			if revision != nil {
				line.Locations = appendNew(line.Locations, revision.RuleLocation(reason.Rule))
			}
		}
	}
	by, err := t.explainer(ctx, line.sample)
	if err != nil || by == nil {
		return err
	}
	x, err := by.Release(ctx, line.sample.header)
	if err != nil || x.Untold {
		return err
	}
	line.Inputs, line.Changes = x.Inputs, x.Changes
	return nil
}

func appendNew(all, more []policy.Location) []policy.Location {
	for _, l := range more {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

// revision is one that decided; nil where it is no longer kept.
func (t *account) revision(ctx context.Context, id string) (*policy.Revision, error) {
	revision, err := t.exchange.Policy.Pinned(ctx, t.request.Hub, id)
	if errors.Is(err, policy.ErrNoRevision) || errors.Is(err, history.ErrRevisionGone) || errors.Is(err, history.ErrRevisionAltered) {
		return nil, nil //nolint:nilnil // by contract: there is nothing to explain with
	}
	return revision, err
}

// explainer opens a sample's request again; nil where there is no sample, or not the revision that decided.
func (t *account) explainer(ctx context.Context, of sample) (*explain.Explainer, error) {
	if of.revision == "" {
		return nil, nil //nolint:nilnil // by contract: there is nothing to explain with
	}
	for _, known := range t.explainers {
		if known.revision == of.revision && reflect.DeepEqual(known.input, of.input) {
			return known.by, nil
		}
	}
	revision, err := t.revision(ctx, of.revision)
	if err != nil || revision == nil {
		return nil, err
	}
	by, err := explain.Open(ctx, revision, of.input, t.who.Role)
	if err != nil {
		return nil, err
	}
	t.explainers = append(t.explainers, opened{of.revision, of.input, by})
	return by, nil
}
