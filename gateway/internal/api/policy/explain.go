package policy

import (
	"context"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/request"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Explain implements PolicyService.
func (s *Service) Explain(ctx context.Context, req *policyv1.ExplainRequest) (*policyv1.ExplainResponse, error) {
	who, err := authn.Requester(ctx)
	if err != nil {
		return nil, err
	}
	name := wire.ParseName(req.GetName())
	ref := request.Ref{Hub: name.Hub(), Episode: name.Episode(), ID: name.Request()}
	filter := exchange.Filter{Organisation: req.GetOrganisation(), Subject: req.GetSubject(), Category: req.GetCategory()}
	of, lines, err := s.Exchange.Explain(ctx, who, ref, filter)
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
