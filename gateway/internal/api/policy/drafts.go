package policy

import (
	"context"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/policy"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// CreateDraft implements PolicyService.
func (s *Service) CreateDraft(ctx context.Context, req *policyv1.CreateDraftRequest) (*policyv1.Draft, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	return draft(s.Rollout.CreateDraft(ctx, c.who, req.GetPack(), req.GetNote()))
}

// GetDraft implements PolicyService.
func (s *Service) GetDraft(ctx context.Context, req *policyv1.GetDraftRequest) (*policyv1.Draft, error) {
	name := wire.ParseName(req.GetName())
	return draft(s.Rollout.Draft(ctx, name.Hub(), name.Draft()))
}

// ListDrafts implements PolicyService.
func (s *Service) ListDrafts(ctx context.Context, req *policyv1.ListDraftsRequest) (*policyv1.ListDraftsResponse, error) {
	found, next, err := s.Rollout.Drafts(ctx, page(req.GetParent(), req.GetPageToken(), req.GetPageSize()))
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ListDraftsResponse{NextPageToken: next}
	for _, each := range found {
		answer.Drafts = append(answer.Drafts, draftOf(each))
	}
	return answer, nil
}

// ApproveDraft implements PolicyService.
func (s *Service) ApproveDraft(ctx context.Context, req *policyv1.ApproveDraftRequest) (*policyv1.Draft, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	return draft(s.Rollout.Approve(ctx, c.who, c.draft(), req.GetReportDigest()))
}

// RejectDraft implements PolicyService.
func (s *Service) RejectDraft(ctx context.Context, req *policyv1.RejectDraftRequest) (*policyv1.Draft, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := c.reason(req.GetReason(), policy.ChangeReject); err != nil {
		return nil, err
	}
	return draft(s.Rollout.Reject(ctx, c.who, c.draft(), req.GetReason()))
}

// GetDraftBundle implements PolicyService.
func (s *Service) GetDraftBundle(ctx context.Context, req *policyv1.GetDraftBundleRequest) (*policyv1.DraftBundle, error) {
	name := wire.ParseName(req.GetName())
	unsigned, d, err := s.Rollout.Unsigned(ctx, rollout.Ref{Hub: name.Hub(), ID: name.Draft()})
	if err != nil {
		return nil, err
	}
	return &policyv1.DraftBundle{Bundle: unsigned, Revision: d.Revision, Scope: d.Hub}, nil
}

// SignDraft implements PolicyService.
func (s *Service) SignDraft(ctx context.Context, req *policyv1.SignDraftRequest) (*policyv1.Draft, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	return draft(s.Rollout.Sign(ctx, c.who, c.draft(), req.GetBundle()))
}

// ActivateDraft implements PolicyService.
func (s *Service) ActivateDraft(ctx context.Context, req *policyv1.ActivateDraftRequest) (*policyv1.Activation, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	when := rollout.When{Reason: req.GetReason()}
	if when.Reason != "" {
		if err := c.reason(when.Reason, policy.ChangeActivate); err != nil {
			return nil, err
		}
	}
	if at := req.GetActivateTime(); at != nil {
		when.At = at.AsTime()
	}
	return activation(s.Rollout.Activate(ctx, c.who, c.draft(), when))
}

// draft is what a step came to.
func draft(d rollout.Draft, err error) (*policyv1.Draft, error) {
	if err != nil {
		return nil, err
	}
	return draftOf(d), nil
}

func draftOf(d rollout.Draft) *policyv1.Draft {
	answer := &policyv1.Draft{
		Name: wire.DraftName(d.Hub, d.ID), State: wire.FromCode[policyv1.Draft_State](string(d.State())), Revision: d.Revision, Title: d.Title,
		Version: d.Version, Author: wire.PersonName(d.Hub, d.Author), Note: d.Note, CreateTime: wire.Time(d.CreateTime),
		CheckReport: d.Check, TestReport: d.Test, SimulationReport: d.Simulation, ReportDigest: d.ReportDigest, Widens: d.Widens,
		KeyId: d.KeyID, Activation: d.Activation, SimulatedAgainst: d.SimulatedAgainst,
	}
	for _, approval := range d.Approvals {
		answer.Approvals = append(answer.Approvals, &policyv1.Approval{
			Approver: wire.PersonName(d.Hub, approval.Person), Time: wire.Time(approval.Time), ReportDigest: approval.ReportDigest,
		})
	}
	return answer
}
