package agencies_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

const heldRules = `contributions contains {"effect": "review", "reason": "held_for_review", "masks": [], "rule": "police.held"} if {
	"spent" in input.record.labels
}`

// decisions reads the whole journal since then.
func (r *rig) decisions(t *testing.T, since time.Time) []agencies.Decided {
	t.Helper()
	var all []agencies.Decided
	for d, err := range r.journal.Decisions(t.Context(), since) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// What was decided is on record before anything leaves: records alike once with their number, what the warrant refused too, and of no
// record its reference or a field.
func TestDecisionsAreOnRecord(t *testing.T) {
	r := newRig(t, heldRules)
	of := []record.Record{r.record("a1", "pol.involvement", "2026-01-02"), r.record("a2", "pol.involvement", "2026-01-02"),
		r.record("a3", "pol.involvement", "2026-01-05", labelled("spent")), r.record("a4", "pol.involvement", "2019-01-05")}
	r.source.People[0].Records = of
	r.locate(t, mira)
	collected, err := r.collect(t, r.permit("s1", "pol.involvement", func(c *policy.Constraint) {
		c.From, c.Before = "2020-01-01", verdict(policy.Deny, nil, "outside_window")
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(leftOf(collected)["s1"].Records); n != 3 {
		t.Fatalf("%d records left, want three", n)
	}
	type line struct {
		day          string
		records      int
		warrant, own policy.Effect
	}
	want := []line{
		{"2026-01-02", 2, policy.Permit, policy.Permit}, {"2026-01-05", 1, policy.Permit, policy.Review}, {"2019-01-05", 1, policy.Deny, policy.Permit},
	}
	got := r.decisions(t, time.Time{})
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i, d := range got {
		if l := (line{d.Header.EventDate, d.Records, d.Warrant.Effect, d.Own.Effect}); l != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, l, want[i])
		}
		text, err := json.Marshal(d)
		if err != nil || d.Header.Ref != "" || strings.Contains(string(text), "SECRET") || d.Told.Basis == "" || d.Revision == "" || d.Hub == "" {
			t.Errorf("line %d: %s, %v", i, text, err)
		}
	}
	if late := r.decisions(t, now.Add(time.Second)); len(late) != 0 {
		t.Errorf("%d lines since a moment that has not come", len(late))
	}
}

// What is past keeping goes with the next release.
func TestDecisionsArePastKeeping(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	if _, err := r.collect(t, r.permit("s1", "pol.involvement")); err != nil {
		t.Fatal(err)
	}
	if n := len(r.decisions(t, time.Time{})); n != 1 {
		t.Fatalf("%d lines, want one", n)
	}
	r.Clock.Advance(401 * 24 * time.Hour)
	r.source.AsOf = r.Clock.Now()
	if _, err := r.locateAs(2, mira); err != nil {
		t.Fatal(err)
	}
	claims := r.collectClaims(t, r.permit("s1", "pol.involvement"))
	claims.Attempt = 2
	if _, err := r.Collect(t.Context(), r.client, claims); err != nil {
		t.Fatal(err)
	}
	if kept := r.decisions(t, time.Time{}); len(kept) != 1 || kept[0].Attempt != 2 {
		t.Errorf("%d lines are kept, want the last", len(kept))
	}
}

// A journal that keeps nothing, or is nowhere, is not opened.
func TestAJournalNeedsToKnowHowLong(t *testing.T) {
	for _, o := range []agencies.JournalOptions{{Path: t.TempDir() + "/j.db"}, {KeepDecisions: time.Hour}, {Path: t.TempDir() + "/j.db", KeepDecisions: -1}} {
		if _, err := agencies.OpenJournal(t.Context(), o); err == nil {
			t.Errorf("%+v was opened", o)
		}
	}
}
