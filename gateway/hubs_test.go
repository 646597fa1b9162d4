package gateway_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
)

// other is a second hub on the gateway, with people whose ids begin with its name.
const other = "leeds"

// withOther adds it: an identity, a warrant key, people, a police and a signed pack of its own.
func withOther(gate <-chan struct{}) func(*world, *gateway.Config) {
	return func(w *world, c *gateway.Config) {
		t, dir := w.t, w.t.TempDir()
		machine := must(must(w.authority.Issue(peer.Identity{Kind: peer.Gateway, Name: other}))(t).Write(filepath.Join(dir, "machine")))(t)
		permits := must(warrant.GenerateKey(warrant.EdDSA))(t)
		h := gateway.Hub{ID: other}
		h.Machine.Certificate, h.Machine.Key, h.Machine.Authority = machine.Certificate, machine.Key, machine.Authority
		h.Warrants = gateway.Warrants{KeyID: "DEMO-" + other, Algorithm: warrant.EdDSA, Key: filepath.Join(dir, "warrants.pem")}
		check(t, os.WriteFile(h.Warrants.Key, must(warrant.EncodePrivateKey(permits))(t), 0o600))
		ig := newPublisher(t, other)
		h.Policy = gateway.Policy{Pack: filepath.Join(dir, "bundle.tar.gz"), Keys: ig.keys()}
		check(t, os.WriteFile(h.Policy.Pack, ig.sign(overlay(t, other, "1")), 0o600))
		for _, role := range roles {
			h.People = append(h.People, w.person(other+"_"+role, role))
		}
		w.servePolice(&h, permits, gate)
		c.Hubs = append(c.Hubs, h)
		c.Issuers[0].Hubs = append(c.Issuers[0].Hubs, other)
		c.Services = append(c.Services, gateway.Service{Name: "both", Hubs: []string{hub, other}})
	}
}

// TestTwoHubs: two hubs on one gateway share nothing: each has its own revision in force, its own people and ledger, and asks its own
// partners under its own name.
func TestTwoHubs(t *testing.T) {
	gate := make(chan struct{})
	close(gate)
	w := newWorld(t, withPolice(gate), withOther(gate))
	first, second := w.revision("social_worker", hub), w.revision(other+"_social_worker", other)
	if first == second || second != overlay(t, other, "1").ID() {
		t.Errorf("the hubs decide by %s and %s, want the built-in pack and the other hub's own", first, second)
	}

	for of, prefix := range map[string]string{hub: "", other: other + "_"} {
		// Each police takes warrants of its own hub alone, from that hub's certificate alone.
		e := w.openIn(of, prefix)
		var made struct{ Name string }
		w.ok(w.rest(prefix+"social_worker", http.MethodPost, "/v1/"+e.name+"/informationRequests", map[string]any{})).json(t, &made)
		answered := ""
		w.watch(prefix+"social_worker", made.Name, "text/event-stream", "", func(event event) bool {
			if strings.Contains(event.data, `"police"`) && strings.Contains(event.data, e.child) && event.name == "answer" {
				answered = event.data
			}
			return true
		})
		if !strings.Contains(answered, "KIND_RECORDS") {
			t.Errorf("the police of %s answered %s", of, answered)
		}
		// Somebody of the other hub gets neither in nor to know that anything is there.
		stranger := map[string]string{hub: other + "_team_manager", other: "team_manager"}[of]
		for _, path := range []string{"/v1/" + e.name, "/v1/hubs/" + of + "/episodes", "/v1/" + made.Name, "/v1/hubs/" + of} {
			got := w.rest(stranger, http.MethodGet, path, nil)
			if p := got.problem(t); got.status != http.StatusForbidden || p.Reason != "WRONG_HUB" {
				t.Errorf("%s of the other hub calls %s: %d %s", stranger, path, got.status, p.Reason)
			}
		}
	}
	w.holdsOwnLedger("auditor", hub)
	w.holdsOwnLedger(other+"_auditor", other)

	body := map[string]any{"rules": []any{map[string]any{"effect": "deny", "categories": []any{"pol.missing"}}}, "reason": "suspected_breach"}
	w.ok(w.rest(other+"_ig_officer", http.MethodPost, "/v1/hubs/"+other+"/policyTightenings", body))
	eventually(t, "the tightening holds", func() bool { return w.revision(other+"_social_worker", other) == second+"+1" })
	if got := w.revision("social_worker", hub); got != first {
		t.Errorf("a tightening of one hub moved the other to %s", got)
	}

	// A machine that speaks in both hubs is judged by the one it calls on, and on that one's ledger.
	_, err := ledgerv1.NewLedgerServiceClient(w.dial(peer.Identity{Kind: peer.Service, Name: "both"})).ListEntries(w.as(""),
		&ledgerv1.ListEntriesRequest{Parent: "hubs/" + other})
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("a service reads a ledger: %v", err)
	}
	for auditor, want := range map[string]int{"auditor": 0, other + "_auditor": 1} {
		denied := 0
		for _, entry := range w.ledgerOf(auditor, map[string]string{"auditor": hub, other + "_auditor": other}[auditor]) {
			if entry.GetActor() == "services/both" {
				denied++
			}
		}
		if denied != want {
			t.Errorf("%d denials of the service on the ledger that %s reads, want %d", denied, auditor, want)
		}
	}
}

func (w *world) ledgerOf(auditor, of string) []*ledgerv1.Entry {
	w.t.Helper()
	return must(ledgerv1.NewLedgerServiceClient(w.dial()).ListEntries(w.as(auditor), &ledgerv1.ListEntriesRequest{Parent: "hubs/" + of, PageSize: 200}))(w.t).GetEntries()
}

// holdsOwnLedger finds entries of one hub, and nobody of the other in them.
func (w *world) holdsOwnLedger(auditor, of string) {
	w.t.Helper()
	disclosures, foreign := 0, "hubs/"+map[string]string{hub: other, other: hub}[of]+"/"
	for _, entry := range w.ledgerOf(auditor, of) {
		if entry.GetKind() == "disclosure" {
			disclosures++
		}
		if strings.HasPrefix(entry.GetActor(), foreign) {
			w.t.Errorf("the ledger of %s holds %s by %s", of, entry.GetKind(), entry.GetActor())
		}
	}
	if disclosures == 0 {
		w.t.Errorf("the ledger of %s holds no disclosure", of)
	}
}
