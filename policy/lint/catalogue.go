package lint

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Lint is one thing that is looked for.
type Lint struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// Title is what holds in a pack that passes.
	Title string `json:"title"`
	// Why it matters.
	Why string `json:"why"`
	// Applies names the kinds of pack it is asked of.
	Applies []string `json:"applies"`
	WayOut  string   `json:"way_out"`
	// module is the last part of its Rego package; empty for what the engine itself is asked.
	module string
}

const docPage = "policy/lint/README.md#"

// finding is a finding of this lint.
func (l Lint) finding(at place, message string) Finding {
	return Finding{
		Rule: l.ID, Severity: l.Severity, File: at.file, Base: at.base, Line: at.line, Message: message, WayOut: l.WayOut, Doc: docPage + l.ID,
	}
}

var everyKind = []string{"hub", "agency"}

// The checks that are not Rego: what parsing, formatting and compiling find.
func engineLints() []Lint {
	return []Lint{
		{
			ID: idRead, Severity: Error, Applies: everyKind, Title: "The pack and its manifest can be read",
			Why:    "A file that cannot be read or placed is a rule that does not hold.",
			WayOut: "Correct what the message names; policy/README.md shows what a pack is made of.",
		},
		{
			ID: idFormat, Severity: Error, Applies: everyKind, Title: "Rego is written as `opa fmt` writes it",
			Why:    "Whoever compares two versions of a pack should see what changed, not how somebody indents.",
			WayOut: "Run `mashctl policy check --fix` on the folder; it changes the layout and nothing else.",
		},
		{
			ID: idCompile, Severity: Error, Applies: everyKind, Title: "Rego compiles strictly, with types and without the outside world",
			Why: "An unused variable, a misspelt attribute or a rule that reaches for the network, the clock or chance decides something " +
				"other than it says, or something else tomorrow.",
			WayOut: "Correct the line. What changes with time or comes from outside is input.",
		},
		{
			ID: idEngine, Severity: Error, Applies: everyKind, Title: "The decision point takes the pack",
			Why:    "What the engine refuses here would be refused when the pack is activated.",
			WayOut: "Correct what the message names.",
		},
		{
			ID: idSlow, Severity: Warning, Applies: []string{"hub"}, Title: "Every scenario is decided by compiled rules",
			Why: "The lint `interpreted` reads the rules; this one counts. A request whose rules cannot be compiled is decided rightly, but " +
				"hundreds of times slower.",
			WayOut: "Look for the rule that was changed last, and keep it to comparisons and memberships over the header (design.md section 7).",
		},
		{
			ID: idTests, Severity: Error, Applies: everyKind, Title: "The tests and scenarios can be run",
			Why:    "Without a run nobody knows which rules are reached.",
			WayOut: "Correct what the message names; `mashctl policy test` shows more.",
		},
	}
}

const (
	idRead    = "read"
	idFormat  = "format"
	idCompile = "compile"
	idEngine  = "engine"
	idSlow    = "decided-slowly"
	idTests   = "tests-run"
	// idUnreached is a lint in Rego that needs the tests to have been run.
	idUnreached = "unreached-rule"
)

//go:embed rules
var embedded embed.FS

// List is every lint, in the order of ids.
func List() ([]Lint, error) {
	modules, err := lintModules()
	if err != nil {
		return nil, err
	}
	return lintsOf(modules)
}

func lintsOf(modules map[string]*ast.Module) ([]Lint, error) {
	lints := engineLints()
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		lint, isLint, err := describe(modules[name])
		if err != nil {
			return nil, err
		}
		if isLint {
			lints = append(lints, lint)
		}
	}
	slices.SortFunc(lints, func(a, b Lint) int { return strings.Compare(a.ID, b.ID) })
	return lints, nil
}

func lintModules() (map[string]*ast.Module, error) {
	names, err := fs.Glob(embedded, "rules/*.rego")
	if err != nil {
		return nil, fmt.Errorf("lint: reading the lints: %w", err)
	}
	modules := map[string]*ast.Module{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		source, err := fs.ReadFile(embedded, name)
		if err != nil {
			return nil, fmt.Errorf("lint: reading the lints: %w", err)
		}
		if modules[name], err = ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{ProcessAnnotation: true}); err != nil {
			return nil, fmt.Errorf("lint: reading the lints: %w", err)
		}
	}
	return modules, nil
}

var lintPackage = ast.MustParseRef("data.mashgate.lint.rules")

// describe reads a lint's own words from its annotation; modules that lints share are none.
func describe(module *ast.Module) (Lint, bool, error) {
	if !module.Package.Path.HasPrefix(lintPackage) {
		return Lint{}, false, nil
	}
	name, ok := module.Package.Path[len(module.Package.Path)-1].Value.(ast.String)
	if !ok || len(module.Annotations) == 0 {
		return Lint{}, false, fmt.Errorf("lint: %s has no METADATA", module.Package)
	}
	words := module.Annotations[0]
	lint := Lint{module: string(name), Title: words.Title, Why: strings.TrimSpace(words.Description)}
	for key, into := range map[string]*string{"id": &lint.ID, "severity": (*string)(&lint.Severity), "way_out": &lint.WayOut} {
		if *into, ok = words.Custom[key].(string); !ok {
			return Lint{}, false, fmt.Errorf("lint: %s: METADATA has no %s", module.Package, key)
		}
	}
	kinds, _ := words.Custom["applies"].([]any)
	for _, kind := range kinds {
		lint.Applies = append(lint.Applies, fmt.Sprint(kind))
	}
	return lint, true, nil
}
