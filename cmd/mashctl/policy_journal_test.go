package main

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/agencies/police"
	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/policy/rules"
)

// policePack is the police's own pack in a folder, with a rule of it changed.
func policePack(t *testing.T, old, changed string) string {
	t.Helper()
	definition, err := police.Definition()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "police")
	if err := os.CopyFS(dir, definition.Rules); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "police.rego")
	rules, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(rules), old) {
		t.Fatalf("%s does not say %q: %v", path, old, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(rules), old, changed, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAnOrganisationTriesItsOwnPolicy: an organisation tries a draft of its own over its own journal, and has decisions explained from it.
func TestAnOrganisationTriesItsOwnPolicy(t *testing.T) {
	h := startHub(t)
	told, err := demo.Showcase(t.Context(), h, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	journal := policeJournal(h)
	draft := policePack(t, `"effect": "review", "reason": "intelligence_held"`, `"effect": "deny", "reason": "intelligence_held"`)

	report := inJSON(t, "policy", "simulate", draft, "--journal", journal)
	runs := report["runs"].([]any)
	changes := runs[0].(map[string]any)["changes"].([]any)
	if len(changes) != 1 {
		t.Fatalf("the changes are %v, want one", changes)
	}
	change := changes[0].(map[string]any)
	if change["category"] != "pol.intelligence" || change["was"] != "review" || change["now"] != "deny" || change["direction"] != "tighter" {
		t.Errorf("the change is %v", change)
	}
	if text := ok(t, "policy", "simulate", draft, "--journal", journal).out; !strings.Contains(text, "pol.intelligence") {
		t.Errorf("the report says\n%s", text)
	}

	parts := strings.Split(told.Request.GetName(), "/")
	id := parts[len(parts)-1]
	why := ok(t, "policy", "explain", id, "--journal", journal, "--category", "pol.intelligence").out
	for _, want := range []string{"police.intelligence", "police.rego:", "record.category"} {
		if !strings.Contains(why, want) {
			t.Errorf("the explanation does not say %q:\n%s", want, why)
		}
	}
	for name, args := range map[string][]string{
		"no journal":   {"policy", "explain", id, "--journal", journal + ".none"},
		"no such one":  {"policy", "explain", "nobody", "--journal", journal},
		"a bad day":    {"policy", "simulate", draft, "--journal", journal, "--since", "yesterday"},
		"a hub's pack": {"policy", "simulate", hubOverlay(t), "--journal", journal},
		"bad asks":     {"policy", "count", "--journal", journal, "--asks", file(t, "asks.json", "{}")},
	} {
		if got := mashctl(t, args...); got.code != exitUsage || got.errors == "" {
			t.Errorf("%s: exit code %d, %s", name, got.code, got.errors)
		}
	}
}

// TestAnOrganisationCountsForTheHub: a draft of the hub's refuses police intelligence under section 47. The police count over their own
// journal what that would hold back, and the count stands in the hub's report.
func TestAnOrganisationCountsForTheHub(t *testing.T) {
	h := startHub(t)
	if _, err := demo.Showcase(t.Context(), h, io.Discard); err != nil {
		t.Fatal(err)
	}
	draft := inJSON(t, as(h, "iris", "policy", "draft", "create", hubOverlay(t))...)["name"].(string)
	ok(t, as(h, "iris", "policy", "draft", "check", draft)...)
	ok(t, as(h, "iris", "policy", "draft", "test", draft)...)
	asks := filepath.Join(t.TempDir(), "asks.json")
	ok(t, as(h, "iris", "policy", "asks", draft, "--organisation", "police", "-o", asks)...)
	counts := filepath.Join(t.TempDir(), "counts.json")
	ok(t, "policy", "count", "--journal", policeJournal(h), "--asks", asks, "-o", counts)
	text, err := os.ReadFile(counts)
	if err != nil {
		t.Fatal(err)
	}
	var counted struct {
		Organisation string
		Changes      []struct {
			Category, Was, Now string
			Records            int
		}
	}
	if err := json.Unmarshal(text, &counted); err != nil {
		t.Fatal(err)
	}
	if c := counted.Changes; counted.Organisation != "police" || len(c) != 1 || c[0].Category != "pol.intelligence" || c[0].Was != "review" || c[0].Now != "deny" || c[0].Records == 0 {
		t.Errorf("the police count %+v", counted)
	}
	if strings.Contains(string(text), "event_date") {
		t.Errorf("a header goes with the counts:\n%s", text)
	}
	report := inJSON(t, as(h, "iris", "policy", "simulate", draft, "--counts", counts)...)
	if all := report["agencies"].([]any); len(all) != 1 || all[0].(map[string]any)["organisation"] != "police" {
		t.Errorf("the hub's report has %v", all)
	}
	for name, args := range map[string][]string{
		"nobody's":    {"policy", "asks", draft, "--organisation", "nobody"},
		"no draft":    {"policy", "asks", "hubs/coventry/policyDrafts/none", "--organisation", "police"},
		"not for her": {"policy", "asks", draft, "--organisation", "police"},
	} {
		who := map[string]string{"not for her": "sara"}[name]
		if who == "" {
			who = "iris"
		}
		if got := mashctl(t, as(h, who, args...)...); got.code == exitOK {
			t.Errorf("%s: %s", name, got.out)
		}
	}
}

// policeJournal is where the demo's police keep what they decided on.
func policeJournal(h *demo.Hub) string {
	return filepath.Join(filepath.Dir(filepath.Dir(h.ProfileFile("iris"))), "agencies", "police", "journal.db")
}

// hubOverlay is a hub's pack that refuses police intelligence under section 47, with the case that says so.
func hubOverlay(t *testing.T) string {
	t.Helper()
	lookBack, err := fs.ReadFile(rules.FS, "scenarios/taylor-look-back.yaml")
	if err != nil {
		t.Fatal(err)
	}
	refused := regexp.MustCompile(`(category: pol.intelligence.*effect: )review`).ReplaceAllString(string(lookBack), "${1}deny")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"manifest.yaml": "name: no-intelligence\nversion: \"1\"\nhub: coventry\nbase: default\nreview_date: \"2026-11-01\"\n" +
			"contacts: [{role: Information governance lead of the hub, email: ig-lead@mash.example.org}]\n" +
			"agreements: [{title: An agreement, reference: ISA-1}]\n",
		"data/tiers.yaml":                 "cells: {pol.intelligence: {s47: {effect: deny, reason: not_on_this_basis}}}\n",
		"scenarios/taylor-look-back.yaml": refused,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
