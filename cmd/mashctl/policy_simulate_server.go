package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/simulate"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// simulateOnServer sends the draft to the hub, has it checked and tested where that was not done yet, and runs it over what the hub has
// recorded. Stopped and called again with the draft's name, it goes on where it was stopped.
func (a *app) simulateOnServer(cmd *cobra.Command, o simulateOptions) error {
	req := &policyv1.SimulateRequest{}
	var err error
	if req.Since, err = since(o.since); err != nil {
		return err
	}
	for _, path := range o.counts {
		counts, err := readCounts(path)
		if err != nil {
			return err
		}
		req.AgencyCounts = append(req.AgencyCounts, counts)
	}
	return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
		p.Hub = hubOr(o.hub, p)
		draft, err := a.handIn(cmd, c, p, o.path)
		if err != nil {
			return err
		}
		if draft, err = a.examined(cmd, c, draft); err != nil {
			return err
		}
		req.Name = draft.GetName()
		if draft, err = simulated(cmd, c, req); err != nil {
			return err
		}
		return a.showSimulated(cmd.OutOrStdout(), draft, o.html)
	})
}

// readCounts reads what an organisation has counted.
func readCounts(path string) (*policyv1.AgencyCounts, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{err}
	}
	var counts simulate.Counts
	if err := json.Unmarshal(text, &counts); err != nil || counts.Organisation == "" {
		return nil, usage("%s is not a file that `policy count` wrote", path)
	}
	given := &policyv1.AgencyCounts{Organisation: counts.Organisation, Against: counts.Against, Draft: counts.Draft}
	for _, c := range counts.Changes {
		given.Changes = append(given.Changes, &policyv1.AgencyCounts_Change{
			Category: c.Category, Was: string(c.Was), Now: string(c.Now), Records: c.Records,
		})
	}
	return given, nil
}

// handIn makes a draft of a folder; what is no folder is the name of a draft.
func (a *app) handIn(cmd *cobra.Command, c policyv1.PolicyServiceClient, p dial.Profile, path string) (*policyv1.Draft, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return c.GetDraft(cmd.Context(), &policyv1.GetDraftRequest{Name: draftName(p, path)})
	}
	if err != nil || !info.IsDir() {
		return nil, usage("policy simulate: %s is neither a pack's folder nor a draft", path)
	}
	archive, err := bundle.Archive(os.DirFS(path))
	if err != nil {
		return nil, usage("policy simulate: reading %s: %w", path, err)
	}
	draft, err := c.CreateDraft(cmd.Context(), &policyv1.CreateDraftRequest{Parent: "hubs/" + p.Hub, Pack: archive})
	if err == nil {
		_, err = fmt.Fprintf(cmd.ErrOrStderr(), "made %s\n", draft.GetName())
	}
	return draft, err
}

// examined is a draft that has passed its checks and its tests.
func (a *app) examined(cmd *cobra.Command, c policyv1.PolicyServiceClient, d *policyv1.Draft) (*policyv1.Draft, error) {
	for _, step := range []struct {
		which string
		from  policyv1.Draft_State
		run   func(context.Context, string) (*policyv1.Draft, error)
	}{
		{"check", policyv1.Draft_STATE_DRAFT, func(ctx context.Context, name string) (*policyv1.Draft, error) {
			return c.CheckDraft(ctx, &policyv1.CheckDraftRequest{Name: name})
		}},
		{"test", policyv1.Draft_STATE_CHECKED, func(ctx context.Context, name string) (*policyv1.Draft, error) {
			return c.TestDraft(ctx, &policyv1.TestDraftRequest{Name: name})
		}},
	} {
		if d.GetState() != step.from {
			continue
		}
		var err error
		if d, err = step.run(cmd.Context(), d.GetName()); err != nil {
			return nil, err
		}
		if d.GetState() == step.from {
			return nil, errors.Join(errNotPassed, a.draftReport(cmd.OutOrStdout(), d, step.which))
		}
	}
	return d, nil
}

// simulated follows a simulation to its end.
func simulated(cmd *cobra.Command, c policyv1.PolicyServiceClient, req *policyv1.SimulateRequest) (*policyv1.Draft, error) {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	stream, err := c.Simulate(ctx, req)
	if err != nil {
		return nil, err
	}
	bar := newProgress(ctx, cmd.ErrOrStderr(), "simulation")
	defer bar.end()
	for {
		event, err := stream.Recv()
		if err != nil {
			return nil, unfinished(err)
		}
		if draft := event.GetDraft(); draft != nil {
			return draft, nil
		}
		bar.at(event.GetProgress())
	}
}

// showSimulated prints the report, and what to do with it.
func (a *app) showSimulated(w io.Writer, d *policyv1.Draft, page string) error {
	var report simulate.Report
	if err := json.Unmarshal(d.GetSimulationReport(), &report); err != nil {
		return fmt.Errorf("reading the simulation report: %w", err)
	}
	if err := a.showReport(w, report, page); err != nil || a.json {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return show.Draft(w, d)
}
