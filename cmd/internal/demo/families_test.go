package demo_test

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/record"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// relative is somebody at the hub who is related to the subject of a family.
const relative = "relative"

// TestFamilies plays every hand-made family over gRPC and over REST: the two pictures are the same, and both are what was worked out by
// hand from the rules.
func TestFamilies(t *testing.T) {
	families, err := city.LoadFamilies()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, demo.Options{People: relatives(families)})
	for _, f := range families {
		t.Run(f.Name, func(t *testing.T) {
			x := expectation{family: f, catalogue: catalogue}
			overGRPC := play(t, h, f, func(heard *transcript) dialer { return dialGRPC(h.Hub, heard) })
			overREST := play(t, h, f, func(heard *transcript) dialer { return dialREST(t, h.Hub, heard) })
			for name, p := range map[string]played{"gRPC": overGRPC, "REST": overREST} {
				t.Run(name, func(t *testing.T) { p.check(t, x) })
			}
			if diff := gocmp.Diff(overGRPC.picture(), overREST.picture(), protocmp.Transform()); diff != "" {
				t.Errorf("the two pictures differ (-gRPC +REST):\n%s", diff)
			}
		})
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range families { // the last spans leave when the gateway ends
		for _, never := range f.Expect.Never {
			if holds(h.traces.String(), never) {
				t.Errorf("%s: %q stands in a trace", f.Name, never)
			}
		}
	}
	for _, span := range []string{"RequestInformation", "mashgate-agency-police"} {
		if !strings.Contains(h.traces.String(), span) {
			t.Errorf("no span of %s has arrived: nothing was looked at", span)
		}
	}
}

// relatives are the people of the hub who must not ask about a family of their own.
func relatives(families []city.Family) []gateway.Person {
	var people []gateway.Person
	for _, f := range families {
		at := slices.IndexFunc(f.Referral.Subjects, func(s city.Subject) bool { return s.ID == f.Requester.RelationshipTo })
		if at < 0 {
			continue
		}
		who := f.Referral.Subjects[at].Identity
		people = append(people, gateway.Person{
			ID: relative, Subject: relative, Role: f.Requester.Role, Agency: f.Requester.Agency,
			GivenName: "Rel", FamilyName: "Demo-Relative", DateOfBirth: "1980-01-01", Postcode: "ZZ99 9ZZ",
			Relatives: []gateway.Relative{{GivenName: who.GivenName, FamilyName: who.FamilyName, DateOfBirth: who.DateOfBirth}},
		})
	}
	return people
}

type dialer func(person string) (demo.Line, error)

// played is one family's case as it went, with everything that came out while it did.
type played struct {
	family city.Family
	told   demo.Told
	heard  *transcript
	// log and asked are what was logged and what organisations were asked meanwhile.
	log, asked string
}

// play tells one family's case and then reads what else may be read of it: what was disclosed, what was decided, and why.
func play(t *testing.T, h *hubUnderTest, f city.Family, over func(*transcript) dialer) played {
	t.Helper()
	p := played{family: f, heard: &transcript{}}
	logged, asked := h.log.len(), h.asked.len()
	dial := over(p.heard)
	var err error
	p.told, err = demo.Tell(t.Context(), h.Hub, f, demo.Cast{
		Referrer: "rita", Triage: "tom", Worker: "sara", Requester: requester(f), Dial: dial,
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	audit(t.Context(), t, dial, p.told)
	p.log, p.asked = h.log.since(logged), h.asked.since(asked)
	return p
}

// requester is the demo's person who asks.
func requester(f city.Family) string {
	if f.Requester.RelationshipTo != "" {
		return relative
	}
	return map[string]string{"triage_worker": "tom", "social_worker": "sara", "team_manager": "mo", "partner_representative": "pat"}[f.Requester.Role]
}

// audit reads the ledger of the episode and the explanation of the request, as the auditor does.
func audit(ctx context.Context, t *testing.T, dial dialer, told demo.Told) {
	t.Helper()
	line, err := dial("ada")
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	entries, err := ledgerv1.NewLedgerServiceClient(line).ListEntries(ctx, &ledgerv1.ListEntriesRequest{
		Parent: "hubs/" + demo.HubID, Episode: told.Episode.GetName(), PageSize: 1000,
	})
	if err != nil || len(entries.GetEntries()) == 0 {
		t.Errorf("reading the ledger: %d entries, %v", len(entries.GetEntries()), err)
	}
	if _, err := policyv1.NewPolicyServiceClient(line).Explain(ctx, &policyv1.ExplainRequest{Name: told.Request.GetName()}); err != nil {
		t.Errorf("explaining: %v", err)
	}
}

func (p played) check(t *testing.T, x expectation) {
	t.Helper()
	x.request(t, p.told.Request)
	if x.family.Expect.Proceed {
		x.told(t, p.told.Request, p.asked)
		x.picture(t, p.picture())
		p.streamed(t)
	}
	p.neverSeen(t, x)
}

// streamed: what was streamed answer by answer is what the picture shows.
func (p played) streamed(t *testing.T) {
	t.Helper()
	var chunks []*mashgatev1.ReleasedRecord
	for _, each := range p.heard.from(mashgatev1.InformationService_WatchInformationRequest_FullMethodName) {
		var event mashgatev1.WatchInformationRequestResponse
		if err := protojson.Unmarshal(each.text, &event); err == nil {
			chunks = append(chunks, event.GetChunk().GetRecords()...)
		}
	}
	if diff := gocmp.Diff(records(t, p.told.Picture.GetChronology()), records(t, chunks)); diff != "" {
		t.Errorf("streamed and shown differ (-shown +streamed):\n%s", diff)
	}
}

// neverSeen: what must never be seen stands in no answer once the referral is in, in no log line and in nothing that an organisation was
// asked; nor does the reference of anything that is not shown.
func (p played) neverSeen(t *testing.T, x expectation) {
	t.Helper()
	places := map[string]string{"the log": p.log, "what organisations are asked": p.asked}
	for _, each := range p.heard.except(mashgatev1.EpisodeService_SubmitReferral_FullMethodName, mashgatev1.EpisodeService_TriageReferral_FullMethodName) {
		places["the answer of "+each.method] += string(each.text)
	}
	forbidden := slices.Clone(x.family.Expect.Never)
	for place, text := range places {
		for _, never := range forbidden {
			if holds(text, never) {
				t.Errorf("%q stands in %s", never, place)
			}
		}
		for ref, outcome := range x.family.Expect.Records {
			if !outcome.Released() && place != "the answer of "+ledgerv1.LedgerService_ListEntries_FullMethodName && strings.Contains(text, `"`+ref+`"`) {
				t.Errorf("the reference %s of what is not shown stands in %s", ref, place)
			}
		}
	}
}

// picture is the picture without what is made anew each time: the hub's random ids of people are replaced by the family's own, names and
// times are left out, and what is ordered by random ids is ordered by the family's.
func (p played) picture() *mashgatev1.Picture {
	if p.told.Picture == nil {
		return nil
	}
	text := protojson.Format(p.told.Picture)
	for i, s := range p.family.Referral.Subjects {
		text = strings.ReplaceAll(text, `"`+p.told.Episode.GetSubjects()[i].GetId()+`"`, `"`+s.ID+`"`)
	}
	pic := &mashgatev1.Picture{}
	if err := protojson.Unmarshal([]byte(text), pic); err != nil {
		panic("what protojson wrote it reads: " + err.Error())
	}
	pic.Name, pic.Time = "", nil
	pic.LedgerEntry = strings.TrimRight(pic.GetLedgerEntry(), "0123456789")
	slices.SortFunc(pic.Answers, func(a, b *mashgatev1.Answer) int {
		return cmp.Or(cmp.Compare(a.GetOrganisation(), b.GetOrganisation()), cmp.Compare(a.GetSubject(), b.GetSubject()))
	})
	slices.SortFunc(pic.HeldBack, func(a, b *mashgatev1.HeldBack) int { return cmp.Compare(inText(a), inText(b)) })
	return pic
}

// inText writes a message the same way each time: protojson varies its spaces on purpose.
func inText(m proto.Message) string {
	return strings.ReplaceAll(protojson.MarshalOptions{}.Format(m), " ", "")
}
