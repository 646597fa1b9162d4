package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
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
}

// Test runs the pack's Rego tests, with the same capabilities as its rules. The error is a pack that does not compile with its
// tests, or cancellation. It is not safe for concurrent use on packs made from each other by WithData.
func (p *Pack) Test(ctx context.Context, options TestOptions) (TestReport, error) {
	compiler, err := p.testCompiler()
	if err != nil {
		return TestReport{}, err
	}
	store := inmem.NewFromObjectWithOpts(p.data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return TestReport{}, fmt.Errorf("policy: testing: %w", err)
	}
	defer store.Abort(ctx, txn)
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetParallel(1).SetTimeout(testTimeout).
		RaiseBuiltinErrors(true).Filter(options.Only).RunTests(run, txn)
	if err != nil {
		return TestReport{}, fmt.Errorf("policy: testing: %w", err)
	}
	report := TestReport{Failures: []TestFailure{}}
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
	if err := ctx.Err(); err != nil {
		return TestReport{}, fmt.Errorf("policy: testing: %w", context.Cause(ctx))
	}
	return report, nil
}

// testCompiler compiles rules and tests together, once for variants that differ in data alone.
func (p *Pack) testCompiler() (*ast.Compiler, error) {
	if p.compiledTests != nil {
		return p.compiledTests, nil
	}
	if len(p.tests) == 0 {
		return nil, errors.New("policy: testing: the pack has no Rego tests")
	}
	modules := maps.Clone(p.modules)
	maps.Copy(modules, p.tests)
	compiler := p.newCompiler()
	// The runner compiles the first time, because it rewrites tests of the same name as it does.
	if _, err := tester.NewRunner().SetCompiler(compiler).SetModules(modules).Filter("^$").RunTests(context.Background(), nil); err != nil {
		return nil, fmt.Errorf("policy: compiling with tests: %w", err)
	}
	p.compiledTests = compiler
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

// Tests names the pack's test files, sorted.
func (p *Pack) Tests() []string { return slices.Sorted(maps.Keys(p.tests)) }
