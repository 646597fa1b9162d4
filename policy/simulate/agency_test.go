package simulate_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/simulate"
)

func agency(t *testing.T, rules string) *policy.AgencyPolicy {
	t.Helper()
	compiled, err := policy.CompileAgency(t.Context(), fstest.MapFS{
		"manifest.yaml":     {Data: []byte(`{name: police-own, version: "1", hub: coventry, kind: agency, organisation: police, review_date: "2026-09-30"}`)},
		"police.rego":       {Data: []byte("package mashgate.agency\n\n" + rules)},
		"data/reasons.yaml": {Data: []byte(`held: {text: "Held.", source: test, tellable: true, decider: holder}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func rule(effect, masks, condition string) string {
	return `contributions contains {"effect": "` + effect + `", "reason": "held", "masks": ` + masks + `, "rule": "police.held"} if ` + condition + "\n"
}

// own is so many records of a category with labels, as the organisation's policy then decided.
func own(request, category string, records int64, warrant, was policy.Effect, labels ...string) simulate.Own {
	h := record.Header{Organisation: "police", Category: category, Subject: "s1", EventDate: "2026-01-02", LabelsKnown: true, Labels: append([]string{}, labels...)}
	return simulate.Own{
		Request: request, Records: records, Warrant: policy.Verdict{Effect: warrant, Masks: []string{}}, Was: history.Outcome{Effect: was, Masks: []string{}},
		Header: policy.AgencyHeader{Request: policy.AgencyRequest{Basis: "s47"}, Header: h},
	}
}

func each(all ...simulate.Own) iter.Seq2[simulate.Own, error] {
	return func(yield func(simulate.Own, error) bool) {
		for i, o := range all {
			o.Seq = int64(i + 1)
			if !yield(o, nil) {
				return
			}
		}
	}
}

// An organisation that holds intelligence for review, and would refuse it: every record of it that the warrant let out is counted, none
// that the warrant had refused, and nothing of another category.
func TestAnAgencysOwnDraft(t *testing.T) {
	against := agency(t, rule("review", "[]", `input.record.category == "pol.intelligence"`))
	draft := agency(t, rule("deny", "[]", `input.record.category == "pol.intelligence"`)+rule("redact", `["location"]`, `"third_party" in input.record.labels`))
	report, err := simulate.RunAgency(t.Context(), simulate.AgencyOptions{Against: against, Draft: draft, Records: each(
		own("r1", "pol.intelligence", 3, policy.Permit, policy.Review), own("r2", "pol.intelligence", 5, policy.Deny, policy.Review),
		own("r2", "pol.involvement", 7, policy.Permit, policy.Permit), own("r2", "pol.involvement", 11, policy.Permit, policy.Permit, "third_party"),
		own("r3", "pol.involvement", 13, policy.Redact, policy.Permit),
	)})
	if err != nil {
		t.Fatal(err)
	}
	want := []simulate.Row{
		{Change: simulate.Change{What: simulate.Released, Organisation: "police", Category: "pol.intelligence", Basis: "s47",
			Direction: simulate.Tighter, Was: policy.Review, Now: policy.Deny}, Count: 3},
		{Change: simulate.Change{What: simulate.Released, Organisation: "police", Category: "pol.involvement", Basis: "s47",
			Direction: simulate.Tighter, Was: policy.Permit, Now: policy.Redact}, Count: 11},
	}
	if diff := cmp.Diff(want, report.Runs[0].Changes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	examples := report.Runs[0].Examples
	if len(examples) != 2 || examples[0].Alike != 11 || examples[1].Was.Effect != policy.Review || examples[1].Now.Effect != policy.Deny || examples[1].Request != "r1" {
		t.Errorf("the examples are %+v", examples)
	}
	if report.Wider() != 0 || report.Tighter() != 14 || report.Runs[0].Decisions != 39 || report.Runs[0].Records != 5 {
		t.Errorf("wider %d, tighter %d, %d decisions on %d lines", report.Wider(), report.Tighter(), report.Runs[0].Decisions, report.Runs[0].Records)
	}
}

// What a draft of the hub would newly let out of an organisation is counted there, by category, and no header goes with it.
func TestAnAgencyCountsForTheHub(t *testing.T) {
	permit := policy.Verdict{Effect: policy.Permit, Masks: []string{}}
	open := policy.Constraint{Category: "pol.convictions", Subject: "s1", Base: permit, Before: permit, Undated: permit, Labels: map[string]policy.Verdict{}}
	asks := simulate.Asks{Organisation: "police", Against: "a", Draft: "d", Requests: map[string][]policy.Constraint{"r1": {open}, "r2": {}}}
	counts, err := asks.Count(each(
		own("r1", "pol.convictions", 4, policy.Review, policy.Permit), own("r1", "pol.convictions", 2, policy.Permit, policy.Permit),
		own("r1", "pol.convictions", 8, policy.Review, policy.Exist), own("r2", "pol.convictions", 1, policy.Permit, policy.Permit),
		own("r9", "pol.convictions", 16, policy.Deny, policy.Permit),
	))
	if err != nil {
		t.Fatal(err)
	}
	want := []simulate.CategoryOf{
		{Category: "pol.convictions", Was: policy.Permit, Now: policy.Deny, Records: 1},
		{Category: "pol.convictions", Was: policy.Review, Now: policy.Exist, Records: 8},
		{Category: "pol.convictions", Was: policy.Review, Now: policy.Permit, Records: 4},
	}
	if diff := cmp.Diff(want, counts.Changes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnAgencysRunStopsAtWhatItCannotRead(t *testing.T) {
	broken := errors.New("broken")
	records := func(yield func(simulate.Own, error) bool) { yield(simulate.Own{}, broken) }
	p := agency(t, rule("review", "[]", `input.record.category == "pol.intelligence"`))
	if _, err := simulate.RunAgency(t.Context(), simulate.AgencyOptions{Against: p, Draft: p, Records: records}); !errors.Is(err, broken) {
		t.Errorf("a run ended with %v", err)
	}
	if _, err := (simulate.Asks{}).Count(records); !errors.Is(err, broken) {
		t.Errorf("a count ended with %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	all := each(own("r1", "pol.intelligence", 1, policy.Permit, policy.Review))
	if _, err := simulate.RunAgency(ended, simulate.AgencyOptions{Against: p, Draft: p, Records: all}); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was stopped ended with %v", err)
	}
	if _, err := simulate.RunAgency(t.Context(), simulate.AgencyOptions{Against: p, Draft: p}); err == nil {
		t.Error("a run without records")
	}
}
