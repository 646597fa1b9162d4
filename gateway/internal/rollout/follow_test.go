package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

func asFault(err error) (*fault.Error, bool) { return errors.AsType[*fault.Error](err) }

// published is a pack as a publisher signs it.
func (w *world) published(t *testing.T, title string) rollout.Bundle {
	t.Helper()
	signed := w.sign(t, unsigned(t, pack(hub, title)).Bytes, w.signer, hub)
	opened, err := bundle.Open(signed, bundle.Keys{w.signer.KeyID(): w.signer.Public()}, hub)
	if err != nil {
		t.Fatal(err)
	}
	return rollout.NewBundle(hub, opened, signed)
}

func (w *world) says(number int64, b rollout.Bundle) bundle.Statement {
	return bundle.Statement{
		Hub: hub, Number: number, Revision: b.Pack, Digest: b.Digest, ActivateTime: w.clock.Now(), IssuedAt: w.clock.Now(),
	}
}

func (w *world) follow(says bundle.Statement, b rollout.Bundle) (moved bool, err error) {
	err = w.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) (err error) {
		moved, err = w.Follow(ctx, tx, says, b)
		return err
	})
	return moved, err
}

func TestAPublisherIsFollowedForwardsOnly(t *testing.T) {
	w := newWorld(t)
	a, b := w.published(t, "a"), w.published(t, "b")
	start := w.says(5, a)
	w.clock.Advance(time.Minute)
	for _, c := range []struct {
		name   string
		says   func() bundle.Statement
		bundle rollout.Bundle
		moved  bool
		code   bundle.Code
		pack   string
		rules  int
	}{
		{"the first", func() bundle.Statement { return w.says(5, a) }, a, true, "", a.Pack, 0},
		{"the same again", func() bundle.Statement { return w.says(5, a) }, a, false, "", a.Pack, 0},
		{"the same, tightened", func() bundle.Statement { return w.tight(5, 1, a, denyAll()...) }, a, true, "", a.Pack, 1},
		{"the same, tightened alike", func() bundle.Statement { return w.tight(5, 1, a, denyAll()...) }, a, false, "", a.Pack, 1},
		{"what it said before it was tightened", func() bundle.Statement { return start }, a, false, bundle.OlderThanActive, a.Pack, 1},
		{"an older number", func() bundle.Statement { return w.says(4, b) }, b, false, bundle.OlderThanActive, a.Pack, 1},
		{"the same number of another pack", func() bundle.Statement { return w.says(5, b) }, b, false, bundle.Altered, a.Pack, 1},
		{"another bundle than it states", func() bundle.Statement { return w.says(6, a) }, b, false, bundle.Altered, a.Pack, 1},
		{"another hub's", func() bundle.Statement { s := w.says(6, b); s.Hub = "warwick"; return s }, b, false, bundle.WrongHub, a.Pack, 1},
		{"the next", func() bundle.Statement { return w.tight(7, 2, b, denyAll()...) }, b, true, "", b.Pack, 1},
		{"the same change of other rules", func() bundle.Statement { return w.tight(7, 2, b) }, b, false, bundle.Altered, b.Pack, 1},
		{"lifted", func() bundle.Statement { return w.tight(7, 3, b) }, b, true, "", b.Pack, 0},
		{"a rollback, which is a new number", func() bundle.Statement { return w.tight(8, 3, a) }, a, true, "", a.Pack, 0},
	} {
		w.clock.Advance(time.Minute)
		moved, err := w.follow(c.says(), c.bundle)
		if moved != c.moved || bundle.CodeOf(err) != c.code || err != nil && c.code == "" {
			t.Errorf("%s: moved %v, %v", c.name, moved, err)
		}
		if now := w.inForce(t); now.Pack != c.pack || len(now.Tightening) != c.rules {
			t.Errorf("%s: in force is %+v", c.name, now)
		}
	}
	if now := w.inForce(t); now.Number != 4 || now.Kind != rollout.KindFollowed {
		t.Errorf("the hub's own log is at %d (%s)", now.Number, now.Kind)
	}
	if last := w.last(t); last.Kind != ledger.KindPolicyActivated || last.Actor != "services/rollout" || !has(last, "followed") {
		t.Errorf("the ledger says %s %v by %s", last.Kind, last.Reasons, last.Actor)
	}
}

func (w *world) tight(number, change int64, b rollout.Bundle, rules ...policy.TighteningRule) bundle.Statement {
	s := w.says(number, b)
	s.Tightening, s.TighteningNumber = rules, change
	return s
}

// TestNoClockHoldsUpAnEmergency: a publisher whose clock was put back, and another replica of it, are followed by what they count.
func TestNoClockHoldsUpAnEmergency(t *testing.T) {
	w := newWorld(t)
	a := w.published(t, "a")
	late := w.tight(1, 4, a)
	late.IssuedAt = late.IssuedAt.Add(time.Hour)
	if _, err := w.follow(late, a); err != nil {
		t.Fatal(err)
	}
	if moved, err := w.follow(w.tight(1, 4, a), a); moved || err != nil {
		t.Errorf("the same, stated earlier: moved %v, %v", moved, err)
	}
	if moved, err := w.follow(w.tight(1, 5, a, denyAll()...), a); !moved || err != nil {
		t.Errorf("tightened: moved %v, %v", moved, err)
	}
	if now := w.inForce(t); len(now.Tightening) != 1 {
		t.Errorf("in force is %+v", now)
	}
}

// TestATighteningThatWasLiftedHere comes back when the publisher sets it again, and not before.
func TestATighteningThatWasLiftedHere(t *testing.T) {
	w := newWorld(t)
	a := w.published(t, "a")
	if _, err := w.follow(w.tight(1, 1, a, denyAll()...), a); err != nil {
		t.Fatal(err)
	}
	for _, who := range []directory.Person{w.ben, w.ada} {
		if _, err := w.Lift(t.Context(), who, w.inForce(t).TighteningNumber, "correction"); err != nil {
			t.Fatal(err)
		}
	}
	if moved, err := w.follow(w.tight(1, 1, a, denyAll()...), a); err != nil || moved || len(w.inForce(t).Tightening) != 0 {
		t.Errorf("stated as before: moved %v, %+v, %v", moved, w.inForce(t), err)
	}
	if moved, err := w.follow(w.tight(1, 3, a, denyAll()...), a); err != nil || !moved || len(w.inForce(t).Tightening) != 1 {
		t.Errorf("set again: moved %v, %+v, %v", moved, w.inForce(t), err)
	}
}

// TestAHubThatWentItsOwnWayStaysThere until the publisher says something new.
func TestAHubThatWentItsOwnWayStaysThere(t *testing.T) {
	w := newWorld(t)
	a := w.published(t, "a")
	if _, err := w.follow(w.says(1, a), a); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	if _, err := w.RollBack(t.Context(), w.ben, 0, "correction"); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	if moved, err := w.follow(w.says(1, a), a); moved || err != nil {
		t.Errorf("moved %v: %v", moved, err)
	}
	if now := w.inForce(t); now.Pack != builtIn(t).Pack {
		t.Errorf("in force is %+v", now)
	}
}

func TestAPublishersScheduleIsKept(t *testing.T) {
	w := newWorld(t)
	a := w.published(t, "a")
	says := w.says(1, a)
	says.ActivateTime = w.clock.Now().Add(time.Hour)
	if _, err := w.follow(says, a); err != nil {
		t.Fatal(err)
	}
	w.standings(t, rollout.Scheduled, rollout.Active)
	w.clock.Set(says.ActivateTime)
	w.standings(t, rollout.Active, rollout.Past)
}

func TestTheBuiltInPackMovesOnlyAHubThatNeverChose(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*world, *testing.T)
		same   bool
		want   bool
	}{
		{"the same pack", func(*world, *testing.T) {}, true, false},
		{"a new gateway", func(*world, *testing.T) {}, false, true},
		{"after a draft", func(w *world, t *testing.T) { w.activated(t, "x") }, false, false},
		{"after a rollback to the built-in one", func(w *world, t *testing.T) {
			w.activated(t, "x")
			if _, err := w.RollBack(t.Context(), w.ben, 0, "correction"); err != nil {
				t.Fatal(err)
			}
		}, false, false},
		{"with a draft that is scheduled", func(w *world, t *testing.T) {
			d := w.to(t, rollout.StateSigned, w.draft(t, "x"))
			if _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{At: w.clock.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.before(w, t)
			b := builtIn(t)
			if !c.same {
				b = unsigned(t, pack(hub, "a new gateway"))
			}
			var moved bool
			w.in(t, func(ctx context.Context, tx store.Tx) (err error) {
				moved, err = w.ActivateBuiltIn(ctx, tx, b)
				return err
			})
			if moved != c.want || (w.inForce(t).Pack == b.Pack && !c.same) != c.want && c.name != "the same pack" {
				t.Errorf("moved %v, in force is %+v", moved, w.inForce(t))
			}
		})
	}
}

// TestARefusalIsSaidOnce for as long as nothing else comes into force.
func TestARefusalIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	digest := func(i int) string { return fmt.Sprintf("%064x", i) }
	refuse := func(r rollout.Refusal) (fresh bool) {
		w.in(t, func(ctx context.Context, tx store.Tx) (err error) {
			fresh, err = w.Refuse(ctx, tx, r)
			return err
		})
		return fresh
	}
	bad := rollout.Refusal{Hub: hub, Code: bundle.Unsigned, Digest: digest(1), Revision: "rev"}
	other := bad
	other.Code = bundle.Altered
	for i, c := range []struct {
		r    rollout.Refusal
		want bool
	}{{bad, true}, {bad, false}, {other, true}, {bad, false}} {
		if got := refuse(c.r); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
	if last := w.last(t); last.Kind != ledger.KindPolicyRefused || !has(last, "altered") || last.Digest != digest(1) || last.Revision != "rev" {
		t.Errorf("the ledger says %+v", last)
	}
	w.activated(t, "x")
	if !refuse(bad) {
		t.Error("not said again after another activation")
	}
	if !refuse(rollout.Refusal{Hub: "warwick", Code: bundle.Malformed}) {
		t.Error("not said of a hub without a policy")
	}
}

func TestReplicasSayWhatTheyServe(t *testing.T) {
	w := newWorld(t)
	beat := func(r rollout.Replica) {
		r.Hub = hub
		w.in(t, func(ctx context.Context, tx store.Tx) error { return w.Heartbeat(ctx, tx, r) })
	}
	beat(rollout.Replica{ID: "a", Number: 1, Revision: "x"})
	beat(rollout.Replica{ID: "spiffe://police/agency", Peer: true, Number: 1, Revision: "x"})
	w.clock.Advance(time.Minute)
	beat(rollout.Replica{ID: "b", Number: 2, Revision: "y"})
	beat(rollout.Replica{ID: "a", Number: 2, Revision: "y", Refused: bundle.Altered})
	ids := func() (ids []string) {
		all, err := w.Replicas(t.Context(), hub)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			ids = append(ids, fmt.Sprint(r.ID, " ", r.Number, r.Revision, r.Refused))
		}
		return ids
	}
	if diff := cmp.Diff([]string{"a 2yaltered", "b 2y", "spiffe://police/agency 1x"}, ids()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.clock.Advance(8 * 24 * time.Hour)
	beat(rollout.Replica{ID: "b", Number: 3, Revision: "z"})
	if diff := cmp.Diff([]string{"b 3z"}, ids()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all, err := w.Replicas(t.Context(), "warwick"); err != nil || len(all) != 0 {
		t.Errorf("another hub's: %v %v", all, err)
	}
}
