package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
)

// Release decides on each header, in order: one decision for one header, whatever the header says. The error is the caller's own
// cancellation; a policy that fails denies the record and says so in Decision.Err.
func (q *Request) Release(ctx context.Context, headers []record.Header) ([]Decision, error) {
	decisions := make([]Decision, 0, len(headers))
	for _, header := range headers {
		decision, err := q.releaseOne(ctx, header)
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
	header = header.Normalised()
	if err := q.admit(header); err != nil {
		return q.revision.joiner.failed(err), nil
	}
	key := keyOf(header)
	q.mu.Lock()
	known, ok := q.memo[key]
	q.mu.Unlock()
	if ok {
		return known, nil
	}
	value, err := q.revision.release.one(ctx, q.releaseInput(header))
	if errors.Is(err, errEntry) {
		return q.revision.joiner.failed(err), nil
	}
	if err != nil {
		return Decision{}, err
	}
	decision := q.revision.joiner.decide(value)
	q.remember(key, decision)
	return decision, nil
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

// releaseInput is the header as rules read it: without the holder's reference, with the facts the hub knows.
func (q *Request) releaseInput(h record.Header) ast.Value {
	item := func(key string, value *ast.Term) [2]*ast.Term { return [2]*ast.Term{ast.InternedTerm(key), value} }
	header := ast.NewObject(
		item("organisation", ast.StringTerm(h.Organisation)),
		item("category", ast.StringTerm(h.Category)),
		item("subject", ast.StringTerm(h.Subject)),
		item("event_date", ast.StringTerm(h.EventDate)),
		item("until", ast.StringTerm(h.Until)),
		item("current", ast.InternedTerm(h.Current)),
		item("labels", stringsTerm(h.Labels)),
		item("unlabelled", stringsTerm(q.unlabelled(h.Labels))),
		item("labels_known", ast.InternedTerm(h.LabelsKnown)),
		item("only_address", ast.InternedTerm(h.OnlyAddress)),
		item("about", q.about[h.Subject]),
		item("holder_flags", stringsTerm(q.holderFlags(h))),
	)
	return ast.NewObject(item("request", q.shape), item("record", ast.NewTerm(header)))
}

// holderFlags are the flags that this organisation itself set on this subject.
func (q *Request) holderFlags(h record.Header) []string {
	var flags []string
	for _, flag := range q.input.Flags {
		if flag.Subject == h.Subject && flag.Organisation == h.Organisation && !slices.Contains(flags, flag.Flag) {
			flags = append(flags, flag.Flag)
		}
	}
	slices.Sort(flags)
	return flags
}

// unlabelled are the labels that the record does not carry, so that a rule can read the absence of a label without negation.
func (q *Request) unlabelled(labels []string) []string {
	return slices.DeleteFunc(slices.Clone(q.revision.labels), func(label string) bool { return slices.Contains(labels, label) })
}

func stringsTerm(items []string) *ast.Term {
	terms := make([]*ast.Term, 0, len(items))
	for _, item := range items {
		terms = append(terms, ast.InternedTerm(item))
	}
	return ast.ArrayTerm(terms...)
}
