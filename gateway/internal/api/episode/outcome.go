package episode

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

const (
	managerRole       = "team_manager"
	routeSafeguarding = "safeguarding"
)

// RecordOutcome implements EpisodeService: the recommendation and what the referrer is told, both or neither.
func (s *Service) RecordOutcome(ctx context.Context, req *mashgatev1.RecordOutcomeRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return nil, err
	}
	outcome := episode.Outcome{
		Code: req.GetOutcome().GetCode(), Reason: req.GetOutcome().GetReason(), StrategyMeeting: req.GetOutcome().GetStrategyMeeting(),
		FeedbackToReferrer:       req.GetOutcome().GetFeedbackToReferrer(),
		OutstandingOrganisations: req.GetOutcome().GetOutstandingOrganisations(),
		OutstandingReason:        req.GetOutcome().GetOutstandingReason(), By: c.by,
	}
	if err := c.checkOutcome(outcome); err != nil {
		return nil, err
	}
	waiting, err := s.waitingFor(ctx, c, target.ID)
	if err != nil {
		return nil, err
	}
	var changed episode.Episode
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		var err error
		changed, err = s.Episodes.Change(ctx, tx, target, func(e *episode.Episode) error {
			if err := c.mayRecommend(*e, outcome, waiting); err != nil {
				return err
			}
			if outcome.StrategyMeeting {
				if err := e.MoveTo(episode.StageStrategyDiscussion); err != nil {
					return err
				}
			}
			return e.RecordOutcome(outcome)
		})
		if err != nil {
			return err
		}
		told := episode.Feedback{Time: c.by.At, Code: outcome.Code, Text: outcome.FeedbackToReferrer}
		if _, err := s.Episodes.AddFeedback(ctx, tx, episode.Target{Hub: c.hub, ID: target.ID}, told); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, tx, c.entry(ledger.KindOutcome, target.ID, outcome.Code))
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.episode(changed), nil
}

func (c session) checkOutcome(outcome episode.Outcome) error {
	var problems wire.Problems
	wire.Known(&problems, "outcome.code", outcome.Code, c.words.Outcomes.MASH, "MASH outcomes")
	organisations := map[string]bool{}
	for _, each := range c.words.Organisations {
		organisations[each.ID] = true
	}
	wire.AllKnown(&problems, "outcome.outstanding_organisations", outcome.OutstandingOrganisations, organisations, "organisations")
	if len(outcome.OutstandingOrganisations) > 0 && outcome.OutstandingReason == "" {
		problems.Add("outcome.outstanding_reason", "is needed where organisations are outstanding")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	// "The MASH team manager then says whether a strategy meeting is convened", and "a manager may recommend with named partners
	// outstanding and a reason" (domain.md 1).
	if c.who.Role != managerRole && (outcome.StrategyMeeting || len(outcome.OutstandingOrganisations) > 0) {
		return fault.Denied("TEAM_MANAGER_NEEDED", "a team manager decides on a strategy meeting, and on going on without a partner's answer")
	}
	return nil
}

// mayRecommend: "the recommendation comes once all partners have answered … RED and strategy discussions never wait" (domain.md 1).
func (c session) mayRecommend(e episode.Episode, outcome episode.Outcome, waiting map[string]bool) error {
	if c.words.Hub.Ratings[e.Rating].Route == routeSafeguarding || e.Stage == episode.StageStrategyDiscussion || outcome.StrategyMeeting {
		return nil
	}
	var missing []string
	for _, organisation := range slices.Sorted(maps.Keys(waiting)) {
		if !slices.Contains(outcome.OutstandingOrganisations, organisation) {
			missing = append(missing, organisation)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	refusal := fault.Precondition("PARTNERS_OUTSTANDING", "some partners have not answered: wait, or let a team manager name them with a reason")
	refusal.Fields = []fault.Field{{Name: "outcome.outstanding_organisations", Description: "still outstanding: " + strings.Join(missing, ", ")}}
	return refusal
}

// waitingFor are the organisations that have not answered the latest request that asked them: late, in error, or still at it.
func (s *Service) waitingFor(ctx context.Context, c session, id string) (map[string]bool, error) {
	latest := map[string]bool{}
	query := request.Query{Hub: c.hub, Episode: id, Limit: usualPage}
	for {
		page, next, err := s.Requests.List(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, each := range page { // newest first
			waiting, err := s.unanswered(ctx, each)
			if err != nil {
				return nil, err
			}
			for organisation, still := range waiting {
				if _, known := latest[organisation]; !known {
					latest[organisation] = still
				}
			}
		}
		if query.Cursor = next; next == "" {
			break
		}
	}
	maps.DeleteFunc(latest, func(_ string, still bool) bool { return !still })
	return latest, nil
}

// unanswered says, for each organisation that a request asked, whether it still owes an answer.
func (s *Service) unanswered(ctx context.Context, r request.Request) (map[string]bool, error) {
	waiting := map[string]bool{}
	legs, legsErr := s.Requests.Legs(ctx, r.Ref())
	answers, answersErr := s.Requests.Answers(ctx, r.Ref())
	if err := errors.Join(legsErr, answersErr); err != nil {
		return nil, err
	}
	for _, leg := range legs {
		waiting[leg.Organisation] = r.State == request.Running && leg.State != request.LegDone
	}
	for _, answer := range answers {
		if answer.Kind == "not_answered" || answer.Kind == "error" {
			waiting[answer.Organisation] = true
		}
	}
	return waiting, nil
}
