package explain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/policy"
)

// AgencyQuestion is one decision of an agency's own policy, asked by the agency: it is told everything.
type AgencyQuestion struct {
	Policy *policy.AgencyPolicy
	Header policy.AgencyHeader
	// Bases are those that a request may name, with their titles: what the agency was told of the request is all that could be altered.
	Bases map[string]policy.Titled
}

// ExplainAgency decides again by the agency's own policy and says why. A permit with no rule is "no objection".
func ExplainAgency(ctx context.Context, q AgencyQuestion) (Explanation, error) {
	decision, err := q.decide(ctx, q.Header)
	if err != nil {
		return Explanation{}, err
	}
	seen := newTracer()
	input, err := q.Policy.Trace(ctx, q.Header, seen)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain: tracing the record: %w", err)
	}
	h := q.Header.Header
	x := Explanation{
		Revision: q.Policy.ID(), Organisation: h.Organisation, Subject: h.Subject, Category: h.Category,
		Effect: decision.Effect, Masks: decision.Masks, Err: decision.Err,
	}
	x.Rules, x.Inputs = audience{everything: true}.spoke(decision.Reasons, seen, input)
	x.Changes, err = q.nearest(ctx, outcome{effect: decision.Effect, masks: decision.Masks})
	return x, err
}

func (q AgencyQuestion) decide(ctx context.Context, h policy.AgencyHeader) (policy.Decision, error) {
	decisions, err := q.Policy.Decide(ctx, []policy.AgencyHeader{h})
	if err != nil {
		return policy.Decision{}, fmt.Errorf("explain: deciding again: %w", err)
	}
	return decisions[0], nil
}

// nearest tries every other basis.
func (q AgencyQuestion) nearest(ctx context.Context, now outcome) ([]Change, error) {
	changes := []Change{}
	for code, basis := range q.Bases {
		header := q.Header
		header.Request.Basis = code
		decision, err := q.decide(ctx, header)
		if err != nil {
			return nil, err
		}
		if then := (outcome{effect: decision.Effect, masks: decision.Masks}); then.easier(now) {
			changes = append(changes, Change{
				Text: fmt.Sprintf("Had the basis been %s: %s.", cmp.Or(basis.Title, plain(code)), then.words()), Fact: policy.VaryBasis, Value: code,
				Effect: then.effect, Masks: then.masks,
			})
		}
	}
	slices.SortFunc(changes, func(x, y Change) int {
		return cmp.Or(y.Effect.Rank()-x.Effect.Rank(), len(x.Masks)-len(y.Masks), strings.Compare(x.Text, y.Text))
	})
	return changes, nil
}
