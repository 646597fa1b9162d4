package agencies_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

var (
	mira     = person.Identity{GivenName: "Mira", FamilyName: "Quill", DateOfBirth: "2014-02-03"}
	tara     = person.Identity{GivenName: "Tara", FamilyName: "Quill", DateOfBirth: "2016-07-08"}
	stranger = person.Identity{GivenName: "Nobody", FamilyName: "Atall", DateOfBirth: "2001-01-01"}
)

const organisation = "police"

// rig is an agency of the police, served over mutual TLS, and a gateway to ask it.
type rig struct {
	*agencytest.Gateway

	catalogue *record.Catalogue
	source    *agencytest.Memory
	journal   *agencies.Journal
	client    agencyv1.AgencyServiceClient
	address   string
	logs      *lockedBuffer
}

// lockedBuffer takes logs from many goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// newRig starts the agency with its own rules ("" for no objection). It knows Mira as N1, with a record of each category, and Tara as N2.
func newRig(t testing.TB, rules string) *rig {
	t.Helper()
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Gateway: agencytest.NewGateway(t, now), catalogue: catalogue, journal: agencytest.Journal(t), logs: &lockedBuffer{}}
	r.source = &agencytest.Memory{AsOf: now.Add(-time.Hour), People: []agencytest.Person{
		{Ref: "N1", Identity: mira, Flags: []string{"safe_address"}, Records: []record.Record{
			r.record("mi1", "pol.involvement", "2026-01-02"), r.record("mm1", "pol.missing", "2026-01-03"),
		}},
		{Ref: "N2", Identity: tara, Records: []record.Record{r.record("ti1", "pol.involvement", "2026-01-04")}},
	}}
	agency, err := agencies.New(r.config(t, rules))
	if err != nil {
		t.Fatal(err)
	}
	r.address = r.Serve(t, organisation, agency)
	r.client = r.Dial(t, organisation, r.address)
	return r
}

func (r *rig) config(t testing.TB, rules string) agencies.Config {
	t.Helper()
	return agencies.Config{
		Organisation: organisation, Title: "Police", LookedIn: "Nominal index", MaxIndexAge: 24 * time.Hour,
		Categories: []string{"pol.involvement", "pol.missing", "pol.convictions"}, Flags: []string{"safe_address", "live_investigation"},
		Source: r.source, Policy: agencytest.Policy(t, rules), Verifier: r.Verifier(t, organisation), Journal: r.journal, Clock: r.Clock,
		Log: slog.New(slog.NewTextHandler(r.logs, nil)),
	}
}

// record has every field; the value of each says where it stood.
func (r *rig) record(ref, category, day string, change ...func(*record.Record)) record.Record {
	made := agencytest.Record(r.catalogue, ref, category, day, func(field string) string { return "SECRET-" + ref + "-" + field })
	for _, c := range change {
		c(&made)
	}
	return made
}

func labelled(labels ...string) func(*record.Record) {
	return func(r *record.Record) { r.Header.Labels = labels }
}

// locate finds people on the leg: s1 is the first, s2 the second.
func (r *rig) locate(t testing.TB, people ...person.Identity) *agencyv1.LocateResponse {
	t.Helper()
	response, err := r.locateAs(1, people...)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (r *rig) locateAs(attempt int, people ...person.Identity) (*agencyv1.LocateResponse, error) {
	body := &agencyv1.LocateBody{Purpose: "safeguarding_children", Basis: "s47"}
	var ids []string
	for i, who := range people {
		ids = append(ids, []string{"s1", "s2", "s3"}[i])
		body.Subjects = append(body.Subjects, agencytest.Body(ids[i], who).GetSubjects()...)
	}
	claims := agencytest.Claims(organisation, warrant.Locate, ids...)
	claims.Attempt = attempt
	return r.Locate(context.Background(), r.client, claims, body)
}

// permit lets everything of a category about a subject out, before it is changed.
func (r *rig) permit(subject, category string, change ...func(*policy.Constraint)) policy.Constraint {
	c := agencytest.Permit(r.catalogue, subject, category)
	for _, f := range change {
		f(&c)
	}
	return c
}

func (r *rig) collect(t testing.TB, constraints ...policy.Constraint) (agencytest.Collected, error) {
	t.Helper()
	return r.Collect(t.Context(), r.client, r.collectClaims(t, constraints...))
}

func (r *rig) collectClaims(t testing.TB, constraints ...policy.Constraint) warrant.Claims {
	t.Helper()
	var ids []string
	for _, c := range constraints {
		if len(ids) == 0 || ids[len(ids)-1] != c.Subject {
			ids = append(ids, c.Subject)
		}
	}
	return agencytest.Constrain(t, agencytest.Claims(organisation, warrant.Collect, ids...), constraints...)
}

// reason is the code in an error as the gateway reads it; "" for no error or none in it.
func reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// codes are the refusals in the journal, oldest first.
func (r *rig) codes(t testing.TB) []string {
	t.Helper()
	refusals, err := r.journal.Refusals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, refusal := range refusals {
		list = append(list, string(refusal.Code))
	}
	return list
}

// marshalBody is a Locate body about s1 as it goes over the wire.
func marshalBody(who person.Identity) ([]byte, error) {
	return proto.Marshal(agencytest.Body("s1", who))
}
