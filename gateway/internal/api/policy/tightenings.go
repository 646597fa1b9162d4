package policy

import (
	"context"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// Tighten implements PolicyService.
func (s *Service) Tighten(ctx context.Context, req *policyv1.TightenRequest) (*policyv1.Tightening, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	if err := c.reason(req.GetReason(), policy.ChangeTighten); err != nil {
		return nil, err
	}
	rules := rulesFrom(req.GetRules())
	if err := c.active.CheckTightening(rules); err != nil {
		return nil, &fault.Error{
			Code: codes.InvalidArgument, Reason: "INVALID_FIELD", Public: "rules: a code in them is not the hub's, or a redact names no class of field",
			Fields: []fault.Field{{Name: "rules", Description: "has a code that the policy in force does not know, or a redact without masks"}}, Private: err,
		}
	}
	return tightening(s.Rollout.Tighten(ctx, c.who, rules, req.GetReason()))
}

// LiftTightening implements PolicyService.
func (s *Service) LiftTightening(ctx context.Context, req *policyv1.LiftTighteningRequest) (*policyv1.Tightening, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := c.reason(req.GetReason(), policy.ChangeLift); err != nil {
		return nil, err
	}
	return tightening(s.Rollout.Lift(ctx, c.who, c.name.Tightening(), req.GetReason()))
}

// ListTightenings implements PolicyService.
func (s *Service) ListTightenings(ctx context.Context, req *policyv1.ListTighteningsRequest) (*policyv1.ListTighteningsResponse, error) {
	found, next, err := s.Rollout.Tightenings(ctx, page(req.GetParent(), req.GetPageToken(), req.GetPageSize()))
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ListTighteningsResponse{NextPageToken: next}
	for _, each := range found {
		answer.Tightenings = append(answer.Tightenings, tighteningOf(each))
	}
	return answer, nil
}

// tightening is what a step came to.
func tightening(t rollout.Tightening, err error) (*policyv1.Tightening, error) {
	if err != nil {
		return nil, err
	}
	return tighteningOf(t), nil
}

func tighteningOf(t rollout.Tightening) *policyv1.Tightening {
	answer := &policyv1.Tightening{
		Name: wire.TighteningName(t.Hub, t.Number), Number: t.Number, Reason: t.Reason, Actor: t.Actor, CreateTime: wire.Time(t.CreateTime),
		LiftProposer: t.LiftProposer, Lifter: t.Lifter, LiftTime: wire.Time(t.LiftTime),
	}
	for _, rule := range t.Rules {
		answer.Rules = append(answer.Rules, &policyv1.TighteningRule{
			Effect: string(rule.Effect), Categories: rule.Categories, Organisations: rule.Organisations, Bases: rule.Bases, Labels: rule.Labels,
			Masks: rule.Masks,
		})
	}
	return answer
}

func rulesFrom(given []*policyv1.TighteningRule) []policy.TighteningRule {
	rules := make([]policy.TighteningRule, 0, len(given))
	for _, rule := range given {
		rules = append(rules, policy.TighteningRule{
			Effect: policy.Effect(rule.GetEffect()), Categories: rule.GetCategories(), Organisations: rule.GetOrganisations(),
			Bases: rule.GetBases(), Labels: rule.GetLabels(), Masks: rule.GetMasks(),
		})
	}
	return rules
}
