package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// query is one entry point, prepared.
type query struct {
	entry    string
	prepared rego.PreparedEvalQuery
	tracer   topdown.QueryTracer
}

// errEntry is wrapped by every failure of an entry point that is not the caller's own cancellation.
var errEntry = errors.New("policy entry point failed")

func prepare(ctx context.Context, compiler *ast.Compiler, store storage.Store, entry string) (query, error) {
	ref := ast.MustParseRef(entry)
	if len(compiler.GetRules(ref)) == 0 {
		return query{}, fmt.Errorf("policy: %s is not defined", entry)
	}
	prepared, err := rego.New(
		rego.Query(entry),
		rego.Compiler(compiler),
		rego.Store(store),
		rego.Capabilities(capabilities()),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(ctx)
	if err != nil {
		return query{}, fmt.Errorf("policy: preparing %s: %w", entry, err)
	}
	return query{entry: entry, prepared: prepared}, nil
}

// preparePartial prepares an entry point that is a set for partial evaluation: a query for each contribution.
func preparePartial(ctx context.Context, compiler *ast.Compiler, store storage.Store, entry string) (rego.PreparedPartialQuery, error) {
	prepared, err := rego.New(
		rego.Query(fmt.Sprintf("%s[%s]", entry, contributionVar)),
		rego.Compiler(compiler),
		rego.Store(store),
		rego.Capabilities(capabilities()),
		rego.StrictBuiltinErrors(true),
	).PrepareForPartial(ctx)
	if err != nil {
		return rego.PreparedPartialQuery{}, fmt.Errorf("policy: preparing %s: %w", entry, err)
	}
	return prepared, nil
}

// one evaluates the entry point and holds it to exactly one result. The error wraps errEntry where the policy is at fault, and the
// context's error where the caller gave up: the first is a deny on record, the second is no decision at all.
func (q query) one(ctx context.Context, input ast.Value, more ...rego.EvalOption) (ast.Value, error) {
	options := append([]rego.EvalOption{rego.EvalParsedInput(input), rego.EvalGenerateJSON(keepTerm)}, more...)
	if q.tracer != nil {
		options = append(options, rego.EvalQueryTracer(q.tracer))
	}
	results, err := q.prepared.Eval(ctx, options...)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("policy: deciding: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %s", errEntry, q.entry, withoutValues(err))
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("%w: %s gave %d results, want one", errEntry, q.entry, len(results))
	}
	term, ok := results[0].Expressions[0].Value.(*ast.Term)
	if !ok {
		return nil, fmt.Errorf("%w: %s gave no term", errEntry, q.entry)
	}
	return term.Value, nil
}

// withoutValues says what went wrong and where. OPA's own text repeats values of the input, and a worker's recorded reason is free
// text that must not get into a log.
func withoutValues(err error) string {
	if failure := (*topdown.Error)(nil); errors.As(err, &failure) && failure.Location != nil {
		return fmt.Sprintf("%s at %s:%d", failure.Code, failure.Location.File, failure.Location.Row)
	}
	return "evaluation failed"
}

// keepTerm passes results on as they are: release results are read once, and need no JSON in between.
func keepTerm(term *ast.Term, _ *rego.EvalContext) (any, error) { return term, nil }

// toAST writes a Go value as rules read it.
func toAST(value any) (ast.Value, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return ast.ValueFromReader(bytes.NewReader(encoded))
}
