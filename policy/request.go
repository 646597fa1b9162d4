package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
)

// Request is one request under one revision: the ask decision, and what every later release decision reads. The revision is pinned
// when it is opened and never changes. Any number of goroutines may use it.
type Request struct {
	revision *Revision
	input    Input
	ask      Ask
	// shape and about are what release rules read as input.request and input.record.about.
	shape *ast.Term
	about map[string]*ast.Term
	// facts are about as text.
	facts   map[string]string
	windows map[string]map[string]string
	// cutoffs are the facts of the shape that differ from day to day, by name.
	cutoffs map[string]ast.Value

	// compiling guards the release rules compiled for this request: what is left of them once the shape is known.
	compiling sync.Mutex
	compiled  bool
	rules     *residual

	mu    sync.Mutex
	memo  map[headerKey]Decision
	cells map[group]*cell
}

// memoLimit bounds the decisions remembered: a holder chooses its headers, and must not choose how much memory they take.
const memoLimit = 4096

// Open takes a request once and decides what may be asked. An error is a caller's mistake or cancellation. A policy that gives no
// usable answer is no error: the request is open, denies everything, and says so in Ask.Err, so that it lands on the ledger.
func (r *Revision) Open(ctx context.Context, input Input) (*Request, error) {
	if err := input.check(); err != nil {
		return nil, err
	}
	value, err := toAST(input.total())
	if err != nil {
		return nil, fmt.Errorf("policy: opening the request: %w", err)
	}
	q := &Request{revision: r, input: input, memo: map[headerKey]Decision{}, cells: map[group]*cell{}}
	answer, err := r.ask.one(ctx, value)
	if err == nil {
		err = q.read(answer)
	}
	if errors.Is(err, errEntry) {
		q.refuse(err)
		return q, nil
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// Ask is the request decision.
func (q *Request) Ask() Ask { return q.ask }

// Revision is the revision the request is pinned to.
func (q *Request) Revision() *Revision { return q.revision }

// refuse denies the whole request for a policy that failed.
func (q *Request) refuse(err error) {
	q.shape, q.about = nil, nil
	q.ask = Ask{
		Gates: []Reason{errorReason()}, Tell: TellIdentifiers, Obligations: []string{}, LeftOut: map[string]Reason{},
		Protected: map[string]bool{}, Categories: []string{}, Revision: q.revision.id, Err: err.Error(),
	}
	for _, subject := range q.input.Subjects {
		q.ask.Protected[subject.ID] = true
	}
}

// What an asked organisation may be told.
const (
	TellIdentifiers = "identifiers_and_purpose"
	TellNarrative   = "with_narrative"
)

// askAnswer is data.mashgate.ask.decision.
type askAnswer struct {
	Gates       []codeAndRule                `json:"gates"`
	Tell        string                       `json:"tell"`
	Obligations []string                     `json:"obligations"`
	LeftOut     map[string]codeAndRule       `json:"left_out"`
	Protected   []string                     `json:"protected"`
	Categories  []string                     `json:"categories"`
	Shape       map[string]any               `json:"shape"`
	Subjects    map[string]map[string]any    `json:"subjects"`
	Windows     map[string]map[string]string `json:"windows"`
}

type codeAndRule struct {
	Code string `json:"code"`
	Rule string `json:"rule"`
}

// read takes the ask decision apart, strictly.
func (q *Request) read(value ast.Value) error {
	var answer askAnswer
	if err := strictly(value, &answer); err != nil {
		return fmt.Errorf("%w: %s: %w", errEntry, askEntry, err)
	}
	if err := q.check(answer); err != nil {
		return fmt.Errorf("%w: %s: %w", errEntry, askEntry, err)
	}
	q.windows = answer.Windows
	q.ask = Ask{
		Proceed: len(answer.Gates) == 0, Gates: make([]Reason, 0, len(answer.Gates)), Tell: answer.Tell,
		Obligations: sortedSet(answer.Obligations), LeftOut: map[string]Reason{}, Protected: map[string]bool{},
		Categories: sortedSet(answer.Categories), Revision: q.revision.id,
	}
	for _, gate := range answer.Gates {
		q.ask.Gates = append(q.ask.Gates, q.revision.joiner.denial(gate))
	}
	for id, why := range answer.LeftOut {
		q.ask.LeftOut[id] = q.revision.joiner.denial(why)
	}
	for _, id := range answer.Protected {
		q.ask.Protected[id] = true
	}
	return q.keepFacts(answer)
}

// keepFacts keeps shape and subject facts as terms, so that each record costs no conversion.
func (q *Request) keepFacts(answer askAnswer) error {
	shape, err := ast.InterfaceToValue(answer.Shape)
	if err != nil {
		return fmt.Errorf("%w: shape: %w", errEntry, err)
	}
	q.shape, q.cutoffs = ast.NewTerm(shape), cutoffsOf(shape)
	q.about, q.facts = make(map[string]*ast.Term, len(answer.Subjects)), make(map[string]string, len(answer.Subjects))
	for id, facts := range answer.Subjects {
		value, err := ast.InterfaceToValue(facts)
		if err != nil {
			return fmt.Errorf("%w: subject facts: %w", errEntry, err)
		}
		q.about[id], q.facts[id] = ast.NewTerm(value), value.String()
	}
	return nil
}

// check holds the answer to the contract: every code has words, and facts are total, the same keys for every subject, because a
// missing attribute under a negation makes a rule silently not fire (design.md section 7).
func (q *Request) check(answer askAnswer) error {
	if answer.Tell != TellIdentifiers && answer.Tell != TellNarrative {
		return fmt.Errorf("tell is %q", answer.Tell)
	}
	for _, given := range append(slices.Collect(maps.Values(answer.LeftOut)), answer.Gates...) {
		if _, ok := q.revision.vocabulary.Reasons[given.Code]; !ok || given.Rule == "" {
			return fmt.Errorf("reason %q of rule %q is not in data.reasons", given.Code, given.Rule)
		}
	}
	for _, code := range answer.Categories {
		if _, ok := q.revision.catalogue.Categories[code]; !ok {
			return fmt.Errorf("category %q is not in the catalogue", code)
		}
	}
	var keys []string
	for i, subject := range q.input.Subjects {
		facts, ok := answer.Subjects[subject.ID]
		if !ok {
			return errors.New("a subject of the request has no facts")
		}
		if now := slices.Sorted(maps.Keys(facts)); i == 0 {
			keys = now
		} else if !slices.Equal(keys, now) {
			return fmt.Errorf("subjects have different facts: %v and %v", keys, now)
		}
	}
	if len(answer.Subjects) != len(q.input.Subjects) {
		return errors.New("facts about a person who is not a subject of the request")
	}
	return plainFacts(answer)
}

// plainFacts allows only what a compiled rule can compare: strings, booleans, numbers, lists of strings and tables of strings.
func plainFacts(answer askAnswer) error {
	for _, facts := range append(slices.Collect(maps.Values(answer.Subjects)), answer.Shape) {
		for name, fact := range facts {
			if !plainFact(fact) {
				return fmt.Errorf("fact %q is a %T that rules could not compare", name, fact)
			}
		}
	}
	for _, days := range answer.Windows {
		for _, day := range days {
			if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
				return fmt.Errorf("window %q is no ISO day", day)
			}
		}
	}
	return nil
}

func plainFact(fact any) bool {
	isString := func(item any) bool { _, ok := item.(string); return ok }
	switch fact := fact.(type) {
	case string, bool, json.Number:
		return true
	case []any:
		return !slices.ContainsFunc(fact, func(item any) bool { return !isString(item) })
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(fact)), func(item any) bool { return !isString(item) })
	}
	return false
}

// denial puts words to a gate or to leaving a subject out.
func (j joiner) denial(given codeAndRule) Reason {
	reason := j.textOf(given.Code)
	reason.Rule, reason.Effect, reason.Decider, reason.Who, reason.WhoOutOfHours = given.Rule, Deny, "", "", ""
	return reason
}

// strictly reads a policy answer into a struct; a key that is not expected, or missing, is an error.
func strictly(value ast.Value, into any) error {
	plain, err := ast.JSON(value)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(plain)
	if err != nil {
		return err
	}
	if err := sameKeys(encoded, into); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// sameKeys compares the keys of an answer with those its type writes.
func sameKeys(encoded []byte, like any) error {
	empty, err := json.Marshal(like)
	if err != nil {
		return err
	}
	var want, got map[string]json.RawMessage
	if err := json.Unmarshal(empty, &want); err != nil {
		return err
	}
	if err := json.Unmarshal(encoded, &got); err != nil {
		return errors.New("the answer is not an object")
	}
	for key := range want {
		if _, ok := got[key]; !ok {
			return fmt.Errorf("the answer has no %q", key)
		}
	}
	return nil
}

// headerKey is an admitted header without its reference: what a decision depends on.
type headerKey struct {
	organisation, category, subject, eventDate, until, labels string
	current, labelsKnown, onlyAddress                         bool
}

func keyOf(h record.Header) headerKey {
	return headerKey{
		organisation: h.Organisation, category: h.Category, subject: h.Subject, eventDate: h.EventDate, until: h.Until,
		labels: strings.Join(h.Labels, " "), current: h.Current, labelsKnown: h.LabelsKnown, onlyAddress: h.OnlyAddress,
	}
}
