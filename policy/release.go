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
	decision, err := q.decide(ctx, header)
	if err == nil {
		q.remember(key, decision)
	}
	return decision, err
}

// decide takes the compiled rules where they could be compiled, and the interpreter where not.
func (q *Request) decide(ctx context.Context, header record.Header) (Decision, error) {
	compiled, err := q.compiledRules(ctx)
	if err != nil {
		return Decision{}, err
	}
	if compiled == nil {
		return q.interpret(ctx, header)
	}
	attribute := q.attributes(header)
	return q.revision.joiner.join(reasonsOf(q.settled(compiled, header, attribute), attribute)), nil
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
	rules, err := q.revision.residualOf(ctx, q.shape)
	if err != nil {
		return nil, err
	}
	q.rules, q.compiled = rules, true
	return rules, nil
}

// group is what the records of one organisation, category and subject have in common.
type group struct{ organisation, category, subject string }

// settled are the bodies that can speak about the header's group.
func (q *Request) settled(rules *residual, h record.Header, a attribute) []residualBody {
	of := group{h.Organisation, h.Category, h.Subject}
	q.mu.Lock()
	bodies, ok := q.groups[of]
	q.mu.Unlock()
	if ok {
		return bodies
	}
	bodies = rules.settle(a)
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.groups) >= memoLimit {
		clear(q.groups)
	}
	q.groups[of] = bodies
	return bodies
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

// recordAttributes are the attributes of a record that rules read: the header without the holder's reference, what the hub knows of
// the subject, and the labels it does not carry, so that a rule can read the absence of a label without negation.
var recordAttributes = []string{
	"organisation", "category", "subject", "event_date", "until", "current", "labels", "unlabelled", "labels_known", "only_address",
	"about", "holder_flags",
}

// attributes reads one header by attribute name. Many rules read the same few attributes: each is put into Rego's terms once.
func (q *Request) attributes(h record.Header) attribute {
	read := make(map[string]ast.Value, len(recordAttributes))
	return func(name string) ast.Value {
		value, ok := read[name]
		if !ok {
			value = q.attributeOf(h, name)
			read[name] = value
		}
		return value
	}
}

// attributeOf is nil for an attribute that does not exist.
func (q *Request) attributeOf(h record.Header, name string) ast.Value {
	switch name {
	case "organisation":
		return ast.String(h.Organisation)
	case "category":
		return ast.String(h.Category)
	case "subject":
		return ast.String(h.Subject)
	case "event_date":
		return ast.String(h.EventDate)
	case "until":
		return ast.String(h.Until)
	case "current":
		return ast.Boolean(h.Current)
	case "labels":
		return stringsValue(h.Labels)
	case "unlabelled":
		return stringsValue(q.revision.without(h.Labels))
	case "labels_known":
		return ast.Boolean(h.LabelsKnown)
	case "only_address":
		return ast.Boolean(h.OnlyAddress)
	case "about":
		return q.about[h.Subject].Value
	case "holder_flags":
		return stringsValue(q.holderFlags(h))
	}
	return nil
}

// releaseInput is the whole input of the release rules.
func (q *Request) releaseInput(h record.Header) ast.Value {
	read := q.attributes(h)
	header := ast.NewObject()
	for _, name := range recordAttributes {
		header.Insert(ast.InternedTerm(name), ast.NewTerm(read(name)))
	}
	return ast.NewObject(
		[2]*ast.Term{ast.InternedTerm("request"), q.shape},
		[2]*ast.Term{ast.InternedTerm("record"), ast.NewTerm(header)},
	)
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

// without are the labels that a record does not carry.
func (r *Revision) without(labels []string) []string {
	return slices.DeleteFunc(slices.Clone(r.labels), func(label string) bool { return slices.Contains(labels, label) })
}

func stringsValue(items []string) ast.Value {
	terms := make([]*ast.Term, 0, len(items))
	for _, item := range items {
		terms = append(terms, ast.InternedTerm(item))
	}
	return ast.NewArray(terms...)
}
