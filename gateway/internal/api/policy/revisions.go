package policy

import (
	"context"
	"strconv"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/internal/fault"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// active names the revision in force.
const active = "active"

// GetRevision implements PolicyService. What is in force is read from the log, not from what this process has compiled.
func (s *Service) GetRevision(ctx context.Context, req *policyv1.GetRevisionRequest) (*policyv1.Revision, error) {
	name := wire.ParseName(req.GetName())
	now, err := s.Rollout.InForce(ctx, name.Hub(), s.Clock.Now())
	if err != nil {
		return nil, fault.NotFound("hub")
	}
	if id := name.Revision(); id != active && id != now.Revision {
		return s.other(ctx, name.Hub(), id)
	}
	kept, err := s.Rollout.BundleByDigest(ctx, name.Hub(), now.Bundle)
	return revision(kept, now.Revision, true), err
}

// other is a revision that is not in force: a pack, or a pack under a tightening that was.
func (s *Service) other(ctx context.Context, hub, id string) (*policyv1.Revision, error) {
	pack, overlay, tightened := strings.Cut(id, "+")
	if tightened {
		number, err := strconv.ParseInt(overlay, 10, 64)
		if err != nil {
			return nil, fault.NotFound("policy revision")
		}
		if _, err := s.Rollout.Overlay(ctx, hub, number); err != nil {
			return nil, fault.NotFound("policy revision")
		}
	}
	kept, err := s.Rollout.Bundle(ctx, hub, pack)
	return revision(kept, id, false), err
}

// ListRevisions implements PolicyService.
func (s *Service) ListRevisions(ctx context.Context, req *policyv1.ListRevisionsRequest) (*policyv1.ListRevisionsResponse, error) {
	asked := page(req.GetParent(), req.GetPageToken(), req.GetPageSize())
	now, err := s.Rollout.InForce(ctx, asked.Hub, s.Clock.Now())
	if err != nil {
		return nil, fault.NotFound("hub")
	}
	found, next, err := s.Rollout.Revisions(ctx, asked)
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ListRevisionsResponse{NextPageToken: next}
	for _, each := range found {
		answer.Revisions = append(answer.Revisions, revision(each, each.Pack, each.Pack == now.Pack))
	}
	return answer, nil
}

func revision(of rollout.Bundle, id string, active bool) *policyv1.Revision {
	return &policyv1.Revision{
		Name: wire.RevisionName(of.Hub, id), Id: id, Active: active, Title: of.Title, Version: of.Version, KeyId: of.KeyID,
		CreateTime: wire.Time(of.CreateTime), ReviewDate: of.ReviewDate,
	}
}
