package lint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/scenario"
)

// unreached runs the pack's tests and scenarios and finds the rules that none of them reaches. Whether they pass is not asked here
// (`mashctl policy test` does); a run that cannot be made at all is a finding, and then every rule is left in peace.
func (c *check) unreached(ctx context.Context, pack *policy.Pack) ([]lineFacts, error) {
	if c.refusal != nil {
		c.report.NotChecked = append(c.report.NotChecked, "The decision point refuses the pack, so its tests were not run.")
		return []lineFacts{}, nil
	}
	coverage := cover.New()
	err := errors.Join(c.traced(ctx, pack, coverage), c.slow(ctx, pack))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("lint: running the tests: %w", context.Cause(ctx))
	}
	if err != nil {
		c.refused(idTests, err)
		c.report.NotChecked = append(c.report.NotChecked, "The tests could not be run, so nobody knows which rules they reach.")
		return []lineFacts{}, nil
	}
	if !c.asked(idUnreached) {
		return []lineFacts{}, nil
	}
	lines := []lineFacts{}
	modules := pack.Modules()
	report := coverage.Report(modules)
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		for _, rule := range modules[name].Rules {
			if at := rule.Head.Location; report.Files[name].IsNotCovered(at.Row) {
				lines = append(lines, lineFacts{File: name, Line: rule.Loc().Row})
			}
		}
	}
	return lines, nil
}

// traced runs what a pack is tested with, interpreted and seen by the tracer.
func (c *check) traced(ctx context.Context, pack *policy.Pack, tracer topdown.QueryTracer) error {
	if !c.asked(idUnreached) && !c.asked(idTests) {
		return nil
	}
	if _, err := pack.Test(ctx, policy.TestOptions{Tracer: tracer}); err != nil || pack.Manifest().Kind == policy.KindAgency {
		return err
	}
	revision, err := pack.Compile(ctx, policy.CompileOptions{Catalogue: c.options.Catalogue, Tracer: tracer})
	if err != nil {
		return err
	}
	return decideAll(ctx, pack, revision)
}

// slow decides a hub's scenarios as a live request is decided, and counts the shapes of request that could not be compiled.
func (c *check) slow(ctx context.Context, pack *policy.Pack) error {
	if !c.asked(idSlow) || pack.Manifest().Kind == policy.KindAgency {
		return nil
	}
	revision, err := pack.Compile(ctx, policy.CompileOptions{Catalogue: c.options.Catalogue})
	if err != nil {
		return err
	}
	if err := decideAll(ctx, pack, revision); err != nil {
		return err
	}
	if n := revision.Interpreted(); n > 0 {
		c.add(idSlow, place{}, fmt.Sprintf("the scenarios make %s of a shape whose release rules cannot be compiled", count(n, "request")))
	}
	return nil
}

func decideAll(ctx context.Context, pack *policy.Pack, revision *policy.Revision) error {
	cases, err := scenario.LoadFS(revision, pack.Scenarios())
	if err != nil || len(cases) == 0 {
		return err
	}
	_, err = scenario.Run(ctx, revision, cases)
	return err
}
