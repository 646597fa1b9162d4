package keeper_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/keeper"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/history"
)

// TestTheBuiltInPack: it is the first activation, comes again only when a new gateway brings another, and not over a pack of the hub's own.
func TestTheBuiltInPack(t *testing.T) {
	w := newWorld(t)
	numbers := func() []int64 {
		var all []int64
		status := w.keeper.Status()[0]
		return append(all, status.Number, int64(len(w.entries(ledger.KindPolicyActivated))))
	}
	w.start()
	w.start()
	if got := numbers(); got[0] != 1 || got[1] != 1 {
		t.Errorf("number and activations %v after two starts, want 1 and 1", got)
	}
	w.start(func(h *keeper.Hub) { h.First = builtIn(t, "newer") })
	if got := numbers(); got[0] != 2 || got[1] != 2 {
		t.Errorf("number and activations %v with another built-in pack, want 2 and 2", got)
	}
	own := w.activate(overlay(t, "own"))
	w.start(func(h *keeper.Hub) { h.First = builtIn(t, "newest") })
	if got := w.inForce(); got != own {
		t.Errorf("%s is in force after a start with a newer built-in pack, want the hub's own", got)
	}
}

// TestGoingBackToAnOlderBuiltInPack: one that an earlier gateway came with decides again, also after a restart, because the ledger says
// that it did. One that the ledger has never seen does not, whatever the store says.
func TestGoingBackToAnOlderBuiltInPack(t *testing.T) {
	w := newWorld(t)
	w.start()
	first := w.inForce()
	newer := func(h *keeper.Hub) { h.First = builtIn(t, "newer") }
	w.start(newer)
	w.clock.Advance(time.Minute)
	if _, err := w.rollout.RollBack(t.Context(), w.officer, 0, "correction"); err != nil {
		t.Fatal(err)
	}
	w.start(newer)
	if got := w.inForce(); got != first {
		t.Errorf("%s is in force, want the built-in pack of before", got)
	}
	w.in(func(ctx context.Context, tx store.Tx) error {
		planted := builtIn(t, "planted")
		_, err := tx.NewRaw(`INSERT INTO policy_bundles (hub, digest, pack, key_id, title, version, review_date, create_time, bytes)
			VALUES (?, ?, ?, '', '', '', '', 1, ?)`, hub, planted.Opened.Digest, planted.Opened.Revision, planted.Bytes).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewRaw(`INSERT INTO policy_activations SELECT hub, 99, ?, ?, kind, create_time, decide_time, activate_time, actor, actor_identity,
			approver, reason, draft, rolled_back_to FROM policy_activations WHERE number = 1`, planted.Opened.Revision, planted.Opened.Digest).Exec(ctx)
		return err
	})
	if err := w.try(newer); bundle.CodeOf(err) != bundle.Unsigned {
		t.Errorf("started with an unsigned pack that was planted in the store: %v", err)
	}
}

// TestNothingStartsWithoutAValidPack: the error says why.
func TestNothingStartsWithoutAValidPack(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world, pack string)
		with  func(*keeper.Hub)
		want  bundle.Code
		says  string
	}{
		"altered in the store":     {func(w *world, pack string) { w.spoil(pack, "bytes = CAST(bytes || 'x' AS BLOB)") }, nil, bundle.Altered, "altered"},
		"another pack in its row":  {func(w *world, pack string) { w.spoil(pack, "pack = 'another'") }, nil, "", ""},
		"its key was taken out":    {nil, func(h *keeper.Hub) { h.Keys = bundle.Keys{"other": newSigner(t, "other").Public()} }, bundle.UnknownKey, "unknown_key"},
		"another key under its id": {nil, func(h *keeper.Hub) { h.Keys = bundle.Keys{"ig-2026": newSigner(t, "x").Public()} }, bundle.WrongSignature, "wrong_signature"},
		"no keys at all":           {nil, func(h *keeper.Hub) { h.Keys = nil }, bundle.UnknownKey, "no verification keys"},
		"signature passed off":     {func(w *world, pack string) { w.spoil(pack, "key_id = ''") }, nil, bundle.Unsigned, "unsigned"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			pack := w.activate(overlay(t, "own"))
			if c.spoil != nil {
				c.spoil(w, pack)
			}
			if c.with == nil {
				c.with = func(*keeper.Hub) {}
			}
			err := w.try(c.with)
			if name == "another pack in its row" { // the row's own words are not believed either way
				if err != nil {
					t.Errorf("what the row calls the pack decides over what it is: %v", err)
				}
				return
			}
			if err == nil || bundle.CodeOf(err) != c.want || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), hub) {
				t.Errorf("error %v, want one of code %q that says %q", err, c.want, c.says)
			}
		})
	}
	t.Run("nothing to start with", func(t *testing.T) {
		w := newWorld(t)
		err := w.try(func(h *keeper.Hub) {
			h.First, h.Source, h.Publishers = nil, bundle.FolderSource(t.TempDir()), h.Keys
		})
		if err == nil {
			t.Error("started with nothing to follow")
		}
	})
}

// TestABadBundleComesIntoForce: the last good pack goes on, with whatever tightening comes after; the refusal is on the ledger once, in the
// metric, in the status; and it is over when something else comes into force.
func TestABadBundleComesIntoForce(t *testing.T) {
	for name, c := range map[string]struct {
		pack  *policy.Pack
		spoil string
		want  bundle.Code
	}{
		"altered":          {overlay(t, "bad"), "bytes = X'00'", bundle.Altered},
		"does not compile": {overlay(t, "bad", "bad.rego", badRego), "", bundle.DoesNotCompile},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			good := w.activate(overlay(t, "good"))
			if got := w.inForce(); got != good {
				t.Fatalf("%s is in force, want the good pack", got)
			}
			bad := w.activate(c.pack)
			if c.spoil != "" {
				w.spoil(bad, c.spoil) // behind the rollout's back, before anybody has looked
			}
			for range 3 {
				if got := w.inForce(); got != good || !w.still(good) || w.still(bad) {
					t.Errorf("%s decides, want the last good pack", got)
				}
			}
			w.holdsRefusal(c.want, good)
			rules := []policy.TighteningRule{{Effect: policy.Deny, Categories: []string{"pol.missing"}}}
			if _, err := w.rollout.Tighten(t.Context(), w.officer, rules, "suspected_breach"); err != nil {
				t.Fatal(err)
			}
			if w.still(good) {
				t.Error("a transaction rests on the pack without the tightening")
			}
			if decides, err := w.keeper.Decides(t.Context(), hub); err != nil || decides.Revision != good+"+1" || decides.Number != 2 {
				t.Errorf("%+v decides, %v", decides, err)
			}
			if got := w.inForce(); got != good+"+1" || !w.still(good+"+1") {
				t.Errorf("%s decides, want the last good pack under the tightening", got)
			}
			last := w.activate(overlay(t, "last"))
			if got := w.inForce(); got != last+"+1" {
				t.Errorf("%s decides, want the pack activated after the bad one", got)
			}
			if status := w.keeper.Status()[0]; status.Degraded() {
				t.Errorf("degraded after a good activation: %+v", status)
			}
		})
	}
}

// badRego gives a reason that the pack has no words for.
const badRego = `package mashgate.release

contributions contains {"effect": "deny", "reason": "no_such_reason", "masks": [], "rule": "release.bad"} if {
	asked
}
`

// holdsRefusal finds a refusal once on the ledger and in the metric, and in the status.
func (w *world) holdsRefusal(code bundle.Code, revision string) {
	w.Helper()
	entries := w.entries(ledger.KindPolicyRefused)
	if len(entries) != 1 || entries[0].Reasons[0] != string(code) || entries[0].Revision != revision || entries[0].Digest == "" {
		w.Errorf("on the ledger: %+v, want %s once, with %s deciding", entries, code, revision)
	}
	if got := w.metric("mashgate_policy_refused_total", string(code)); got != 1 {
		w.Errorf("the metric counts %v", got)
	}
	if status := w.keeper.Status()[0]; status.Refused != code || !status.Degraded() || status.Revision != revision {
		w.Errorf("status %+v", status)
	}
}

func TestPinnedAfterARestart(t *testing.T) {
	w := newWorld(t)
	w.start()
	first := w.inForce()
	own := w.activate(overlay(t, "own"))
	rules := []policy.TighteningRule{{Effect: policy.Deny, Categories: []string{"pol.missing"}}}
	if _, err := w.rollout.Tighten(t.Context(), w.officer, rules, "suspected_breach"); err != nil {
		t.Fatal(err)
	}
	tightened := w.inForce()
	if tightened != own+"+1" {
		t.Fatalf("%s is in force, want %s+1", tightened, own)
	}
	w.activate(overlay(t, "last"))
	w.start()
	for _, id := range []string{first, own, tightened} {
		revision, err := w.keeper.Pinned(t.Context(), hub, id)
		if err != nil || revision.ID() != id {
			t.Errorf("%s after a restart: %v, %v", id, revision, err)
		}
	}
	w.spoil(own, "bytes = X'00'")
	w.start()
	for id, want := range map[string]error{tightened: history.ErrRevisionAltered, "none": history.ErrRevisionGone, own + "+9": history.ErrRevisionGone, own + "+x": history.ErrRevisionGone} {
		if _, err := w.keeper.Pinned(t.Context(), hub, id); !errors.Is(err, want) || !errors.Is(err, policy.ErrNoRevision) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
	if _, err := w.keeper.Pinned(t.Context(), "elsewhere", first); !errors.Is(err, policy.ErrNoRevision) {
		t.Errorf("another hub's: %v", err)
	}
}

// TestScheduled: what is scheduled decides from its very moment on, and a pack that could not is refused before.
func TestScheduled(t *testing.T) {
	w := newWorld(t)
	w.start()
	first, at := w.inForce(), now.Add(24*time.Hour)
	coming := w.activate(overlay(t, "coming"), at)
	w.run()
	w.eventually("the scheduled pack is compiled ahead", func() bool { return w.keeper.Ahead(hub) })
	w.clock.Set(at.Add(-time.Microsecond))
	if got := w.inForce(); got != first || !w.still(first) {
		t.Errorf("%s decides before its time", got)
	}
	w.clock.Set(at)
	if w.still(first) {
		t.Error("the pack of before still stands at the time of the next")
	}
	if got := w.inForce(); got != coming || !w.still(coming) {
		t.Errorf("%s decides, want the scheduled pack", got)
	}
	w.activate(overlay(t, "bad", "bad.rego", badRego), at.Add(time.Hour))
	w.eventually("a scheduled pack that does not compile is refused before its time", func() bool {
		return w.keeper.Status()[0].Refused == bundle.DoesNotCompile
	})
	if got := w.inForce(); got != coming {
		t.Errorf("%s decides", got)
	}
}

// TestReview: a pack that nobody has reviewed for long is warned about, and then no new request is taken under it.
func TestReview(t *testing.T) {
	w := newWorld(t)
	w.start(func(h *keeper.Hub) {
		h.Unreviewed = keeper.Unreviewed{Warn: 365 * 24 * time.Hour, Refuse: 400 * 24 * time.Hour}
	})
	day := time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC) // the built-in pack's
	for _, c := range []struct {
		after time.Duration
		want  keeper.Review
	}{{365 * 24 * time.Hour, keeper.ReviewInOrder}, {366 * 24 * time.Hour, keeper.ReviewDue}, {401 * 24 * time.Hour, keeper.ReviewRefused}} {
		w.clock.Set(day.Add(c.after))
		if got := w.keeper.Status()[0].Review; got != c.want {
			t.Errorf("after %v: %q, want %q", c.after, got, c.want)
		}
		if err := w.keeper.MayAsk(hub); (err != nil) != (c.want == keeper.ReviewRefused) {
			t.Errorf("after %v: new requests: %v", c.after, err)
		}
	}
	if got := w.metric("mashgate_policy_unreviewed_seconds", hub); got != (401 * 24 * time.Hour).Seconds() {
		t.Errorf("the metric says %v", got)
	}
}

// TestAnUnreviewedPackCanBeReplaced: the gateway starts, so that a reviewed pack can be brought into force; meanwhile nothing new is asked.
func TestAnUnreviewedPackCanBeReplaced(t *testing.T) {
	w := newWorld(t)
	w.start(func(h *keeper.Hub) { h.Unreviewed.Refuse = 24 * time.Hour })
	if err := w.keeper.MayAsk(hub); err == nil {
		t.Error("a new request may be made under a pack that is long unreviewed")
	}
	if got, err := w.keeper.InForce(t.Context(), hub); err != nil || got == nil {
		t.Errorf("in force: %v, %v", got, err)
	}
}

// TestSweeps: what is kept beyond its time is erased a page at a time, at the start, by the retention of the policy in force.
func TestSweeps(t *testing.T) {
	w := newWorld(t)
	left, keeps := 3, policy.Retention{}
	w.sweep = func(_ context.Context, _ store.Tx, _ string, r policy.Retention) (int, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		keeps = r
		left = max(left-1, -1)
		return max(left, 0), nil
	}
	w.start()
	w.run()
	w.eventually("everything is erased", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return left == 0
	})
	if keeps.Decisions.Days != 2557 {
		t.Errorf("swept by %+v, want the pack's retention", keeps)
	}
}

// TestKilledBetweenActivationAndCompiling: the row is the activation. Whatever process looks next decides by it.
func TestKilledBetweenActivationAndCompiling(t *testing.T) {
	w := newWorld(t)
	w.start()
	before := w.inForce()
	w.keeper = nil // killed: nobody hears of the activation
	after := w.activate(overlay(t, "own"))
	w.start()
	if got := w.inForce(); got != after || got == before {
		t.Errorf("%s decides after the restart, want %s", got, after)
	}
}
