package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

func (a *app) whoami() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Who the hub takes you for", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.connect(func(conn *grpc.ClientConn, _ dial.Profile) error {
				me, err := mashgatev1.NewDirectoryServiceClient(conn).WhoAmI(cmd.Context(), &mashgatev1.WhoAmIRequest{})
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), me, func(w io.Writer) error {
					p := me.GetPerson()
					_, err := fmt.Fprintf(w, "%s: %s, %s at %s\n", p.GetName(), p.GetDisplayName(), p.GetRole(), p.GetAgency())
					return err
				})
			})
		},
	}
}

func (a *app) referral() *cobra.Command {
	return group("referral", "Submit, list and triage referrals (MARF)", a.referralSubmit(), a.referralShow(), a.referralList(), a.referralTriage())
}

func (a *app) referralSubmit() *cobra.Command {
	return &cobra.Command{
		Use: "submit FILE", Short: "Submit a referral; prints its reference number",
		Long: "FILE holds the referral as JSON (the message mashgate.v1.Referral); - reads standard input.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			var r mashgatev1.Referral
			if err := readMessage(given[0], &r); err != nil {
				return err
			}
			return a.episodes(func(c mashgatev1.EpisodeServiceClient, p dial.Profile) error {
				sent, err := c.SubmitReferral(cmd.Context(), &mashgatev1.SubmitReferralRequest{Parent: "hubs/" + p.Hub, Referral: &r})
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), sent, func(w io.Writer) error { return printReferral(w, sent) })
			})
		},
	}
}

func (a *app) referralShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a referral", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.episodes(func(c mashgatev1.EpisodeServiceClient, p dial.Profile) error {
				r, err := c.GetReferral(cmd.Context(), &mashgatev1.GetReferralRequest{Name: full(p.Hub, "referrals", given[0])})
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), r, func(w io.Writer) error { return printReferral(w, r) })
			})
		},
	}
}

func (a *app) referralList() *cobra.Command {
	req := &mashgatev1.ListReferralsRequest{}
	cmd := &cobra.Command{
		Use: "list", Short: "List referrals, newest first", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.episodes(func(c mashgatev1.EpisodeServiceClient, p dial.Profile) error {
				req.Parent = "hubs/" + p.Hub
				list, err := c.ListReferrals(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), list, func(w io.Writer) error {
					for _, r := range list.GetReferrals() {
						fmt.Fprintf(w, "%-60s %-18s %s\n", r.GetName(), r.GetReferenceNumber(), triageWords(r))
					}
					return more(w, len(list.GetReferrals()), list.GetNextPageToken())
				})
			})
		},
	}
	cmd.Flags().BoolVar(&req.Untriaged, "untriaged", false, "only those that triage has not decided")
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}

func (a *app) referralTriage() *cobra.Command {
	req := &mashgatev1.TriageReferralRequest{}
	cmd := &cobra.Command{
		Use: "triage NAME", Short: "Decide what becomes of a referral; the referrer is told", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.episodes(func(c mashgatev1.EpisodeServiceClient, p dial.Profile) error {
				req.Name = full(p.Hub, "referrals", given[0])
				r, err := c.TriageReferral(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), r, func(w io.Writer) error { return printReferral(w, r) })
			})
		},
	}
	cmd.Flags().StringVar(&req.Outcome, "outcome", "", "mash_episode, early_help, statutory, information_and_advice, no_further_action or not_triaged")
	cmd.Flags().StringSliceVar(&req.Exclusions, "exclusion", nil, "information_only, unidentified, consent_not_sought or has_social_worker")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why")
	return cmd
}

func printReferral(w io.Writer, r *mashgatev1.Referral) error {
	fmt.Fprintf(w, "Reference number %s\n  %s, %s\n", r.GetReferenceNumber(), r.GetName(), triageWords(r))
	for _, f := range r.GetFeedback() {
		fmt.Fprintf(w, "  told the referrer: %s\n", show.Printable(f.GetText()))
	}
	if r.GetEpisode() != "" {
		fmt.Fprintf(w, "  %s\n", r.GetEpisode())
	}
	return nil
}

func triageWords(r *mashgatev1.Referral) string {
	if r.GetTriage() == nil {
		return "waits for triage"
	}
	words := []string{r.GetTriage().GetOutcome()}
	return strings.ReplaceAll(strings.Join(append(words, r.GetTriage().GetExclusions()...), ", "), "_", " ")
}
