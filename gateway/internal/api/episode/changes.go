package episode

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/internal/fault"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// GetEpisode implements EpisodeService.
func (s *Service) GetEpisode(ctx context.Context, req *mashgatev1.GetEpisodeRequest) (*mashgatev1.Episode, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.Episodes.Get(ctx, c.hub, wire.ParseName(req.GetName()).Episode())
	if err != nil {
		return nil, err
	}
	return c.episode(found), nil
}

// ListEpisodes implements EpisodeService.
func (s *Service) ListEpisodes(ctx context.Context, req *mashgatev1.ListEpisodesRequest) (*mashgatev1.ListEpisodesResponse, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	query := episode.Query{
		Hub: c.hub, Stage: wire.Code(req.GetStage()), Cursor: req.GetPageToken(), Limit: wire.PageSize(req.GetPageSize(), usualPage),
	}
	if req.GetMine() {
		query.Assignee = c.who.ID
	}
	page, next, err := s.Episodes.List(ctx, query)
	if err != nil {
		return nil, err
	}
	answer := &mashgatev1.ListEpisodesResponse{NextPageToken: next}
	for _, each := range page {
		answer.Episodes = append(answer.Episodes, c.episodeSummary(each))
	}
	return answer, nil
}

// AssignEpisode implements EpisodeService.
func (s *Service) AssignEpisode(ctx context.Context, req *mashgatev1.AssignEpisodeRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return nil, err
	}
	people, err := s.assignees(ctx, c, req.GetAssignees())
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, target, c.entry(ledger.KindEpisode, target.ID, "assigned"), func(e *episode.Episode) error { return e.Assign(people) })
}

// RateEpisode implements EpisodeService.
func (s *Service) RateEpisode(ctx context.Context, req *mashgatev1.RateEpisodeRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return nil, err
	}
	rating, err := c.rating(episode.Rating{
		Code: req.GetRating(), Reason: req.GetReason(), LevelOfNeed: int(req.GetLevelOfNeed()), Basis: req.GetBasis(),
		Concerns: req.GetConcerns(), Facts: factsFrom(req.GetFacts()), By: c.by,
	})
	if err != nil {
		return nil, err
	}
	entry := c.entry(ledger.KindEpisode, target.ID, "rated", rating.Code, rating.Basis)
	return s.change(ctx, c, target, entry, func(e *episode.Episode) error {
		if req.GetFacts() == nil {
			rating.Facts = e.Facts
		}
		// A rating that is a route takes the episode out of triage, as it would have when the episode was opened.
		if e.Stage == episode.StageTriage && c.words.Hub.Ratings[rating.Code].Route != noRoute {
			if err := e.MoveTo(episode.StageMASHEpisode); err != nil {
				return err
			}
		}
		return e.Rate(rating)
	})
}

// RecordConsent implements EpisodeService.
func (s *Service) RecordConsent(ctx context.Context, req *mashgatev1.RecordConsentRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return nil, err
	}
	consent := c.consentFrom(req.GetConsent())
	entry := c.entry(ledger.KindConsent, target.ID, consent.Kind, consent.Status)
	entry.Subjects = []string{consent.Giver}
	return s.change(ctx, c, target, entry, func(e *episode.Episode) error { return e.RecordConsent(consent) })
}

// WithdrawConsent implements EpisodeService. It takes no etag: a withdrawal never fails because the episode moved.
func (s *Service) WithdrawConsent(ctx context.Context, req *mashgatev1.WithdrawConsentRequest) (*mashgatev1.Episode, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	target, kind := c.whatever(req.GetName()), wire.Code(req.GetKind())
	entry := c.entry(ledger.KindConsent, target.ID, kind, "withdrawn")
	entry.Subjects = []string{req.GetGiver()}
	return s.change(ctx, c, target, entry, func(e *episode.Episode) error {
		return e.WithdrawConsent(kind, req.GetGiver(), c.by)
	})
}

// AddSubject implements EpisodeService.
func (s *Service) AddSubject(ctx context.Context, req *mashgatev1.AddSubjectRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginSubject(ctx, req, req.GetSubject())
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, target, c.entry(ledger.KindEpisode, target.ID, "subject_added"), func(e *episode.Episode) error {
		_, err := e.AddSubject(subjectFrom(req.GetSubject()))
		return err
	})
}

// UpdateSubject implements EpisodeService.
func (s *Service) UpdateSubject(ctx context.Context, req *mashgatev1.UpdateSubjectRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginSubject(ctx, req, req.GetSubject())
	if err != nil {
		return nil, err
	}
	entry := c.entry(ledger.KindEpisode, target.ID, "subject_updated")
	entry.Subjects = []string{req.GetSubject().GetId()}
	return s.change(ctx, c, target, entry, func(e *episode.Episode) error {
		return e.UpdateSubject(subjectFrom(req.GetSubject()))
	})
}

// OverrideEpisode implements EpisodeService.
func (s *Service) OverrideEpisode(ctx context.Context, req *mashgatev1.OverrideEpisodeRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return nil, err
	}
	var problems wire.Problems
	ground := req.GetOverride().GetGround()
	wire.Known(&problems, "override.ground", ground, c.words.Grounds, "grounds")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return s.change(ctx, c, target, c.entry(ledger.KindOverride, target.ID, ground), func(e *episode.Episode) error {
		return e.SetOverride(episode.Override{Ground: ground, Reason: req.GetOverride().GetReason(), By: c.by})
	})
}

// EndOverride implements EpisodeService. It takes no etag: what only holds back never fails because the episode moved.
func (s *Service) EndOverride(ctx context.Context, req *mashgatev1.EndOverrideRequest) (*mashgatev1.Episode, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	target := c.whatever(req.GetName())
	return s.change(ctx, c, target, c.entry(ledger.KindOverride, target.ID, "ended"), func(e *episode.Episode) error {
		return e.EndOverride(req.GetReason(), c.by)
	})
}

// SettleConsentPosition implements EpisodeService.
func (s *Service) SettleConsentPosition(ctx context.Context, req *mashgatev1.SettleConsentPositionRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, target, c.entry(ledger.KindConsent, target.ID, "position_settled"), func(e *episode.Episode) error {
		return e.Settle(episode.ConsentPosition{Reason: req.GetReason(), By: c.by})
	})
}

// BreakGlass implements EpisodeService. It takes no etag: in imminent danger nobody reads first.
func (s *Service) BreakGlass(ctx context.Context, req *mashgatev1.BreakGlassRequest) (*mashgatev1.Episode, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	latest := c.by.At.Add(time.Duration(c.words.Hub.BreakGlass.MaxHours) * time.Hour)
	expires := latest
	if req.GetExpireTime() != nil {
		expires = req.GetExpireTime().AsTime()
	}
	switch {
	case !expires.After(c.by.At):
		return nil, fault.Invalid("expire_time", "lies in the past")
	case expires.After(latest):
		return nil, fault.Invalid("expire_time", "is later than the hub allows")
	}
	target := c.whatever(req.GetName())
	return s.change(ctx, c, target, c.entry(ledger.KindBreakGlass, target.ID, "opened"), func(e *episode.Episode) error {
		return e.Break(episode.BreakGlass{Reason: req.GetReason(), By: c.by, Expires: expires})
	})
}

// EndBreakGlass implements EpisodeService.
func (s *Service) EndBreakGlass(ctx context.Context, req *mashgatev1.EndBreakGlassRequest) (*mashgatev1.Episode, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	target := c.whatever(req.GetName())
	return s.change(ctx, c, target, c.entry(ledger.KindBreakGlass, target.ID, "ended"), func(e *episode.Episode) error {
		return e.EndBreakGlass(c.by)
	})
}

// CloseEpisode implements EpisodeService.
func (s *Service) CloseEpisode(ctx context.Context, req *mashgatev1.CloseEpisodeRequest) (*mashgatev1.Episode, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, target, c.entry(ledger.KindEpisode, target.ID, "closed"), func(e *episode.Episode) error {
		return e.Close(episode.Closing{Reason: req.GetReason(), By: c.by})
	})
}

// onSeen is a request for a change that is made on what was read.
type onSeen interface {
	GetName() string
	GetEtag() string
}

func (s *Service) beginChange(ctx context.Context, req onSeen) (session, episode.Target, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return session{}, episode.Target{}, err
	}
	target, err := c.seen(req.GetName(), req.GetEtag())
	return c, target, err
}

func (s *Service) beginSubject(ctx context.Context, req onSeen, subject *mashgatev1.Subject) (session, episode.Target, error) {
	c, target, err := s.beginChange(ctx, req)
	if err != nil {
		return c, target, err
	}
	var problems wire.Problems
	c.checkIdentity(&problems, "subject.identity", subject.GetIdentity())
	return c, target, problems.Err()
}

func isNotFound(err error) bool {
	var known *fault.Error
	return errors.As(err, &known) && known.Code == codes.NotFound
}
