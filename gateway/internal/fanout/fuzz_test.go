package fanout

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// FuzzMatches feeds the reading of Locate's reply with whatever could come over the line: it never panics; what it hands on is one match
// for each person who was asked about; and "nobody" is believed only of a look-up that could have found somebody.
func FuzzMatches(f *testing.F) {
	match := func(outcome agencyv1.Match_Outcome, age time.Duration) *agencyv1.Match {
		return &agencyv1.Match{
			Subject: "s1", Outcome: outcome, LookedIn: "Index", LookedWith: []string{"name"}, IndexAsOf: timestamppb.New(today.Add(-age)), IndexMaxAgeSeconds: 86400,
		}
	}
	for _, reply := range []*agencyv1.LocateResponse{
		{Matches: []*agencyv1.Match{match(agencyv1.Match_OUTCOME_MATCHED, time.Hour)}},
		{Matches: []*agencyv1.Match{match(agencyv1.Match_OUTCOME_NO_TRACE, time.Hour)}},
		{Matches: []*agencyv1.Match{match(agencyv1.Match_OUTCOME_NO_TRACE, 48*time.Hour)}},
		{Matches: []*agencyv1.Match{match(agencyv1.Match_OUTCOME_AMBIGUOUS, time.Hour), match(agencyv1.Match_OUTCOME_MATCHED, time.Hour)}},
		{Matches: []*agencyv1.Match{{Subject: "s1", Outcome: agencyv1.Match_OUTCOME_ERROR, Error: "source_down", Flags: []string{"safe_address"}}}},
	} {
		raw, err := proto.Marshal(reply)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	fanout := newFanout(f)
	leg := Leg{Organisation: "police", Subjects: []string{"s1"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		reply := &agencyv1.LocateResponse{}
		if proto.Unmarshal(raw, reply) != nil {
			return
		}
		matches, err := fanout.matches(leg, reply)
		if err != nil {
			return
		}
		m, ok := matches["s1"]
		if !ok || len(matches) != 1 {
			t.Fatalf("%d matches for one person", len(matches))
		}
		limit := reply.GetMatches()[0].GetIndexMaxAgeSeconds()
		old := limit < 1e9 && today.Sub(m.IndexAsOf) > time.Duration(limit)*time.Second // beyond that a limit says nothing
		stale := m.IndexAsOf.IsZero() || old || m.IndexAsOf.Sub(today) > indexClockLeeway
		if m.Outcome == NoTrace && (len(m.LookedWith) == 0 || stale) {
			t.Error("nobody was found where nobody could be")
		}
		if slices.ContainsFunc(m.Flags, func(flag string) bool { return !slices.Contains(fanout.config.Catalogue.Flags, flag) }) {
			t.Error("a flag that nobody knows")
		}
	})
}
