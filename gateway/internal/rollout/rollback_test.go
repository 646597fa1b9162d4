package rollout_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

func denyAll() []policy.TighteningRule {
	return []policy.TighteningRule{{Effect: policy.Deny, Categories: []string{"pol.intelligence"}}}
}

// TestWhoMayRollBackAlone: one person only to what was active just before, and only if nothing was tightened since.
func TestWhoMayRollBackAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*world, *testing.T)
		to     int64
		want   rollout.Standing
		back   int64
	}{
		{"just before", nil, 0, rollout.Active, 2},
		{"just before, by its number", nil, 2, rollout.Active, 2},
		{"the one before that", nil, 1, rollout.Proposed, 1},
		{"just before, with a tightening since", func(w *world, t *testing.T) { w.tighten(t) }, 0, rollout.Proposed, 2},
		{"just before, with a tightening since that was lifted", func(w *world, t *testing.T) {
			set := w.tighten(t)
			w.lift(t, set.Number)
		}, 0, rollout.Proposed, 2},
		{"forth again", func(w *world, t *testing.T) {
			if _, err := w.RollBack(t.Context(), w.ben, 0, "correction"); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Minute)
		}, 0, rollout.Active, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.activated(t, "second")
			w.activated(t, "third")
			if c.before != nil {
				c.before(w, t)
			}
			w.clock.Advance(time.Minute)
			was := w.inForce(t)
			a, err := w.RollBack(t.Context(), w.ben, c.to, "unexpected_effect")
			if err != nil {
				t.Fatal(err)
			}
			if a.Standing != c.want || a.RolledBackTo != c.back || a.Number != was.Number+1 || a.Reason != "unexpected_effect" || a.Kind != rollout.KindRollback {
				t.Errorf("%+v", a)
			}
			now, last := w.inForce(t), w.last(t)
			switch c.want {
			case rollout.Active:
				if now.Number != a.Number || last.Kind != ledger.KindPolicyActivated || !has(last, "unexpected_effect") || !has(last, "rollback") {
					t.Errorf("%d is in force; the ledger says %s %v", now.Number, last.Kind, last.Reasons)
				}
			case rollout.Proposed:
				if now.Number != was.Number || last.Kind != ledger.KindPolicyApproved || !has(last, "rollback_proposed") {
					t.Errorf("%d is in force; the ledger says %s %v", now.Number, last.Kind, last.Reasons)
				}
			}
		})
	}
}

// TestATighteningBeforeThePresentActivationDoesNotCount: "since" is since what is undone.
func TestATighteningBeforeThePresentActivationDoesNotCount(t *testing.T) {
	w := newWorld(t)
	w.tighten(t)
	w.clock.Advance(time.Minute)
	w.activated(t, "second")
	if a, err := w.RollBack(t.Context(), w.ben, 0, "correction"); err != nil || a.Standing != rollout.Active {
		t.Errorf("%+v: %v", a, err)
	}
	if now := w.inForce(t); now.TighteningNumber != 1 || len(now.Tightening) != 1 {
		t.Errorf("the rollback lifted the tightening: %+v", now)
	}
}

func TestWhatCannotBeGoneBackTo(t *testing.T) {
	w := newWorld(t)
	if _, err := w.RollBack(t.Context(), w.ben, 0, "correction"); reason(t, err) != "NOTHING_BEFORE" {
		t.Errorf("with nothing before: %v", err)
	}
	w.activated(t, "second")
	w.activated(t, "third")
	proposed, err := w.RollBack(t.Context(), w.ben, 1, "correction")
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[int64]string{99: "NOT_FOUND", 3: "ALREADY_IN_FORCE", proposed.Number: "NEVER_IN_FORCE"} {
		if _, err := w.RollBack(t.Context(), w.ben, to, "correction"); reason(t, err) != want {
			t.Errorf("to %d: %v, want %s", to, err, want)
		}
	}
}

func TestAProposalTakesAnotherPerson(t *testing.T) {
	w := newWorld(t)
	w.activated(t, "second")
	w.activated(t, "third")
	a, err := w.RollBack(t.Context(), w.ben, 1, "correction")
	if err != nil {
		t.Fatal(err)
	}
	w.standings(t, rollout.Proposed, rollout.Active, rollout.Past, rollout.Past)
	w.person(t, "ben", "sub-moved")
	alias := w.person(t, "ben2", "sub-ben")
	for _, who := range []directory.Person{w.ben, alias} {
		if _, err := w.ApproveActivation(t.Context(), who, a.Number); reason(t, err) != "SAME_PERSON" {
			t.Errorf("%s: %v", who.ID, err)
		}
	}
	w.clock.Advance(time.Minute)
	got, err := w.ApproveActivation(t.Context(), w.cat, a.Number)
	if err != nil || got.Standing != rollout.Active || got.Approver != w.cat.Name() || got.Actor != w.ben.Name() || !got.ActivateTime.Equal(w.clock.Now()) {
		t.Fatalf("%+v: %v", got, err)
	}
	if now := w.inForce(t); now.Number != a.Number || now.Pack != builtIn(t).Pack {
		t.Errorf("%d is in force", now.Number)
	}
	if last := w.last(t); last.Kind != ledger.KindPolicyActivated || last.Actor != w.cat.Name() || !has(last, "correction") {
		t.Errorf("the ledger says %s %v", last.Kind, last.Reasons)
	}
	if _, err := w.ApproveActivation(t.Context(), w.cat, a.Number); reason(t, err) != "NOT_PROPOSED" {
		t.Errorf("twice: %v", err)
	}
	if _, err := w.ApproveActivation(t.Context(), w.cat, 99); reason(t, err) != "NOT_FOUND" {
		t.Errorf("one that is not: %v", err)
	}
}

func TestAProposalThatIsOvertakenIsVoid(t *testing.T) {
	w := newWorld(t)
	w.activated(t, "second")
	w.activated(t, "third")
	a, err := w.RollBack(t.Context(), w.ben, 1, "correction")
	if err != nil {
		t.Fatal(err)
	}
	w.activated(t, "fourth")
	if _, err := w.ApproveActivation(t.Context(), w.cat, a.Number); reason(t, err) != "PROPOSAL_VOID" {
		t.Errorf("%v", err)
	}
	w.standings(t, rollout.Active, rollout.Void, rollout.Past, rollout.Past, rollout.Past)
}

func (w *world) tighten(t *testing.T) rollout.Tightening {
	t.Helper()
	set, err := w.Tighten(t.Context(), w.ben, denyAll(), "suspected_breach")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (w *world) lift(t *testing.T, number int64) {
	t.Helper()
	for _, who := range []directory.Person{w.ben, w.cat} {
		if _, err := w.Lift(t.Context(), who, number, "incident_over"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTighteningTakesOneAndLiftingTwo(t *testing.T) {
	w := newWorld(t)
	pack := w.inForce(t).Pack
	first := w.tighten(t)
	now := w.inForce(t)
	if now.Revision != pack+"+1" || now.TighteningNumber != 1 || now.Number != 1 || first.Number != 1 {
		t.Errorf("in force is %+v", now)
	}
	if diff := cmp.Diff(denyAll(), now.Tightening); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last := w.last(t); last.Kind != ledger.KindPolicyTightened || last.Revision != pack+"+1" || !has(last, "suspected_breach") || len(last.Digest) != 64 {
		t.Errorf("the ledger says %+v", last)
	}
	other := []policy.TighteningRule{{Effect: policy.Redact, Masks: []string{"location"}}}
	if _, err := w.Tighten(t.Context(), w.cat, other, "correction"); err != nil {
		t.Fatal(err)
	}
	if now = w.inForce(t); now.Revision != pack+"+2" || len(now.Tightening) != 2 {
		t.Errorf("in force is %+v", now)
	}
	w.person(t, "ben", "sub-moved")
	alias := w.person(t, "ben2", "sub-ben")
	for _, c := range []struct {
		who      directory.Person
		want     string
		lifted   bool
		revision string
	}{
		{alias, "", false, "+2"}, {alias, "", false, "+2"}, {w.cat, "", true, "+3"}, {w.ben, "ALREADY_LIFTED", true, "+3"},
	} {
		before := w.last(t).Seq
		got, err := w.Lift(t.Context(), c.who, first.Number, "incident_over")
		if reason(t, err) != c.want || err == nil && got.LiftTime.IsZero() == c.lifted {
			t.Errorf("%s: %+v, %v", c.who.ID, got, err)
		}
		if now := w.inForce(t); now.Revision != pack+c.revision {
			t.Errorf("%s: in force is %s", c.who.ID, now.Revision)
		}
		if n := len(w.entries(t, before)); n > 1 {
			t.Errorf("%s: %d entries", c.who.ID, n)
		}
	}
	if last := w.last(t); last.Kind != ledger.KindPolicyLifted || last.Revision != pack+"+3" || !has(last, "incident_over") {
		t.Errorf("the ledger says %+v", last)
	}
	if diff := cmp.Diff(other, w.inForce(t).Tightening); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	for number, want := range map[int64]int{1: 1, 2: 2, 3: 1} {
		if rules, err := w.Overlay(t.Context(), hub, number); err != nil || len(rules) != want {
			t.Errorf("under %d stand %d rules: %v", number, len(rules), err)
		}
	}
	if _, err := w.Overlay(t.Context(), hub, 9); reason(t, err) != "NOT_FOUND" {
		t.Errorf("a number never given: %v", err)
	}
	page, _, err := w.Tightenings(t.Context(), rollout.Page{Hub: hub, Limit: 10})
	if err != nil || len(page) != 2 || page[0].Number != 2 || page[1].LiftProposer != alias.Name() || page[1].Lifter != w.cat.Name() {
		t.Errorf("%+v: %v", page, err)
	}
}

// TestNoMoreRulesThanPeersCanFollow: what could be said to nobody is refused to the one who says it, not to those who follow.
func TestNoMoreRulesThanPeersCanFollow(t *testing.T) {
	w := newWorld(t)
	many := slices.Repeat(denyAll(), bundle.MaxTightening)
	if _, err := w.Tighten(t.Context(), w.ben, many, "correction"); err != nil {
		t.Fatal(err)
	}
	_, err := w.Tighten(t.Context(), w.ben, denyAll(), "correction")
	if f, ok := asFault(err); !ok || f.Reason != "TOO_MANY_RULES" || len(w.inForce(t).Tightening) != bundle.MaxTightening {
		t.Errorf("%v; %d rules in force", err, len(w.inForce(t).Tightening))
	}
}

// TestOnePersonUnderTwoIdsDoesNotLift: proposing and lifting are two people's.
func TestOnePersonUnderTwoIdsDoesNotLift(t *testing.T) {
	w := newWorld(t)
	set := w.tighten(t)
	if _, err := w.Lift(t.Context(), w.ben, set.Number, "incident_over"); err != nil {
		t.Fatal(err)
	}
	w.person(t, "ben", "sub-moved")
	alias := w.person(t, "ben2", "sub-ben")
	if _, err := w.Lift(t.Context(), alias, set.Number, "incident_over"); reason(t, err) != "SAME_PERSON" {
		t.Errorf("%v", err)
	}
	if now := w.inForce(t); now.TighteningNumber != set.Number {
		t.Errorf("in force is %+v", now)
	}
	w.lift(t, set.Number)
	if now := w.inForce(t); now.TighteningNumber != 0 || now.Revision != now.Pack || now.Tightening != nil {
		t.Errorf("with nothing held back in force is %+v", now)
	}
}

// TestAtOnce: whatever is done by several people at the same moment happens once, and the numbers have no gap.
func TestAtOnce(t *testing.T) {
	w := newWorld(t)
	d := w.to(t, rollout.StateSimulated, w.draft(t, "x"))
	var people []directory.Person
	for i := range 8 {
		people = append(people, w.person(t, fmt.Sprintf("p%d", i), fmt.Sprintf("sub-%d", i)))
	}
	if n := w.race(t, people, func(ctx context.Context, who directory.Person) error {
		_, err := w.Approve(ctx, who, d.Ref, d.ReportDigest)
		return err
	}); n != 2 {
		t.Errorf("%d people approved", n)
	}
	if _, err := w.Sign(t.Context(), w.ben, d.Ref, w.signed(t, d)); err != nil {
		t.Fatal(err)
	}
	if n := w.race(t, people, func(ctx context.Context, who directory.Person) error {
		_, err := w.Activate(ctx, who, d.Ref, rollout.When{})
		return err
	}); n != 1 {
		t.Errorf("it was activated %d times", n)
	}
	if now := w.inForce(t); now.Number != 2 {
		t.Errorf("%d is in force", now.Number)
	}
	w.clock.Advance(time.Minute)
	if n := w.race(t, people, func(ctx context.Context, who directory.Person) error {
		_, err := w.RollBack(ctx, who, 1, "correction")
		return err
	}); n != 1 {
		t.Errorf("it was rolled back %d times", n)
	}
	set := w.tighten(t)
	if n := w.race(t, people, func(ctx context.Context, who directory.Person) error {
		_, err := w.Lift(ctx, who, set.Number, "incident_over")
		return err
	}); n != 2 {
		t.Errorf("%d people lifted", n)
	}
	w.standings(t, rollout.Active, rollout.Past, rollout.Past)
}

// race lets everybody do the same at once and counts those that were let.
func (w *world) race(t *testing.T, people []directory.Person, do func(context.Context, directory.Person) error) int {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for _, who := range people {
		wg.Go(func() {
			err := do(t.Context(), who)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
			} else if _, ok := asFault(err); !ok {
				t.Errorf("%s: %v", who.ID, err)
			}
		})
	}
	wg.Wait()
	return done
}

// TestKilledHalfWay: whatever fails in the middle of a step, the step, its number and its ledger entry are there together or not at all.
func TestKilledHalfWay(t *testing.T) {
	w := newWorld(t)
	steps := []struct {
		name string
		do   func(rollout.Draft) error
	}{
		{"approve", func(d rollout.Draft) error {
			_, err := w.Approve(t.Context(), w.ben, d.Ref, d.ReportDigest)
			return err
		}},
		{"activate", func(d rollout.Draft) error {
			_, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{})
			return err
		}},
		{"tighten", func(rollout.Draft) error {
			_, err := w.Tighten(t.Context(), w.ben, denyAll(), "correction")
			return err
		}},
		{"roll back", func(rollout.Draft) error { _, err := w.RollBack(t.Context(), w.ben, 0, "correction"); return err }},
	}
	w.activated(t, "second")
	for _, step := range steps {
		for _, point := range store.Points() {
			t.Run(step.name+"/"+string(point), func(t *testing.T) {
				state := rollout.StateSimulated
				if step.name == "activate" {
					state = rollout.StateSigned
				}
				d := w.to(t, state, w.draft(t, step.name+string(point)))
				w.clock.Advance(time.Minute)
				was, before := w.snapshot(t, d), w.last(t).Seq
				w.fail = func(p store.Point) error {
					if p == point {
						return fmt.Errorf("killed at %s", p)
					}
					return nil
				}
				err := step.do(d)
				w.fail = nil
				if reason(t, err) != "STORE_UNAVAILABLE" {
					t.Fatalf("%v", err)
				}
				moved, entries := w.snapshot(t, d) != was, len(w.entries(t, before))
				if durable := point == store.PointCommitted; moved != durable || (entries == 1) != durable || entries > 1 {
					t.Errorf("moved %v with %d entries", moved, entries)
				}
			})
		}
	}
}

// snapshot is everything that a step could have changed.
func (w *world) snapshot(t *testing.T, d rollout.Draft) string {
	t.Helper()
	d, err := w.Draft(t.Context(), hub, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	activations, _, err := w.Activations(t.Context(), rollout.Page{Hub: hub, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	now := w.inForce(t)
	return fmt.Sprint(d.State(), len(d.Approvals), len(activations), now.Number, now.Revision)
}
