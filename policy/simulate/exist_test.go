package simulate_test

import (
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
