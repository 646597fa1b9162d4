package rollout_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy/bundle"
)

func TestEveryStepIntoForceStandsOnTheLedger(t *testing.T) {
	w := newWorld(t)
	before := w.last(t)
	d := w.activated(t, "Coventry, changed")
	now := w.inForce(t)
	if now.Number != 2 || now.Pack != d.Revision || now.Revision != d.Revision || now.Bundle != d.Bundle || now.Kind != rollout.KindDraft {
		t.Errorf("in force is %+v", now)
	}
	entries := w.entries(t, before.Seq)
	want := []ledger.Kind{
		ledger.KindPolicyDrafted, ledger.KindPolicyDrafted, ledger.KindPolicyDrafted, ledger.KindPolicyDrafted,
		ledger.KindPolicyApproved, ledger.KindPolicyApproved, ledger.KindPolicySigned, ledger.KindPolicyActivated,
	}
	if diff := cmp.Diff(want, kinds(entries)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for i, digest := range map[int]string{4: d.ReportDigest, 5: d.ReportDigest, 6: d.Bundle, 7: d.Bundle} {
		if entries[i].Digest != digest || entries[i].Revision != d.Revision || entries[i].Actor == "" || entries[i].ActorRole != "ig_officer" {
			t.Errorf("entry %d is %+v", i, entries[i])
		}
	}
	kept, err := w.Bundle(t.Context(), hub, d.Revision)
	if err != nil || kept.KeyID != "ig-2026" || kept.Title != "own" || kept.Version != "2" || kept.ReviewDate != "2026-11-01" {
		t.Errorf("the bundle is of %q %q, key %q, reviewed %q: %v", kept.Title, kept.Version, kept.KeyID, kept.ReviewDate, err)
	}
	if _, err := bundle.Open(kept.Bytes, bundle.Keys{"ig-2026": w.signer.Public()}, hub); err != nil {
		t.Errorf("what is kept does not open: %v", err)
	}
	revisions, _, err := w.Revisions(t.Context(), rollout.Page{Hub: hub, Limit: 10})
	if err != nil || len(revisions) != 2 || revisions[0].Pack != d.Revision || !revisions[1].BuiltIn() {
		t.Errorf("%d revisions: %v", len(revisions), err)
	}
}

// TestNoStepBeforeItsPredecessor holds every step to every state: what is missing is named.
func TestNoStepBeforeItsPredecessor(t *testing.T) {
	w := newWorld(t)
	bytes := builtIn(t).Bytes
	steps := []struct {
		name string
		do   func(rollout.Draft) error
	}{
		{"test", func(d rollout.Draft) error { _, err := w.SaveReport(t.Context(), w.ada, d.Ref, tested()); return err }},
		{"simulate", func(d rollout.Draft) error {
			_, err := w.SaveReport(t.Context(), w.ada, d.Ref, w.simulated(t))
			return err
		}},
		{"approve", func(d rollout.Draft) error {
			_, err := w.Approve(t.Context(), w.ben, d.Ref, d.ReportDigest)
			return err
		}},
		{"take the bundle", func(d rollout.Draft) error { _, _, err := w.Unsigned(t.Context(), d.Ref); return err }},
		{"sign", func(d rollout.Draft) error { _, err := w.Sign(t.Context(), w.ben, d.Ref, bytes); return err }},
		{"activate", func(d rollout.Draft) error {
			_, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{})
			return err
		}},
	}
	const check, tests, simulation, approval, signature = "CHECK_MISSING", "TEST_MISSING", "SIMULATION_MISSING", "APPROVAL_MISSING", "SIGNATURE_MISSING"
	const rejected, activated = "DRAFT_REJECTED", "DRAFT_ACTIVATED"
	for _, c := range []struct {
		state rollout.State
		want  []string
	}{
		{rollout.StateDraft, []string{check, check, check, check, check, check}},
		{rollout.StateChecked, []string{"", tests, tests, tests, tests, tests}},
		{rollout.StateTested, []string{"", "", simulation, simulation, simulation, simulation}},
		{rollout.StateSimulated, []string{"", "", "", approval, approval, approval}},
		{rollout.StateApproved, []string{"", "", "", "", "BUNDLE_UNSIGNED", signature}},
		{rollout.StateSigned, []string{"", "", "", "", "BUNDLE_UNSIGNED", ""}},
		{rollout.StateActivated, []string{activated, activated, activated, activated, activated, activated}},
		{rollout.StateRejected, []string{rejected, rejected, rejected, rejected, rejected, rejected}},
	} {
		for i, step := range steps {
			t.Run(string(c.state)+"/"+step.name, func(t *testing.T) {
				at := c.state
				if at == rollout.StateRejected {
					at = rollout.StateSimulated
				}
				d := w.to(t, at, w.draft(t, string(c.state)+step.name))
				if c.state == rollout.StateRejected {
					if _, err := w.Reject(t.Context(), w.ben, d.Ref, "no_agreement"); err != nil {
						t.Fatal(err)
					}
				}
				if got := reason(t, step.do(d)); got != c.want[i] {
					t.Errorf("%q, want %q", got, c.want[i])
				}
			})
		}
	}
}

func TestAReportThatDoesNotPassKeepsTheDraftWhereItIs(t *testing.T) {
	w := newWorld(t)
	d := w.draft(t, "x")
	failing := rollout.Report{Kind: rollout.Check, JSON: []byte(`{"findings":["x"]}`)}
	if d = w.report(t, d, failing); d.State() != rollout.StateDraft || string(d.Check) != string(failing.JSON) {
		t.Errorf("%s with report %s", d.State(), d.Check)
	}
	w.report(t, d, checked())
	if d = w.report(t, d, rollout.Report{Kind: rollout.Test, JSON: []byte(`{"failed":1}`)}); d.State() != rollout.StateChecked || len(d.Test) == 0 {
		t.Errorf("%s with report %s", d.State(), d.Test)
	}
	if !has(w.last(t), "test_failed") {
		t.Errorf("the ledger says %v", w.last(t).Reasons)
	}
	w.report(t, d, tested())
	d = w.report(t, d, w.simulated(t))
	if len(d.ReportDigest) != 64 {
		t.Errorf("the report's digest is %q", d.ReportDigest)
	}
	if d = w.report(t, d, failing); d.State() != rollout.StateDraft || d.ReportDigest != "" {
		t.Errorf("%s, digest %q", d.State(), d.ReportDigest)
	}
}

func TestAnotherReportDropsWhatRestsOnIt(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		from   rollout.State
		report func() rollout.Report
		want   rollout.State
	}{
		{"the same check again", rollout.StateApproved, checked, rollout.StateApproved},
		{"another check", rollout.StateApproved, func() rollout.Report {
			return rollout.Report{Kind: rollout.Check, JSON: []byte(`{"warnings":1}`), Passed: true}
		}, rollout.StateSimulated},
		{"another test", rollout.StateApproved, func() rollout.Report {
			return rollout.Report{Kind: rollout.Test, JSON: []byte(`{"cases":2}`), Passed: true}
		}, rollout.StateSimulated},
		{"another simulation", rollout.StateSigned, func() rollout.Report {
			r := w.simulated(t)
			r.JSON = []byte(`{"wider":9}`)
			return r
		}, rollout.StateSimulated},
		{"the same simulation again", rollout.StateSigned, func() rollout.Report { return w.simulated(t) }, rollout.StateSigned},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := w.to(t, c.from, w.draft(t, c.name))
			after := w.report(t, d, c.report())
			if after.State() != c.want {
				t.Errorf("%s, want %s", after.State(), c.want)
			}
			if dropped := c.want == rollout.StateSimulated; has(w.last(t), "approvals_dropped") != dropped || (after.ReportDigest != d.ReportDigest) != dropped {
				t.Errorf("the ledger says %v", w.last(t).Reasons)
			}
		})
	}
}

func TestTwoPeopleApproveNeitherTheAuthor(t *testing.T) {
	w := newWorld(t)
	dan := w.person(t, "dan", "sub-dan")
	other := "0000000000000000000000000000000000000000000000000000000000000000"
	for _, c := range []struct {
		name    string
		by      []directory.Person
		digest  string
		want    []string
		state   rollout.State
		persons int
	}{
		{"two", []directory.Person{w.ben, w.cat}, "", []string{"", ""}, rollout.StateApproved, 2},
		{"one", []directory.Person{w.ben}, "", []string{""}, rollout.StateSimulated, 1},
		{"one twice", []directory.Person{w.ben, w.ben}, "", []string{"", ""}, rollout.StateSimulated, 1},
		{"the author", []directory.Person{w.ada, w.ben}, "", []string{"AUTHOR_MAY_NOT_APPROVE", ""}, rollout.StateSimulated, 1},
		{"a third", []directory.Person{w.ben, w.cat, dan}, "", []string{"", "", "ALREADY_APPROVED"}, rollout.StateApproved, 2},
		{"another report", []directory.Person{w.ben}, other, []string{"REPORT_CHANGED"}, rollout.StateSimulated, 0},
		{"somebody unknown", []directory.Person{{ID: "zoe", Hub: hub}}, "", []string{"NOT_FOUND"}, rollout.StateSimulated, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := w.to(t, rollout.StateSimulated, w.draft(t, c.name))
			before := w.last(t).Seq
			digest := d.ReportDigest
			if c.digest != "" {
				digest = c.digest
			}
			for i, who := range c.by {
				if _, err := w.Approve(t.Context(), who, d.Ref, digest); reason(t, err) != c.want[i] {
					t.Errorf("%s: %v, want %q", who.ID, err, c.want[i])
				}
			}
			d, err := w.Draft(t.Context(), hub, d.ID)
			if err != nil || d.State() != c.state || len(d.Approvals) != c.persons || len(w.entries(t, before)) != c.persons {
				t.Errorf("%s with %d approvals and %d entries: %v", d.State(), len(d.Approvals), len(w.entries(t, before)), err)
			}
		})
	}
}

// TestOnePersonUnderTwoIdsIsOne: somebody's sign-in is moved to another entry of the directory, and they say yes again.
func TestOnePersonUnderTwoIdsIsOne(t *testing.T) {
	w := newWorld(t)
	d := w.to(t, rollout.StateSimulated, w.draft(t, "x"))
	if _, err := w.Approve(t.Context(), w.ben, d.Ref, d.ReportDigest); err != nil {
		t.Fatal(err)
	}
	w.person(t, "ben", "sub-somebody-else")
	alias := w.person(t, "ben2", "sub-ben")
	if _, err := w.Approve(t.Context(), alias, d.Ref, d.ReportDigest); reason(t, err) != "SAME_PERSON" {
		t.Errorf("by another id of the same person: %v", err)
	}
	if _, err := w.Approve(t.Context(), w.ben, d.Ref, d.ReportDigest); reason(t, err) != "SAME_PERSON" {
		t.Errorf("by the same id with another sign-in: %v", err)
	}
	w.person(t, "ada", "sub-ada-left")
	author := w.person(t, "ada2", "sub-ada")
	if _, err := w.Approve(t.Context(), author, d.Ref, d.ReportDigest); reason(t, err) != "AUTHOR_MAY_NOT_APPROVE" {
		t.Errorf("by another id of the author: %v", err)
	}
	w.in(t, func(ctx context.Context, tx store.Tx) error {
		return w.directory.KeepOnly(ctx, tx, hub, []string{"ada", "ben"})
	})
	if _, err := w.Approve(t.Context(), w.cat, d.Ref, d.ReportDigest); reason(t, err) != "NOT_FOUND" {
		t.Errorf("by somebody who has left: %v", err)
	}
}

func TestAnActivationInBetweenMakesADraftStale(t *testing.T) {
	w := newWorld(t)
	drafts := map[rollout.State]rollout.Draft{}
	for _, state := range []rollout.State{rollout.StateTested, rollout.StateSimulated, rollout.StateApproved, rollout.StateSigned} {
		drafts[state] = w.to(t, state, w.draft(t, string(state)))
	}
	old, bytes := w.simulated(t), w.signed(t, drafts[rollout.StateApproved])
	w.activated(t, "in between")
	const want = "SIMULATED_AGAINST_ANOTHER"
	if _, err := w.SaveReport(t.Context(), w.ada, drafts[rollout.StateTested].Ref, old); reason(t, err) != want {
		t.Errorf("a simulation that began before: %v", err)
	}
	d := drafts[rollout.StateSimulated]
	if _, err := w.Approve(t.Context(), w.ben, d.Ref, d.ReportDigest); reason(t, err) != want {
		t.Errorf("an approval: %v", err)
	}
	if _, err := w.Sign(t.Context(), w.ben, drafts[rollout.StateApproved].Ref, bytes); reason(t, err) != want {
		t.Errorf("a signature: %v", err)
	}
	d = drafts[rollout.StateSigned]
	if _, err := w.Activate(t.Context(), w.ben, d.Ref, rollout.When{}); reason(t, err) != want {
		t.Errorf("an activation: %v", err)
	}
	r := w.simulated(t)
	r.JSON = []byte(`{"against":2}`)
	if d = w.report(t, d, r); d.State() != rollout.StateSimulated || len(d.Approvals) != 0 {
		t.Errorf("simulated again it is %s with %d approvals", d.State(), len(d.Approvals))
	}
}

func TestWhatIsNoPackOfTheHubIsRefusedWhole(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		who     directory.Person
		archive []byte
		want    string
	}{
		"not an archive":    {w.ada, []byte("Rego"), "PACK_UNREADABLE"},
		"another hub's":     {w.ada, archive(t, pack("warwick", "x")), "INVALID_FIELD"},
		"a bundle":          {w.ada, builtIn(t).Bytes, "PACK_UNREADABLE"},
		"an overlay":        {w.ada, archive(t, overlay()), ""},
		"an agency's":       {w.ada, archive(t, agencys()), "INVALID_FIELD"},
		"one of this hub's": {w.ada, archive(t, pack(hub, "x")), ""},
	} {
		if _, err := w.CreateDraft(t.Context(), c.who, c.archive, ""); reason(t, err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// overlay is a pack over the real built-in one.
func overlay() fstest.MapFS {
	tree := pack(hub, "over the built-in pack")
	delete(tree, "ask.rego")
	tree["manifest.yaml"].Data = append(tree["manifest.yaml"].Data, "base: default\n"...)
	return tree
}

func agencys() fstest.MapFS {
	tree := pack(hub, "x")
	manifest := strings.Replace(string(tree["manifest.yaml"].Data), "kind: hub", "kind: agency\norganisation: police", 1)
	tree["manifest.yaml"].Data = []byte(manifest)
	return tree
}

func TestDraftsAreListedNewestFirstAndPerHub(t *testing.T) {
	w := newWorld(t)
	var want []string
	for _, title := range []string{"a", "b", "c"} {
		want = append([]string{w.to(t, rollout.StateSimulated, w.draft(t, title)).ID}, want...)
		w.clock.Advance(time.Minute)
	}
	var got []string
	for cursor := ""; ; {
		page, next, err := w.Drafts(t.Context(), rollout.Page{Hub: hub, Cursor: cursor, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			got = append(got, d.ID)
			if d.State() != rollout.StateSimulated || d.Check != nil {
				t.Errorf("listed as %s with a report of %d bytes", d.State(), len(d.Check))
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, _, err := w.Drafts(t.Context(), rollout.Page{Hub: hub, Cursor: "x", Limit: 2}); reason(t, err) != "INVALID_FIELD" {
		t.Errorf("a made-up page token: %v", err)
	}
	if _, err := w.Draft(t.Context(), "warwick", want[0]); reason(t, err) != "NOT_FOUND" {
		t.Errorf("another hub's draft: %v", err)
	}
	if _, err := w.Archive(t.Context(), "warwick", want[0]); reason(t, err) != "NOT_FOUND" {
		t.Errorf("another hub's pack: %v", err)
	}
}
