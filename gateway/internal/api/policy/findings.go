package policy

import (
	"context"
	"strconv"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/recheck"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// Findings lists what was seen and would not be shown now.
type Findings interface {
	Findings(ctx context.Context, q recheck.Query) (page []recheck.Finding, next string, err error)
}

// ListRecheckFindings implements PolicyService.
func (s *Service) ListRecheckFindings(ctx context.Context, req *policyv1.ListRecheckFindingsRequest) (*policyv1.ListRecheckFindingsResponse, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	found, next, err := s.Findings.Findings(ctx, recheck.Query{
		Hub: c.who.Hub, Cursor: req.GetPageToken(), Limit: wire.PageSize(req.GetPageSize(), usualPage),
	})
	if err != nil {
		return nil, err
	}
	answer := &policyv1.ListRecheckFindingsResponse{NextPageToken: next}
	for _, f := range found {
		answer.Findings = append(answer.Findings, finding(f))
	}
	return answer, nil
}

func finding(f recheck.Finding) *policyv1.RecheckFinding {
	return &policyv1.RecheckFinding{
		Name: wire.HubName(f.Request.Hub) + "/recheckFindings/" + strconv.FormatInt(f.ID, 10), Time: wire.Time(f.Time), Cause: f.Cause,
		InformationRequest: wire.RequestName(f.Request.Hub, f.Request.Episode, f.Request.ID), Organisation: f.Organisation,
		Subject: f.Subject, Category: f.Category, Records: int32(f.Records), Was: string(f.Was), Now: string(f.Now), //nolint:gosec // a request holds far fewer records than fit
		Reasons: f.Reasons, SeenBy: f.SeenBy, LedgerEntries: f.Entries,
	}
}
