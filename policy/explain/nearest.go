package explain

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// nearest decides again with one fact altered at a time and keeps what makes the outcome more permissive: the most permissive first,
// and of these the one that takes the fewest words to say.
func (e *Explainer) nearest(ctx context.Context, h *record.Header, now outcome) ([]Change, error) {
	changes := []Change{}
	if e.rulesOnly || e.request.Ask().Err != "" || now.best() {
		return changes, nil
	}
	alter := alterer{words: e.revision.Vocabulary(), in: e.input}
	if h != nil {
		alter.category = h.Category
	}
	for _, alteration := range alter.all() {
		then, err := e.otherwise(ctx, alteration, h)
		if err != nil {
			return nil, err
		}
		if then.untold || !then.easier(now) {
			continue
		}
		changes = append(changes, Change{
			Text: "Had " + alteration.text + ": " + then.words() + ".", Fact: alteration.fact, Value: alteration.value,
			Effect: then.effect, Masks: then.masks, Gates: then.gates,
		})
	}
	slices.SortStableFunc(changes, func(x, y Change) int {
		return cmp.Or(y.Effect.Rank()-x.Effect.Rank(), len(x.Masks)-len(y.Masks), len(x.Gates)-len(y.Gates),
			len(strings.Fields(x.Text))-len(strings.Fields(y.Text)), strings.Compare(x.Text, y.Text))
	})
	changes = unlike(changes)
	return changes[:min(len(changes), e.revision.Vocabulary().Explain.Limit)], nil
}

// unlike keeps, of several values of one fact that would come to the same, the first.
func unlike(changes []Change) []Change {
	seen := map[string]bool{}
	return slices.DeleteFunc(changes, func(c Change) bool {
		key := fmt.Sprint(c.Fact, c.Effect, c.Masks, c.Gates)
		defer func() { seen[key] = true }()
		return seen[key]
	})
}

// otherwise is the outcome with one fact altered, as the audience would know it.
func (e *Explainer) otherwise(ctx context.Context, alteration alteration, h *record.Header) (outcome, error) {
	request, err := e.open(ctx, alteration)
	if err != nil {
		return outcome{}, err
	}
	if h == nil {
		ask := request.Ask()
		return outcome{untold: ask.Err != "", proceed: ask.Proceed, gates: codes(e.audience.reasons(ask.Gates))}, nil
	}
	decision, err := decide(ctx, request, *h)
	if err != nil {
		return outcome{}, err
	}
	return e.audience.outcome(*h, decision), nil
}

func (e *Explainer) open(ctx context.Context, alteration alteration) (*policy.Request, error) {
	key := alteration.fact + "=" + alteration.value
	if request, known := e.altered[key]; known {
		return request, nil
	}
	in := e.input
	alteration.apply(&in)
	request, err := e.revision.Open(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("explain: deciding with %s altered: %w", alteration.fact, err)
	}
	e.altered[key] = request
	return request, nil
}

// best tells whether nothing could be more permissive.
func (o outcome) best() bool { return o.proceed || o.effect == policy.Permit }

// easier tells whether the outcome lets more through: a more permissive effect, fewer masks of the same effect, or fewer gates.
func (o outcome) easier(than outcome) bool {
	if o.effect != than.effect {
		return o.effect.Rank() > than.effect.Rank()
	}
	if o.effect == "" {
		return o.proceed && !than.proceed || within(o.gates, than.gates)
	}
	return within(o.masks, than.masks)
}

// within tells whether all of a are in b, and b has more.
func within(a, b []string) bool {
	return len(a) < len(b) && !slices.ContainsFunc(a, func(item string) bool { return !slices.Contains(b, item) })
}

// words say what would have been decided.
func (o outcome) words() string {
	switch {
	case o.proceed:
		return "the request would proceed"
	case o.effect == "":
		return "only " + strings.Join(plainAll(o.gates), ", ") + " would stand in the way"
	case len(o.masks) > 0 && o.effect.Content():
		return string(o.effect) + ", with " + strings.Join(plainAll(o.masks), ", ") + " masked"
	}
	return string(o.effect)
}

func plainAll(codes []string) []string {
	all := make([]string, 0, len(codes))
	for _, code := range codes {
		all = append(all, plain(code))
	}
	return all
}

// encode writes a value as JSON, with keys in order.
func encode(v ast.Value) (json.RawMessage, error) {
	plain, err := ast.JSON(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(plain)
	return bytes.TrimSpace(b.Bytes()), err
}
