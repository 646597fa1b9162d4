package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exampleManifest = `name: example
version: "1"
hub: coventry
base: default
contacts: [{role: IG lead, email: ig@example.org}]
agreements: [{title: Sharing agreement, reference: ISA-1}]
review_date: "2026-09-30"
`

// overlayFolder writes a pack of the given files over the default pack.
func overlayFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["manifest.yaml"] = exampleManifest
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// quick leaves out the lints that run the default pack's tests.
const quick = "--only=format,unknown-effect,idle-exception,shared-rule-name"

func TestCheckExitCodes(t *testing.T) {
	clean := overlayFolder(t, map[string]string{"data/windows.yaml": "years: {A: 1}\n"})
	warned := overlayFolder(t, map[string]string{"data/exceptions.yaml": "windows.years.A: {until: \"2027-06-30\", why: Pilot}\n"})
	wrong := overlayFolder(t, map[string]string{"data/tiers.yaml": "cells:\n  B:\n    s17: {effect: allow, reason: tier_permits}\n"})
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string
	}{
		{"clean", []string{clean}, exitOK, "example 1: nothing found."},
		{"a warning does not stop it", []string{warned}, exitOK, "0 errors, 1 warning"},
		{"unless strict", []string{warned, "--strict"}, exitFailed, "idle-exception"},
		{"an error stops it", []string{wrong}, exitFailed, "data/tiers.yaml\n      3  error    \"allow\" is not an effect  [unknown-effect]\n"},
		{"no path", nil, exitUsage, ""},
		{"no folder", []string{filepath.Join(clean, "nowhere")}, exitUsage, ""},
		{"a file", []string{filepath.Join(clean, "manifest.yaml")}, exitUsage, ""},
		{"two paths", []string{clean, wrong}, exitUsage, ""},
		{"two forms", []string{clean, "--json", "--sarif"}, exitUsage, ""},
		{"a lint nobody knows", []string{clean, "--only=spelling"}, exitUsage, ""},
		{"a day that is none", []string{clean, "--today=soon"}, exitUsage, ""},
		{"a list of a pack", []string{clean, "--list"}, exitUsage, ""},
		{"the list", []string{"--list"}, exitOK, "Way out:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mashctl(t, append([]string{"policy", "check", quick, "--today=2026-11-22"}, c.args...)...)
			if r.code != c.code || !strings.Contains(r.out, c.out) {
				t.Errorf("exit code %d, want %d; prints %q %q, want %q", r.code, c.code, r.out, r.errors, c.out)
			}
		})
	}
}

func TestCheckPrintsForPrograms(t *testing.T) {
	wrong := overlayFolder(t, map[string]string{"data/tiers.yaml": "cells:\n  B:\n    s17: {effect: allow, reason: tier_permits}\n"})
	r := mashctl(t, "policy", "check", wrong, quick, "--today=2026-11-22", "--json")
	found := decode(t, r.out)[0]["findings"].([]any)[0].(map[string]any)
	if r.code != exitFailed || found["rule"] != "unknown-effect" || found["file"] != "data/tiers.yaml" || found["line"] != 3.0 || found["way_out"] == "" {
		t.Errorf("--json: exit code %d, %v", r.code, found)
	}
	r = mashctl(t, "policy", "check", wrong, quick, "--today=2026-11-22", "--sarif")
	run := decode(t, r.out)[0]["runs"].([]any)[0].(map[string]any)
	result := run["results"].([]any)[0].(map[string]any)
	if r.code != exitFailed || result["ruleId"] != "unknown-effect" || result["level"] != "error" {
		t.Errorf("--sarif: exit code %d, %v", r.code, result)
	}
}

func TestCheckFixesFormatAndNothingElse(t *testing.T) {
	dir := overlayFolder(t, map[string]string{"extra.rego": "package mashgate.extra\n\na := {\"b\":1} # kept\n"})
	if r := mashctl(t, "policy", "check", dir, quick, "--today=2026-11-22"); r.code != exitFailed {
		t.Fatalf("badly formatted: exit code %d\n%s", r.code, r.out)
	}
	if r := mashctl(t, "policy", "check", dir, quick, "--today=2026-11-22", "--fix"); r.code != exitOK || !strings.Contains(r.errors, "extra.rego") {
		t.Fatalf("--fix: exit code %d, %q", r.code, r.errors)
	}
	fixed, err := os.ReadFile(filepath.Join(dir, "extra.rego"))
	if want := "package mashgate.extra\n\na := {\"b\": 1} # kept\n"; err != nil || string(fixed) != want {
		t.Errorf("--fix wrote %q, want %q (%v)", fixed, want, err)
	}
}
