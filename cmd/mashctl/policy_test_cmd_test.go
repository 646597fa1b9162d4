package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packFolder is an agency's pack on disk, to be edited.
func packFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../agencies/police/policy")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// replaceIn edits a file as an editor does: a copy beside it, renamed over it.
func replaceIn(t *testing.T, file, from, to string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(source), from) {
		t.Fatalf("%s has no %q (%v)", file, from, err)
	}
	copied := file + "~"
	if err := os.WriteFile(copied, []byte(strings.Replace(string(source), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied, file); err != nil {
		t.Fatal(err)
	}
}

func TestPolicyTestOfAPack(t *testing.T) {
	dir := packFolder(t)
	if r := ok(t, "policy", "test", dir); !strings.Contains(r.out, "Everything holds.") || !strings.Contains(r.out, "Pack police 1.0") {
		t.Errorf("%s", r.out)
	}
	replaceIn(t, filepath.Join(dir, "police.rego"), `"informant" in`, `"opinion" in`)
	failed := mashctl(t, "policy", "test", dir)
	if failed.code != exitFailed || !strings.Contains(failed.out, "FAILED   police_test.rego:") || !strings.Contains(failed.out, "Not everything holds.") {
		t.Errorf("exit code %d\n%s", failed.code, failed.out)
	}
	inJSON := mashctl(t, "policy", "test", dir, "--json")
	values := decode(t, inJSON.out)
	if inJSON.code != exitFailed || len(values) != 1 || len(values[0]["tests"].(map[string]any)["failures"].([]any)) == 0 {
		t.Errorf("exit code %d\n%s", inJSON.code, inJSON.out)
	}
}

func TestPolicyTestUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"no folder":              {filepath.Join(t.TempDir(), "none")},
		"a file":                 {"main.go"},
		"two":                    {".", "."},
		"the built-in watched":   {"--watch"},
		"an unknown flag of its": {"--watching"},
	} {
		if r := mashctl(t, append([]string{"policy", "test"}, args...)...); r.code != exitUsage {
			t.Errorf("%s: exit code %d: %s", name, r.code, r.errors)
		}
	}
}

// TestPolicyTestWatches: a pack is tested again when a file is saved, also when the save breaks it, and interrupting ends it well.
func TestPolicyTestWatches(t *testing.T) {
	dir := packFolder(t)
	rules := filepath.Join(dir, "police.rego")
	out, in := io.Pipe()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	cmd := newRoot()
	cmd.SetArgs([]string{"policy", "test", dir, "--watch"})
	cmd.SetOut(in)
	ended := make(chan error, 1)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = in.CloseWithError(io.EOF) // a reader that waits sees the end
		ended <- err
	}()
	lines := bufio.NewScanner(out)
	until(t, lines, "Everything holds.")
	replaceIn(t, rules, `"informant" in`, `"opinion" in`)
	until(t, lines, "saved: police.rego")
	until(t, lines, "FAILED   police_test.rego:")
	until(t, lines, "Not everything holds.")
	replaceIn(t, rules, `"opinion" in`, `nobody in`)
	until(t, lines, "PROBLEM  ")
	until(t, lines, "Not everything holds.")
	replaceIn(t, rules, `nobody in`, `"informant" in`)
	until(t, lines, "saved: police.rego")
	until(t, lines, "Everything holds.")
	interrupt()
	for lines.Scan() {
		t.Errorf("after the interrupt: %s", lines.Text())
	}
	if err := <-ended; err != nil {
		t.Errorf("interrupted: %v", err)
	}
}

// until reads on to a line that begins with the words.
func until(t *testing.T, lines *bufio.Scanner, words string) {
	t.Helper()
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), words) {
			return
		}
	}
	t.Fatalf("the output ended before %q", words)
}
