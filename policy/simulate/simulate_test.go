package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/simulate"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestOneCell changes one cell and expects, over the pack's scenarios, exactly what follows from it by hand. Tier C is asked for under
// mash in four scenarios, each about three people. iqbal (a ground) and nolan (a settled position) have a record of csc.assessments, kaur
// (a ground) one of pol.convictions: three records and nine asks that nothing else holds. moore's csc.assessments stays held, because
// its consent position is open.
func TestOneCell(t *testing.T) {
	against := inForce(t)
	report := run(t, simulate.Options{
		Kind: simulate.Scenarios, Against: against, Draft: draft(t, map[string]string{"tiers": narrative}), Audience: "ig_officer",
		Records: simulate.FromCases(against.Vocabulary().Hub.Code, simulate.FromScenarios(against.Vocabulary(), scenarios(t, against))),
	})
	row := func(what simulate.What, organisation, category string, count int64) simulate.Row {
		return simulate.Row{Count: count, Change: simulate.Change{
			What: what, Organisation: organisation, Category: category, Basis: "mash", Direction: simulate.Wider, Was: policy.Review, Now: policy.Permit,
		}}
	}
	want := []simulate.Row{
		row(simulate.AskLimits, "children_social_care", "csc.assessments", 6), row(simulate.AskLimits, "police", "pol.convictions", 3),
		row(simulate.Released, "children_social_care", "csc.assessments", 2), row(simulate.Released, "police", "pol.convictions", 1),
	}
	out := report.Runs[0]
	if diff := cmp.Diff(want, out.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if len(out.Gates)+len(out.Obligations) > 0 || out.Requests.Stopped+out.Requests.Opened+out.Requests.ToldMore+out.Requests.ToldLess > 0 || out.Errors > 0 {
		t.Errorf("gates %v, obligations %v, requests %+v, errors %d", out.Gates, out.Obligations, out.Requests, out.Errors)
	}
	if !report.Widens() || report.Wider() != 12 || report.Tighter() != 0 || report.Same() {
		t.Errorf("widens %v by %d, tightens by %d", report.Widens(), report.Wider(), report.Tighter())
	}
	if len(out.Examples) == 0 {
		t.Fatal("no examples")
	}
	for _, e := range out.Examples {
		if e.Was.Effect != e.Change.Was || e.Now.Effect != e.Change.Now {
			t.Errorf("an example of %+v is explained as %s and %s", e.Change, e.Was.Effect, e.Now.Effect)
		}
	}
	golden(t, report)
}

// golden holds the text to a file; revision ids and the digest change with the pack's own words and are left out.
func golden(t *testing.T, report simulate.Report) {
	t.Helper()
	var text bytes.Buffer
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	digest, err := report.Digest()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.NewReplacer(report.Draft, "DRAFT", report.Against, "INFORCE", digest, "DIGEST").Replace(text.String())
	name := filepath.Join("testdata", "one_cell.txt")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("text (-want +got), -update writes it anew:\n%s", diff)
	}
}

// TestTheSameChangesNothing: a policy beside itself.
func TestTheSameChangesNothing(t *testing.T) {
	against := inForce(t)
	report := run(t, simulate.Options{Kind: simulate.History, Against: against, Draft: inForce(t), Records: past(t.Context(), against, 500)})
	if !report.Same() || report.Widens() || report.Verdict() != "Nothing would change." {
		t.Errorf("%s %+v", report.Verdict(), report.Runs[0].Changes)
	}
}

// TestHistorySaysWhatItDoesNotKnow: over a hub's own records what would newly be released is not whole, and comes from agencies.
func TestHistorySaysWhatItDoesNotKnow(t *testing.T) {
	against, tighter := inForce(t), draft(t, map[string]string{"tiers": involvement})
	o := simulate.Options{Kind: simulate.History, Against: against, Draft: tighter, Records: past(t.Context(), against, 1000)}
	o.Agencies = []simulate.Counts{{Organisation: "police", Against: against.ID(), Draft: tighter.ID(), Changes: []simulate.CategoryOf{
		{Category: "pol.missing", Was: policy.Deny, Now: policy.Permit, Records: 7}, {Category: "pol.missing", Was: policy.Permit, Now: policy.Deny, Records: 3},
	}}}
	report := run(t, o)
	figures := map[string]simulate.Figure{}
	for _, f := range report.Runs[0].Figures {
		figures[f.Name] = f
	}
	if f := figures["records newly held back or masked"]; f.Count != 1000 || !f.Exact {
		t.Errorf("%+v, want exactly 1000", f)
	}
	if f := figures["records newly released"]; f.Count != 7 || f.Exact {
		t.Errorf("%+v, want the 7 of the police, as not whole", f)
	}
	if !report.Widens() {
		t.Error("an agency counts records newly released, and the report does not widen")
	}
	o.Agencies[0].Draft = "another"
	if _, err := simulate.Run(t.Context(), o); err == nil {
		t.Error("counts of another draft were taken")
	}
}

// TestNewGate: a gate that would have stopped requests, the asks that go with it, and its lifting.
func TestNewGate(t *testing.T) {
	against := inForce(t)
	stopped := draft(t, map[string]string{"roles": `{"roles": {"social_worker": {"may_request": false}}}`})
	in := family(against.Vocabulary())
	records := func(yield func(history.Record, error) bool) {
		yield(history.Record{Seq: 1, Episode: "e", Request: "r", Kind: history.Ask, Input: in}, nil)
	}
	report := run(t, simulate.Options{Kind: simulate.History, Against: against, Draft: stopped, Records: records})
	out := report.Runs[0]
	if out.Requests.Stopped != 1 || out.Requests.ToldLess != 1 || len(out.Gates) != 1 || out.Gates[0] != (simulate.Gate{Code: "requester", Stands: 1}) {
		t.Errorf("requests %+v, gates %+v", out.Requests, out.Gates)
	}
	for _, row := range out.Changes {
		if row.What != simulate.AskDropped || row.Direction != simulate.Tighter {
			t.Errorf("%+v", row)
		}
	}
	if report.Widens() || len(out.Changes) == 0 {
		t.Errorf("widens %v, %d kinds of change", report.Widens(), len(out.Changes))
	}
	back := run(t, simulate.Options{Kind: simulate.History, Against: stopped, Draft: against, Records: records})
	if q := back.Runs[0].Requests; q.Opened != 1 || q.ToldMore != 1 || !back.Widens() {
		t.Errorf("the other way round: %+v", q)
	}
}

// TestGridShowsWindows: a longer look-back shows as asks for more and as older records, without any history.
func TestGridShowsWindows(t *testing.T) {
	against, longer := inForce(t), draft(t, map[string]string{"windows": `{"years": {"A": 3}}`})
	report := run(t, simulate.Options{
		Kind: simulate.Combinations, Against: against, Draft: longer, Records: simulate.FromCases(against.Vocabulary().Hub.Code, only(simulate.Grid(against), "grid/mash/consent_given")),
	})
	seen := map[simulate.What]int64{}
	for _, row := range report.Runs[0].Changes {
		if row.Direction != simulate.Wider {
			t.Errorf("%+v", row)
		}
		seen[row.What] += row.Count
	}
	if seen[simulate.AskLimits] == 0 || seen[simulate.Released] == 0 || len(seen) != 2 {
		t.Errorf("%v", seen)
	}
	for _, e := range report.Runs[0].Examples {
		if e.Was.Effect == e.Now.Effect {
			t.Errorf("an example shows no difference: %s", e.Heading())
		}
	}
}

func only(cases iter.Seq2[simulate.Case, error], name string) iter.Seq2[simulate.Case, error] {
	return func(yield func(simulate.Case, error) bool) {
		for c, err := range cases {
			if c.Name == name && !yield(c, err) {
				return
			}
		}
	}
}

// TestResume stops a run in the middle and takes it up again from its state, as JSON: the report is the same byte for byte.
func TestResume(t *testing.T) {
	against, tighter := inForce(t), draft(t, map[string]string{"tiers": involvement})
	options := func() simulate.Options {
		return simulate.Options{Kind: simulate.History, Against: against, Draft: tighter, Records: past(t.Context(), against, 2000), Total: 40}
	}
	whole := run(t, options())
	for _, stopAt := range []int{1, 13, 39} {
		t.Run(fmt.Sprint(stopAt), func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			enough := errors.New("enough")
			var kept []byte
			seen := 0
			o := options()
			o.Yield = func(context.Context) error {
				if seen++; seen > stopAt {
					cancel(enough)
				}
				return nil
			}
			o.Checkpoint = func(s simulate.State) (err error) {
				kept, err = json.Marshal(s)
				return err
			}
			if _, err := simulate.Run(ctx, o); !errors.Is(err, enough) {
				t.Fatalf("the stopped run says %v", err)
			}
			var state simulate.State
			if err := json.Unmarshal(kept, &state); err != nil {
				t.Fatal(err)
			}
			if state.After != int64(stopAt) {
				t.Errorf("it stopped after %d, want %d", state.After, stopAt)
			}
			again := options()
			again.State = &state
			resumed := run(t, again)
			if diff := cmp.Diff(whole, resumed); diff != "" {
				t.Errorf("(-whole +resumed):\n%s", diff)
			}
			first, err1 := whole.Digest()
			second, err2 := resumed.Digest()
			if first != second || err1 != nil || err2 != nil {
				t.Errorf("digests %s and %s", first, second)
			}
			again.Draft = against
			if _, err := simulate.Run(t.Context(), again); err == nil {
				t.Error("the state of another draft was taken")
			}
		})
	}
}

// TestErasedAndAltered are counted apart, and the run goes on.
func TestErasedAndAltered(t *testing.T) {
	against := inForce(t)
	records := func(yield func(history.Record, error) bool) {
		good := history.Record{}
		for r := range past(t.Context(), against, 50) {
			good = r
		}
		good.Seq = 3
		_ = yield(history.Record{Seq: 1, Erased: true}, nil) && yield(history.Record{Seq: 2}, fmt.Errorf("planted: %w", history.ErrAltered)) && yield(good, nil)
	}
	out := run(t, simulate.Options{Kind: simulate.History, Against: against, Draft: against, Records: records}).Runs[0]
	if out.Records != 3 || out.Erased != 1 || out.Unreadable != 1 || out.Decisions != recordsEach {
		t.Errorf("%+v", out)
	}
	broken := func(yield func(history.Record, error) bool) { yield(history.Record{}, errors.New("gone")) }
	if _, err := simulate.Run(t.Context(), simulate.Options{Kind: simulate.History, Against: against, Draft: against, Records: broken}); err == nil {
		t.Error("records that cannot be read are no report")
	}
}

// TestMemoryDoesNotGrow: what a run retains after ten times as many decisions is what it retained before, but for the bounded counter
// of episodes.
func TestMemoryDoesNotGrow(t *testing.T) {
	against, tighter := inForce(t), draft(t, map[string]string{"tiers": involvement})
	retained := func(n int) int64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		report := run(t, simulate.Options{
			Kind: simulate.History, Against: against, Draft: tighter, Records: past(t.Context(), against, n),
			Progress: func(p simulate.Progress) {
				if p.Done == int64(n/recordsEach) {
					runtime.GC()
					runtime.ReadMemStats(&after)
				}
			},
		})
		if report.Runs[0].Decisions != int64(n) || report.Tighter() != int64(n) {
			t.Fatalf("%d decisions, %d tighter, want %d", report.Runs[0].Decisions, report.Tighter(), n)
		}
		return int64(after.HeapAlloc) - int64(before.HeapAlloc)
	}
	retained(1_000) // fills what the revisions keep
	small, large := retained(10_000), retained(100_000)
	t.Logf("retained %d kB at 10^4 decisions, %d kB at 10^5", small>>10, large>>10)
	if large > small+4<<20 {
		t.Errorf("10^4 decisions retain %d bytes, 10^5 retain %d", small, large)
	}
}

// TestPageEscapes: nothing in a report is taken for markup.
func TestPageEscapes(t *testing.T) {
	const evil = `<script>alert("x")</script>`
	report := simulate.Report{Against: evil, Draft: evil, Words: map[string]string{"c": evil}, Runs: []simulate.Outcome{{
		Kind: simulate.City, Episodes: []simulate.Episode{{Episode: evil, Changes: 1}}, Gates: []simulate.Gate{{Code: evil}},
		Changes:      []simulate.Row{{Count: 1, Change: simulate.Change{Category: "c", Organisation: evil, Direction: evil, What: simulate.Released}}},
		OtherReasons: []simulate.Category{{Category: evil}}, Examples: []simulate.Example{{Episode: evil, Gate: evil}},
	}}, Agencies: []simulate.Counts{{Organisation: evil, Changes: []simulate.CategoryOf{{Category: "c"}}}}}
	var page bytes.Buffer
	if err := report.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script") || !strings.Contains(page.String(), "&lt;script&gt;") {
		t.Error("the page holds a script")
	}
	for _, outside := range []string{"http://", "https://", "url(", "@import", "src="} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page needs %s", outside)
		}
	}
}

// TestHiddenIsNoExample: what a practitioner may not know of is counted and not shown.
func TestHiddenIsNoExample(t *testing.T) {
	against := inForce(t)
	eased := draft(t, map[string]string{"tiers": `{"cells": {"hlt.sexual_health": {"s47": {"effect": "permit", "reason": "tier_permits"}}}}`})
	in := family(against.Vocabulary())
	in.Categories = []policy.Category{{Code: "hlt.sexual_health", Reason: policy.Recorded}}
	records := func(yield func(history.Record, error) bool) {
		h := record.Header{Organisation: "community_health", Category: "hlt.sexual_health", Subject: "s0", Current: true, LabelsKnown: true, Labels: []string{}}
		yield(history.Record{Seq: 1, Episode: "e", Request: "r", Kind: history.Release, Input: in, Headers: []record.Header{h}}, nil)
	}
	o := simulate.Options{Kind: simulate.History, Against: against, Draft: eased, Records: records}
	if out := run(t, o).Runs[0]; len(out.Examples) != 0 || len(out.Changes) != 1 {
		t.Errorf("%d examples, %d changes", len(out.Examples), len(out.Changes))
	}
	o.Audience = "ig_officer"
	if out := run(t, o).Runs[0]; len(out.Examples) != 1 {
		t.Errorf("an IG officer is shown %d examples", len(out.Examples))
	}
}
