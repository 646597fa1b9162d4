package agencytest

import (
	"context"
	"iter"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Person is one person of an organisation in memory.
type Person struct {
	Ref      string
	Identity person.Identity
	Flags    []string
	// Records carry neither organisation nor subject.
	Records []record.Record
}

// What a Memory is about to do when it asks Before.
const (
	ReadIndex  = "index"
	FindPeople = "people"
	ReadRecord = "record"
)

// Memory is an organisation's system in memory: an honest Source.
type Memory struct {
	People []Person
	AsOf   time.Time
	// Before, if set, is called before each step with what it is; its error is the source's, and it may wait.
	Before func(ctx context.Context, doing string) error
}

func (m *Memory) before(ctx context.Context, doing string) error {
	if m.Before != nil {
		if err := m.Before(ctx, doing); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// IndexAsOf implements agencies.Source.
func (m *Memory) IndexAsOf(ctx context.Context) (time.Time, error) {
	return m.AsOf, m.before(ctx, ReadIndex)
}

// Candidates implements agencies.Source with everybody, which is a superset.
func (m *Memory) Candidates(ctx context.Context, _ person.Identity) ([]matching.Candidate, error) {
	if err := m.before(ctx, FindPeople); err != nil {
		return nil, err
	}
	var everybody []matching.Candidate
	for _, p := range m.People {
		everybody = append(everybody, matching.Candidate{Ref: p.Ref, Identity: p.Identity, Flags: p.Flags})
	}
	return everybody, nil
}

// Records implements agencies.Source.
func (m *Memory) Records(ctx context.Context, ref, category string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		for _, p := range m.People {
			if p.Ref != ref {
				continue
			}
			for _, r := range p.Records {
				if r.Header.Category != category {
					continue
				}
				if err := m.before(ctx, ReadRecord); err != nil {
					yield(record.Record{}, err)
					return
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// Record is a plain, dated, known-to-be-unlabelled record with every field of its category; value gives each field's words.
func Record(c *record.Catalogue, ref, category, day string, value func(field string) string) record.Record {
	r := record.Record{Header: record.Header{Ref: ref, Category: category, EventDate: day, Labels: []string{}, LabelsKnown: true}}
	for _, field := range c.Categories[category].Fields {
		r.Fields = append(r.Fields, record.Field{Name: field.Name, Value: value(field.Name)})
	}
	return r
}

// reasons are the words of every reason that rules given to Policy may use.
const reasons = `
held_for_review: {text: "A person decides first.", source: "test", tellable: true, decider: holder}
more_detrimental: {text: "Disclosure would be more detrimental.", source: "test", tellable: true, decider: ""}
never_told: {text: "Not to be told.", source: "test", tellable: false, decider: ""}
`

const manifest = `{name: test, version: "1", hub: coventry, kind: agency, organisation: test, review_date: "2026-09-30"}`

// Policy compiles an agency's own policy from rules: contributions of package mashgate.agency, with the reasons held_for_review,
// more_detrimental and never_told. No rules means no objection.
func Policy(t testing.TB, rules string) *policy.AgencyPolicy {
	t.Helper()
	if rules == "" {
		rules = `contributions contains {"effect": "permit", "reason": "held_for_review", "masks": [], "rule": "nothing"} if input.record.category == ""`
	}
	compiled, err := policy.CompileAgency(t.Context(), fstest.MapFS{
		"manifest.yaml":     {Data: []byte(manifest)},
		"policy.rego":       {Data: []byte("package mashgate.agency\n\n" + rules)},
		"data/reasons.yaml": {Data: []byte(reasons)},
	})
	must(t, err)
	return compiled
}

// Permit is a constraint that lets everything of a category about a subject out, whatever its date and labels.
func Permit(c *record.Catalogue, subject, category string) policy.Constraint {
	permit := policy.Verdict{Effect: policy.Permit, Masks: []string{}, Tell: []string{}}
	constraint := policy.Constraint{
		Category: category, Subject: subject, Base: permit, Before: permit, Undated: permit, OnlyAddress: permit, NoLabels: permit,
		Unlimited: []string{}, UnlimitedUndated: []string{}, Hidden: []string{},
		Labels: map[string]policy.Verdict{}, AddressLabels: map[string]policy.Verdict{},
	}
	for _, label := range c.Labels {
		constraint.Labels[label] = permit
	}
	return constraint
}
