package lint_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy/lint"
	"github.com/mashgate/mashgate/policy/rules"
)

var today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func passes(t *testing.T, folder fs.FS) {
	t.Helper()
	report, err := lint.Check(t.Context(), folder, lint.Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range report.Findings {
		t.Errorf("%s:%d %s %s: %s", finding.File, finding.Line, finding.Severity, finding.Rule, finding.Message)
	}
	if !report.OK(true) || report.Pack == "" {
		t.Errorf("the pack %q does not pass: %v", report.Pack, report.NotChecked)
	}
}

func TestTheDefaultPackPasses(t *testing.T) { passes(t, rules.FS) }

func TestTheAgenciesPacksPass(t *testing.T) {
	folders, err := filepath.Glob("../../agencies/*/policy")
	if err != nil || len(folders) < 8 {
		t.Fatalf("%d agencies have a pack (%v)", len(folders), err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(filepath.Dir(folder)), func(t *testing.T) { passes(t, os.DirFS(folder)) })
	}
}

// What a lint has said with its way out, the engine does not say again.
func TestAProblemIsSaidOnce(t *testing.T) {
	folder := fstest.MapFS{
		"manifest.yaml":      {Data: []byte(overlay)},
		"data/concerns.yaml": {Data: []byte("codes:\n  missing:\n    categories: [pol.mising]\n")},
		"data/reasons.yaml":  {Data: []byte("undated:\n  obligations: [ring]\nambiguous: {source: \"\"}\n")},
	}
	report, err := lint.Check(t.Context(), folder, lint.Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, finding := range report.Findings {
		got = append(got, finding.Rule)
	}
	want := []string{"unknown-category", "unknown-obligation", "reason-without-words"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s\n%+v", diff, report.Findings)
	}
}

func TestCheckRefusesWhatIsNotAsked(t *testing.T) {
	for name, options := range map[string]lint.Options{
		"no day":        {},
		"no such lints": {Today: today, Only: []string{"format", "spelling"}},
	} {
		if _, err := lint.Check(t.Context(), rules.FS, options); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestACancelledCheckIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lint.Check(ctx, rules.FS, lint.Options{Today: today}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
}

// A finding in what an overlay lies over says so.
func TestAFindingInTheBaseIsMarked(t *testing.T) {
	folder := fstest.MapFS{
		"manifest.yaml":       {Data: []byte(overlay)},
		"data/retention.yaml": {Data: []byte("kept_years: {edu.attendance: 1}\n")},
	}
	report, err := lint.Check(t.Context(), folder, lint.Options{Today: today, Only: []string{"window-beyond-retention"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) != 1 || !report.Findings[0].Base || report.Findings[0].File != "data/windows.yaml" {
		t.Errorf("got %+v, want one finding in the base's data/windows.yaml", report.Findings)
	}
}
