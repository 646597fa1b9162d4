// Package packtest runs everything a pack is tested with, in one go: its Rego tests, its scenarios, and which lines of its rules none
// of them reaches. It stands beside the decision point, for `mashctl policy test` and the gate in front of a roll-out, and decides
// nothing: tests and scenarios go through the same engine and the same Rego as a live request. It trusts no pack: one that cannot be
// read or compiled is a result that does not hold, with each problem named.
package packtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/scenario"
)

// Result is how a run went. It marshals to JSON for machines.
type Result struct {
	Manifest policy.Manifest `json:"manifest"`
	// Revision is the pack's id.
	Revision string `json:"revision"`
	// Problems are what kept a part of the run from being made: a file that cannot be read, Rego that does not compile.
	Problems  []string  `json:"problems"`
	Tests     Tests     `json:"tests"`
	Scenarios Scenarios `json:"scenarios"`
	Coverage  Coverage  `json:"coverage"`
}

// Tests are the pack's Rego tests; of an overlay, its base's among them.
type Tests struct {
	Hold     int           `json:"hold"`
	Total    int           `json:"total"`
	Failures []TestFailure `json:"failures"`
}

// TestFailure is a Rego test that fails, with the expression that failed where it was an expression.
type TestFailure struct {
	policy.TestFailure
	Expression string `json:"expression,omitempty"`
}

// Scenarios are the pack's cases; an agency's pack has none.
type Scenarios struct {
	Cases    int       `json:"cases"`
	Hold     int       `json:"hold"`
	Total    int       `json:"total"`
	Failures []Failure `json:"failures"`
}

// OK is true where there was something to run and all of it holds. Lines that nothing reaches are shown, and are no failure:
// `mashctl policy check` judges them.
func (r Result) OK() bool {
	return len(r.Problems) == 0 && len(r.Tests.Failures) == 0 && len(r.Scenarios.Failures) == 0 && r.Tests.Total+r.Scenarios.Total > 0
}

// Run tests the pack in a folder. The error is cancellation; everything else is a result.
func Run(ctx context.Context, fsys fs.FS) (Result, error) {
	pack, err := policy.ReadPack(fsys)
	if err != nil {
		return newResult().with(err), nil
	}
	return Pack(ctx, pack)
}

// Pack tests a pack that has been read.
func Pack(ctx context.Context, pack *policy.Pack) (Result, error) {
	r := newResult()
	r.Manifest, r.Revision = pack.Manifest(), pack.ID()
	coverage := cover.New()
	err := r.runTests(ctx, pack, coverage)
	if err == nil {
		err = r.runScenarios(ctx, pack, coverage)
	}
	if err != nil {
		return Result{}, err
	}
	r.Coverage = coverageOf(coverage.Report(pack.Modules()), pack.Modules())
	return r, nil
}

func newResult() Result {
	return Result{
		Problems: []string{}, Tests: Tests{Failures: []TestFailure{}}, Scenarios: Scenarios{Failures: []Failure{}},
		Coverage: Coverage{Rules: []RuleCoverage{}},
	}
}

// with adds each of the problems that an error holds.
func (r Result) with(err error) Result {
	for _, problem := range each(err) {
		r.Problems = append(r.Problems, problem.Error())
	}
	return r
}

// each takes joined errors apart.
func each(err error) []error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, each(one)...)
	}
	return all
}

func (r *Result) runTests(ctx context.Context, pack *policy.Pack, coverage topdown.QueryTracer) error {
	report, err := pack.Test(ctx, policy.TestOptions{Tracer: coverage})
	if ctx.Err() != nil {
		return fmt.Errorf("packtest: %w", context.Cause(ctx))
	}
	if err != nil {
		*r = r.with(err)
		return nil
	}
	r.Tests.Total, r.Tests.Hold = report.Total, report.Total-len(report.Failures)
	for i, failure := range report.Failures {
		shown := TestFailure{TestFailure: failure}
		if i < explained {
			if shown.Expression, err = failedAt(ctx, pack, failure); err != nil {
				return err
			}
		}
		r.Tests.Failures = append(r.Tests.Failures, shown)
	}
	return nil
}

// runScenarios runs the cases interpreted, for the coverage to see, and explains what fails. An agency's pack is compiled all the same.
func (r *Result) runScenarios(ctx context.Context, pack *policy.Pack, coverage topdown.QueryTracer) error {
	if pack.Manifest().Kind == policy.KindAgency {
		_, err := pack.CompileAgency(ctx, policy.CompileOptions{})
		return r.keep(ctx, err)
	}
	traced, err := pack.Compile(ctx, policy.CompileOptions{Tracer: coverage})
	if err != nil {
		return r.keep(ctx, err)
	}
	cases, err := scenario.LoadFS(traced, pack.Scenarios())
	if err != nil {
		return r.keep(ctx, err)
	}
	result, err := scenario.Run(ctx, traced, cases)
	if err != nil {
		return r.keep(ctx, err)
	}
	r.Scenarios.Cases, r.Scenarios.Hold, r.Scenarios.Total = result.Scenarios, result.Hold, result.Total
	if len(result.Failures) == 0 {
		return nil
	}
	compiled, err := pack.Compile(ctx, policy.CompileOptions{})
	if err != nil {
		return r.keep(ctx, err)
	}
	for i, failure := range result.Failures {
		failure.File = path.Join("scenarios", failure.File)
		shown := Failure{Failure: failure, Rules: []Fired{}}
		if i < explained {
			if shown, err = explainFailure(ctx, compiled, failure); err != nil {
				return r.keep(ctx, err)
			}
		}
		r.Scenarios.Failures = append(r.Scenarios.Failures, shown)
	}
	return nil
}

// keep makes an error a problem, unless the caller has given up.
func (r *Result) keep(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("packtest: %w", context.Cause(ctx))
	}
	if err != nil && !slices.Contains(r.Problems, err.Error()) {
		*r = r.with(err)
	}
	return nil
}
