package policy

import (
	"context"
	"net/url"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// ListReplicas implements PolicyService.
func (s *Service) ListReplicas(ctx context.Context, req *policyv1.ListReplicasRequest) (*policyv1.ListReplicasResponse, error) {
	hub := wire.ParseName(req.GetParent()).Hub()
	found, err := s.Rollout.Replicas(ctx, hub)
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ListReplicasResponse{}
	for _, each := range found {
		answer.Replicas = append(answer.Replicas, &policyv1.Replica{
			// A peer is known by a URI, which has slashes of its own.
			Name:   wire.HubName(hub) + "/policyReplicas/" + url.PathEscape(each.ID),
			Number: each.Number, Revision: each.Revision, SeenTime: wire.Time(each.Seen), Refused: string(each.Refused), Peer: each.Peer,
		})
	}
	return answer, nil
}
