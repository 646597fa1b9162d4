package lint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/lint"
)

func anyHeader() policy.AgencyHeader {
	return policy.AgencyHeader{Header: record.Header{
		Ref: "r1", Organisation: "police", Category: "pol.missing", Subject: "s1", EventDate: "2026-01-02", LabelsKnown: true,
	}}
}

// broken is a pack with something wrong of every kind of place: in the folder, in the base, and in the whole.
func broken(t *testing.T, only ...string) lint.Report {
	t.Helper()
	folder := fstest.MapFS{
		"manifest.yaml":       {Data: []byte(strings.Replace(overlay, "agreements: [{title: Sharing agreement, reference: ISA-1}]\n", "", 1))},
		"data/retention.yaml": {Data: []byte("kept_years: {edu.attendance: 1}\n")},
		"data/tiers.yaml":     {Data: []byte("cells:\n  B:\n    s17: {effect: allow, reason: tier_permits}\n")},
	}
	report, err := lint.Check(t.Context(), folder, lint.Options{Today: today, Only: only})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

var untested = []string{"unknown-effect", "window-beyond-retention", "no-agreement"}

func TestTextGroupsByFileWithTheWayOut(t *testing.T) {
	var out bytes.Buffer
	if err := broken(t, untested...).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	want := `data/tiers.yaml
      3  error    "allow" is not an effect  [unknown-effect]
                  Way out: Use one of the five: deny, review, exist, redact, permit.
manifest.yaml
      1  error    the manifest names no information-sharing agreement  [no-agreement]
                  Way out: Name the information-sharing agreement in agreements of manifest.yaml, with its reference.
data/windows.yaml of the default pack
      2  error    window A looks back 2 years, and edu.attendance is kept for 1  [window-beyond-retention]
                  Way out: Shorten the window in data/windows.yaml, or correct kept_years in data/retention.yaml.
example 1: 3 errors, 0 warnings.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// required are the properties that the SARIF 2.1.0 schema requires of each kind of object that the report writes, and where objects of
// that kind stand.
var required = []struct {
	path string
	of   []string
}{
	{"", []string{"version", "runs"}},
	{"runs[]", []string{"tool"}},
	{"runs[].tool", []string{"driver"}},
	{"runs[].tool.driver", []string{"name"}},
	{"runs[].tool.driver.rules[]", []string{"id"}},
	{"runs[].tool.driver.rules[].shortDescription", []string{"text"}},
	{"runs[].tool.driver.rules[].fullDescription", []string{"text"}},
	{"runs[].tool.driver.rules[].help", []string{"text"}},
	{"runs[].invocations[]", []string{"executionSuccessful"}},
	{"runs[].results[]", []string{"message"}},
	{"runs[].results[].message", []string{"text"}},
}

func TestSARIFHasWhatItsSchemaRequires(t *testing.T) {
	report := broken(t, untested...)
	var out bytes.Buffer
	if err := report.WriteSARIF(&out); err != nil {
		t.Fatal(err)
	}
	var log map[string]any
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log["version"] != "2.1.0" {
		t.Errorf("version %v", log["version"])
	}
	for _, kind := range required {
		objects := at(log, strings.FieldsFunc(kind.path, func(r rune) bool { return r == '.' }))
		if len(objects) == 0 {
			t.Errorf("%s: none", kind.path)
		}
		for _, object := range objects {
			for _, name := range kind.of {
				if value, ok := object[name]; !ok || value == "" {
					t.Errorf("%s: no %s in %v", kind.path, name, object)
				}
			}
		}
	}
	results := at(log, []string{"runs[]", "results[]"})
	if len(results) != len(report.Findings) {
		t.Errorf("%d results for %d findings", len(results), len(report.Findings))
	}
	rules := at(log, []string{"runs[]", "tool", "driver", "rules[]"})
	for i, result := range results {
		checkResult(t, report.Findings[i], result, rules)
	}
}

func checkResult(t *testing.T, finding lint.Finding, result map[string]any, rules []map[string]any) {
	t.Helper()
	index, _ := result["ruleIndex"].(float64)
	if result["ruleId"] != finding.Rule || rules[int(index)]["id"] != finding.Rule {
		t.Errorf("%v is not finding %+v", result, finding)
	}
	if !slices.Contains([]any{"none", "note", "warning", "error"}, result["level"]) {
		t.Errorf("level %v is not one of SARIF's", result["level"])
	}
	places := at(result, []string{"locations[]", "physicalLocation", "artifactLocation"})
	if finding.File != "" && (len(places) != 1 || places[0]["uri"] != finding.File) {
		t.Errorf("finding %+v is at %v", finding, places)
	}
	if lines := at(result, []string{"locations[]", "physicalLocation", "region"}); finding.Line > 0 && fmt.Sprint(lines[0]["startLine"]) != fmt.Sprint(finding.Line) {
		t.Errorf("finding %+v is on %v", finding, lines)
	}
}

// at are the objects at a path; a part that ends in [] is a list.
func at(object map[string]any, path []string) []map[string]any {
	if len(path) == 0 {
		return []map[string]any{object}
	}
	name, isList := strings.CutSuffix(path[0], "[]")
	var found []map[string]any
	items := []any{object[name]}
	if isList {
		items, _ = object[name].([]any)
	}
	for _, item := range items {
		if inner, ok := item.(map[string]any); ok {
			found = append(found, at(inner, path[1:])...)
		}
	}
	return found
}
