package gateway_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mashgate/mashgate/gateway"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

const (
	loadRequests    = 300
	loadActivations = 30
	// loadClients is how many ask at once.
	loadClients = 16
	// marker is the category whose effect alternates.
	marker = "pol.missing"
	// stricterMarker has it reviewed where the built-in pack releases it.
	stricterMarker = "exceptions:\n  pol.missing: {mash: {effect: review, reason: intelligence_held}}\n"
)

// TestReloadUnderLoad makes requests over gRPC, and has each told to its end, while policies are activated over gRPC that alternate the
// effect of a category. None fails, and each was decided by the revision in force at its entry in the order of the ledger, with that
// revision's effect. Package exchange does the same with 10,000 requests.
func TestReloadUnderLoad(t *testing.T) {
	ig := newPublisher(t, hub)
	own := ig.publish(overlay(t, hub, "load", "data/tiers.yaml", stricterMarker))
	w := newWorld(t, func(_ *world, c *gateway.Config) {
		c.Hubs[0].Policy.Keys, c.Hubs[0].Policy.Publishers = ig.keys(), ig.keys()
		c.Hubs[0].Policy.Follow, c.Hubs[0].Policy.Poll = ig.dir, 20*time.Millisecond
	})
	eventually(t, "the hub follows", func() bool { return w.revision("social_worker", hub) == own })
	e := w.open()
	began := time.Now()
	pinned := w.underLoad(e.name)
	t.Logf("%d requests and %d activations in %v", loadRequests, loadActivations, time.Since(began).Round(time.Millisecond))
	w.holdsLoad(own, pinned)
}

// underLoad makes the requests and the activations, and returns the revision that each request says it is pinned to.
func (w *world) underLoad(episode string) map[string]string {
	w.t.Helper()
	var made atomic.Int64
	var mu sync.Mutex
	pinned, next := map[string]string{}, make(chan struct{}, loadActivations)
	group, ctx := errgroup.WithContext(w.as("social_worker"))
	client := mashgatev1.NewInformationServiceClient(w.dial())
	for range loadClients {
		group.Go(func() error {
			for n := made.Add(1); n <= loadRequests; n = made.Add(1) {
				if n%(loadRequests/loadActivations) == 0 {
					next <- struct{}{}
				}
				asked, err := client.RequestInformation(ctx, &mashgatev1.RequestInformationRequest{
					Parent: episode, Categories: []*mashgatev1.CategoryNeed{{Category: marker, Reason: "needed"}},
				})
				if err != nil {
					return err
				}
				mu.Lock()
				pinned[asked.GetName()] = asked.GetRevision()
				mu.Unlock()
			}
			return nil
		})
	}
	policies, officer := policyv1.NewPolicyServiceClient(w.dial()), w.as("ig_officer")
	activating := make(chan error, 1)
	go func() { activating <- w.alternate(officer, policies, next) }()
	err := group.Wait()
	close(next)
	check(w.t, errors.Join(err, <-activating))
	return pinned
}

// alternate goes back to the policy active just before, each time it is told to: every time to the other of two.
func (w *world) alternate(ctx context.Context, policies policyv1.PolicyServiceClient, next <-chan struct{}) error {
	for range next {
		if _, err := policies.RollBack(ctx, &policyv1.RollBackRequest{Parent: "hubs/" + hub, Reason: "correction"}); err != nil {
			return err
		}
	}
	return nil
}

// holdsLoad reads the whole ledger in its order.
func (w *world) holdsLoad(own string, pinned map[string]string) {
	w.t.Helper()
	if len(pinned) != loadRequests {
		w.t.Fatalf("%d requests were made", len(pinned))
	}
	inForce, activations, decided, asked := "", 0, map[string]int{}, map[string]int{}
	w.eachEntry("auditor", func(entry *ledgerv1.Entry) {
		switch entry.GetKind() {
		case "policy_activated":
			inForce = entry.GetRevision()
			activations++
		case "request_intent":
			name := entry.GetInformationRequest()
			if entry.GetRevision() != inForce || pinned[name] != inForce {
				w.t.Errorf("entry %d of a request pinned to %s was decided by %s, and %s was in force", entry.GetSequence(), pinned[name], entry.GetRevision(), inForce)
			}
			decided[inForce]++
			want := map[bool]string{true: "review", false: "permit"}[inForce == own]
			for _, item := range entry.GetItems() {
				if item.GetCategory() != marker || item.GetEffect() != want {
					w.t.Errorf("entry %d: %s is %s under %s", entry.GetSequence(), item.GetCategory(), item.GetEffect(), inForce)
				}
				asked[name]++
			}
		}
	})
	for name := range pinned {
		if asked[name] == 0 {
			w.t.Errorf("%s asks nobody for anything", name)
		}
	}
	if activations != loadActivations+2 || len(decided) != 2 || slices.Min([]int{decided[own], decided[inForce]}) < loadRequests/10 {
		w.t.Errorf("%d activations, and entries by revision %v", activations, decided)
	}
	w.t.Logf("entries of intent by revision: %v", decided)
}

// eachEntry goes through the hub's ledger in its order.
func (w *world) eachEntry(who string, do func(*ledgerv1.Entry)) {
	w.t.Helper()
	client, req := ledgerv1.NewLedgerServiceClient(w.dial()), &ledgerv1.ListEntriesRequest{Parent: "hubs/" + hub, PageSize: 1000}
	for {
		page := must(client.ListEntries(w.as(who), req))(w.t)
		for _, entry := range page.GetEntries() {
			do(entry)
		}
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return
		}
	}
}
