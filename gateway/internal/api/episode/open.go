package episode

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// noRoute is the route of a rating that sends the child nowhere yet.
const noRoute = "none"

// OpenEpisode implements EpisodeService.
func (s *Service) OpenEpisode(ctx context.Context, req *mashgatev1.OpenEpisodeRequest) (*mashgatev1.Episode, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	of := wire.ParseName(req.GetReferral())
	if of.Hub() != c.hub {
		return nil, fault.Invalid("referral", "is of another hub")
	}
	assignees, err := s.assignees(ctx, c, req.GetAssignees())
	if err != nil {
		return nil, err
	}
	opening := episode.Opening{Hub: c.hub, Referral: of.Referral(), Assignees: assignees}
	if opening.Expires, err = c.expiry(req); err != nil {
		return nil, err
	}
	var opened episode.Episode
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		from, err := s.Episodes.GetReferralTx(ctx, tx, c.hub, of.Referral())
		if err != nil {
			return err
		}
		if opening.Rating, err = c.firstRating(req, from); err != nil {
			return err
		}
		opening.Stage = c.firstStage(from, opening.Rating)
		if opened, err = s.Episodes.Open(ctx, tx, opening); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, tx, c.entry(ledger.KindEpisode, opened.ID, "opened", opened.Rating, opened.Basis))
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.episode(opened), nil
}

func (c session) expiry(req *mashgatev1.OpenEpisodeRequest) (*time.Time, error) {
	given := req.GetExpireTime() != nil
	if given && !req.GetExpireTime().AsTime().After(c.by.At) {
		return nil, fault.Invalid("expire_time", "lies in the past")
	}
	return optional(req.GetExpireTime().AsTime(), given), nil
}

// firstRating is the rating an episode is opened with.
func (c session) firstRating(req *mashgatev1.OpenEpisodeRequest, from episode.Referral) (episode.Rating, error) {
	return c.rating(episode.Rating{
		Code: req.GetRating(), Reason: req.GetRatingReason(), LevelOfNeed: int(req.GetLevelOfNeed()), Basis: req.GetBasis(),
		Concerns: from.Concerns, Facts: factsFrom(req.GetFacts()), By: c.by,
	})
}

// rating holds a rating to the hub's lists and says when a decision is due under its clock.
func (c session) rating(r episode.Rating) (episode.Rating, error) {
	var problems wire.Problems
	wire.Known(&problems, "rating", r.Code, c.words.Hub.Ratings, "ratings")
	if r.Basis != episode.None {
		wire.Known(&problems, "basis", r.Basis, c.words.Bases, "bases")
	}
	wire.AllKnown(&problems, "concerns", r.Concerns, c.words.Concerns, "concerns")
	if err := problems.Err(); err != nil {
		return r, err
	}
	due, err := due(c.words.Hub, c.words.Hub.Ratings[r.Code].Clock, r.By.At)
	if err != nil {
		return r, fmt.Errorf("working out when a decision is due: %w", err)
	}
	r.Due = due
	return r, nil
}

// firstStage: triage has decided on a MASH episode, or the rating is a route (domain.md 1); else the episode stays in triage.
func (c session) firstStage(from episode.Referral, rating episode.Rating) string {
	if from.Triage != nil && from.Triage.Outcome == episode.StageMASHEpisode || c.words.Hub.Ratings[rating.Code].Route != noRoute {
		return episode.StageMASHEpisode
	}
	return episode.StageTriage
}

// assignees are the people named, or the caller alone. Each must be of this hub, active, and in a role that may ask for information:
// anybody else on the list could only be a mistake.
func (s *Service) assignees(ctx context.Context, c session, names []string) ([]string, error) {
	if len(names) == 0 {
		return []string{c.who.ID}, nil
	}
	var problems wire.Problems
	for i, name := range names {
		field := fmt.Sprintf("assignees[%d]", i)
		if wire.ParseName(name).Hub() != c.hub {
			problems.Add(field, "is of another hub")
			continue
		}
		who, err := s.Directory.Person(ctx, c.hub, wire.ParseName(name).Person())
		switch {
		case isNotFound(err):
			problems.Add(field, "is not in the hub's directory")
		case err != nil:
			return nil, err
		case !mayWork(c, who):
			problems.Add(field, "cannot be assigned in their role")
		}
	}
	ids := personIDs(names)
	slices.Sort(ids)
	return slices.Compact(ids), problems.Err()
}

func mayWork(c session, who directory.Person) bool {
	return who.Active && c.words.Roles[who.Role].MayRequest
}
