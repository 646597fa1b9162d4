package exchange_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/keeper"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
)

const (
	loadRequests    = 10_000
	loadActivations = 100
	// loadClients is how many ask at once.
	loadClients = 16
	// marker is the category whose effect alternates.
	marker = "pol.domestic_abuse"
)

// TestTenThousandRequestsDuringReload: 10,000 requests write their intents while 100 activations alternate the effect of a category. None fails, each is
// decided by one revision, that is the one in force at its entry in the order of the ledger, and the effect is that revision's. The
// stories are not told: what is asked of whom is decided, and on the ledger, before anybody is.
func TestTenThousandRequestsDuringReload(t *testing.T) {
	w := newWorld(t)
	w.honest("police", w.known(beth, nil, marker))
	plain, stricter := w.keepTwo()
	w.start()
	w.must(w.exchange.Close(t.Context()))
	began := time.Now()
	asked := w.underLoad()
	t.Logf("%d requests and %d activations in %v", loadRequests, loadActivations, time.Since(began).Round(time.Millisecond))
	w.holdsLoad(asked, map[string]policy.Effect{plain: policy.Permit, stricter: policy.Review})
}

// keepTwo puts a keeper in place of the fixed policies, with a pack of the hub's own in force after the built-in one, in which the marker
// is reviewed.
func (w *world) keepTwo() (plain, stricter string) {
	w.Helper()
	var err error
	w.rollout, err = rollout.New(rollout.Config{
		DB: w.config.DB, Directory: w.config.Directory, Ledger: w.config.Ledger, Clock: w.config.Clock,
		Compiles: func(ctx context.Context, pack *policy.Pack, rules []policy.TighteningRule) error {
			_, err := pack.Compile(ctx, policy.CompileOptions{Tightening: rules, Number: 1})
			return err
		},
		Changed: func(hub string) {
			if w.keeper != nil {
				w.keeper.Wake(hub)
			}
		},
	})
	w.must(err)
	first := w.opened(mustPack(policy.ReadPack(rules.FS)))
	own := w.opened(mustPack(policy.ReadPack(fstest.MapFS{
		"manifest.yaml":   {Data: []byte("name: own\nversion: \"2\"\nhub: coventry\nbase: default\nreview_date: \"2026-11-01\"\n")},
		"data/tiers.yaml": {Data: []byte("exceptions:\n  " + marker + ": {s47: {effect: review, reason: intelligence_held}}\n")},
	})))
	for _, each := range []*keeper.First{first, own} {
		w.tx(func(ctx context.Context, tx store.Tx) error {
			_, err := w.rollout.ActivateBuiltIn(ctx, tx, rollout.NewBundle(hub, each.Opened, each.Bytes))
			return err
		})
	}
	w.keeper, err = keeper.New(keeper.Config{
		DB: w.config.DB, Rollout: w.rollout, Ledger: w.config.Ledger, Point: policy.NewPoint(), Clock: w.config.Clock,
		Log: slog.New(slog.DiscardHandler), Hubs: []keeper.Hub{{ID: hub, First: own}}, Replica: "one", Registry: prometheus.NewRegistry(),
	})
	w.must(err)
	w.must(w.keeper.Start(w.Context()))
	w.config.Policy = w.keeper
	return first.Opened.Revision, own.Opened.Revision
}

func mustPack(pack *policy.Pack, err error) *policy.Pack {
	if err != nil {
		panic(err)
	}
	return pack
}

func (w *world) opened(pack *policy.Pack) *keeper.First {
	w.Helper()
	built, err := bundle.Build(pack)
	w.must(err)
	opened, err := bundle.OpenUnsigned(built)
	w.must(err)
	return &keeper.First{Opened: opened, Bytes: built}
}

// underLoad makes the requests, and an activation after every hundredth: back to the policy that was active just before, and so each
// time to the other of the two.
func (w *world) underLoad() map[string]request.Request {
	w.Helper()
	var made atomic.Int64
	requests, asked := make(chan request.Request, loadRequests), map[string]request.Request{}
	group, ctx := errgroup.WithContext(w.Context())
	for range loadClients {
		group.Go(func() error {
			for n := made.Add(1); n <= loadRequests; n = made.Add(1) {
				if n%(loadRequests/loadActivations) == 0 {
					if _, err := w.rollout.RollBack(ctx, w.manager, 0, "correction"); err != nil {
						return err
					}
				}
				r, err := w.exchange.Request(ctx, w.worker, exchange.Need{
					Hub: hub, Episode: w.episode.ID, Categories: []policy.Category{{Code: marker, Reason: "needed"}},
				})
				if err != nil {
					return err
				}
				requests <- r
			}
			return nil
		})
	}
	w.must(group.Wait())
	close(requests)
	for r := range requests {
		asked[r.ID] = r
	}
	return asked
}

// holdsLoad goes through the ledger in its order.
func (w *world) holdsLoad(asked map[string]request.Request, effects map[string]policy.Effect) {
	w.Helper()
	inForce, activations, decided, items := "", 0, map[string]int{}, map[string]int{}
	w.eachEntry(func(e ledger.Entry) {
		switch e.Kind {
		case ledger.KindPolicyActivated:
			inForce = e.Revision
			activations++
		case ledger.KindRequestIntent:
			if pinned := asked[e.Request].Revision; e.Revision != inForce || pinned != inForce {
				w.Errorf("entry %d of a request pinned to %s was decided by %s, and %s was in force", e.Seq, pinned, e.Revision, inForce)
			}
			for _, item := range e.Items {
				if item.Category != marker || item.Effect != string(effects[inForce]) {
					w.Errorf("entry %d: %s is %s under %s", e.Seq, item.Category, item.Effect, inForce)
				}
				items[e.Request]++
			}
			decided[inForce]++
		default:
		}
	})
	for id := range asked {
		if items[id] == 0 {
			w.Errorf("request %s asks nobody for anything", id)
		}
	}
	if len(asked) != loadRequests || activations != loadActivations+2 || len(decided) != 2 {
		w.Errorf("%d requests, %d activations, entries by revision %v", len(asked), activations, decided)
	}
	for revision, entries := range decided {
		if entries < loadRequests/4 {
			w.Errorf("only %d entries by %s", entries, revision)
		}
	}
}

// eachEntry goes through the hub's ledger, a page at a time.
func (w *world) eachEntry(do func(ledger.Entry)) {
	w.Helper()
	for after := int64(0); ; {
		page, err := w.config.Ledger.List(w.Context(), ledger.Query{Hub: hub, After: after, Limit: 1000})
		w.must(err)
		if len(page) == 0 {
			return
		}
		for _, e := range page {
			do(e)
		}
		after = page[len(page)-1].Seq
	}
}
