package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// TestReport is how a pack's own Rego tests went.
type TestReport struct {
	Total    int           `json:"total"`
	Failures []TestFailure `json:"failures"`
}

// TestFailure is one Rego test that failed, was skipped or could not run. A skip is a failure: nobody sees it otherwise.
type TestFailure struct {
	Test string `json:"test"`
	At   string `json:"at"`
	Why  string `json:"why"`
}

// testTimeout bounds one Rego test.
const testTimeout = 30 * time.Second

// TestOptions says which of a pack's tests to run.
type TestOptions struct {
	// StopAtFirst ends the run at the first failure.
	StopAtFirst bool
	// Only is a regular expression for test names; empty for all.
	Only string
	// Tracer, where given, sees what the tests evaluate, for coverage.
	Tracer topdown.QueryTracer
}

// suite are Rego tests that run over the same data.
type suite struct {
	name string
	// modules are the tests, with those of the other suites silenced: tests share fixtures.
	modules map[string]*ast.Module
	// data is what they run over; nil for the pack's own.
	data map[string]any
}

// readSuites parses the tests. An overlay's base has shown with its own tests that its rules do what they should over its own data, so
// those run over that data, with the overlay's rules; the overlay's own tests run over the data as merged. A file of the overlay's
// stands in for one of the base's.
func (p *Pack) readSuites(read *files) ([]suite, error) {
	own, err := parseTests(read.tests)
	if err != nil || read.base == nil {
		return nonEmpty(suite{name: "pack", modules: own}), err
	}
	replaced := maps.Clone(read.base.tests)
	maps.DeleteFunc(replaced, func(name string, _ []byte) bool { return read.tests[name] != nil })
	base, err := parseTests(replaced)
	if err != nil {
		return nil, err
	}
	data, err := canonicalFiles(dataFolder, read.base.data)
	return nonEmpty(
		suite{name: "base", modules: withFixtures(base, own), data: data},
		suite{name: "pack", modules: withFixtures(own, base)},
	), err
}

func parseTests(sources map[string][]byte) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	var problems []error
	for name, source := range sources {
		module, err := parseModule(name, source)
		problems = append(problems, err)
		modules[name] = module
	}
	return modules, errors.Join(problems...)
}

// withFixtures are the tests beside those of others, which keep their rules under names that the runner takes for no tests: without
// them an import would be unused.
func withFixtures(tests, others map[string]*ast.Module) map[string]*ast.Module {
	all := maps.Clone(tests)
	for name, module := range others {
		fixture := module.Copy()
		for _, rule := range fixture.Rules {
			if !isTest(rule) {
				continue
			}
			ref := rule.Head.Ref().Copy()
			ref[0] = ast.VarTerm("silenced_" + testName(rule))
			rule.Head.SetRef(ref)
		}
		all[name] = fixture
	}
	return all
}

func nonEmpty(suites ...suite) []suite {
	return slices.DeleteFunc(suites, func(s suite) bool {
		for _, module := range s.modules {
			if slices.ContainsFunc(module.Rules, isTest) {
				return false
			}
		}
		return true
	})
}

// testName is the first part of a rule's name, by which the runner knows a test.
func testName(rule *ast.Rule) string {
	name, _ := rule.Head.Ref()[0].Value.(ast.Var)
	return string(name)
}

func isTest(rule *ast.Rule) bool {
	name := testName(rule)
	return strings.HasPrefix(name, tester.TestPrefix) || strings.HasPrefix(name, tester.SkipTestPrefix)
}

// Test runs the pack's Rego tests, with the same capabilities as its rules; a pack without any has a total of 0. The error is a pack that
// does not compile with its tests, or cancellation. It is not safe for concurrent use on packs made from each other by WithData.
func (p *Pack) Test(ctx context.Context, options TestOptions) (TestReport, error) {
	report := TestReport{Failures: []TestFailure{}}
	for _, s := range p.suites {
		if err := p.runSuite(ctx, s, options, &report); err != nil {
			return TestReport{}, err
		}
		if options.StopAtFirst && len(report.Failures) > 0 {
			break
		}
	}
	slices.SortFunc(report.Failures, func(a, b TestFailure) int { return strings.Compare(a.At+a.Test, b.At+b.Test) })
	return report, nil
}

func (p *Pack) runSuite(ctx context.Context, s suite, options TestOptions, report *TestReport) error {
	compiler, err := p.testCompiler(s)
	if err != nil {
		return err
	}
	data := s.data
	if data == nil {
		data = p.data
	}
	store := newStore(data)
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return fmt.Errorf("policy: testing: %w", err)
	}
	defer store.Abort(ctx, txn)
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	runner := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetParallel(1).SetTimeout(testTimeout).
		RaiseBuiltinErrors(true).Filter(options.Only)
	if options.Tracer != nil {
		runner = runner.SetCoverageQueryTracer(options.Tracer).SetCoverageRuns(nil)
	}
	results, err := runner.RunTests(run, txn)
	if err != nil {
		return fmt.Errorf("policy: testing: %w", err)
	}
	for result := range results {
		if run.Err() != nil {
			continue // drained, so that the runner ends before its store goes
		}
		report.Total++
		if failure, failed := failureOf(result); failed {
			report.Failures = append(report.Failures, failure)
			if options.StopAtFirst {
				cancel()
			}
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("policy: testing: %w", context.Cause(ctx))
	}
	return nil
}

// testCompiler compiles rules and tests together, once for variants that differ in data alone.
func (p *Pack) testCompiler(s suite) (*ast.Compiler, error) {
	p.cache.mu.Lock()
	defer p.cache.mu.Unlock()
	if known := p.cache.tests[s.name]; known != nil {
		return known, nil
	}
	modules := maps.Clone(p.modules)
	maps.Copy(modules, s.modules)
	compiler := p.newCompiler()
	// The runner compiles the first time, because it rewrites tests of the same name as it does.
	if _, err := tester.NewRunner().SetCompiler(compiler).SetModules(modules).Filter("^$").RunTests(context.Background(), nil); err != nil {
		return nil, fmt.Errorf("policy: compiling with tests: %w", err)
	}
	if p.cache.tests == nil {
		p.cache.tests = map[string]*ast.Compiler{}
	}
	p.cache.tests[s.name] = compiler
	return compiler, nil
}

func failureOf(result *tester.Result) (TestFailure, bool) {
	if result.Pass() && !result.Skip {
		return TestFailure{}, false
	}
	failure := TestFailure{Test: result.Package + "." + result.Name, Why: "failed"}
	if result.Location != nil {
		failure.At = fmt.Sprintf("%s:%d", result.Location.File, result.Location.Row)
	}
	switch {
	case result.Skip:
		failure.Why = "skipped"
	case result.Error != nil:
		failure.Why = result.Error.Error()
	}
	return failure, true
}
