package keeper_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/keeper"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
)

const hub = "coventry"

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// world is the store of one hub, over which keepers start and are gone again.
type world struct {
	*testing.T
	db        *store.DB
	directory *directory.Directory
	ledger    *ledger.Ledger
	clock     *clock.Fake
	signer    bundle.Signer
	officer   directory.Person
	number    int64

	// What the last keeper was made of.
	rollout  *rollout.Store
	keeper   *keeper.Keeper
	registry *prometheus.Registry
	sweep    keeper.Sweep
	mu       sync.Mutex
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, clock: clock.NewFake(now), signer: newSigner(t, "ig-2026")}
	dir := t.TempDir()
	var err error
	w.db, err = store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "hub.db")})
	w.must(err)
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	vault, err := seal.OpenVault(filepath.Join(dir, "keys"), make([]byte, seal.KEKSize))
	w.must(err)
	w.directory, w.ledger = directory.New(w.db, vault), ledger.New(w.db, vault, w.clock)
	w.officer = directory.Person{ID: "olga", Hub: hub, Role: "ig_officer", Agency: "children_services", Active: true, DisplayName: "olga"}
	w.in(func(ctx context.Context, tx store.Tx) error {
		if err := w.directory.PutHub(ctx, tx, directory.Hub{ID: hub, Title: "Coventry", Issuers: []string{"https://issuer.test"}}); err != nil {
			return err
		}
		return w.directory.Put(ctx, tx, directory.Registration{Person: w.officer, Issuer: "https://issuer.test", Subject: "sub-olga"})
	})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) in(do func(context.Context, store.Tx) error) {
	w.Helper()
	w.must(w.db.InTx(context.Background(), do))
}

func newSigner(t *testing.T, id string) bundle.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := bundle.KeySigner(key, id)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// try makes a keeper, as a process that begins does, and starts it. Change alters the hub before.
func (w *world) try(change ...func(*keeper.Hub)) error {
	w.Helper()
	of := keeper.Hub{ID: hub, First: builtIn(w.T, ""), Keys: bundle.Keys{w.signer.KeyID(): w.signer.Public()}, Poll: 5 * time.Millisecond}
	for _, each := range change {
		each(&of)
	}
	w.registry = prometheus.NewRegistry()
	var err error
	w.rollout, err = rollout.New(rollout.Config{
		DB: w.db, Directory: w.directory, Ledger: w.ledger, Clock: w.clock, Keys: map[string]bundle.Keys{hub: of.Keys}, Compiles: compiles,
		Changed: func(hub string) {
			if w.keeper != nil {
				w.keeper.Wake(hub)
			}
		},
	})
	w.must(err)
	var sweeps []keeper.Sweep
	if w.sweep != nil {
		sweeps = append(sweeps, w.sweep)
	}
	w.keeper, err = keeper.New(keeper.Config{
		DB: w.db, Rollout: w.rollout, Ledger: w.ledger, Point: policy.NewPoint(), Clock: w.clock, Log: slog.New(slog.DiscardHandler),
		Hubs: []keeper.Hub{of}, Replica: "replica-1", Registry: w.registry, Sweeps: sweeps,
	})
	w.must(err)
	return w.keeper.Start(w.Context())
}

func (w *world) start(change ...func(*keeper.Hub)) {
	w.Helper()
	w.must(w.try(change...))
}

func compiles(ctx context.Context, pack *policy.Pack, rules []policy.TighteningRule) error {
	_, err := pack.Compile(ctx, policy.CompileOptions{Tightening: rules, Number: 1})
	return err
}

// run keeps the keeper at work until the test ends.
func (w *world) run() {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	k := w.keeper
	go func() { ended <- k.Run(ctx, func([]keeper.Status) {}) }()
	w.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
}

// eventually waits for what the keeper does by itself.
func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	late := time.After(30 * time.Second)
	for again := time.NewTicker(5 * time.Millisecond); !holds(); {
		select {
		case <-again.C:
		case <-late:
			w.Fatalf("in vain: %s", what)
		}
	}
}

// inForce is the id of the revision that decides.
func (w *world) inForce() string {
	w.Helper()
	revision, err := w.keeper.InForce(w.Context(), hub)
	w.must(err)
	return revision.ID()
}

// still tells whether a revision is in force, as a transaction that rests on it would.
func (w *world) still(id string) (still bool) {
	w.Helper()
	w.in(func(ctx context.Context, tx store.Tx) (err error) {
		still, err = w.keeper.Still(ctx, tx, hub, id)
		return err
	})
	return still
}

// The default pack is large: it and its overlays are read once.
var packs, firsts sync.Map

// overlay is the default pack of the hub with a version of its own, which decides otherwise in data that no rule here reads by heart.
func overlay(t *testing.T, version string, more ...string) *policy.Pack {
	t.Helper()
	key := version + fmt.Sprint(more)
	if known, ok := packs.Load(key); ok {
		return known.(*policy.Pack)
	}
	tree := fstest.MapFS{
		"manifest.yaml": {Data: fmt.Appendf(nil, "name: own\nversion: %q\nhub: %s\nbase: default\nreview_date: \"2026-11-01\"\n", version, hub)},
		"data/hub.yaml": {Data: fmt.Appendf(nil, "title: Hub %s\n", version)},
	}
	for i := 0; i+1 < len(more); i += 2 {
		tree[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	pack, err := policy.ReadPack(tree)
	if err != nil {
		t.Fatal(err)
	}
	packs.Store(key, pack)
	return pack
}

func build(t *testing.T, pack *policy.Pack) []byte {
	t.Helper()
	built, err := bundle.Build(pack)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// builtIn is the pack that a gateway comes with: the default one, or one of another version. Read once, it is compiled once.
func builtIn(t *testing.T, version string) *keeper.First {
	t.Helper()
	if known, ok := firsts.Load(version); ok {
		return known.(*keeper.First)
	}
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	if version != "" {
		pack = overlay(t, version)
	}
	built := build(t, pack)
	opened, err := bundle.OpenUnsigned(built)
	if err != nil {
		t.Fatal(err)
	}
	first := &keeper.First{Opened: opened, Bytes: built}
	firsts.Store(version, first)
	return first
}

func (w *world) signed(pack *policy.Pack) []byte {
	w.Helper()
	signed, err := bundle.Sign(w.Context(), build(w.T, pack), w.signer, hub)
	w.must(err)
	return signed
}

func (w *world) opened(signed []byte) *bundle.Opened {
	w.Helper()
	opened, err := bundle.Open(signed, bundle.Keys{w.signer.KeyID(): w.signer.Public()}, hub)
	w.must(err)
	return opened
}

// activate brings a signed pack into force, now or at a time, past all people: how they come to it is package rollout's business.
func (w *world) activate(pack *policy.Pack, at ...time.Time) string {
	w.Helper()
	signed := w.signed(pack)
	opened := w.opened(signed)
	w.number++
	says := bundle.Statement{
		Hub: hub, Number: w.number, Revision: opened.Revision, Digest: opened.Digest, ActivateTime: w.clock.Now(), IssuedAt: w.clock.Now(),
	}
	for _, t := range at {
		says.ActivateTime = t
	}
	w.in(func(ctx context.Context, tx store.Tx) error {
		_, err := w.rollout.Follow(ctx, tx, says, rollout.NewBundle(hub, opened, signed))
		return err
	})
	w.clock.Advance(time.Second)
	return opened.Revision
}

// spoil changes what the store keeps of a bundle, as nobody can who goes through the rollout.
func (w *world) spoil(pack string, change string) {
	w.Helper()
	w.in(func(ctx context.Context, tx store.Tx) error {
		for _, statement := range []string{"DROP TRIGGER IF EXISTS policy_bundles_stand", "UPDATE policy_bundles SET " + change + " WHERE pack = '" + pack + "'"} {
			if _, err := tx.NewRaw(statement).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// entries are the ledger's, of a kind.
func (w *world) entries(kind ledger.Kind) []ledger.Entry {
	w.Helper()
	entries, err := w.ledger.List(w.Context(), ledger.Query{Hub: hub, Kind: kind, Limit: 1000})
	w.must(err)
	return entries
}

// metric is the sum of the samples of a metric that bear a label of that value.
func (w *world) metric(name, value string) (sum float64) {
	w.Helper()
	families, err := w.registry.Gather()
	w.must(err)
	for _, family := range families {
		for _, sample := range family.GetMetric() {
			for _, label := range sample.GetLabel() {
				if family.GetName() == name && label.GetValue() == value {
					sum += sample.GetGauge().GetValue() + sample.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}
