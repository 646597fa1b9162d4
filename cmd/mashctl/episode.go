package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// episodes connects and hands over the client of EpisodeService.
func (a *app) episodes(do func(mashgatev1.EpisodeServiceClient, dial.Profile) error) error {
	return a.connect(func(conn *grpc.ClientConn, p dial.Profile) error {
		return do(mashgatev1.NewEpisodeServiceClient(conn), p)
	})
}

// full makes a resource name from an id; a name is left as it is.
func full(hub, collection, id string) string {
	if strings.HasPrefix(id, "hubs/") {
		return id
	}
	return "hubs/" + hub + "/" + collection + "/" + id
}

func (a *app) episode() *cobra.Command {
	return group("episode", "Open, show, list and change episodes",
		a.episodeOpen(), a.episodeShow(), a.episodeList(), a.episodeRate(), a.episodeConsent(), a.episodeEndOverride(), a.episodeOutcome())
}

// episodeCall is a command that takes an episode's NAME and prints the episode it gets back.
func (a *app) episodeCall(use, short string, call func(context.Context, mashgatev1.EpisodeServiceClient, string) (*mashgatev1.Episode, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.episodes(func(c mashgatev1.EpisodeServiceClient, p dial.Profile) error {
				e, err := call(cmd.Context(), c, full(p.Hub, "episodes", given[0]))
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), e, func(w io.Writer) error { return show.Episode(w, e) })
			})
		},
	}
}

func (a *app) episodeOpen() *cobra.Command {
	req := &mashgatev1.OpenEpisodeRequest{Facts: &mashgatev1.EpisodeFacts{}}
	var facts []string
	cmd := &cobra.Command{
		Use: "open REFERRAL", Short: "Open the episode of a referral", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := setFacts(req.GetFacts(), facts); err != nil {
				return err
			}
			return a.episodes(func(c mashgatev1.EpisodeServiceClient, p dial.Profile) error {
				req.Parent, req.Referral = "hubs/"+p.Hub, full(p.Hub, "referrals", given[0])
				e, err := c.OpenEpisode(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), e, func(w io.Writer) error { return show.Episode(w, e) })
			})
		},
	}
	cmd.Flags().StringVar(&req.Rating, "rating", "none", "a rating of the hub's scheme")
	cmd.Flags().StringVar(&req.RatingReason, "reason", "", "why this rating")
	cmd.Flags().Int32Var(&req.LevelOfNeed, "level", 4, "level of need, 1 to 4")
	cmd.Flags().StringVar(&req.Basis, "basis", "mash", "the recorded basis: s47, mash, s17, early_help, emergency or none")
	cmd.Flags().StringSliceVar(&facts, "fact", nil, factHelp)
	cmd.Flags().StringSliceVar(&req.Assignees, "assign", nil, "people to assign (hubs/…/people/…); you when left out")
	return cmd
}

func (a *app) episodeShow() *cobra.Command {
	return a.episodeCall("show NAME", "Show an episode",
		func(ctx context.Context, c mashgatev1.EpisodeServiceClient, name string) (*mashgatev1.Episode, error) {
			return c.GetEpisode(ctx, &mashgatev1.GetEpisodeRequest{Name: name})
		})
}

func (a *app) episodeList() *cobra.Command {
	req := &mashgatev1.ListEpisodesRequest{}
	cmd := &cobra.Command{
		Use: "list", Short: "List episodes, newest first", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.episodes(func(c mashgatev1.EpisodeServiceClient, p dial.Profile) error {
				req.Parent = "hubs/" + p.Hub
				list, err := c.ListEpisodes(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), list, func(w io.Writer) error {
					for _, e := range list.GetEpisodes() {
						fmt.Fprintf(w, "%-60s %-20s %-8s %s\n", e.GetName(), show.Words(e.GetStage().String(), "STAGE_"), e.GetRating(), e.GetBasis())
					}
					return more(w, len(list.GetEpisodes()), list.GetNextPageToken())
				})
			})
		},
	}
	cmd.Flags().BoolVar(&req.Mine, "mine", false, "only those you are assigned to")
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}

func (a *app) episodeRate() *cobra.Command {
	req := &mashgatev1.RateEpisodeRequest{Facts: &mashgatev1.EpisodeFacts{}}
	var facts []string
	cmd := a.episodeCall("rate NAME", "Set rating, level, basis and findings; what is left out stays as it is",
		func(ctx context.Context, c mashgatev1.EpisodeServiceClient, name string) (*mashgatev1.Episode, error) {
			now, err := c.GetEpisode(ctx, &mashgatev1.GetEpisodeRequest{Name: name})
			if err != nil {
				return nil, err
			}
			req.Name, req.Etag = name, now.GetEtag()
			keepRating(req, now)
			if now.GetFacts() != nil {
				req.Facts = now.GetFacts()
			}
			if err := setFacts(req.GetFacts(), facts); err != nil {
				return nil, err
			}
			return c.RateEpisode(ctx, req)
		})
	cmd.Flags().StringVar(&req.Rating, "rating", "", "a rating of the hub's scheme")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why (needed)")
	cmd.Flags().Int32Var(&req.LevelOfNeed, "level", 0, "level of need, 1 to 4")
	cmd.Flags().StringVar(&req.Basis, "basis", "", "the recorded basis")
	cmd.Flags().StringSliceVar(&req.Concerns, "concern", nil, "concern codes")
	cmd.Flags().StringSliceVar(&facts, "fact", nil, factHelp)
	return cmd
}

func keepRating(req *mashgatev1.RateEpisodeRequest, now *mashgatev1.Episode) {
	if req.Rating == "" {
		req.Rating = now.GetRating()
	}
	if req.LevelOfNeed == 0 {
		req.LevelOfNeed = now.GetLevelOfNeed()
	}
	if req.Basis == "" {
		req.Basis = now.GetBasis()
	}
	if len(req.Concerns) == 0 {
		req.Concerns = now.GetConcerns()
	}
}

func (a *app) episodeConsent() *cobra.Command {
	var kind, by, status, reason string
	cmd := a.episodeCall("consent NAME", "Record an answer to a consent question, or a withdrawal",
		func(ctx context.Context, c mashgatev1.EpisodeServiceClient, name string) (*mashgatev1.Episode, error) {
			k, err := enumValue(mashgatev1.ConsentKind_value, "CONSENT_KIND_", "kind", kind)
			if err != nil {
				return nil, err
			}
			if status == "withdrawn" {
				return c.WithdrawConsent(ctx, &mashgatev1.WithdrawConsentRequest{Name: name, Kind: mashgatev1.ConsentKind(k), Giver: by})
			}
			s, err := enumValue(mashgatev1.ConsentStatus_value, "CONSENT_STATUS_", "status", status)
			if err != nil {
				return nil, err
			}
			now, err := c.GetEpisode(ctx, &mashgatev1.GetEpisodeRequest{Name: name})
			if err != nil {
				return nil, err
			}
			return c.RecordConsent(ctx, &mashgatev1.RecordConsentRequest{Name: name, Etag: now.GetEtag(), Consent: &mashgatev1.Consent{
				Kind: mashgatev1.ConsentKind(k), Giver: by, Status: mashgatev1.ConsentStatus(s), Reason: reason,
			}})
		})
	cmd.Flags().StringVar(&kind, "kind", "", "referral, share_with_agencies, agencies_share_with_us or service")
	cmd.Flags().StringVar(&by, "by", "", "the id of the subject who answered (see episode show)")
	cmd.Flags().StringVar(&status, "status", "", "yes, no, not_sought, not_safe_to_seek, withdrawn or unknown")
	cmd.Flags().StringVar(&reason, "reason", "", "why it was not sought or is not safe to seek")
	return cmd
}

func (a *app) episodeEndOverride() *cobra.Command {
	req := &mashgatev1.EndOverrideRequest{}
	cmd := a.episodeCall("end-override NAME", "Take back the ground to go on without consent; what rests on it is decided again",
		func(ctx context.Context, c mashgatev1.EpisodeServiceClient, name string) (*mashgatev1.Episode, error) {
			req.Name = name
			return c.EndOverride(ctx, req)
		})
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why (needed)")
	return cmd
}

func (a *app) episodeOutcome() *cobra.Command {
	o := &mashgatev1.Outcome{}
	cmd := a.episodeCall("outcome NAME", "Record the final recommendation and what the referrer is told",
		func(ctx context.Context, c mashgatev1.EpisodeServiceClient, name string) (*mashgatev1.Episode, error) {
			now, err := c.GetEpisode(ctx, &mashgatev1.GetEpisodeRequest{Name: name})
			if err != nil {
				return nil, err
			}
			return c.RecordOutcome(ctx, &mashgatev1.RecordOutcomeRequest{Name: name, Etag: now.GetEtag(), Outcome: o})
		})
	cmd.Flags().StringVar(&o.Code, "outcome", "", "no_further_action, early_help or referral_to_childrens_services")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why")
	cmd.Flags().StringVar(&o.FeedbackToReferrer, "feedback", "", "what the referrer is told")
	cmd.Flags().BoolVar(&o.StrategyMeeting, "strategy-meeting", false, "a strategy meeting is convened")
	cmd.Flags().StringSliceVar(&o.OutstandingOrganisations, "outstanding", nil, "organisations that have not answered")
	cmd.Flags().StringVar(&o.OutstandingReason, "outstanding-reason", "", "why the recommendation does not wait for them")
	return cmd
}
