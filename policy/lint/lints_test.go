package lint_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/lint"
)

var update = flag.Bool("update", false, "write the table of lints into README.md")

// The lints are held to what they hold others to.
func TestTheLintsAreFormatted(t *testing.T) {
	changed, err := lint.Formatted(os.DirFS("rules"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range changed {
		t.Errorf("rules/%s is not as `opa fmt` writes it", name)
	}
}

// sources are the lints and their tests, parsed.
func sources(t *testing.T) map[string]*ast.Module {
	t.Helper()
	names, err := filepath.Glob("rules/*.rego")
	if err != nil || len(names) == 0 {
		t.Fatalf("no lints: %v", err)
	}
	modules := map[string]*ast.Module{}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if modules[name], err = ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{ProcessAnnotation: true}); err != nil {
			t.Fatal(err)
		}
	}
	return modules
}

func TestTheLintsOwnRegoTestsPass(t *testing.T) {
	source, err := os.ReadFile("rules/limits.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var limits map[string]any
	if err := util.Unmarshal(source, &limits); err != nil {
		t.Fatal(err)
	}
	results, err := tester.NewRunner().SetCompiler(ast.NewCompiler().WithStrict(true)).SetModules(sources(t)).
		SetStore(inmem.NewFromObject(map[string]any{"limits": limits})).RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for result := range results {
		ran++
		if !result.Pass() {
			t.Errorf("%s %s: %v", result.Location, result.Name, result.Error)
		}
	}
	if ran == 0 {
		t.Error("no Rego test ran")
	}
}

// Every lint is in a file of its own, named after its id, and says all that a person needs.
func TestEveryLintIsDescribed(t *testing.T) {
	lints, err := lint.List()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, l := range lints {
		complete := l.Title != "" && l.Why != "" && l.WayOut != "" && len(l.Applies) > 0
		if !complete || seen[l.ID] || (l.Severity != lint.Error && l.Severity != lint.Warning) {
			t.Errorf("%+v is not described, or not alone", l)
		}
		seen[l.ID] = true
	}
	names, err := filepath.Glob("rules/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		id := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), ".rego"), "_", "-")
		if shared := map[string]bool{"pack": true, "wider": true}[id]; !seen[id] && !shared && !strings.HasSuffix(name, "_test.rego") {
			t.Errorf("%s is no lint's file", name)
		}
	}
}

// The list of what an agency's rules are given is the engine's: every attribute on it is there.
func TestTheAgencyAttributesAreGiven(t *testing.T) {
	var limits struct {
		AgencyInput struct {
			Properties map[string]struct {
				Properties map[string]struct {
					Properties map[string]any `json:"properties"`
				} `json:"properties"`
			} `json:"properties"`
		} `json:"agency_input"`
	}
	source, err := os.ReadFile("rules/limits.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := util.Unmarshal(source, &limits); err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	for outer, attributes := range limits.AgencyInput.Properties {
		for name, inner := range attributes.Properties {
			fmt.Fprintf(&body, "\tinput.%s.%s == input.%[1]s.%[2]s\n", outer, name)
			for part := range inner.Properties {
				fmt.Fprintf(&body, "\tinput.%s.%s.%s == input.%[1]s.%[2]s.%[3]s\n", outer, name, part)
			}
		}
	}
	pack := fstest.MapFS{
		"manifest.yaml":     {Data: []byte("{name: all, version: \"1\", hub: coventry, kind: agency, organisation: police, review_date: \"2026-09-30\"}")},
		"data/reasons.yaml": {Data: []byte("all: {text: All, source: Test, tellable: true, decider: \"\"}")},
		"all.rego": {Data: []byte("package mashgate.agency\n\ncontributions contains {\"effect\": \"exist\", \"reason\": \"all\", \"masks\": [], \"rule\": \"all\"} if {\n" +
			body.String() + "}\n")},
	}
	agency, err := policy.CompileAgency(t.Context(), pack)
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := agency.Decide(t.Context(), []policy.AgencyHeader{anyHeader()})
	if err != nil || decisions[0].Effect != policy.Exist {
		t.Errorf("an attribute is on the list and not given: %+v, %v", decisions, err)
	}
}

var tableOfLints = regexp.MustCompile(`(?s)<!-- lints -->\n.*<!-- /lints -->`)

// README.md lists the lints as they are; `go test -update` writes the list.
func TestTheREADMEListsTheLints(t *testing.T) {
	lints, err := lint.List()
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("<!-- lints -->\n")
	for _, l := range lints {
		fmt.Fprintf(&table, "\n### %s\n\n%s · %s · %s\n\n%s\n\n**Way out:** %s\n", l.ID, l.Title, l.Severity, strings.Join(l.Applies, ", "), l.Why, l.WayOut)
	}
	table.WriteString("\n<!-- /lints -->")
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := tableOfLints.ReplaceAllLiteral(page, []byte(table.String()))
	if bytes.Equal(page, want) {
		return
	}
	if !*update {
		t.Fatal("README.md does not list the lints as they are: go test ./policy/lint -run README -update")
	}
	if err := os.WriteFile("README.md", want, 0o644); err != nil {
		t.Fatal(err)
	}
}
