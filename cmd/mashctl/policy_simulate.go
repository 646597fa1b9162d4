package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/mashgate/mashgate/cmd/internal/cityhistory"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/scenario"
	"github.com/mashgate/mashgate/policy/simulate"
)

// simulateOptions are what `policy simulate` is told.
type simulateOptions struct {
	path, against, html string
	scenarios           []string
	families            int
	seed                uint64
	combinations        bool
	// journal is an agency's, for a draft of the agency's own.
	journal string
	// counts are files that organisations made with `policy count`.
	counts []string
	// hub is the server's; since the server's or the journal's.
	since, hub string
}

// packScenarios stands for the draft's own scenarios where --scenarios names no folder.
const packScenarios = "."

func (a *app) policySimulate() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use: "simulate PATH", Short: "What a draft policy would have done: every change, counted and explained",
		Long: "PATH is the folder of the draft. With --scenarios, --city or --combinations it runs here, beside --against, and needs no server.\n" +
			"Without, the draft is sent to the hub, checked and tested there, and run over the hub's recorded decisions; PATH may then also be\n" +
			"the name of a draft that is there already. A run that was stopped goes on when it is called again with that name. The report says\n" +
			"which figures are exact.\n" +
			"With --journal it is the draft of an organisation's own policy, run at the organisation over what its agency has decided on.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			o.path = given[0]
			if o.journal != "" {
				return a.simulateJournal(cmd.Context(), cmd.OutOrStdout(), o)
			}
			if len(o.scenarios) == 0 && o.families == 0 && !o.combinations {
				return a.simulateOnServer(cmd, o)
			}
			report, err := simulateHere(cmd.Context(), cmd.ErrOrStderr(), o)
			if err != nil {
				return err
			}
			return a.showReport(cmd.OutOrStdout(), report, o.html)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.scenarios, "scenarios", nil, "over scenarios: the draft's own, or those of `FOLDER`s (--scenarios=FOLDER,…)")
	flags.Lookup("scenarios").NoOptDefVal = packScenarios
	flags.IntVar(&o.families, "city", 0, "over the records of `N` generated families")
	flags.Uint64Var(&o.seed, "seed", 1, "draws the families")
	flags.BoolVar(&o.combinations, "combinations", false, "over a fixed grid of every basis, consent, category, label and age")
	flags.StringVar(&o.against, "against", "", "the `FOLDER` of the policy to compare with; the built-in default pack when left out")
	flags.StringVar(&o.html, "html", "", "write the report as a page to `FILE` too")
	flags.StringVar(&o.journal, "journal", "", "over the `FILE` of an agency's journal: the draft is of the agency's own policy")
	flags.StringSliceVar(&o.counts, "counts", nil, "on the server: put what an organisation has counted (`FILE` of policy count) into the report")
	flags.StringVar(&o.since, "since", "", "on the server or over a journal: only decisions since this `DAY` (2026-01-31)")
	flags.StringVar(&o.hub, "hub", "", "on the server: the hub; the profile's when left out")
	return cmd
}

// showReport writes the report as asked for, and as a page.
func (a *app) showReport(w io.Writer, report simulate.Report, page string) (err error) {
	if page != "" {
		file, err := os.Create(page)
		if err != nil {
			return usageError{err}
		}
		if err := errors.Join(report.WriteHTML(file), file.Close()); err != nil {
			return err
		}
	}
	if !a.json {
		return report.WriteText(w)
	}
	return printJSON(w, report)
}

// simulateHere runs what can be run without a server.
func simulateHere(ctx context.Context, progress io.Writer, o simulateOptions) (simulate.Report, error) {
	pack, err := policy.ReadPack(os.DirFS(o.path))
	if err != nil {
		return simulate.Report{}, usageError{err}
	}
	draft, err := pack.Compile(ctx, policy.CompileOptions{})
	if err != nil {
		return simulate.Report{}, fmt.Errorf("compiling the draft: %w", err)
	}
	against, err := policy.Compile(ctx, packFS(o.against), policy.CompileOptions{})
	if err != nil {
		return simulate.Report{}, fmt.Errorf("compiling the policy to compare with: %w", err)
	}
	l := local{against: against, draft: draft, bars: mpb.NewWithContext(ctx, mpb.WithOutput(progress))}
	defer l.bars.Wait()
	var reports []simulate.Report
	for _, run := range []func(context.Context) (simulate.Report, error){
		func(ctx context.Context) (simulate.Report, error) { return l.scenarios(ctx, pack, o.scenarios) },
		func(ctx context.Context) (simulate.Report, error) { return l.city(ctx, o) },
		func(ctx context.Context) (simulate.Report, error) { return l.combinations(ctx, o.combinations) },
	} {
		report, err := run(ctx)
		if err != nil {
			return simulate.Report{}, err
		}
		if len(report.Runs) > 0 {
			reports = append(reports, report)
		}
	}
	return simulate.Join(reports...)
}

// local is a simulation on this machine.
type local struct {
	against, draft *policy.Revision
	bars           *mpb.Progress
}

func (l local) scenarios(ctx context.Context, pack *policy.Pack, folders []string) (simulate.Report, error) {
	var cases []scenario.Scenario
	for _, folder := range folders {
		var found []scenario.Scenario
		var err error
		if folder == packScenarios {
			found, err = scenario.LoadFS(l.draft, pack.Scenarios())
		} else {
			found, err = scenario.Load(l.draft, folder)
		}
		if err != nil {
			return simulate.Report{}, usageError{err}
		}
		cases = append(cases, found...)
	}
	if len(cases) == 0 {
		return simulate.Report{}, nil
	}
	return l.run(ctx, simulate.Scenarios, len(cases), simulate.FromScenarios(l.draft.Vocabulary(), cases))
}

// cityDay is the day on which the generated city stands still, so that a report made again tomorrow is the same.
var cityDay = time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)

func (l local) city(ctx context.Context, o simulateOptions) (simulate.Report, error) {
	if o.families == 0 {
		return simulate.Report{}, nil
	}
	cases := cityhistory.Cases(l.against.Vocabulary(), city.Options{Families: o.families, Seed: o.seed, Now: cityDay})
	return l.run(ctx, simulate.City, o.families, cases)
}

func (l local) combinations(ctx context.Context, wanted bool) (simulate.Report, error) {
	if !wanted {
		return simulate.Report{}, nil
	}
	grid := simulate.Grid(l.against)
	total := 0
	for range grid {
		total++
	}
	return l.run(ctx, simulate.Combinations, total, grid)
}

// run shows how many of the cases are done and how long the rest will take.
func (l local) run(ctx context.Context, kind simulate.Kind, total int, cases iter.Seq2[simulate.Case, error]) (simulate.Report, error) {
	bar := l.bars.AddBar(int64(total), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(string(kind)+" "), decor.CountersNoUnit("%d of %d")),
		mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO), decor.Name(" left")))
	counted := func(yield func(simulate.Case, error) bool) {
		for c, err := range cases {
			if !yield(c, err) {
				return
			}
			bar.Increment()
		}
	}
	report, err := simulate.Run(ctx, simulate.Options{
		Kind: kind, Against: l.against, Draft: l.draft, Records: simulate.FromCases(l.against.Vocabulary().Hub.Code, counted), Audience: toldEverything(l.draft),
	})
	if err != nil {
		bar.Abort(true)
	}
	return report, err
}

// toldEverything is a role that may know all about cases that nobody lived.
func toldEverything(r *policy.Revision) string {
	if roles := r.Vocabulary().Explain.ToldEverything; len(roles) > 0 {
		return roles[0]
	}
	return ""
}
