package lint_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/mashgate/mashgate/policy/lint"
)

// overlay is the manifest of an example that does not bring its own.
const overlay = `name: example
version: "1"
hub: coventry
base: default
contacts: [{role: IG lead, email: ig@example.org}]
agreements: [{title: Sharing agreement, reference: ISA-1}]
review_date: "2026-09-30"
`

// wanted marks a line on which the lint is to find something. In an archive's head, `want: EXAMPLE FILE` is a finding without a line,
// and `want: EXAMPLE` one about the pack as a whole.
const wanted = "# want"

// Every lint has an archive of its own in testdata: a pack that it finds fault with, at the marked lines and nowhere else, and one
// that it leaves in peace.
func TestEveryLintHasAFailingAndAPassingExample(t *testing.T) {
	lints, err := lint.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lints {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(filepath.Join("testdata", l.ID+".txtar"))
			if err != nil {
				t.Fatalf("the lint has no examples: %v", err)
			}
			examples := examplesOf(archive)
			if !slices.Contains(examples, "fail") || !slices.Contains(examples, "pass") {
				t.Fatalf("one example is to fail and one to pass; there are %v", examples)
			}
			for _, example := range examples {
				folder, marks := unpack(archive, example)
				if (len(marks) > 0) != strings.HasPrefix(example, "fail") {
					t.Fatalf("%s: %d lines are marked", example, len(marks))
				}
				got := places(t, folder, l)
				if diff := cmp.Diff(marks, got); diff != "" {
					t.Errorf("%s: findings differ from the marked lines (-want +got):\n%s", example, diff)
				}
			}
		})
	}
}

// An archive of a lint that is gone tests nothing.
func TestEveryExampleHasItsLint(t *testing.T) {
	lints, err := lint.List()
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, archive := range archives {
		id := strings.TrimSuffix(filepath.Base(archive), ".txtar")
		if !slices.ContainsFunc(lints, func(l lint.Lint) bool { return l.ID == id }) {
			t.Errorf("%s: there is no such lint", archive)
		}
	}
}

// examplesOf are the folders in an archive: fail, pass, and more of either with another ending.
func examplesOf(archive *txtar.Archive) []string {
	var names []string
	for _, file := range archive.Files {
		folder, _, _ := strings.Cut(file.Name, "/")
		names = append(names, folder)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unpack takes one example out of an archive, with the places that are marked in it.
func unpack(archive *txtar.Archive, example string) (fs.FS, []string) {
	folder := fstest.MapFS{"manifest.yaml": {Data: []byte(overlay)}}
	marks := []string{}
	for line := range strings.Lines(string(archive.Comment)) {
		if at, ok := strings.CutPrefix(line, "want: "+example); ok {
			marks = append(marks, strings.TrimSpace(at)+":0")
		}
	}
	for _, file := range archive.Files {
		name, ok := strings.CutPrefix(file.Name, example+"/")
		if !ok {
			continue
		}
		folder[name] = &fstest.MapFile{Data: file.Data}
		for i, line := range bytes.Split(file.Data, []byte("\n")) {
			if bytes.Contains(line, []byte(wanted)) {
				marks = append(marks, fmt.Sprintf("%s:%d", name, i+1))
			}
		}
	}
	slices.Sort(marks)
	return folder, marks
}

func places(t *testing.T, folder fs.FS, l lint.Lint) []string {
	t.Helper()
	report, err := lint.Check(t.Context(), folder, lint.Options{Today: today, Only: []string{l.ID}})
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, finding := range report.Findings {
		if finding.Rule != l.ID || finding.Severity != l.Severity || finding.WayOut == "" || finding.Message == "" {
			t.Errorf("a finding is not of the lint: %+v", finding)
		}
		found = append(found, fmt.Sprintf("%s:%d", finding.File, finding.Line))
	}
	slices.Sort(found)
	return slices.Compact(found)
}
