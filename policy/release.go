package policy

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
)

// Release decides on each header, in order: one decision for one header, whatever the header says. The error is the caller's own
// cancellation; a policy that fails denies the record and says so in Decision.Err.
func (q *Request) Release(ctx context.Context, headers []record.Header) ([]Decision, error) {
	decisions := make([]Decision, 0, len(headers))
	v := view{request: q}
	for _, header := range headers {
		v.show(header.Normalised())
		decision, err := q.releaseShown(ctx, &v)
		if err != nil {
			return nil, err
		}
		decisions = append(decisions, decision)
	}
	return decisions, nil
}

// FieldHider tells, for one record, which labels on a single field hide that field: those that would hold back or mask something of
// a whole record. A label nobody knows hides.
func (q *Request) FieldHider(ctx context.Context, h record.Header) (func(label string) bool, error) {
	plain := plainHeader(h.Organisation, h.Category, h.Subject)
	base, err := q.releaseOne(ctx, plain)
	if err != nil {
		return nil, err
	}
	shown := map[string]bool{}
	for _, label := range q.revision.catalogue.Labels {
		plain.Labels = []string{label}
		labelled, err := q.releaseOne(ctx, plain)
		if err != nil {
			return nil, err
		}
		shown[label] = !addsHolding(base, labelled)
	}
	return func(label string) bool { return !shown[label] }, nil
}

func (q *Request) releaseOne(ctx context.Context, header record.Header) (Decision, error) {
	return q.releaseShown(ctx, &view{request: q, header: header.Normalised()})
}

func (q *Request) releaseShown(ctx context.Context, v *view) (Decision, error) {
	if err := q.admit(v.header); err != nil {
		return q.revision.joiner.failed(err), nil
	}
	rules, err := q.compiledRules(ctx)
	if err != nil {
		return Decision{}, err
	}
	if rules == nil {
		return q.interpretOnce(ctx, v.header)
	}
	var numbers [16]int
	return q.revision.joined.of(contributing(q.cell(rules, v).bodies, v, numbers[:0])), nil
}

// interpretOnce interprets records alike once: it takes hundreds of microseconds.
func (q *Request) interpretOnce(ctx context.Context, header record.Header) (Decision, error) {
	key := keyOf(header)
	q.mu.Lock()
	known, ok := q.memo[key]
	q.mu.Unlock()
	if ok {
		return known, nil
	}
	decision, err := q.interpret(ctx, header)
	if err == nil {
		q.remember(key, decision)
	}
	return decision, err
}

func (q *Request) interpret(ctx context.Context, header record.Header) (Decision, error) {
	value, err := q.revision.release.one(ctx, q.releaseInput(header))
	if errors.Is(err, errEntry) {
		return q.revision.joiner.failed(err), nil
	}
	if err != nil {
		return Decision{}, err
	}
	return q.revision.joiner.decide(value), nil
}

// compiledRules are the release rules for this request, compiled when the first record is decided; nil for the interpreter.
func (q *Request) compiledRules(ctx context.Context) (*residual, error) {
	q.compiling.Lock()
	defer q.compiling.Unlock()
	if q.compiled {
		return q.rules, nil
	}
	rules, err := q.revision.residualOf(ctx, q)
	if err != nil {
		return nil, err
	}
	q.rules, q.compiled = rules, true
	return rules, nil
}

func (q *Request) remember(key headerKey, decision Decision) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.memo) >= memoLimit {
		clear(q.memo)
	}
	q.memo[key] = decision
}

// admit refuses what rules must never see: a header that is not of the catalogue, or about somebody who was not asked about.
func (q *Request) admit(header record.Header) error {
	if q.ask.Err != "" {
		return errors.New("the request decision failed: " + q.ask.Err)
	}
	if err := q.revision.catalogue.CheckHeader(header); err != nil {
		return fmt.Errorf("malformed header: %w", err)
	}
	if _, ok := q.about[header.Subject]; !ok {
		return errors.New("malformed header: its subject is not a subject of the request")
	}
	return nil
}

// releaseInput is the whole input of the release rules.
func (q *Request) releaseInput(h record.Header) ast.Value {
	v := view{request: q, header: h}
	header := ast.NewObject()
	for at, name := range recordAttributes {
		header.Insert(ast.InternedTerm(name), ast.NewTerm(v.attribute(at)))
	}
	return ast.NewObject(
		[2]*ast.Term{ast.InternedTerm("request"), q.shape},
		[2]*ast.Term{ast.InternedTerm("record"), ast.NewTerm(header)},
	)
}
