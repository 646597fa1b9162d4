package agencies_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/warrant"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

const narrative = "SECRET: he came to school with a bruise."

func collectBody(t testing.TB, words string) []byte {
	t.Helper()
	body, err := proto.Marshal(&agencyv1.CollectBody{Narrative: words})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// collectCovering collects with a warrant that covers one body and a request that carries another.
func (r *rig) collectCovering(t testing.TB, covered, sent []byte) (agencytest.Collected, error) {
	t.Helper()
	claims := r.collectClaims(t, r.permit("s1", "pol.involvement"))
	claims.BodyDigest = warrant.Digest(covered)
	return agencytest.Drain(t.Context(), r.client, &agencyv1.CollectRequest{Warrant: r.Mint(t, claims), Body: sent})
}

// TestNarrativeStaysWithNobody: with the narrative the answer is what it is without, and neither log nor journal holds a word of it.
func TestNarrativeStaysWithNobody(t *testing.T) {
	r := newRig(t, "")
	path := filepath.Join(t.TempDir(), "journal.db")
	var err error
	if r.journal, err = agencies.OpenJournal(t.Context(), agencies.JournalOptions{Path: path, KeepDecisions: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	agency, err := agencies.New(r.config(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	r.client = r.Dial(t, organisation, r.Serve(t, organisation, agency))
	r.locate(t, mira)
	claims := r.collectClaims(t, r.permit("s1", "pol.involvement"))
	without, err := r.Collect(t.Context(), r.client, claims)
	if err != nil {
		t.Fatal(err)
	}
	with, err := r.CollectTold(t.Context(), r.client, claims, narrative)
	if diff := cmp.Diff(without, with, protocmp.Transform()); diff != "" || err != nil || len(with.Records()) != 1 {
		t.Errorf("told the narrative it answers otherwise (%v, -without +with):\n%s", err, diff)
	}
	if _, err := r.collectCovering(t, collectBody(t, narrative), collectBody(t, narrative+"!")); reason(err) != "WARRANT_WRONG_BODY" {
		t.Errorf("another body: gives %v", err)
	}
	if strings.Contains(r.logs.String(), "SECRET") {
		t.Error("the narrative stands in a log")
	}
	if err := r.journal.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(path)
	if err != nil || len(kept) == 0 || strings.Contains(string(kept), "SECRET") {
		t.Errorf("the journal: %d bytes, %v; with the narrative: %t", len(kept), err, strings.Contains(string(kept), "SECRET"))
	}
}

// TestCollectBodyIsCovered: a body that is not the one of the warrant is refused whole, in the journal too, and nothing is read.
func TestCollectBodyIsCovered(t *testing.T) {
	body, other := collectBody(t, narrative), collectBody(t, narrative+"!")
	for name, test := range map[string]struct{ covered, sent []byte }{
		"another body":                {body, other},
		"a body no warrant covers":    {nil, body},
		"no body though one is meant": {body, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			r.locate(t, mira)
			read := false
			r.source.Before = func(context.Context, string) error { read = true; return nil }
			all, err := r.collectCovering(t, test.covered, test.sent)
			if status.Code(err) != codes.PermissionDenied || reason(err) != "WARRANT_WRONG_BODY" || len(all.Chunks)+len(all.Completions) > 0 || read {
				t.Errorf("gives %v and %d chunks; something was read: %t", err, len(all.Chunks), read)
			}
			r.wantRefusal(t, warrant.WrongBody, true)
		})
	}
}

// TestMalformedCollectBody: what the warrant covers must keep to the contract all the same.
func TestMalformedCollectBody(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	for name, body := range map[string][]byte{
		"not a message":     []byte("\xff\xff"),
		"no narrative":      {0x0a, 0x00},
		"too long":          collectBody(t, strings.Repeat("x", 40_003)),
		"more than is read": collectBody(t, strings.Repeat("x", 262_144)),
		"unknown field":     append(collectBody(t, narrative), 0xa2, 0x38, 0x01, 'x'),
	} {
		if all, err := r.collectCovering(t, body, body); status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "SECRET") || len(all.Chunks) > 0 {
			t.Errorf("%s: gives %v and %d chunks", name, err, len(all.Chunks))
		}
	}
}

// FuzzCollectBody: whatever body a valid warrant covers, it is answered as without one or refused cleanly.
func FuzzCollectBody(f *testing.F) {
	r := newRig(f, "")
	r.locate(f, mira)
	f.Add(collectBody(f, narrative))
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x00})
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := r.collectCovering(t, body, body)
		if !refusedWell(err) || err == nil && len(all.Records()) != 1 || err != nil && len(all.Chunks) > 0 {
			t.Fatalf("gives %v and %d records", err, len(all.Records()))
		}
	})
}
