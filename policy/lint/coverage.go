package lint

import (
	"context"
	"fmt"
	"slices"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/packtest"
	"github.com/mashgate/mashgate/policy/scenario"
)

// unreached runs the pack's tests and scenarios and finds the rules that none of them reaches. Whether they pass is not asked here
// (`mashctl policy test` does); a run that cannot be made at all is a finding, and then every rule is left in peace.
func (c *check) unreached(ctx context.Context, pack *policy.Pack) ([]lineFacts, error) {
	lines := []lineFacts{}
	if !c.asked(idUnreached) && !c.asked(idTests) {
		return lines, nil
	}
	if c.isRefused() {
		c.report.NotChecked = append(c.report.NotChecked, "The decision point refuses the pack, so its tests were not run.")
		return lines, nil
	}
	result, err := packtest.Pack(ctx, pack)
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	if len(result.Problems) > 0 {
		for _, problem := range result.Problems {
			at, message := c.located(problem)
			c.add(idTests, at, message)
		}
		c.report.NotChecked = append(c.report.NotChecked, "The tests could not be run, so nobody knows which rules they reach.")
		return lines, nil
	}
	for _, rule := range result.Coverage.Rules {
		if slices.ContainsFunc(rule.Missed, func(s packtest.Span) bool { return s.From <= rule.Line && rule.Line <= s.To }) {
			lines = append(lines, lineFacts{File: rule.File, Line: rule.Line})
		}
	}
	return lines, nil
}

// slow decides a hub's scenarios as a live request is decided, and counts the shapes of request that could not be compiled. Scenarios
// that cannot be run are for unreached to report.
func (c *check) slow(ctx context.Context, pack *policy.Pack) error {
	if !c.asked(idSlow) || c.isRefused() || pack.Manifest().Kind == policy.KindAgency {
		return nil
	}
	revision, err := pack.Compile(ctx, policy.CompileOptions{Catalogue: c.options.Catalogue})
	if err != nil {
		return fmt.Errorf("lint: compiling again: %w", err)
	}
	cases, err := scenario.LoadFS(revision, pack.Scenarios())
	if err == nil {
		_, err = scenario.Run(ctx, revision, cases)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("lint: deciding the scenarios: %w", context.Cause(ctx))
	}
	if n := revision.Interpreted(); err == nil && n > 0 {
		c.add(idSlow, place{}, fmt.Sprintf("the scenarios make %s of a shape whose release rules cannot be compiled", count(n, "request")))
	}
	return nil
}

// isRefused tells whether the decision point refuses the pack, so that nothing can be run by it.
func (c *check) isRefused() bool { return c.refusal != nil }
