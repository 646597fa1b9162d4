package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// draftFolder is the default pack with one cell changed: narrative in a MASH episode is released.
func draftFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"manifest.yaml":   `{name: draft, version: "2", hub: coventry, kind: hub, base: default, review_date: "2027-03-31"}`,
		"data/tiers.yaml": `cells: {C: {mash: {effect: permit, reason: tier_permits}}}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPolicySimulateHere(t *testing.T) {
	page := filepath.Join(t.TempDir(), "report.html")
	r := ok(t, "policy", "simulate", draftFolder(t), "--scenarios", "--city", "3", "--html", page)
	for _, want := range []string{"The draft WIDENS", "THE PACK'S SCENARIOS", "THE MADE-UP CITY", "csc.assessments", "review to permit", "Digest of this report: "} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	html, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(html), "<h2>The made-up city</h2>") {
		t.Errorf("the page: %v", err)
	}
	report := inJSON(t, "policy", "simulate", draftFolder(t), "--city", "2", "--seed", "4")
	runs, ok := report["runs"].([]any)
	if !ok || len(runs) != 1 {
		t.Fatalf("runs: %v", report["runs"])
	}
	if run, ok := runs[0].(map[string]any); !ok || run["kind"] != "city" || run["records"] == 0.0 {
		t.Errorf("run: %v", runs[0])
	}
}

func TestPolicySimulateWrongly(t *testing.T) {
	draft := draftFolder(t)
	for name, given := range map[string][]string{
		"no draft":             {"policy", "simulate", "--city", "1"},
		"no such draft":        {"policy", "simulate", filepath.Join(draft, "none"), "--city", "1"},
		"no such scenarios":    {"policy", "simulate", draft, "--scenarios=" + filepath.Join(draft, "none")},
		"a page nobody writes": {"policy", "simulate", draft, "--city", "1", "--html", filepath.Join(draft, "none", "x.html")},
	} {
		t.Run(name, func(t *testing.T) {
			if r := mashctl(t, given...); r.code != exitUsage || r.out != "" {
				t.Errorf("exit code %d, %q, %s", r.code, r.out, r.errors)
			}
		})
	}
}
