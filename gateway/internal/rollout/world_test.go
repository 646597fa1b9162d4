package rollout_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

const hub = "coventry"

// world is a hub with its people, its signing key and the built-in pack in force as activation 1.
type world struct {
	*rollout.Store
	db            *store.DB
	directory     *directory.Directory
	ledger        *ledger.Ledger
	clock         *clock.Fake
	signer        bundle.Signer
	ada, ben, cat directory.Person
	fail          func(store.Point) error
	// broken is the title of a pack that does not compile under a tightening.
	broken string
}

func (w *world) compiles(_ context.Context, pack *policy.Pack, rules []policy.TighteningRule) error {
	data, _ := pack.Data()["hub"].(map[string]any)
	if len(rules) > 0 && data["title"] == w.broken {
		return errors.New("a category of the tightening is not the pack's")
	}
	return nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: clock.NewFake(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	var err error
	w.db, err = store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "hub.db"), Fault: func(p store.Point) error {
		if w.fail == nil {
			return nil
		}
		return w.fail(p)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	vault, err := seal.OpenVault(filepath.Join(dir, "keys"), make([]byte, seal.KEKSize))
	if err != nil {
		t.Fatal(err)
	}
	w.directory, w.ledger = directory.New(w.db, vault), ledger.New(w.db, vault, w.clock)
	w.signer = newSigner(t, "ig-2026")
	w.Store = w.over(t, bundle.Keys{w.signer.KeyID(): w.signer.Public()})
	w.in(t, func(ctx context.Context, tx store.Tx) error {
		return w.directory.PutHub(ctx, tx, directory.Hub{ID: hub, Title: "Coventry", Issuers: []string{"https://issuer.test"}})
	})
	w.ada, w.ben, w.cat = w.person(t, "ada", "sub-ada"), w.person(t, "ben", "sub-ben"), w.person(t, "cat", "sub-cat")
	w.in(t, func(ctx context.Context, tx store.Tx) error {
		moved, err := w.ActivateBuiltIn(ctx, tx, builtIn(t))
		if !moved {
			t.Error("the built-in pack did not come into force")
		}
		return err
	})
	w.clock.Advance(time.Hour)
	return w
}

// over is the store started again with other keys.
func (w *world) over(t *testing.T, keys bundle.Keys) *rollout.Store {
	t.Helper()
	s, err := rollout.New(rollout.Config{
		DB: w.db, Directory: w.directory, Ledger: w.ledger, Clock: w.clock, Compiles: w.compiles, Keys: map[string]bundle.Keys{hub: keys},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
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

func (w *world) in(t *testing.T, do func(context.Context, store.Tx) error) {
	t.Helper()
	if err := w.db.InTx(context.Background(), do); err != nil {
		t.Fatal(err)
	}
}

func (w *world) person(t *testing.T, id, subject string) directory.Person {
	t.Helper()
	p := directory.Person{ID: id, Hub: hub, Role: "ig_officer", Agency: "children_services", Active: true, DisplayName: id}
	w.in(t, func(ctx context.Context, tx store.Tx) error {
		return w.directory.Put(ctx, tx, directory.Registration{Person: p, Issuer: "https://issuer.test", Subject: subject})
	})
	return p
}

// pack is a small one: what decides is none of this package's business.
func pack(of, title string) fstest.MapFS {
	return fstest.MapFS{
		"manifest.yaml": {Data: fmt.Appendf(nil, "name: own\nversion: \"2\"\nhub: %s\nkind: hub\nreview_date: \"2026-11-01\"\n", of)},
		"ask.rego":      {Data: []byte("package mashgate.ask\n\nproceed := false\n")},
		"data/hub.yaml": {Data: fmt.Appendf(nil, "code: %s\ntitle: %q\n", of, title)},
	}
}

// builtIn is the gateway's own pack.
func builtIn(t *testing.T) rollout.Bundle {
	t.Helper()
	return unsigned(t, pack(hub, "built in"))
}

func unsigned(t *testing.T, tree fs.FS) rollout.Bundle {
	t.Helper()
	pack, err := policy.ReadPack(tree)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := bundle.Build(pack)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.OpenUnsigned(bytes)
	if err != nil {
		t.Fatal(err)
	}
	return rollout.NewBundle(hub, opened, bytes)
}

// archive is the folder of a pack as an author hands it in.
func archive(t *testing.T, tree fs.FS) []byte {
	t.Helper()
	archive, err := bundle.Archive(tree)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func (w *world) draft(t *testing.T, title string) rollout.Draft {
	t.Helper()
	d, err := w.CreateDraft(t.Context(), w.ada, archive(t, pack(hub, title)), "For the change of "+title)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	return d
}

func (w *world) report(t *testing.T, d rollout.Draft, r rollout.Report) rollout.Draft {
	t.Helper()
	d, err := w.SaveReport(t.Context(), w.ada, d.Ref, r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func checked() rollout.Report {
	return rollout.Report{Kind: rollout.Check, JSON: []byte(`{"findings":[]}`), Passed: true}
}

func tested() rollout.Report {
	return rollout.Report{Kind: rollout.Test, JSON: []byte(`{"failed":0}`), Passed: true}
}

func (w *world) simulated(t *testing.T) rollout.Report {
	t.Helper()
	now, err := w.InForce(t.Context(), hub, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return rollout.Report{Kind: rollout.Simulation, JSON: []byte(`{"wider":0}`), Against: now.Number}
}

// to brings a draft as far as a state, over the steps that a person would take.
func (w *world) to(t *testing.T, state rollout.State, d rollout.Draft) rollout.Draft {
	t.Helper()
	steps := []struct {
		to rollout.State
		do func() (rollout.Draft, error)
	}{
		{rollout.StateDraft, func() (rollout.Draft, error) { return d, nil }},
		{rollout.StateChecked, func() (rollout.Draft, error) { return w.SaveReport(t.Context(), w.ada, d.Ref, checked()) }},
		{rollout.StateTested, func() (rollout.Draft, error) { return w.SaveReport(t.Context(), w.ada, d.Ref, tested()) }},
		{rollout.StateSimulated, func() (rollout.Draft, error) { return w.SaveReport(t.Context(), w.ada, d.Ref, w.simulated(t)) }},
		{rollout.StateApproved, func() (rollout.Draft, error) {
			if _, err := w.Approve(t.Context(), w.ben, d.Ref, d.ReportDigest); err != nil {
				return d, err
			}
			return w.Approve(t.Context(), w.cat, d.Ref, d.ReportDigest)
		}},
		{rollout.StateSigned, func() (rollout.Draft, error) { return w.Sign(t.Context(), w.ben, d.Ref, w.signed(t, d)) }},
		{rollout.StateActivated, func() (rollout.Draft, error) {
			if _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{}); err != nil {
				return d, err
			}
			w.clock.Advance(time.Hour)
			return w.Draft(t.Context(), hub, d.ID)
		}},
	}
	for _, step := range steps {
		var err error
		if d, err = step.do(); err != nil {
			t.Fatalf("to %s: %v", step.to, err)
		}
		if d.State() != step.to {
			t.Fatalf("the draft is %s, and should be %s", d.State(), step.to)
		}
		w.clock.Advance(time.Second)
		if step.to == state {
			return d
		}
	}
	t.Fatalf("no step leads to %s", state)
	return d
}

// signed is the bundle of an approved draft, signed outside.
func (w *world) signed(t *testing.T, d rollout.Draft) []byte {
	t.Helper()
	bytes, _, err := w.Unsigned(t.Context(), d.Ref)
	if err != nil {
		t.Fatal(err)
	}
	return w.sign(t, bytes, w.signer, hub)
}

func (w *world) sign(t *testing.T, bytes []byte, signer bundle.Signer, scope string) []byte {
	t.Helper()
	signed, err := bundle.Sign(t.Context(), bytes, signer, scope)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// activated is a new draft that has come into force.
func (w *world) activated(t *testing.T, title string) rollout.Draft {
	t.Helper()
	return w.to(t, rollout.StateActivated, w.draft(t, title))
}

func (w *world) inForce(t *testing.T) rollout.InForce {
	t.Helper()
	now, err := w.InForce(t.Context(), hub, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// entries are the kinds on the ledger with their reasons, oldest first, after a number.
func (w *world) entries(t *testing.T, after int64) []ledger.Entry {
	t.Helper()
	entries, err := w.ledger.List(t.Context(), ledger.Query{Hub: hub, After: after, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func (w *world) last(t *testing.T) ledger.Entry {
	t.Helper()
	entries := w.entries(t, 0)
	return entries[len(entries)-1]
}

// reason is the code of a refusal; "" for none.
func reason(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("not a refusal: %v", err)
	}
	return refused.Reason
}

func kinds(entries []ledger.Entry) []ledger.Kind {
	all := make([]ledger.Kind, 0, len(entries))
	for _, e := range entries {
		all = append(all, e.Kind)
	}
	return all
}

func has(e ledger.Entry, code string) bool { return slices.Contains(e.Reasons, code) }
