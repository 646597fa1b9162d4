package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/policy/mutate"
)

// errSurvivors says that a change of the pack went unnoticed; which ones has been printed.
var errSurvivors = errors.New("a change of the pack went unnoticed by its tests and scenarios")

func (a *app) policyMutate() *cobra.Command {
	var pack string
	o := mutate.Options{Workers: 2}
	cmd := &cobra.Command{
		Use: "mutate", Short: "Change the pack in every way its tests and scenarios should notice; needs no server",
		Long: "Each rule body is removed and each deciding value of the data changed, one at a time, and the pack's Rego tests and\n" +
			"scenarios are run. A change that none of them notices is a survivor. All of it takes about a quarter of an hour; exit code 1\n" +
			"when there is a survivor.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Pack = packFS(pack)
			var err error
			if o.Scenarios, err = fs.Sub(o.Pack, "scenarios"); err != nil {
				return fmt.Errorf("finding the pack's scenarios: %w", err)
			}
			report, err := mutate.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if a.json {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				err = report.WriteText(cmd.OutOrStdout())
			}
			if err == nil && !report.OK() {
				return errSurvivors
			}
			return err
		},
	}
	packFlag(cmd, &pack)
	cmd.Flags().IntVar(&o.Sample, "sample", 0, "only so many, drawn by --seed; 0 for all")
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "draws the sample")
	cmd.Flags().StringSliceVar(&o.Files, "file", nil, "only these files of the pack")
	return cmd
}
