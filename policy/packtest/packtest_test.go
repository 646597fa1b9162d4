package packtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/packtest"
	"github.com/mashgate/mashgate/policy/rules"
)

func run(t *testing.T, pack fs.FS) packtest.Result {
	t.Helper()
	result, err := packtest.Run(t.Context(), pack)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func text(t *testing.T, result packtest.Result) string {
	t.Helper()
	var b strings.Builder
	if err := result.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const manifest = "{name: over, version: \"1\", hub: coventry, base: default, review_date: \"2026-10-01\"}"

func overlay(files map[string]string) fstest.MapFS {
	pack := fstest.MapFS{"manifest.yaml": {Data: []byte(manifest)}}
	for name, source := range files {
		pack[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return pack
}

// small is the default pack without its tests and scenarios, and with files of a test's own: it runs in no time.
func small(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	pack := fstest.MapFS{}
	err := fs.WalkDir(rules.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.rego") || strings.HasPrefix(name, "scenarios/") {
			return err
		}
		source, err := rules.FS.ReadFile(name)
		pack[name] = &fstest.MapFile{Data: source}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range files {
		pack[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return pack
}

func TestTheDefaultPackHoldsAndNothingIsUnreached(t *testing.T) {
	result := run(t, rules.FS)
	if !result.OK() || result.Tests.Total == 0 || result.Scenarios.Total == 0 || result.Scenarios.Cases == 0 {
		t.Errorf("%s", text(t, result))
	}
	if result.Coverage.Lines == 0 || result.Coverage.Covered != result.Coverage.Lines {
		t.Errorf("%d of %d lines are run", result.Coverage.Covered, result.Coverage.Lines)
	}
}

// TestAFailureSaysWhatDecided: one tier changed in an overlay fails the scenarios that rest on it, each with the decision, the rules
// that fired with their places, and the one that won.
func TestAFailureSaysWhatDecided(t *testing.T) {
	result := run(t, overlay(map[string]string{
		"data/tiers.yaml":    "cells: {C: {mash: {effect: permit, reason: tier_permits}}}",
		"scenarios/own.yaml": own,
	}))
	if result.OK() || len(result.Tests.Failures) > 0 || len(result.Problems) > 0 {
		t.Fatalf("%s", text(t, result))
	}
	var failed *packtest.Failure
	for i, failure := range result.Scenarios.Failures {
		if failure.File == "scenarios/own.yaml" {
			failed = &result.Scenarios.Failures[i]
		}
	}
	if failed == nil || failed.Effect != policy.Redact || failed.Want != "review" {
		t.Fatalf("%+v", result.Scenarios.Failures)
	}
	var fired []string
	for _, rule := range failed.Rules {
		if len(rule.At) != 1 || rule.At[0].File != "release.rego" || rule.At[0].Line == 0 || rule.Text == "" {
			t.Errorf("%+v", rule)
		}
		line := string(rule.Effect) + " " + rule.Rule + " " + rule.Reason
		if rule.Won {
			line = "> " + line
		}
		fired = append(fired, line)
	}
	want := []string{"> redact release.label third_party", "permit release.tier tier_permits"}
	if diff := cmp.Diff(want, fired); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	shown := text(t, result)
	for _, want := range []string{
		"FAILED   scenarios/own.yaml: decisions[0] csc.assessments about child", "> redact third_party  release.label", "Not everything holds.",
		"decided   redact (tier_permits third_party)", "Pack over 1 of hub coventry",
	} {
		if !strings.Contains(strings.ReplaceAll(shown, "(third_party tier_permits)", "(tier_permits third_party)"), want) {
			t.Errorf("the text has no %q:\n%s", want, shown)
		}
	}
}

const own = `name: own
source: a test
at: 2026-02-04T09:15:00Z
requester: {role: social_worker, agency: children_services}
episode: {stage: mash_episode, purpose: safeguarding_children, rating: amber, level_of_need: 4, basis: mash, concerns: [neglect]}
subjects:
  - {id: child, role: index_child, born: 2016-04-02}
  - {id: mother, role: parent, born: 1990-06-01}
consents:
  - {kind: agencies_share_with_us, by: mother, status: "yes"}
expect:
  ask: proceed
  decisions:
    - {category: csc.assessments, about: child, labels: [third_party], effect: review}
`

// TestAGateSaysWhereItStands: a request that is stopped is explained by its gates.
func TestAGateSaysWhereItStands(t *testing.T) {
	stopped := strings.Replace(strings.Replace(own, "purpose: safeguarding_children", "purpose: benefits", 1), "effect: review", "effect: deny", 1)
	result := run(t, small(t, map[string]string{"scenarios/own.yaml": stopped}))
	if len(result.Scenarios.Failures) != 1 {
		t.Fatalf("%s", text(t, result))
	}
	failed := result.Scenarios.Failures[0]
	if failed.Expectation != "ask" || len(failed.Rules) != 1 || failed.Rules[0].Reason != "purpose" || !failed.Rules[0].Won {
		t.Fatalf("%+v", failed)
	}
	if at := failed.Rules[0].At; len(at) == 0 || at[0].File != "gates.rego" {
		t.Errorf("the gate stands at %v", at)
	}
}

// TestARegoTestSaysWhichExpressionFailed, of the base's tests and of the overlay's own.
func TestARegoTestSaysWhichExpressionFailed(t *testing.T) {
	result := run(t, overlay(map[string]string{
		"own_test.rego": "package own_test\n\ntest_one if {\n\tdata.hub.code == \"coventry\"\n\tdata.hub.code == \"leeds\"\n}\n\ntodo_test_two if true\n",
		"windows.rego":  windowsWithoutAdults(t),
	}))
	failures := map[string]packtest.TestFailure{}
	for _, failure := range result.Tests.Failures {
		failures[failure.Test] = failure
	}
	one := failures["data.own_test.test_one"]
	if one.At != "own_test.rego:3" || one.Expression != `own_test.rego:5: data.hub.code == "leeds"` {
		t.Errorf("%+v", one)
	}
	if two := failures["data.own_test.todo_test_two"]; two.Why != "skipped" {
		t.Errorf("a skipped test: %+v", two)
	}
	if len(failures) < 3 {
		t.Errorf("the base's tests do not notice a rule of the overlay: %v", failures)
	}
	if result.OK() || result.Tests.Hold+len(result.Tests.Failures) != result.Tests.Total {
		t.Errorf("%d of %d hold", result.Tests.Hold, result.Tests.Total)
	}
}

func windowsWithoutAdults(t *testing.T) string {
	t.Helper()
	source, err := rules.FS.ReadFile("windows.rego")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(source), "whole_record(window) if window in", "whole_record(window) if not window in", 1)
}

// TestWhatNothingRunsIsShown, with its lines; reaching it by a scenario alone is enough.
func TestWhatNothingRunsIsShown(t *testing.T) {
	release, err := rules.FS.ReadFile("release.rego")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(string(release), "\n")
	more := string(release) + `
contributions contains {"effect": "deny", "reason": "not_on_this_basis", "masks": [], "rule": "release.never"} if {
	input.record.category == "csc.status"
	input.record.event_date == "1901-01-01"
	input.record.current
}
`
	plain := "package a_test\n\ntest_a if true\n"
	result := run(t, small(t, map[string]string{"release.rego": more, "a_test.rego": plain}))
	if !result.OK() {
		t.Fatalf("%s", text(t, result))
	}
	want := packtest.RuleCoverage{
		Rule: "release.contributions", File: "release.rego", Line: lines + 2, Lines: 4,
		Missed: []packtest.Span{{From: lines + 2, To: lines + 5}},
	}
	if diff := cmp.Diff(want, ruleAt(t, result, lines+2)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	dated := strings.Replace(own, "category: csc.assessments, about: child, labels: [third_party], effect: review",
		"category: csc.status, about: child, event_date: 1901-01-01, effect: permit", 1)
	reached := run(t, small(t, map[string]string{"release.rego": more, "scenarios/own.yaml": dated}))
	last := ruleAt(t, reached, lines+2)
	if diff := cmp.Diff([]packtest.Span{{From: lines + 2, To: lines + 2}}, last.Missed); diff != "" || last.Covered != 3 {
		t.Errorf("reached by a scenario alone: %d lines; missed (-want +got):\n%s", last.Covered, diff)
	}
	if want := fmt.Sprintf("  release.rego:%d-%d ", lines+2, lines+5); !strings.Contains(text(t, result), want) {
		t.Errorf("no %q in:\n%s", want, text(t, result))
	}
}

func ruleAt(t *testing.T, result packtest.Result, line int) packtest.RuleCoverage {
	t.Helper()
	for _, rule := range result.Coverage.Rules {
		if rule.File == "release.rego" && rule.Line == line {
			return rule
		}
	}
	t.Fatalf("no rule stands at line %d", line)
	return packtest.RuleCoverage{}
}

// TestAPackThatCannotBeRunIsAResult, with each problem in it.
func TestAPackThatCannotBeRunIsAResult(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  []string
	}{
		"unreadable": {map[string]string{"data/tiers.yaml": "{", "more.txt": ""}, []string{"data/tiers.yaml", "more.txt"}},
		"rules":      {map[string]string{"more.rego": "package more\n\nx := nobody\n"}, []string{"nobody"}},
		"tests":      {map[string]string{"more_test.rego": "package more_test\n\ntest_x if nobody\n"}, []string{"nobody"}},
		"scenarios":  {map[string]string{"scenarios/a.yaml": "colour: red", "scenarios/b.yaml": "name: 1\nsize: 2"}, []string{"colour", "size"}},
		"data":       {map[string]string{"data/changes.yaml": "review: {text: null}"}, []string{"data/changes.yaml: review"}},
	}
	for name, test := range tests {
		result := run(t, small(t, test.files))
		all := strings.Join(result.Problems, "\n")
		for _, want := range test.want {
			if result.OK() || !strings.Contains(all, want) {
				t.Errorf("%s: problems %q, want one with %q", name, all, want)
			}
		}
		if !strings.Contains(text(t, result), "PROBLEM  ") {
			t.Errorf("%s: %s", name, text(t, result))
		}
	}
}

func TestAnAgencysPackIsTestedToo(t *testing.T) {
	pack := os.DirFS("../../agencies/police/policy")
	result := run(t, pack)
	if !result.OK() || result.Tests.Total == 0 || result.Scenarios.Total != 0 || result.Coverage.Covered != result.Coverage.Lines {
		t.Errorf("%s", text(t, result))
	}
	if result.Manifest.Organisation != "police" {
		t.Errorf("%+v", result.Manifest)
	}
}

func TestTheResultIsJSON(t *testing.T) {
	encoded, err := json.Marshal(run(t, fstest.MapFS{}))
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(encoded, &back); err != nil {
		t.Fatal(err)
	}
	for _, list := range []any{back["problems"], back["tests"].(map[string]any)["failures"], back["coverage"].(map[string]any)["rules"]} {
		if _, ok := list.([]any); !ok {
			t.Errorf("a list is null: %s", encoded)
		}
	}
}

func TestGivingUpIsNoResult(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := packtest.Run(ctx, rules.FS); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
