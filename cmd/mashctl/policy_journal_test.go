package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/agencies/police"
	"github.com/mashgate/mashgate/cmd/internal/demo"
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

// TestAnOrganisationTriesItsOwnPolicy goes an organisation's way: its own draft over its own journal, an explanation from it, and counts
// for a draft of the hub's, which the hub puts into its report.
func TestAnOrganisationTriesItsOwnPolicy(t *testing.T) {
	h := startHub(t)
	told, err := demo.Showcase(t.Context(), h, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(filepath.Dir(filepath.Dir(h.ProfileFile("iris"))), "agencies", "police", "journal.db")
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

// hubOverlay is a hub's pack that lets more be asked of the police under s17.
func hubOverlay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"manifest.yaml": "name: tier-b-in-need\nversion: \"1\"\nhub: coventry\nbase: default\nreview_date: \"2026-11-01\"\n" +
			"contacts: [{role: Information governance lead of the hub, email: ig-lead@mash.example.org}]\n" +
			"agreements: [{title: An agreement, reference: ISA-1}]\n",
		"data/tiers.yaml":      "cells: {B: {s17: {effect: permit, reason: tier_permits}}}\n",
		"data/exceptions.yaml": "tiers.cells.B.s17: {agreement: ISA-1, why: A test.}\n",
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
