package rollout_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/policy/bundle"
)

// TestOnlyWhatWasApprovedIsTaken: whatever else is handed in is refused and on the ledger, and the draft stays approved.
func TestOnlyWhatWasApprovedIsTaken(t *testing.T) {
	w := newWorld(t)
	d := w.to(t, rollout.StateApproved, w.draft(t, "x"))
	approved, _, err := w.Unsigned(t.Context(), d.Ref)
	if err != nil {
		t.Fatal(err)
	}
	good := w.sign(t, approved, w.signer, hub)
	other := w.to(t, rollout.StateApproved, w.draft(t, "y"))
	stranger, impostor := newSigner(t, "stranger"), newSigner(t, w.signer.KeyID())
	altered := bytes.Clone(good)
	reviewed := pack(hub, "x")
	reviewed["manifest.yaml"].Data = bytes.Replace(reviewed["manifest.yaml"].Data, []byte("2026-11-01"), []byte("2026-11-20"), 1)
	altered[len(altered)/2] ^= 1
	for _, c := range []struct {
		name   string
		signed []byte
		codes  []string
	}{
		{"not signed", approved, []string{"unsigned"}},
		{"signed with a key nobody configured", w.sign(t, approved, stranger, hub), []string{"unknown_key"}},
		{"signed with another key under the name of ours", w.sign(t, approved, impostor, hub), []string{"wrong_signature"}},
		{"signed for another hub", w.sign(t, unsigned(t, pack("warwick", "x")).Bytes, w.signer, "warwick"), []string{"wrong_scope"}},
		{"another draft's", w.signed(t, other), []string{"not_approved"}},
		{"with another manifest", w.sign(t, unsigned(t, reviewed).Bytes, w.signer, hub), []string{"not_approved"}},
		{"the built-in pack", w.sign(t, builtIn(t).Bytes, w.signer, hub), []string{"not_approved"}},
		{"a bit of it changed", altered, []string{"altered", "malformed"}},
		{"half of it", good[:len(good)/2], []string{"malformed"}},
		{"no bundle", []byte("bundle"), []string{"malformed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := w.last(t).Seq
			_, err := w.Sign(t.Context(), w.ben, d.Ref, c.signed)
			entries := w.entries(t, before)
			if len(entries) != 1 || entries[0].Kind != ledger.KindPolicyRefused || entries[0].Digest != bundle.Digest(c.signed) || len(entries[0].Reasons) != 1 {
				t.Fatalf("on the ledger: %+v (%v)", entries, err)
			}
			refused := false
			for _, code := range c.codes {
				refused = refused || entries[0].Reasons[0] == code
			}
			if got := reason(t, err); !refused || got[:7] != "BUNDLE_" {
				t.Errorf("refused as %s and %v, want one of %v", got, entries[0].Reasons, c.codes)
			}
			if d, err = w.Draft(t.Context(), hub, d.ID); err != nil || d.State() != rollout.StateApproved || d.KeyID != "" {
				t.Errorf("the draft is %s: %v", d.State(), err)
			}
		})
	}
	for range 2 { // the same again changes nothing
		if d, err = w.Sign(t.Context(), w.ben, d.Ref, good); err != nil || d.State() != rollout.StateSigned || d.KeyID != "ig-2026" || d.Bundle != bundle.Digest(good) {
			t.Fatalf("%s, key %q: %v", d.State(), d.KeyID, err)
		}
	}
	if n := len(w.entries(t, w.last(t).Seq-1)); n != 1 || w.last(t).Kind != ledger.KindPolicySigned {
		t.Errorf("the last entry is %s", w.last(t).Kind)
	}
}

func TestAHubWithoutKeysTakesNoBundle(t *testing.T) {
	w := newWorld(t)
	d := w.to(t, rollout.StateApproved, w.draft(t, "x"))
	signed := w.signed(t, d)
	w.Store = w.over(t, nil)
	if _, err := w.Sign(t.Context(), w.ben, d.Ref, signed); reason(t, err) != "BUNDLE_UNKNOWN_KEY" {
		t.Errorf("%v", err)
	}
}

// TestAKeyTakenAwayTakesItsBundlesAlong: what was signed with a key that the hub trusts no longer comes into force no more.
func TestAKeyTakenAwayTakesItsBundlesAlong(t *testing.T) {
	w := newWorld(t)
	first := w.activated(t, "first")
	w.activated(t, "second")
	w.activated(t, "third")
	d := w.to(t, rollout.StateSigned, w.draft(t, "x"))
	proposal, err := w.RollBack(t.Context(), w.ada, 2, "correction")
	if err != nil || proposal.Pack != first.Revision {
		t.Fatal(err)
	}
	next := newSigner(t, "ig-2027")
	w.Store = w.over(t, bundle.Keys{next.KeyID(): next.Public()})
	was := w.inForce(t)
	for name, do := range map[string]func() error{
		"activate":           func() error { _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{}); return err },
		"roll back":          func() error { _, err := w.RollBack(t.Context(), w.ben, 0, "correction"); return err },
		"approve a rollback": func() error { _, err := w.ApproveActivation(t.Context(), w.ben, proposal.Number); return err },
	} {
		if err := do(); reason(t, err) != "BUNDLE_UNKNOWN_KEY" {
			t.Errorf("%s: %v", name, err)
		}
		if last := w.last(t); last.Kind != ledger.KindPolicyRefused || !has(last, "unknown_key") {
			t.Errorf("%s: the ledger says %s %v", name, last.Kind, last.Reasons)
		}
	}
	if now := w.inForce(t); now.Number != was.Number {
		t.Errorf("%d is in force", now.Number)
	}
	if _, err := w.RollBack(t.Context(), w.ben, 1, "correction"); err != nil {
		t.Errorf("the built-in pack, which nobody signed: %v", err)
	}
}

// TestWhatDoesNotFitTheTighteningInForceIsRefused: it would leave the hub without a policy that decides.
func TestWhatDoesNotFitTheTighteningInForceIsRefused(t *testing.T) {
	w := newWorld(t)
	w.broken = "second"
	w.activated(t, "second")
	w.activated(t, "third")
	d := w.draft(t, "fourth, as the second")
	w.tighten(t)
	if _, err := w.RollBack(t.Context(), w.ben, 2, "correction"); reason(t, err) != "BUNDLE_DOES_NOT_COMPILE" {
		t.Errorf("back to it: %v", err)
	}
	if last := w.last(t); last.Kind != ledger.KindPolicyRefused || !has(last, "does_not_compile") {
		t.Errorf("the ledger says %s %v", last.Kind, last.Reasons)
	}
	w.broken = "fourth, as the second"
	d = w.to(t, rollout.StateSigned, d)
	if _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{}); reason(t, err) != "BUNDLE_DOES_NOT_COMPILE" {
		t.Errorf("forward to it: %v", err)
	}
	if now := w.inForce(t); now.Number != 3 {
		t.Errorf("%d is in force", now.Number)
	}
}

func TestActivation(t *testing.T) {
	w := newWorld(t)
	d := w.to(t, rollout.StateSigned, w.draft(t, "x"))
	if _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{At: w.clock.Now().Add(-time.Second)}); reason(t, err) != "INVALID_FIELD" {
		t.Errorf("in the past: %v", err)
	}
	at := w.clock.Now().Add(time.Hour)
	a, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{At: at})
	if err != nil || a.Standing != rollout.Scheduled || a.Number != 2 || !has(w.last(t), "scheduled") {
		t.Fatalf("%+v: %v", a, err)
	}
	if next, err := w.Next(t.Context(), hub, w.clock.Now()); err != nil || !next.Equal(at) {
		t.Errorf("the next comes into force at %v: %v", next, err)
	}
	if now := w.inForce(t); now.Number != 1 {
		t.Errorf("%d is in force before its time", now.Number)
	}
	w.clock.Set(at)
	if now := w.inForce(t); now.Number != 2 || !now.Since.Equal(at) {
		t.Errorf("%d is in force at its time, since %v", now.Number, now.Since)
	}
	if next, err := w.Next(t.Context(), hub, w.clock.Now()); err != nil || !next.IsZero() {
		t.Errorf("the next comes into force at %v: %v", next, err)
	}
	if _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{}); reason(t, err) != "DRAFT_ACTIVATED" {
		t.Errorf("a second time: %v", err)
	}
}

// TestALaterDecisionSupersedesAScheduledOne: what is older is judged on the number.
func TestALaterDecisionSupersedesAScheduledOne(t *testing.T) {
	w := newWorld(t)
	scheduled, urgent := w.to(t, rollout.StateSigned, w.draft(t, "scheduled")), w.to(t, rollout.StateSigned, w.draft(t, "urgent"))
	tomorrow := w.clock.Now().Add(24 * time.Hour)
	if _, err := w.Activate(t.Context(), w.ben, scheduled.Ref, rollout.When{At: tomorrow}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Activate(t.Context(), w.ben, urgent.Ref, rollout.When{At: tomorrow.Add(time.Hour)}); reason(t, err) != "SIMULATED_AGAINST_ANOTHER" {
		t.Errorf("after a scheduled one that it was not simulated against: %v", err)
	}
	if _, err := w.Activate(t.Context(), w.ben, urgent.Ref, rollout.When{}); err != nil {
		t.Fatal(err)
	}
	if next, err := w.Next(t.Context(), hub, w.clock.Now()); err != nil || !next.IsZero() {
		t.Errorf("the next comes into force at %v: %v", next, err)
	}
	w.clock.Set(tomorrow.Add(time.Minute))
	if now := w.inForce(t); now.Number != 3 || now.Pack != urgent.Revision {
		t.Errorf("%d is in force", now.Number)
	}
	w.standings(t, rollout.Active, rollout.Void, rollout.Past)
	if _, err := w.RollBack(t.Context(), w.ben, 2, "correction"); reason(t, err) != "NEVER_IN_FORCE" {
		t.Errorf("back to what never was in force: %v", err)
	}
	if a, err := w.RollBack(t.Context(), w.ben, 0, "correction"); err != nil || a.RolledBackTo != 1 {
		t.Errorf("just before was %d: %v", a.RolledBackTo, err)
	}
}

func TestWideningNeedsAReasonThatStandsOnTheLedger(t *testing.T) {
	w := newWorld(t)
	d := w.to(t, rollout.StateTested, w.draft(t, "x"))
	r := w.simulated(t)
	r.Widens = true
	d = w.report(t, d, r)
	for _, who := range []string{"ben", "cat"} {
		p := w.person(t, who, "sub-"+who)
		if _, err := w.Approve(t.Context(), p, d.Ref, d.ReportDigest); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Sign(t.Context(), w.ben, d.Ref, w.signed(t, d)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{}); reason(t, err) != "INVALID_FIELD" {
		t.Errorf("without a reason: %v", err)
	}
	a, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{Reason: "new_agreement"})
	if err != nil || a.Reason != "new_agreement" || a.Standing != rollout.Active {
		t.Fatalf("%+v: %v", a, err)
	}
	if last := w.last(t); last.Kind != ledger.KindPolicyActivated || !has(last, "new_agreement") || !has(last, "widens") {
		t.Errorf("the ledger says %s %v", last.Kind, last.Reasons)
	}
}

// standings are those of the hub's activations, newest first.
func (w *world) standings(t *testing.T, want ...rollout.Standing) {
	t.Helper()
	var got []rollout.Standing
	for cursor := ""; ; {
		page, next, err := w.Activations(t.Context(), rollout.Page{Hub: hub, Cursor: cursor, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			got = append(got, a.Standing)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got, want)
			return
		}
	}
}

func TestNothingIsInForceWhereNothingWasActivated(t *testing.T) {
	w := newWorld(t)
	if _, err := w.InForce(t.Context(), "warwick", w.clock.Now()); !errors.Is(err, rollout.ErrNoneInForce) {
		t.Errorf("%v", err)
	}
}
