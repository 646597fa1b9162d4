package agencies_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/warrant"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

func beforeEach(do func()) func(context.Context, string) error {
	return func(context.Context, string) error {
		do()
		return nil
	}
}

func failing(at string, err error) func(context.Context, string) error {
	return func(_ context.Context, doing string) error {
		if doing == at {
			return err
		}
		return nil
	}
}

// serveFor serves another replica of the rig's agency, over the same journal, for another caller.
func (r *rig) serveFor(t testing.TB, who peer.Identity) string {
	t.Helper()
	agency, err := agencies.New(r.config(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	other := *r.Gateway
	other.Identity = who
	return other.Serve(t, organisation, agency)
}

func TestLocateTellsWhatItDid(t *testing.T) {
	r := newRig(t, "")
	got := r.locate(t, mira, stranger)
	asOf := timestamppb.New(now.Add(-time.Hour))
	with := []string{"name", "date_of_birth"}
	want := &agencyv1.LocateResponse{Matches: []*agencyv1.Match{
		{Subject: "s1", Outcome: agencyv1.Match_OUTCOME_MATCHED, Flags: []string{"safe_address"}, LookedIn: "Nominal index", LookedWith: with, IndexAsOf: asOf, IndexMaxAgeSeconds: 86400},
		{Subject: "s2", Outcome: agencyv1.Match_OUTCOME_NO_TRACE, LookedIn: "Nominal index", LookedWith: with, IndexAsOf: asOf, IndexMaxAgeSeconds: 86400},
	}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNeverAFalseNoTrace: whatever goes wrong in looking, for somebody who is known and for somebody who is not, is an error with its
// code, and nobody is remembered as located.
func TestNeverAFalseNoTrace(t *testing.T) {
	tests := map[string]struct {
		spoil func(*rig)
		who   person.Identity
		code  string
	}{
		"too few identifiers":       {func(*rig) {}, person.Identity{GivenName: "Nobody", FamilyName: "Atall"}, "too_few_identifiers"},
		"too few of a known person": {func(*rig) {}, person.Identity{GivenName: "Mira", FamilyName: "Quill"}, "too_few_identifiers"},
		"stale by a microsecond":    {func(r *rig) { r.source.AsOf = now.Add(-24*time.Hour - time.Microsecond) }, stranger, "stale_index"},
		"no age":                    {func(r *rig) { r.source.AsOf = time.Time{} }, stranger, "stale_index"},
		"stale, known person":       {func(r *rig) { r.source.AsOf = now.Add(-48 * time.Hour) }, mira, "stale_index"},
		"no index":                  {func(r *rig) { r.source.Before = failing(agencytest.ReadIndex, errors.New("SECRET")) }, stranger, "source_down"},
		"no people":                 {func(r *rig) { r.source.Before = failing(agencytest.FindPeople, errors.New("SECRET")) }, stranger, "source_down"},
		"flags cannot be told": {func(r *rig) {
			r.source.Before = failing(agencytest.FindPeople, &agencies.Failure{Code: "labels_unknown", Cause: errors.New("SECRET")})
		}, mira, "labels_unknown"},
		"a code that is none": {func(r *rig) {
			r.source.Before = failing(agencytest.FindPeople, &agencies.Failure{Code: "SECRET", Cause: errors.New("SECRET")})
		}, mira, "source_down"},
		"a flag never declared": {func(r *rig) { r.source.People[0].Flags = []string{"adoption"} }, mira, "unknown_flag"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			test.spoil(r)
			match := r.locate(t, test.who).GetMatches()[0]
			if match.GetOutcome() != agencyv1.Match_OUTCOME_ERROR || match.GetError() != test.code {
				t.Errorf("gives %v %q, want an error %q", match.GetOutcome(), match.GetError(), test.code)
			}
			if strings.Contains(match.String()+r.logs.String(), "SECRET") {
				t.Error("the source's own words went out or into the log")
			}
			r.source.Before = nil
			if _, err := r.collect(t, r.permit("s1", "pol.involvement")); reason(err) != "WARRANT_NOT_LOCATED" {
				t.Errorf("Collect then gives %v", err)
			}
		})
	}
}

func TestIndexAtItsLimitIsFresh(t *testing.T) {
	r := newRig(t, "")
	r.source.AsOf = now.Add(-24 * time.Hour)
	if got := r.locate(t, stranger).GetMatches()[0].GetOutcome(); got != agencyv1.Match_OUTCOME_NO_TRACE {
		t.Errorf("gives %v", got)
	}
}

func TestAmbiguousIsNotLocated(t *testing.T) {
	r := newRig(t, "")
	r.source.People = append(r.source.People, agencytest.Person{Ref: "N3", Identity: mira, Flags: []string{"live_investigation"}})
	match := r.locate(t, mira).GetMatches()[0]
	if match.GetOutcome() != agencyv1.Match_OUTCOME_AMBIGUOUS || match.GetCandidates() != 2 {
		t.Errorf("gives %v of %d", match.GetOutcome(), match.GetCandidates())
	}
	if diff := cmp.Diff([]string{"live_investigation", "safe_address"}, match.GetFlags()); diff != "" {
		t.Errorf("whoever it is stays protected (-want +got):\n%s", diff)
	}
	if _, err := r.collect(t, r.permit("s1", "pol.involvement")); reason(err) != "WARRANT_NOT_LOCATED" {
		t.Errorf("Collect gives %v", err)
	}
}

// TestNewAttemptIsAnsweredAgain, in place of what the old one found; an old attempt that comes late changes nothing.
func TestNewAttemptIsAnsweredAgain(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	if _, err := r.locateAs(3, tara); err != nil {
		t.Fatal(err)
	}
	if _, err := r.locateAs(2, mira, tara); err != nil {
		t.Fatal(err)
	}
	all, err := r.collect(t, r.permit("s1", "pol.involvement"))
	if err != nil || len(all.Records()) != 1 || all.Records()[0].GetHeader().GetRef() != "ti1" {
		t.Errorf("gives %v, %v; want the record of whom the newest attempt found", all.Records(), err)
	}
	if _, err := r.collect(t, r.permit("s2", "pol.involvement")); reason(err) != "WARRANT_NOT_LOCATED" {
		t.Errorf("whom only an overtaken attempt found: %v", err)
	}
}

func TestReplicasShareTheJournal(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	other := r.Dial(t, organisation, r.serveFor(t, r.Identity))
	token := r.Mint(t, r.collectClaims(t, r.permit("s1", "pol.involvement")))
	if all, err := agencytest.Drain(t.Context(), other, &agencyv1.CollectRequest{Warrant: token}); err != nil || len(all.Records()) != 1 {
		t.Errorf("whom one replica located, the other collects: %d records, %v", len(all.Records()), err)
	}
	if _, err := agencytest.Drain(t.Context(), r.client, &agencyv1.CollectRequest{Warrant: token}); reason(err) != "WARRANT_REPLAYED" {
		t.Errorf("what one replica has used, the other takes again: %v", err)
	}
}

// TestOneWarrantManyTimesAtOnce: of many simultaneous uses exactly one is answered, and each other one is recorded.
func TestOneWarrantManyTimesAtOnce(t *testing.T) {
	r := newRig(t, "")
	body, err := marshalBody(mira)
	if err != nil {
		t.Fatal(err)
	}
	claims := agencytest.Claims(organisation, warrant.Locate, "s1")
	claims.BodyDigest = warrant.Digest(body)
	token := r.Mint(t, claims)
	const uses = 16
	var answered, refused atomic.Int32
	var wait sync.WaitGroup
	for range uses {
		wait.Go(func() {
			switch _, err := r.client.Locate(context.Background(), &agencyv1.LocateRequest{Warrant: token, Body: body}); {
			case err == nil:
				answered.Add(1)
			case reason(err) == "WARRANT_REPLAYED":
				refused.Add(1)
			default:
				t.Errorf("one of many gives %v", err)
			}
		})
	}
	wait.Wait()
	if answered.Load() != 1 || refused.Load() != uses-1 || len(r.codes(t)) != uses-1 {
		t.Errorf("%d answered, %d refused, %d recorded", answered.Load(), refused.Load(), len(r.codes(t)))
	}
}

func TestDescribe(t *testing.T) {
	r := newRig(t, "")
	got, err := r.client.Describe(t.Context(), &agencyv1.DescribeRequest{})
	if err != nil || got.GetOrganisation() != organisation || got.GetPolicyRevision() == "" {
		t.Errorf("describes itself as %v, %v", got, err)
	}
}

func TestMalformedRequests(t *testing.T) {
	r := newRig(t, "")
	locate := func(body []byte) error {
		claims := agencytest.Claims(organisation, warrant.Locate, "s1")
		claims.BodyDigest = warrant.Digest(body)
		_, err := r.client.Locate(t.Context(), &agencyv1.LocateRequest{Warrant: r.Mint(t, claims), Body: body})
		return err
	}
	marshal := func(change func(*agencyv1.LocateBody)) []byte {
		body := agencytest.Body("s1", mira)
		change(body)
		raw, err := proto.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	tests := map[string][]byte{
		"not a message":  []byte("\xff\xff"),
		"no subjects":    marshal(func(b *agencyv1.LocateBody) { b.Subjects = nil }),
		"no identity":    marshal(func(b *agencyv1.LocateBody) { b.Subjects[0].Identity = nil }),
		"bad NHS number": marshal(func(b *agencyv1.LocateBody) { b.Subjects[0].Identity.NhsNumber = "SECRET" }),
		"unknown field":  append(marshal(func(*agencyv1.LocateBody) {}), 0xa2, 0x38, 0x01, 'x'),
		"unknown in it": marshal(func(b *agencyv1.LocateBody) {
			b.Subjects[0].Identity.ProtoReflect().SetUnknown([]byte{0xa2, 0x38, 0x01, 'x'})
		}),
		"51 subjects":            marshal(func(b *agencyv1.LocateBody) { b.Subjects = make51() }),
		"a narrative, as it was": append(marshal(func(*agencyv1.LocateBody) {}), 0x22, 0x01, 'x'),
	}
	for name, body := range tests {
		if err := locate(body); status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: gives %v", name, err)
		}
	}
	if _, err := r.client.Locate(t.Context(), &agencyv1.LocateRequest{Body: []byte("x")}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no warrant: gives %v", err)
	}
	if _, err := r.client.Locate(t.Context(), &agencyv1.LocateRequest{Warrant: "x"}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no body: gives %v", err)
	}
	if _, err := agencytest.Drain(t.Context(), r.client, &agencyv1.CollectRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no warrant for Collect: gives %v", err)
	}
}

func make51() []*agencyv1.Subject {
	var subjects []*agencyv1.Subject
	for range 51 {
		subjects = append(subjects, agencytest.Body("s1", mira).GetSubjects()...)
	}
	return subjects
}
