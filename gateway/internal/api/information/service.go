// Package information serves InformationService: it turns messages into the exchange's questions and its answers back into messages.
// It decides nothing: what reaches it was released to this caller, and what it adds are the words of the policy in force. It refuses
// categories that the hub does not have.
package information

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Service implements InformationService.
type Service struct {
	mashgatev1.UnimplementedInformationServiceServer
	exchange *exchange.Exchange
	policy   *policy.Point
}

// New returns the service over an exchange; both are required.
func New(e *exchange.Exchange, p *policy.Point) (*Service, error) {
	if e == nil || p == nil {
		return nil, errors.New("api/information: the exchange or the policy is missing")
	}
	return &Service{exchange: e, policy: p}, nil
}

const usualPage = 50

// session is one call: who calls, about what, in which words.
type session struct {
	who directory.Person
	// principal names the caller in idempotency keys.
	principal string
	name      wire.Name
	speaker
}

func (s *Service) begin(ctx context.Context, name string) (session, error) {
	who, err := authn.Requester(ctx)
	if err != nil {
		return session{}, err
	}
	parsed := wire.ParseName(name)
	revision, err := s.policy.Active(parsed.Hub())
	if err != nil {
		return session{}, fault.NotFound("hub")
	}
	return session{who: who, principal: authn.FromContext(ctx).ID(), name: parsed, speaker: newSpeaker(revision)}, nil
}

func (c session) ref() request.Ref {
	return request.Ref{Hub: c.name.Hub(), Episode: c.name.Episode(), ID: c.name.Request()}
}

// RequestInformation implements InformationService.
func (s *Service) RequestInformation(ctx context.Context, req *mashgatev1.RequestInformationRequest) (*mashgatev1.InformationRequest, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	need := exchange.Need{Hub: c.name.Hub(), Episode: c.name.Episode()}
	if need.Categories, err = c.categories(req.GetCategories()); err != nil {
		return nil, err
	}
	if req.GetRequestId() != "" {
		body, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
		if err != nil {
			return nil, fmt.Errorf("digesting the request: %w", err)
		}
		need.Key = request.Key{
			Principal: c.principal, Method: mashgatev1.InformationService_RequestInformation_FullMethodName, Value: req.GetRequestId(), Body: body,
		}
	}
	made, err := s.exchange.Request(ctx, c.who, need)
	if err != nil {
		return nil, err
	}
	standing, err := s.exchange.Get(ctx, c.who, made.Ref())
	if err != nil {
		return nil, err
	}
	return c.request(standing), nil
}

func (c session) categories(needs []*mashgatev1.CategoryNeed) ([]policy.Category, error) {
	var problems wire.Problems
	var categories []policy.Category
	seen := map[string]bool{}
	for i, need := range needs {
		field := fmt.Sprintf("categories[%d].category", i)
		wire.Known(&problems, field, need.GetCategory(), c.words.Categories, "categories")
		if seen[need.GetCategory()] {
			problems.Add(field, "stands twice")
		}
		seen[need.GetCategory()] = true
		categories = append(categories, policy.Category{Code: need.GetCategory(), Reason: need.GetReason()})
	}
	return categories, problems.Err()
}

// GetInformationRequest implements InformationService.
func (s *Service) GetInformationRequest(ctx context.Context, req *mashgatev1.GetInformationRequestRequest) (*mashgatev1.InformationRequest, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	standing, err := s.exchange.Get(ctx, c.who, c.ref())
	if err != nil {
		return nil, err
	}
	return c.request(standing), nil
}

// ListInformationRequests implements InformationService.
func (s *Service) ListInformationRequests(ctx context.Context, req *mashgatev1.ListInformationRequestsRequest) (*mashgatev1.ListInformationRequestsResponse, error) {
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	page, next, err := s.exchange.List(ctx, c.who, request.Query{
		Hub: c.name.Hub(), Episode: c.name.Episode(), Cursor: req.GetPageToken(), Limit: wire.PageSize(req.GetPageSize(), usualPage),
	})
	if err != nil {
		return nil, err
	}
	answer := &mashgatev1.ListInformationRequestsResponse{NextPageToken: next}
	for _, each := range page {
		answer.InformationRequests = append(answer.InformationRequests, c.request(exchange.Standing{Request: each}))
	}
	return answer, nil
}

// WatchInformationRequest implements InformationService.
func (s *Service) WatchInformationRequest(
	req *mashgatev1.WatchInformationRequestRequest, stream grpc.ServerStreamingServer[mashgatev1.WatchInformationRequestResponse],
) error {
	c, err := s.begin(stream.Context(), req.GetName())
	if err != nil {
		return err
	}
	return s.exchange.Watch(stream.Context(), c.who, c.ref(), req.GetAfter(), func(event exchange.Event) error {
		return stream.Send(c.event(event))
	})
}

// GetPicture implements InformationService.
func (s *Service) GetPicture(ctx context.Context, req *mashgatev1.GetPictureRequest) (*mashgatev1.Picture, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	picture, err := s.exchange.Picture(ctx, c.who, c.ref(), exchange.Page{Size: int(req.GetPageSize()), Token: req.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return c.picture(picture), nil
}

// CancelInformationRequest implements InformationService.
func (s *Service) CancelInformationRequest(ctx context.Context, req *mashgatev1.CancelInformationRequestRequest) (*mashgatev1.InformationRequest, error) {
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	standing, err := s.exchange.Cancel(ctx, c.who, c.ref())
	switch {
	case errors.Is(err, request.ErrEnded):
		return nil, fault.Precondition("REQUEST_ENDED", "the request has ended: there is nothing left to cancel")
	case err != nil:
		return nil, err
	}
	return c.request(standing), nil
}
