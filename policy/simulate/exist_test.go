package simulate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/simulate"
)

// TestThatThereIsSomethingIsNoExample: an example names an episode and a category. Where a practitioner is told only that an organisation
// holds something, it would tell what.
func TestThatThereIsSomethingIsNoExample(t *testing.T) {
	against := inForce(t)
	eased := draft(t, map[string]string{"labels": `{"limited_access": {"effect": "redact", "masks": ["risk"]}}`})
	in := family(against.Vocabulary())
	records := func(yield func(history.Record, error) bool) {
		h := record.Header{
			Organisation: "police", Category: "pol.involvement", Subject: "s2", Current: true, LabelsKnown: true, Labels: []string{"limited_access"},
		}
		yield(history.Record{Seq: 1, Episode: "e", Request: "r", Kind: history.Release, Input: in, Headers: []record.Header{h}}, nil)
	}
	for audience, examples := range map[string]int{"": 0, "team_manager": 0, "ig_officer": 1} {
		o := simulate.Options{Kind: simulate.History, Against: against, Draft: eased, Records: records, Audience: audience}
		if out := run(t, o).Runs[0]; len(out.Examples) != examples || len(out.Changes) != 1 {
			t.Errorf("%q: %d examples, %d changes", audience, len(out.Examples), len(out.Changes))
		}
	}
}

// TestExamplesOfLifeHoldNoDate: a report outlives the case. Of what was read it keeps no date, nor what a record says of itself.
func TestExamplesOfLifeHoldNoDate(t *testing.T) {
	against := inForce(t)
	shorter := draft(t, map[string]string{"windows": `{"years": {"B": 1}}`})
	records := func(yield func(history.Record, error) bool) {
		h := record.Header{
			Organisation: "police", Category: "pol.involvement", Subject: "s2", EventDate: "2024-02-03", LabelsKnown: true, Labels: []string{"opinion"},
		}
		yield(history.Record{Seq: 1, Episode: "e", Request: "r", Kind: history.Release, Input: family(against.Vocabulary()), Headers: []record.Header{h}}, nil)
	}
	for kind, dated := range map[simulate.Kind]bool{simulate.History: false, simulate.City: true} {
		report := run(t, simulate.Options{Kind: kind, Against: against, Draft: shorter, Records: records, Audience: "ig_officer"})
		text, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Runs[0].Examples) != 1 || len(report.Runs[0].Examples[0].Now.Inputs) == 0 || strings.Contains(string(text), "2024-02-03") != dated {
			t.Errorf("%s: %s", kind, text)
		}
	}
}
