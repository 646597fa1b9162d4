package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
	"github.com/mashgate/mashgate/policy/scenario"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

func (a *app) policy() *cobra.Command {
	return group("policy", "Check, test, simulate and sign policy packs, bring them into force and take them back, and explain decisions",
		a.policyCheck(), a.policyTest(), a.policyScenarios(), a.policyExplain(), a.policyReplay(), a.policyFindings(), a.policySimulate(), a.policyMutate(),
		a.policyBuild(), a.policyKeygen(), a.policySign(), a.policyVerify(), a.policyPublish(),
		a.policyDraft(), a.policyApprove(), a.policyBundleOf(), a.policySubmit(), a.policyActivate(), a.policyRollback(), a.policyApproveRollback(),
		a.policyTighten(), a.policyLift(), a.policyStatus(), a.policyActivations(),
		a.policyAsks(), a.policyCount(),
	)
}

// packFlag lets a command take another pack than the built-in one.
func packFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "pack", "", "the `FOLDER` of a policy pack; the built-in default pack when left out")
}

func packFS(dir string) fs.FS {
	if dir == "" {
		return rules.FS
	}
	return os.DirFS(dir)
}

func (a *app) policyScenarios() *cobra.Command {
	var pack string
	cmd := &cobra.Command{
		Use: "scenarios PATH…", Short: "Run scenario files or folders against a policy pack; needs no server",
		Long: "Prints a line for each expectation that does not hold, then how many hold. Exit code 1 when one does not.\n" +
			"An unknown key or code in a scenario is an error that names it.", Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			revision, err := policy.Compile(cmd.Context(), packFS(pack), policy.CompileOptions{})
			if err != nil {
				return fmt.Errorf("compiling the pack: %w", err)
			}
			cases, err := scenario.Load(revision, given...)
			if err != nil {
				return usageError{err}
			}
			result, err := scenario.Run(cmd.Context(), revision, cases)
			if err != nil {
				return err
			}
			if err := a.printResult(cmd.OutOrStdout(), result); err != nil {
				return err
			}
			if !result.OK() {
				return errExpectations
			}
			return nil
		},
	}
	packFlag(cmd, &pack)
	return cmd
}

func (a *app) printResult(w io.Writer, result scenario.Result) error {
	if !a.json {
		return result.WriteText(w)
	}
	return printJSON(w, result)
}

func (a *app) policyExplain() *cobra.Command {
	req := &policyv1.ExplainRequest{}
	var own journalQuestion
	cmd := &cobra.Command{
		Use: "explain REQUEST", Short: "Why policy decided as it did in a recorded request",
		Long: "REQUEST is the name of an information request: hubs/…/episodes/…/informationRequests/….\n" +
			"Reasons that may not be told to you are left out.\n" +
			"With --journal it is the id of a request in an agency's journal, and the organisation's own policy is explained; needs no server.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if own.journal != "" {
				own.request, own.category = given[0], req.GetCategory()
				return a.explainJournal(cmd.Context(), cmd.OutOrStdout(), own)
			}
			req.Name = given[0]
			return a.connect(func(conn *grpc.ClientConn, _ dial.Profile) error {
				got, err := policyv1.NewPolicyServiceClient(conn).Explain(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), got, func(w io.Writer) error { return show.Explanations(w, got) })
			})
		},
	}
	cmd.Flags().StringVar(&req.Category, "category", "", "only this category")
	cmd.Flags().StringVar(&req.Subject, "subject", "", "only this subject")
	cmd.Flags().StringVar(&req.Organisation, "organisation", "", "only this organisation")
	cmd.Flags().StringVar(&own.journal, "journal", "", "explain from the `FILE` of an agency's journal")
	cmd.Flags().StringVar(&own.pack, "pack", "", "with --journal: the `FOLDER` of the organisation's pack; the adapter's own when left out")
	return cmd
}
