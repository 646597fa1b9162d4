package policy

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// asked is the stream of what an organisation would be asked for.
type asked interface {
	Context() context.Context
	Send(message *policyv1.ListDraftAsksResponse) error
}

// ListDraftAsks implements PolicyService. A request comes as it was asked, and once more where what Locate found changed what could be
// asked for: the last message about a request is the one that counts.
func (s *Service) ListDraftAsks(req *policyv1.ListDraftAsksRequest, stream policyv1.PolicyService_ListDraftAsksServer) error {
	return s.listDraftAsks(req, stream)
}

func (s *Service) listDraftAsks(req *policyv1.ListDraftAsksRequest, stream asked) error {
	ctx := stream.Context()
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return err
	}
	run, err := s.rehearsal(ctx, c, &policyv1.SimulateRequest{Name: req.GetName(), Since: req.GetSince()})
	if err != nil {
		return err
	}
	words := run.under.Vocabulary().Organisations
	if !slices.ContainsFunc(words, func(o policy.OrganisationEntry) bool { return o.ID == req.GetOrganisation() }) {
		return fault.Invalid("organisation", "is not an organisation of the draft")
	}
	asks := draftAsks{rehearsal: run, organisation: req.GetOrganisation(), sent: map[string][sha256.Size]byte{}}
	query := decision.Query{Hub: c.who.Hub, Since: run.since, Kinds: []history.Kind{history.Ask, history.Attempt}}
	for record, err := range unaltered(s.Decisions.Each(ctx, query)) {
		if err == nil {
			err = s.Exchange.GiveWay(ctx)
		}
		if err == nil {
			err = asks.send(ctx, record, stream)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// draftAsks are what one organisation would be asked for. It remembers what was said of each request, in so many bytes a request.
type draftAsks struct {
	*rehearsal
	organisation string
	sent         map[string][sha256.Size]byte
}

func (a *draftAsks) send(ctx context.Context, r history.Record, stream asked) error {
	if r.Erased || r.Kind == history.Attempt && r.Organisation != a.organisation {
		return nil
	}
	constraints, err := a.constraints(ctx, r.Input)
	if err != nil {
		return err
	}
	text, err := json.Marshal(constraints)
	if err != nil {
		return fmt.Errorf("writing what would be asked: %w", err)
	}
	if sum := sha256.Sum256(text); a.sent[r.Request] != sum {
		a.sent[r.Request] = sum
		return stream.Send(&policyv1.ListDraftAsksResponse{
			Request: r.Request, Against: a.against.ID(), Draft: a.under.ID(), Constraints: text,
		})
	}
	return nil
}

func (a *draftAsks) constraints(ctx context.Context, input policy.Input) ([]policy.Constraint, error) {
	at := slices.IndexFunc(input.Organisations, func(o policy.Organisation) bool { return o.ID == a.organisation })
	if at < 0 {
		return []policy.Constraint{}, nil
	}
	q, err := a.under.Open(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("deciding what would be asked: %w", err)
	}
	return q.Constraints(ctx, a.organisation)
}
