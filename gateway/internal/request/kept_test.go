package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

func releasedAs(ref string, effect policy.Effect) Released {
	return Released{
		Record: record.Record{
			Header: record.Header{Ref: ref, Organisation: "police", Subject: "s1", Category: "pol.missing", Labels: []string{}, LabelsKnown: true},
			Fields: []record.Field{{Name: "outcome", Value: "came home"}},
		},
		Decision: policy.Decision{
			Effect: effect, Masks: []string{}, Obligations: []string{}, Revision: "r1",
			Reasons: []policy.Reason{{Code: "tier", Rule: "release.tier", Effect: effect, Text: "Released in this tier.", Source: "4.3", Tellable: true}},
		},
		Masked: []string{"location"},
	}
}

// TestKeptChunk: a chunk comes back as it was, with the words of a decision kept once for the records decided alike.
func TestKeptChunk(t *testing.T) {
	c := Chunk{Seq: 7, Organisation: "police", Subject: "s1", LedgerEntry: 3, Records: []Released{
		releasedAs("a", policy.Permit), releasedAs("b", policy.Redact), releasedAs("c", policy.Permit),
	}}
	sealed, err := json.Marshal(keepChunk(c))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(sealed), "Released in this tier."); n != 2 {
		t.Errorf("the words of two decisions stand %d times", n)
	}
	var kept keptChunk
	if err := json.Unmarshal(sealed, &kept); err != nil {
		t.Fatal(err)
	}
	back, err := kept.chunk(7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&c, back); diff != "" {
		t.Errorf("what came back is not what was kept:\n%s", diff)
	}
	for _, at := range []int{-1, 2} {
		kept.Records[0].Decision = at
		if _, err := kept.chunk(7); !errors.Is(err, errDecision) {
			t.Errorf("decision %d of two: %v", at, err)
		}
	}
	if printed := fmt.Sprintf("%v %+v %v", kept, kept.Records[0], keepArrived([]Arrived{{Record: c.Records[0].Record}})); strings.Contains(printed, "home") {
		t.Errorf("a value is printed: %s", printed)
	}
}
