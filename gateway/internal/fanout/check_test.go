package fanout

import (
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

var today = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func newFanout(t testing.TB) *Fanout {
	t.Helper()
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	return &Fanout{validator: validator, config: Config{Catalogue: catalogue, Limits: DefaultLimits(), Now: func() time.Time { return today }}}
}

// TestNoTrace: only a completed look-up, with identifiers, in a fresh index yields "nobody" (domain.md 4.5).
func TestNoTrace(t *testing.T) {
	day := 24 * time.Hour
	tests := []struct {
		name   string
		with   []string
		asOf   time.Time
		maxAge time.Duration
		want   Outcome
		code   string
	}{
		{"fresh", []string{"name"}, today.Add(-time.Hour), day, NoTrace, ""},
		{"as old as it may be", []string{"name"}, today.Add(-day), day, NoTrace, ""},
		{"a second too old", []string{"name"}, today.Add(-day - time.Second), day, Failed, CodeStaleIndex},
		{"no date", []string{"name"}, time.Time{}, day, Failed, CodeStaleIndex},
		{"from the future", []string{"name"}, today.Add(time.Hour), day, Failed, CodeStaleIndex},
		{"no limit given", []string{"name"}, today, 0, Failed, CodeStaleIndex},
		{"looked with nothing", nil, today, day, Failed, CodeTooFew},
	}
	for _, test := range tests {
		got := newFanout(t).noTrace(Match{LookedWith: test.with, IndexAsOf: test.asOf}, test.maxAge)
		if got.Outcome != test.want || got.Code != test.code {
			t.Errorf("%s: %s %q, want %s %q", test.name, got.Outcome, got.Code, test.want, test.code)
		}
	}
}

// FuzzPart feeds a stream's checker with whatever could come over the line: it never panics, and what it hands on is of the contract,
// of the warrant, and about somebody who was asked about.
func FuzzPart(f *testing.F) {
	seed := func(part *agencyv1.CollectResponse) {
		raw, err := proto.Marshal(part)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	header := &agencyv1.Header{Ref: "r1", Category: "pol.involvement", EventDate: "2026-01-02", LabelsKnown: true}
	chunk := func(subject string, records ...*agencyv1.Record) *agencyv1.CollectResponse {
		return &agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Chunk{Chunk: &agencyv1.Chunk{Subject: subject, Records: records}}}
	}
	seed(chunk("s1", &agencyv1.Record{Header: header, Fields: []*agencyv1.Field{{Name: "risk", Value: "high"}}}))
	seed(chunk("s1", &agencyv1.Record{Header: header, Stub: "review", StubReasons: []string{"narrative_held"}}))
	seed(chunk("s2", &agencyv1.Record{Header: header}))
	seed(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Completion{
		Completion: &agencyv1.Completion{Subject: "s1", Status: agencyv1.Completion_STATUS_DONE},
	}})
	fanout := newFanout(f)
	leg := Leg{Organisation: "police", Subjects: []string{"s1"}, Constraints: []policy.Constraint{{Category: "pol.involvement", Subject: "s1"}}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		part := &agencyv1.CollectResponse{}
		if proto.Unmarshal(raw, part) != nil {
			return
		}
		items, err := newChecker(leg, fanout).part(part)
		if err != nil && len(items) > 0 {
			t.Fatal("items beside an error")
		}
		for _, item := range items {
			h := item.Record.Header
			if h.Subject != "s1" || h.Organisation != "police" || h.Category != "pol.involvement" || fanout.config.Catalogue.Check(item.Record) != nil {
				t.Fatal("an item that nobody asked for")
			}
		}
	})
}
