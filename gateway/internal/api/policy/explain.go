package policy

import (
	"context"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
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
	of, err := s.Exchange.Explain(ctx, who, ref, filter)
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ExplainResponse{Gates: reasons(of.Gates, of.Everything), Revision: of.Request.Revision, Changes: changes(of.GateChanges)}
	for _, line := range of.Lines {
		answer.Explanations = append(answer.Explanations, explanation(line, of.Everything))
	}
	return answer, nil
}

func explanation(line exchange.Explanation, everything bool) *policyv1.Explanation {
	e := &policyv1.Explanation{
		Organisation: line.Organisation, Subject: line.Subject, Category: line.Category,
		Effect: wire.FromCode[mashgatev1.Effect](string(line.Effect)), Masks: line.Masks, Reasons: reasons(line.Reasons, everything),
		Changes: changes(line.Changes),
	}
	for _, location := range line.Locations {
		e.RuleLocations = append(e.RuleLocations, fmt.Sprintf("%s:%d", location.File, location.Line))
	}
	for _, read := range line.Inputs {
		e.Inputs = append(e.Inputs, &policyv1.InputRead{Path: read.Path, Value: string(read.Value)})
	}
	return e
}

// reasons are those that may be told, and the others only to whom everything may be.
func reasons(given []policy.Reason, everything bool) []*mashgatev1.Reason {
	if !everything {
		return wire.Reasons(given)
	}
	var all []*mashgatev1.Reason
	for _, reason := range given {
		all = append(all, &mashgatev1.Reason{Code: reason.Code, Text: reason.Text, Source: reason.Source, Rule: reason.Rule})
	}
	return all
}

func changes(of []explain.Change) []*policyv1.NearestChange {
	all := make([]*policyv1.NearestChange, 0, len(of))
	for _, change := range of {
		all = append(all, &policyv1.NearestChange{
			Text: change.Text, Fact: change.Fact, Value: change.Value, Effect: wire.FromCode[mashgatev1.Effect](string(change.Effect)),
		})
	}
	return all
}
