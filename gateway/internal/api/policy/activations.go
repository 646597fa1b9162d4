package policy

import (
	"context"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/policy"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// ListActivations implements PolicyService.
func (s *Service) ListActivations(ctx context.Context, req *policyv1.ListActivationsRequest) (*policyv1.ListActivationsResponse, error) {
	found, next, err := s.Rollout.Activations(ctx, page(req.GetParent(), req.GetPageToken(), req.GetPageSize()))
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ListActivationsResponse{NextPageToken: next}
	for _, each := range found {
		answer.Activations = append(answer.Activations, activationOf(each))
	}
	return answer, nil
}

// RollBack implements PolicyService.
func (s *Service) RollBack(ctx context.Context, req *policyv1.RollBackRequest) (*policyv1.Activation, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	if err := c.reason(req.GetReason(), policy.ChangeRollBack); err != nil {
		return nil, err
	}
	return activation(s.Rollout.RollBack(ctx, c.who, req.GetToNumber(), req.GetReason()))
}

// ApproveActivation implements PolicyService.
func (s *Service) ApproveActivation(ctx context.Context, req *policyv1.ApproveActivationRequest) (*policyv1.Activation, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	return activation(s.Rollout.ApproveActivation(ctx, c.who, c.name.Activation()))
}

// activation is what a step came to.
func activation(a rollout.Activation, err error) (*policyv1.Activation, error) {
	if err != nil {
		return nil, err
	}
	return activationOf(a), nil
}

func activationOf(a rollout.Activation) *policyv1.Activation {
	return &policyv1.Activation{
		Name: wire.ActivationName(a.Hub, a.Number), Number: a.Number, Revision: a.Pack,
		Kind: wire.FromCode[policyv1.Activation_Kind](string(a.Kind)), State: wire.FromCode[policyv1.Activation_State](string(a.Standing)),
		CreateTime: wire.Time(a.CreateTime), ActivateTime: wire.Time(a.ActivateTime), Actor: a.Actor, Approver: a.Approver, Reason: a.Reason,
		Draft: wire.DraftName(a.Hub, a.Draft), RolledBackTo: a.RolledBackTo,
	}
}
