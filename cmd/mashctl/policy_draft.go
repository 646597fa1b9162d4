package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/lint"
	"github.com/mashgate/mashgate/policy/packtest"
	"github.com/mashgate/mashgate/policy/simulate"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// errNotPassed says that a draft's check or tests found something that stands in the way; what has been printed.
var errNotPassed = errors.New("the draft stays where it is: something stands in the way")

// policies hands the policy service of the profile's hub to do.
func (a *app) policies(do func(policyv1.PolicyServiceClient, dial.Profile) error) error {
	return a.connect(func(conn *grpc.ClientConn, p dial.Profile) error {
		return do(policyv1.NewPolicyServiceClient(conn), p)
	})
}

// answer prints what a step came to.
func answer[M proto.Message](a *app, w io.Writer, text func(io.Writer, M) error) func(M, error) error {
	return func(m M, err error) error {
		if err != nil {
			return err
		}
		return a.print(w, m, func(w io.Writer) error { return text(w, m) })
	}
}

// draftName makes the name of a draft from its id.
func draftName(p dial.Profile, id string) string { return full(p.Hub, "policyDrafts", id) }

func (a *app) policyDraft() *cobra.Command {
	return group("draft", "Bring a policy pack to the hub, and have it checked and tested there",
		a.draftCreate(), a.draftList(), a.draftShow(), a.draftCheck(), a.draftTest(), a.draftReject())
}

func (a *app) draftCreate() *cobra.Command {
	req := &policyv1.CreateDraftRequest{}
	cmd := &cobra.Command{
		Use: "create PATH", Short: "Hand a pack's folder in as a draft",
		Long: "Nothing changes in the hub: the draft has to be checked, tested, simulated, approved by two people who did not make it,\n" +
			"signed and activated. Next: mashctl policy draft check.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			archive, err := bundle.Archive(os.DirFS(given[0]))
			if err != nil {
				return usage("policy draft create: reading %s: %w", given[0], err)
			}
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Parent, req.Pack = "hubs/"+p.Hub, archive
				return answer(a, cmd.OutOrStdout(), show.Draft)(c.CreateDraft(cmd.Context(), req))
			})
		},
	}
	cmd.Flags().StringVar(&req.Note, "note", "", "what the change is for, for those who approve it; name no person in it")
	return cmd
}

func (a *app) draftList() *cobra.Command {
	req := &policyv1.ListDraftsRequest{}
	cmd := &cobra.Command{
		Use: "list", Short: "List drafts, newest first", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Parent = "hubs/" + p.Hub
				list, err := c.ListDrafts(cmd.Context(), req)
				return answer(a, cmd.OutOrStdout(), func(w io.Writer, list *policyv1.ListDraftsResponse) error {
					return errors.Join(show.Drafts(w, list.GetDrafts()), more(w, len(list.GetDrafts()), list.GetNextPageToken()))
				})(list, err)
			})
		},
	}
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}

func (a *app) draftShow() *cobra.Command {
	report := ""
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a draft, or one of its reports",
		Long: "With --report it prints the report that was found; with --json as well, byte for byte what the approvals stand for.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				d, err := c.GetDraft(cmd.Context(), &policyv1.GetDraftRequest{Name: draftName(p, given[0])})
				if err != nil || report == "" {
					return answer(a, cmd.OutOrStdout(), show.Draft)(d, err)
				}
				return a.draftReport(cmd.OutOrStdout(), d, report)
			})
		},
	}
	cmd.Flags().StringVar(&report, "report", "", "check, test or simulation: print this report")
	return cmd
}

// draftReport prints one report of a draft.
func (a *app) draftReport(w io.Writer, d *policyv1.Draft, which string) error {
	text, report := reportOf(d, which)
	switch {
	case report == nil:
		return usage("--report: %q is none of check, test, simulation", which)
	case len(text) == 0:
		_, err := fmt.Fprintf(w, "There is no %s report yet.\n", which)
		return err
	case a.json:
		_, err := fmt.Fprintf(w, "%s\n", text)
		return err
	}
	if err := json.Unmarshal(text, report); err != nil {
		return fmt.Errorf("reading the %s report: %w", which, err)
	}
	return report.WriteText(w)
}

// textual is a report that can be read.
type textual interface{ WriteText(w io.Writer) error }

func reportOf(d *policyv1.Draft, which string) ([]byte, textual) {
	switch which {
	case "check":
		return d.GetCheckReport(), &lint.Report{}
	case "test":
		return d.GetTestReport(), &packtest.Result{}
	case "simulation":
		return d.GetSimulationReport(), &simulate.Report{}
	default:
		return nil, nil
	}
}

func (a *app) draftCheck() *cobra.Command {
	return a.examine("check", "Run the checks of mashctl policy check on a draft, at the hub",
		"Errors keep the draft where it is: correct the folder and hand it in again. Without any, next: mashctl policy draft test.",
		func(cmd *cobra.Command, c policyv1.PolicyServiceClient, name string) (*policyv1.Draft, bool, error) {
			d, err := c.CheckDraft(cmd.Context(), &policyv1.CheckDraftRequest{Name: name})
			return d, d.GetState() != policyv1.Draft_STATE_DRAFT, err
		})
}

func (a *app) draftTest() *cobra.Command {
	return a.examine("test", "Run a draft's Rego tests and scenarios, at the hub",
		"One that does not hold keeps the draft where it is. When all hold, next: simulate it on what was decided in the past.",
		func(cmd *cobra.Command, c policyv1.PolicyServiceClient, name string) (*policyv1.Draft, bool, error) {
			d, err := c.TestDraft(cmd.Context(), &policyv1.TestDraftRequest{Name: name})
			return d, d.GetState() != policyv1.Draft_STATE_CHECKED, err
		})
}

// examine prints the draft after an examination, and what it found where that stands in the way (exit code 1).
func (a *app) examine(which, short, next string, run func(*cobra.Command, policyv1.PolicyServiceClient, string) (*policyv1.Draft, bool, error)) *cobra.Command {
	return &cobra.Command{
		Use: which + " NAME", Short: short, Long: next, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				d, passed, err := run(cmd, c, draftName(p, given[0]))
				if err := answer(a, cmd.OutOrStdout(), show.Draft)(d, err); err != nil || passed {
					return err
				}
				if a.json {
					return errNotPassed
				}
				return errors.Join(errNotPassed, a.draftReport(cmd.OutOrStdout(), d, which))
			})
		},
	}
}

func (a *app) draftReject() *cobra.Command {
	req := &policyv1.RejectDraftRequest{}
	cmd := &cobra.Command{
		Use: "reject NAME --reason CODE", Short: "End a draft",
		Long: "CODE is one that the hub's data.changes gives for reject; it stands on the ledger. The draft goes no further: a corrected\n" +
			"one is handed in anew.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Name = draftName(p, given[0])
				return answer(a, cmd.OutOrStdout(), show.Draft)(c.RejectDraft(cmd.Context(), req))
			})
		},
	}
	return reasoned(cmd, &req.Reason)
}

// reasoned adds the reason that a step needs.
func reasoned(cmd *cobra.Command, reason *string) *cobra.Command {
	cmd.Flags().StringVar(reason, "reason", "", "the `CODE` of the reason, of the hub's data.changes (needed)")
	required(cmd, "reason")
	return cmd
}
