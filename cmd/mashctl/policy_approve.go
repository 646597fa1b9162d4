package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	"github.com/mashgate/mashgate/policy/lint"
	"github.com/mashgate/mashgate/policy/packtest"
	"github.com/mashgate/mashgate/policy/simulate"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

func (a *app) policyApprove() *cobra.Command {
	req := &policyv1.ApproveDraftRequest{}
	cmd := &cobra.Command{
		Use: "approve NAME", Short: "Say yes to a draft and to the reports you have read",
		Long: "Without --report it approves nothing: it sums up what the reports say and prints the digest that stands for them. With\n" +
			"--report DIGEST it is your yes to exactly these. Two people are needed, neither of them the author. After the second:\n" +
			"mashctl policy bundle, to have it signed.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Name = draftName(p, given[0])
				if req.GetReportDigest() != "" {
					return answer(a, cmd.OutOrStdout(), show.Draft)(c.ApproveDraft(cmd.Context(), req))
				}
				return answer(a, cmd.OutOrStdout(), sumUp)(c.GetDraft(cmd.Context(), &policyv1.GetDraftRequest{Name: req.GetName()}))
			})
		},
	}
	cmd.Flags().StringVar(&req.ReportDigest, "report", "", "the `DIGEST` of the reports you approve")
	return cmd
}

// sumUp says in a few lines what an approver is asked to say yes to.
func sumUp(w io.Writer, d *policyv1.Draft) error {
	if err := show.Draft(w, d); err != nil {
		return err
	}
	if d.GetReportDigest() == "" {
		_, err := fmt.Fprintln(w, "\nThere is nothing to approve yet: a draft is approved on its check, its tests and its simulation.")
		return err
	}
	checked, tested, simulated := lint.Report{}, packtest.Result{}, simulate.Report{}
	for _, each := range []struct {
		text []byte
		into any
	}{{d.GetCheckReport(), &checked}, {d.GetTestReport(), &tested}, {d.GetSimulationReport(), &simulated}} {
		if err := json.Unmarshal(each.text, each.into); err != nil {
			return fmt.Errorf("reading the reports of %s: %w", d.GetName(), err)
		}
	}
	name := d.GetName()[strings.LastIndex(d.GetName(), "/")+1:]
	_, err := fmt.Fprintf(w, `
Check:       errors %d, warnings %d
Tests:       %d of %d Rego tests hold, and %d of %d expectations of scenarios
Simulation:  %s

Read them whole:  mashctl policy draft show %[8]s --report check (or test, or simulation)
If you approve:   mashctl policy approve %[8]s --report %[9]s
`, checked.Count(lint.Error), checked.Count(lint.Warning), tested.Tests.Hold, tested.Tests.Total, tested.Scenarios.Hold,
		tested.Scenarios.Total, show.Printable(simulated.Verdict()), name, d.GetReportDigest())
	return err
}

func (a *app) policyBundleOf() *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use: "bundle NAME -o FILE", Short: "Fetch an approved draft as the bundle that is to be signed",
		Long: "The key never comes near the hub: sign the file with mashctl policy sign, or with your own tools, and hand the signed\n" +
			"one in with mashctl policy submit. Before two people have approved the draft there is no bundle.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				got, err := c.GetDraftBundle(cmd.Context(), &policyv1.GetDraftBundleRequest{Name: draftName(p, given[0]) + "/bundle"})
				if err != nil {
					return err
				}
				if err := writeFile(out, got.GetBundle(), 0o600); err != nil {
					return usage("policy bundle: %w", err)
				}
				if a.json {
					return printJSON(cmd.OutOrStdout(), map[string]string{"file": out, "revision": got.GetRevision(), "scope": got.GetScope()})
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s holds revision %s, not signed.\nNext: mashctl policy sign %[1]s --scope %[3]s --key KEY -o SIGNED, then mashctl policy submit %[4]s SIGNED\n",
					out, got.GetRevision(), got.GetScope(), given[0])
				return err
			})
		},
	}
	outFlag(cmd, &out, "the `FILE` to write")
	return cmd
}

func (a *app) policySubmit() *cobra.Command {
	return &cobra.Command{
		Use: "submit NAME FILE", Short: "Hand in the signed bundle of an approved draft",
		Long: "The hub takes it when it is signed with a key of its configuration and holds exactly what was approved. Anything else is\n" +
			"refused, the refusal stands on the ledger, and the draft stays approved. Next: mashctl policy activate.", Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			signed, err := readFile(given[1])
			if err != nil {
				return usageError{err}
			}
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req := &policyv1.SignDraftRequest{Name: draftName(p, given[0]), Bundle: signed}
				return answer(a, cmd.OutOrStdout(), show.Draft)(c.SignDraft(cmd.Context(), req))
			})
		},
	}
}
