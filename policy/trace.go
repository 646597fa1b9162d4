package policy

import (
	"context"
	"errors"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/mashgate/mashgate/internal/record"
)

// TraceAsk decides the request again by the interpreter, for a tracer to see which rules spoke, and returns what they read.
func (q *Request) TraceAsk(ctx context.Context, tracer topdown.QueryTracer) (ast.Value, error) {
	input, err := toAST(q.input.total())
	if err != nil {
		return nil, err
	}
	if _, err = q.revision.ask.one(ctx, input, traced(tracer)...); errors.Is(err, errEntry) {
		return input, nil // Ask.Err says so
	}
	return input, err
}

// TraceRelease decides one header by the interpreter, for a tracer to see which rules spoke, and returns what they read; nil for a
// header that no rule is shown.
func (q *Request) TraceRelease(ctx context.Context, h record.Header, tracer topdown.QueryTracer) (ast.Value, error) {
	h = h.Normalised()
	if q.admit(h) != nil {
		return nil, nil //nolint:nilnil,nilerr // by contract: no rule is shown such a header, so there is nothing to trace
	}
	input := q.releaseInput(h)
	if _, err := q.revision.release.one(ctx, input, traced(tracer)...); err != nil && !errors.Is(err, errEntry) {
		return nil, err
	}
	return input, nil
}

// Trace decides one header for a tracer to see which of the agency's rules spoke, and returns what they read; nil for a header that no
// rule is shown.
func (a *AgencyPolicy) Trace(ctx context.Context, h AgencyHeader, tracer topdown.QueryTracer) (ast.Value, error) {
	h.Header = h.Header.Normalised()
	if a.catalogue.CheckHeader(h.Header) != nil {
		return nil, nil //nolint:nilnil,nilerr // by contract: no rule is shown such a header, so there is nothing to trace
	}
	input := h.input()
	if _, err := a.entry.one(ctx, input, traced(tracer)...); err != nil && !errors.Is(err, errEntry) {
		return nil, err
	}
	return input, nil
}

// traced shows the tracer every rule that is tried, also those that an index would have left out.
func traced(tracer topdown.QueryTracer) []rego.EvalOption {
	return []rego.EvalOption{rego.EvalQueryTracer(tracer), rego.EvalRuleIndexing(false)}
}
