package main

import (
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

func (a *app) policyActivate() *cobra.Command {
	req, at := &policyv1.ActivateDraftRequest{}, ""
	cmd := &cobra.Command{
		Use: "activate NAME", Short: "Bring a signed draft into force, at once or at a time",
		Long: "A draft that widens what is asked or released needs a reason, a code that the hub's data.changes gives for activate; it\n" +
			"stands on the ledger. Requests that are open stay with the policy that they began under, and are held to the new one as\n" +
			"well. To undo it: mashctl policy rollback.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			when, err := momentOr(at, time.Time{})
			if err != nil {
				return err
			}
			if !when.IsZero() {
				req.ActivateTime = timestamppb.New(when)
			}
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Name = draftName(p, given[0])
				return answer(a, cmd.OutOrStdout(), show.Activation)(c.ActivateDraft(cmd.Context(), req))
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "when it comes into force (RFC 3339 `TIME`); at once when left out")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "the `CODE` of the reason, of the hub's data.changes")
	return cmd
}

func (a *app) policyRollback() *cobra.Command {
	req := &policyv1.RollBackRequest{}
	cmd := &cobra.Command{
		Use: "rollback --reason CODE", Short: "Bring an earlier policy into force again, in seconds",
		Long: "Goes back to the policy that was in force just before, or to that of activation --to N. It is a new activation with its\n" +
			"own number. One person may do so alone to the one just before, if no emergency tightening was set since; any other waits\n" +
			"for a second person (mashctl policy approve-rollback).", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Parent = "hubs/" + p.Hub
				return answer(a, cmd.OutOrStdout(), show.Activation)(c.RollBack(cmd.Context(), req))
			})
		},
	}
	cmd.Flags().Int64Var(&req.ToNumber, "to", 0, "the `NUMBER` of the activation to go back to; the one just before when left out")
	return reasoned(cmd, &req.Reason)
}

func (a *app) policyApproveRollback() *cobra.Command {
	return &cobra.Command{
		Use: "approve-rollback NUMBER", Short: "Be the second person that a rollback waits for",
		Long: "It comes into force at once. Whoever proposed it cannot approve it, and one that a later decision has overtaken is void.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req := &policyv1.ApproveActivationRequest{Name: full(p.Hub, "policyActivations", given[0])}
				return answer(a, cmd.OutOrStdout(), show.Activation)(c.ApproveActivation(cmd.Context(), req))
			})
		},
	}
}

func (a *app) policyTighten() *cobra.Command {
	req, rule := &policyv1.TightenRequest{}, &policyv1.TighteningRule{}
	cmd := &cobra.Command{
		Use: "tighten --effect EFFECT --reason CODE", Short: "In an emergency, hold back more from now on, alone and at once",
		Long: "Holds back what matches all of what you name; what you leave out matches everything. It can only make the policy in\n" +
			"force stricter, stays through activations and rollbacks, and takes two people to lift (mashctl policy lift).", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Parent, req.Rules = "hubs/"+p.Hub, []*policyv1.TighteningRule{rule}
				return answer(a, cmd.OutOrStdout(), show.Tightening)(c.Tighten(cmd.Context(), req))
			})
		},
	}
	cmd.Flags().StringVar(&rule.Effect, "effect", "", "deny, review, exist or redact (needed)")
	for _, flag := range []struct {
		name  string
		codes *[]string
		what  string
	}{
		{"category", &rule.Categories, "only these categories"}, {"organisation", &rule.Organisations, "only from these organisations"},
		{"basis", &rule.Bases, "only under these bases"}, {"label", &rule.Labels, "only records that carry one of these labels"},
		{"mask", &rule.Masks, "with redact: the classes of fields to mask"},
	} {
		cmd.Flags().StringSliceVar(flag.codes, flag.name, nil, flag.what+" (`CODE`, repeated or with commas)")
	}
	required(cmd, "effect")
	return reasoned(cmd, &req.Reason)
}

func (a *app) policyLift() *cobra.Command {
	req := &policyv1.LiftTighteningRequest{}
	cmd := &cobra.Command{
		Use: "lift NUMBER --reason CODE", Short: "Lift an emergency tightening; it takes two people",
		Long: "The first person's call proposes it, and nothing changes; another person's call lifts it.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Name = full(p.Hub, "policyTightenings", given[0])
				return answer(a, cmd.OutOrStdout(), show.Tightening)(c.LiftTightening(cmd.Context(), req))
			})
		},
	}
	return reasoned(cmd, &req.Reason)
}

func (a *app) policyActivations() *cobra.Command {
	req := &policyv1.ListActivationsRequest{}
	cmd := &cobra.Command{
		Use: "activations", Short: "The numbered log of what came into force, newest first", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Parent = "hubs/" + p.Hub
				return answer(a, cmd.OutOrStdout(), func(w io.Writer, list *policyv1.ListActivationsResponse) error {
					return errors.Join(show.Activations(w, list.GetActivations()), more(w, len(list.GetActivations()), list.GetNextPageToken()))
				})(c.ListActivations(cmd.Context(), req))
			})
		},
	}
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}
