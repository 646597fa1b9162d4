package exchange_test

import (
	"context"
	"maps"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/record"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// blind is an organisation that enforces nothing: what it has of the people and categories it is asked about goes out whole, with true
// headers. What it may not show is the hub's to keep back.
type blind struct {
	agencyv1.UnimplementedAgencyServiceServer

	organisation string
	categories   []string
	people       []agencytest.Person

	mu    sync.Mutex
	known map[string]agencytest.Person // by subject
}

// Describe implements agencyv1.AgencyServiceServer.
func (b *blind) Describe(context.Context, *agencyv1.DescribeRequest) (*agencyv1.DescribeResponse, error) {
	return &agencyv1.DescribeResponse{Organisation: b.organisation, Title: b.organisation, Categories: b.categories, PolicyRevision: "none"}, nil
}

// Locate implements agencyv1.AgencyServiceServer.
func (b *blind) Locate(_ context.Context, req *agencyv1.LocateRequest) (*agencyv1.LocateResponse, error) {
	body := &agencyv1.LocateBody{}
	if err := proto.Unmarshal(req.GetBody(), body); err != nil {
		return nil, err
	}
	response := &agencyv1.LocateResponse{}
	for _, s := range body.GetSubjects() {
		at := slices.IndexFunc(b.people, func(p agencytest.Person) bool { return p.Identity.GivenName == s.GetIdentity().GetGivenName() })
		b.mu.Lock()
		b.known[s.GetId()] = b.people[at]
		b.mu.Unlock()
		response.Matches = append(response.Matches, &agencyv1.Match{
			Subject: s.GetId(), Outcome: agencyv1.Match_OUTCOME_MATCHED, Flags: b.people[at].Flags, LookedIn: "Everything", LookedWith: []string{"name"},
			IndexAsOf: timestamppb.New(now), IndexMaxAgeSeconds: 86400,
		})
	}
	return response, nil
}

// Collect implements agencyv1.AgencyServiceServer.
func (b *blind) Collect(req *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	constraints, err := agencytest.ConstraintsOf(req.GetWarrant())
	if err != nil {
		return err
	}
	bySubject := map[string][]*agencyv1.Record{}
	for _, c := range constraints {
		b.mu.Lock()
		person := b.known[c.Subject]
		b.mu.Unlock()
		for _, r := range person.Records {
			if r.Header.Category == c.Category {
				bySubject[c.Subject] = append(bySubject[c.Subject], onTheWire(r))
			}
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(bySubject)) {
		for records := range slices.Chunk(bySubject[subject], record.MaxChunk) {
			chunk := &agencyv1.Chunk{Subject: subject, Records: records}
			if err := stream.Send(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Chunk{Chunk: chunk}}); err != nil {
				return err
			}
		}
		done := &agencyv1.Completion{Subject: subject, Status: agencyv1.Completion_STATUS_DONE}
		if err := stream.Send(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Completion{Completion: done}}); err != nil {
			return err
		}
	}
	return nil
}

func onTheWire(r record.Record) *agencyv1.Record {
	h := r.Header
	out := &agencyv1.Record{Header: &agencyv1.Header{
		Ref: h.Ref, Category: h.Category, EventDate: h.EventDate, Until: h.Until, Current: h.Current, Labels: h.Labels, LabelsKnown: h.LabelsKnown,
		OnlyAddress: h.OnlyAddress,
	}}
	for _, f := range r.Fields {
		out.Fields = append(out.Fields, &agencyv1.Field{Name: f.Name, Value: f.Value, Labels: f.Labels})
	}
	return out
}
