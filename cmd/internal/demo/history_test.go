package demo_test

import (
	"crypto"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/policy/bundle"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// TestHistory: at least so many decisions are on record, each case is one request on the ledger, and a history that is there
// already is not played again.
func TestHistory(t *testing.T) {
	const wanted = 1500
	h := startHub(t, demo.Options{Families: 6, Seed: 2, History: true})
	var told []demo.Played
	recorded, err := demo.History(t.Context(), h.Hub, wanted, func(p demo.Played) { told = append(told, p) })
	if err != nil {
		t.Fatal(err)
	}
	last := told[len(told)-1]
	if recorded < wanted || last.Decisions != recorded || last.Cases != last.Planned {
		t.Errorf("%d decisions are on record and %+v is told last; at least %d were wanted", recorded, last, wanted)
	}
	if counted := replayed(t, h); counted.GetEqual() != recorded || counted.GetDifferent() != 0 {
		t.Errorf("%v is on record, and %d were counted", counted, recorded)
	}
	if requests := requested(t, h); len(requests) != last.Cases {
		t.Errorf("%d requests are on the ledger, and %d cases were played", len(requests), last.Cases)
	}
	again, err := demo.History(t.Context(), h.Hub, wanted, nil)
	if err != nil || again != recorded {
		t.Errorf("a history that is there: %d, %v; want %d", again, err, recorded)
	}
}

// replayed is what a replay of everything comes to.
func replayed(t *testing.T, h *hubUnderTest) *policyv1.ReplayResult {
	t.Helper()
	stream, err := policyv1.NewPolicyServiceClient(line(t, h.Hub, "iris")).Replay(t.Context(), &policyv1.ReplayRequest{Parent: "hubs/" + demo.HubID})
	if err != nil {
		t.Fatal(err)
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if event.GetResult() != nil {
			return event.GetResult()
		}
	}
}

// requested are the requests of which the ledger has an intent or a refusal.
func requested(t *testing.T, h *hubUnderTest) map[string]bool {
	t.Helper()
	requests := map[string]bool{}
	for _, kind := range []string{"request_intent", "request_refused"} {
		for _, e := range entries(t, line(t, h.Hub, "ada"), kind) {
			requests[e.GetInformationRequest()] = true
		}
	}
	return requests
}

// line is a connection that ends with the test.
func line(t *testing.T, h *demo.Hub, person string) demo.Line {
	t.Helper()
	l, err := dialGRPC(h, &transcript{})(person)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// entries are all entries of a kind.
func entries(t *testing.T, auditor demo.Line, kind string) []*ledgerv1.Entry {
	t.Helper()
	var all []*ledgerv1.Entry
	for token := ""; ; {
		page, err := ledgerv1.NewLedgerServiceClient(auditor).ListEntries(t.Context(), &ledgerv1.ListEntriesRequest{
			Parent: "hubs/" + demo.HubID, Kind: kind, PageSize: 1000, PageToken: token,
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.GetEntries()...)
		if token = page.GetNextPageToken(); token == "" {
			return all
		}
	}
}

// TestSigningKey: the key that signs policy is a demo's, is its owner's alone, stands where the gateway reads nothing, and is the one that
// the gateway verifies with.
func TestSigningKey(t *testing.T) {
	var config gateway.Config
	h := startHub(t, demo.Options{Change: func(c *gateway.Config) { config = *c }})
	file, id := h.SigningKey()
	info, err := os.Stat(file)
	if err != nil || info.Mode() != fs.FileMode(0o600) {
		t.Errorf("%s: %v, %v; want a file that its owner alone may read", file, info, err)
	}
	if !strings.HasPrefix(id, "DEMO-") {
		t.Errorf("the key is called %q: nobody can tell that a demo made it", id)
	}
	if inside, err := filepath.Rel(filepath.Dir(config.Data.Database), file); err != nil || !strings.HasPrefix(inside, "..") {
		t.Errorf("%s stands in the gateway's folder", file)
	}
	signer, err := bundle.FileSigner(file, id)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := bundle.ReadKeys(config.Hubs[0].Policy.Keys)
	if err != nil {
		t.Fatal(err)
	}
	public, ok := signer.Public().(interface {
		Equal(other crypto.PublicKey) bool
	})
	if !ok || len(keys) != 1 || !public.Equal(keys[id]) {
		t.Errorf("the gateway verifies with %v, not with %s", keys, id)
	}
}
