package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// residualLimit bounds the compiled rules kept per revision. Requests share few shapes.
const residualLimit = 256

// cutoffPrefix is how the facts of a shape that are the first day of a window are named. They move every day and rules only compare
// records' days with them, so what is compiled for a shape holds on every day.
const cutoffPrefix = "window_"

func isCutoff(name string) bool { return strings.HasPrefix(name, cutoffPrefix) }

// cutoffsOf are the cutoffs of a shape, by name.
func cutoffsOf(shape ast.Value) map[string]ast.Value {
	cutoffs := map[string]ast.Value{}
	if object, ok := shape.(ast.Object); ok {
		object.Foreach(func(key, value *ast.Term) {
			name, isName := key.Value.(ast.String)
			if _, isDay := value.Value.(ast.String); isName && isDay && isCutoff(string(name)) {
				cutoffs[string(name)] = value.Value
			}
		})
	}
	return cutoffs
}

// timeless is the shape of a request on any day: "" stands for each cutoff.
func timeless(shape *ast.Term, cutoffs map[string]ast.Value) *ast.Term {
	object, ok := shape.Value.(ast.Object)
	if !ok {
		return shape
	}
	same := ast.NewObject()
	object.Foreach(func(key, value *ast.Term) {
		if name, _ := key.Value.(ast.String); cutoffs[string(name)] != nil {
			value = ast.InternedEmptyString
		}
		same.Insert(key, value)
	})
	return ast.NewTerm(same)
}

// residualOf is what is left of the release rules for a request, or nil where they left the fragment that can be compiled and the
// interpreter has to decide. Rules that do more with a cutoff than compare it are compiled for the cutoffs of the day.
func (r *Revision) residualOf(ctx context.Context, q *Request) (*residual, error) {
	if r.interpretAll {
		return nil, nil //nolint:nilnil // nil rules are the interpreter's, as below
	}
	rules, err := r.residualFor(ctx, timeless(q.shape, q.cutoffs), q.cutoffs)
	if rules != nil || err != nil || len(q.cutoffs) == 0 {
		return rules, err
	}
	return r.residualFor(ctx, q.shape, nil)
}

// residualFor is what is left under a shape with some of its facts left open.
func (r *Revision) residualFor(ctx context.Context, shape *ast.Term, open map[string]ast.Value) (*residual, error) {
	key := residualKey{shape.String(), len(open) > 0}
	if known, ok := r.knownResidual(key); ok {
		return known, nil
	}
	r.partialMu.Lock()
	defer r.partialMu.Unlock()
	if known, ok := r.knownResidual(key); ok {
		return known, nil // compiled while this goroutine waited
	}
	rules, err := r.evaluatePartially(ctx, shape, open)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.residuals) >= residualLimit {
		clear(r.residuals)
	}
	r.residuals[key] = rules
	return rules, nil
}

// evaluatePartially gives nil where the interpreter has to decide: it gives the same answers, or says what is wrong with them. An error is
// the caller's cancellation.
func (r *Revision) evaluatePartially(ctx context.Context, shape *ast.Term, open map[string]ast.Value) (*residual, error) {
	unknown := []*ast.Term{ast.NewTerm(recordRef.Copy())}
	for _, name := range slices.Sorted(maps.Keys(open)) {
		unknown = append(unknown, ast.NewTerm(requestRef.Copy().Append(ast.StringTerm(name))))
	}
	input := ast.NewObject([2]*ast.Term{ast.InternedTerm("request"), shape})
	left, err := r.partial.Partial(ctx, rego.EvalParsedInput(input), rego.EvalParsedUnknowns(unknown))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("policy: deciding: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // nil rules are the interpreter's
	}
	rules, err := compileResidual(left, r.joined)
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // as above
	}
	return rules, nil
}

// residualKey is a shape, and whether its cutoffs were left open.
type residualKey struct {
	shape string
	open  bool
}

func (r *Revision) knownResidual(key residualKey) (*residual, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.residuals[key]
	return known, ok
}

// Interpreted counts the request shapes whose release rules could not be compiled. For the default pack it is 0.
func (r *Revision) Interpreted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := 0
	for key, rules := range r.residuals {
		if rules == nil && !key.open {
			count++
		}
	}
	return count
}
