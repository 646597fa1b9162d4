package episode

import (
	"context"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// referrerRole reads only what it sent itself.
const referrerRole = "referrer"

// SubmitReferral implements EpisodeService.
func (s *Service) SubmitReferral(ctx context.Context, req *mashgatev1.SubmitReferralRequest) (*mashgatev1.Referral, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	if err := c.checkReferral(req.GetReferral()); err != nil {
		return nil, err
	}
	var submitted episode.Referral
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		var err error
		if submitted, err = s.Episodes.Submit(ctx, tx, c.referralFrom(req.GetReferral())); err != nil {
			return err
		}
		entry := c.entry(ledger.KindReferral, submitted.ID, "submitted")
		for _, subject := range submitted.Subjects {
			entry.Subjects = append(entry.Subjects, subject.ID)
		}
		_, err = s.Ledger.Append(ctx, tx, entry)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.referral(submitted), nil
}

// GetReferral implements EpisodeService.
func (s *Service) GetReferral(ctx context.Context, req *mashgatev1.GetReferralRequest) (*mashgatev1.Referral, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.Episodes.GetReferral(ctx, c.hub, wire.ParseName(req.GetName()).Referral())
	if err != nil {
		return nil, err
	}
	if c.who.Role == referrerRole && found.Submitter != c.who.ID {
		return nil, fault.NotFound("referral")
	}
	return c.referral(found), nil
}

// ListReferrals implements EpisodeService.
func (s *Service) ListReferrals(ctx context.Context, req *mashgatev1.ListReferralsRequest) (*mashgatev1.ListReferralsResponse, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	page, next, err := s.Episodes.ListReferrals(ctx, episode.ReferralQuery{
		Hub: c.hub, Untriaged: req.GetUntriaged(), Cursor: req.GetPageToken(), Limit: wire.PageSize(req.GetPageSize(), usualPage),
	})
	if err != nil {
		return nil, err
	}
	answer := &mashgatev1.ListReferralsResponse{NextPageToken: next}
	for _, each := range page {
		answer.Referrals = append(answer.Referrals, c.referralSummary(each))
	}
	return answer, nil
}

// notTriaged is the outcome of a referral that an exclusion sends back.
const notTriaged = "not_triaged"

// TriageReferral implements EpisodeService.
func (s *Service) TriageReferral(ctx context.Context, req *mashgatev1.TriageReferralRequest) (*mashgatev1.Referral, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := c.checkTriage(req); err != nil {
		return nil, err
	}
	id := wire.ParseName(req.GetName()).Referral()
	var decided episode.Referral
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		present, err := s.Episodes.GetReferralTx(ctx, tx, c.hub, id)
		if err != nil {
			return err
		}
		// E2 does not hold where there is evidence of an unaccompanied asylum-seeking child (S2).
		if present.UASC && slices.Contains(req.GetExclusions(), "unidentified") {
			return fault.Invalid("exclusions", "a child who may be an unaccompanied asylum seeker is triaged although unidentified")
		}
		decided, err = s.Episodes.Triage(ctx, tx, episode.Target{Hub: c.hub, ID: id}, episode.Triage{
			Outcome: req.GetOutcome(), Exclusions: req.GetExclusions(), Reason: req.GetReason(), By: c.by.Person, Time: c.by.At,
		}, c.told(req)...)
		if err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, tx, c.entry(ledger.KindTriage, id, append([]string{req.GetOutcome()}, req.GetExclusions()...)...))
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.referral(decided), nil
}

func (c session) checkTriage(req *mashgatev1.TriageReferralRequest) error {
	var problems wire.Problems
	switch outcome := req.GetOutcome(); {
	case outcome != notTriaged:
		wire.Known(&problems, "outcome", outcome, c.words.Outcomes.Triage, "triage outcomes")
		if len(req.GetExclusions()) > 0 {
			problems.Add("exclusions", "go with the outcome not_triaged alone")
		}
	case len(req.GetExclusions()) == 0:
		problems.Add("exclusions", "are needed for not_triaged: the referrer is told why")
	}
	return problems.Err()
}

// told is what the referrer hears: of each exclusion why it was not triaged (S2: the referrer must be told), else what was decided.
func (c session) told(req *mashgatev1.TriageReferralRequest) []episode.Feedback {
	if req.GetOutcome() != notTriaged {
		title := c.words.Outcomes.Triage[req.GetOutcome()].Title
		return []episode.Feedback{{Time: c.by.At, Code: req.GetOutcome(), Text: "Your referral was triaged. The decision: " + title + "."}}
	}
	var told []episode.Feedback
	for _, exclusion := range c.words.Exclusions {
		if slices.Contains(req.GetExclusions(), exclusion.Gate) {
			told = append(told, episode.Feedback{Time: c.by.At, Code: exclusion.Gate, Text: exclusion.Tell})
		}
	}
	slices.SortFunc(told, func(a, b episode.Feedback) int {
		return slices.Index(req.GetExclusions(), a.Code) - slices.Index(req.GetExclusions(), b.Code)
	})
	return told
}
