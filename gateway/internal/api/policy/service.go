// Package policy serves PolicyService: which policy is in force, and why a recorded request was decided as it was. What it shows is
// itself subject to policy: reasons that may not be told are left out by the exchange, and once more here.
package policy

import (
	"context"
	"errors"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Service implements PolicyService.
type Service struct {
	policyv1.UnimplementedPolicyServiceServer
	exchange *exchange.Exchange
	policy   *policy.Point
}

// New returns the service; both parts are required.
func New(e *exchange.Exchange, p *policy.Point) (*Service, error) {
	if e == nil || p == nil {
		return nil, errors.New("api/policy: the exchange or the policy is missing")
	}
	return &Service{exchange: e, policy: p}, nil
}

// active names the revision in force.
const active = "active"

// GetRevision implements PolicyService.
func (s *Service) GetRevision(_ context.Context, req *policyv1.GetRevisionRequest) (*policyv1.Revision, error) {
	name := wire.ParseName(req.GetName())
	inForce, err := s.policy.Active(name.Hub())
	if err != nil {
		return nil, fault.NotFound("hub")
	}
	found := inForce
	if name.Revision() != active {
		if found, err = s.policy.Revision(name.Hub(), name.Revision()); err != nil {
			return nil, fault.NotFound("policy revision")
		}
	}
	return &policyv1.Revision{Name: wire.RevisionName(name.Hub(), found.ID()), Id: found.ID(), Active: found.ID() == inForce.ID()}, nil
}

// Explain implements PolicyService.
func (s *Service) Explain(ctx context.Context, req *policyv1.ExplainRequest) (*policyv1.ExplainResponse, error) {
	who, err := authn.Requester(ctx)
	if err != nil {
		return nil, err
	}
	name := wire.ParseName(req.GetName())
	ref := request.Ref{Hub: name.Hub(), Episode: name.Episode(), ID: name.Request()}
	filter := exchange.Filter{Organisation: req.GetOrganisation(), Subject: req.GetSubject(), Category: req.GetCategory()}
	of, lines, err := s.exchange.Explain(ctx, who, ref, filter)
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ExplainResponse{Gates: wire.Reasons(of.Ask.Gates), Revision: of.Revision}
	for _, line := range lines {
		explanation := &policyv1.Explanation{
			Organisation: line.Organisation, Subject: line.Subject, Category: line.Category,
			Effect: wire.FromCode[mashgatev1.Effect](string(line.Effect)), Masks: line.Masks, Reasons: wire.Reasons(line.Reasons),
		}
		for _, location := range line.Locations {
			explanation.RuleLocations = append(explanation.RuleLocations, fmt.Sprintf("%s:%d", location.File, location.Line))
		}
		answer.Explanations = append(answer.Explanations, explanation)
	}
	return answer, nil
}
