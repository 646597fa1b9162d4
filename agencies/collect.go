package agencies

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Collect streams what the warrant and the organisation's own policy allow about people who were located on the same leg. The whole
// leg is decided, and its release written to the journal, before the first record leaves; until then it is held in memory, at most
// maxRecords records and maxBytes bytes of it.
func (a *Agency) Collect(req *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	ctx, cancel := context.WithTimeout(stream.Context(), warrant.Lifetime)
	defer cancel()
	if err := a.validator.Validate(req); err != nil {
		return badRequest(err)
	}
	claims, err := a.admit(ctx, call{method: warrant.Collect, token: req.GetWarrant(), body: req.GetBody()})
	if err != nil {
		return err
	}
	if err := a.checkTold(req.GetBody()); err != nil {
		return err
	}
	orders, err := a.orders(ctx, claims)
	if err != nil {
		return a.refuseAdmitted(ctx, claims, err)
	}
	answers, decided := a.gather(ctx, claims, orders)
	if ctx.Err() != nil {
		return fault.Unavailable("INTERRUPTED", "the collection was interrupted", ctx.Err())
	}
	if err := a.config.Journal.release(ctx, a.account(claims, answers), decided); err != nil {
		return a.refuseAdmitted(ctx, claims, err)
	}
	for _, answer := range answers {
		if err := answer.send(stream); err != nil {
			return err
		}
	}
	return nil
}

// checkTold holds the narrative of concern to the contract and lets it go. It is for the person at the holder who judges what is
// relevant; the library hands it to no Source and no policy, and neither journal nor log ever holds it.
func (a *Agency) checkTold(raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	body := &agencyv1.CollectBody{}
	return a.read(raw, body, func() bool { return len(body.ProtoReflect().GetUnknown()) > 0 })
}

// order is what is to be collected about one subject.
type order struct {
	subject warrant.Subject
	// ref is the person in the organisation's own system.
	ref         string
	constraints []policy.Constraint
}

// orders reads the warrant's constraints and holds them against what the organisation holds and whom it located. A warrant that is
// too wide is refused as a whole: whoever made it has made a mistake, and no part of a mistake is a permit.
func (a *Agency) orders(ctx context.Context, claims warrant.Claims) ([]order, error) {
	constraints, err := readConstraints(claims.Constraints)
	if err != nil {
		return nil, &warrant.Refusal{Code: warrant.Malformed, Cause: err}
	}
	located, err := a.config.Journal.located(ctx, claims)
	if err != nil {
		return nil, err
	}
	for i, c := range constraints {
		_, found := located[c.Subject]
		twice := slices.ContainsFunc(constraints[:i], func(o policy.Constraint) bool { return o.Subject == c.Subject && o.Category == c.Category })
		switch {
		case !claims.Names(c.Subject) || twice:
			return nil, warrant.Refuse(warrant.BeyondWarrant, "a constraint is about somebody whom the warrant does not name, or stands twice")
		case !slices.Contains(a.config.Categories, c.Category):
			return nil, warrant.Refuse(warrant.BeyondWarrant, "a constraint is for a category that the organisation does not hold")
		case !found:
			return nil, warrant.Refuse(warrant.NotLocated, "a constraint is about somebody who was not located on this leg")
		}
	}
	var orders []order
	for _, subject := range claims.Subjects {
		about := slices.DeleteFunc(slices.Clone(constraints), func(c policy.Constraint) bool { return c.Subject != subject.ID })
		if len(about) > 0 {
			orders = append(orders, order{subject: subject, ref: located[subject.ID], constraints: about})
		}
	}
	return orders, nil
}

func readConstraints(source json.RawMessage) ([]policy.Constraint, error) {
	var constraints []policy.Constraint
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&constraints); err != nil {
		return nil, err
	}
	if len(constraints) == 0 {
		return nil, errNoConstraint
	}
	return constraints, nil
}

// account is what the journal keeps of the answers.
func (a *Agency) account(claims warrant.Claims, answers []*answer) []Released {
	entries := make([]Released, 0, len(answers))
	for _, answer := range answers {
		entries = append(entries, Released{
			At: a.config.Clock.Now(), Warrant: claims.ID, Hub: claims.Hub, Request: claims.Request, Leg: claims.Leg, Attempt: claims.Attempt,
			Subject: answer.subject, Records: answer.contents(), Stubs: len(answer.records) - answer.contents(),
			Outcome: answer.outcome(), Revision: a.config.Policy.ID(),
		})
	}
	return entries
}

// gather decides each order's records. Together they are one leg, which is sent whole or, when it is too large, not at all; what was
// decided is told either way.
func (a *Agency) gather(ctx context.Context, claims warrant.Claims, orders []order) ([]*answer, []Decided) {
	l := &leg{
		agency: a, request: policy.AgencyRequest{Purpose: claims.Purpose, Basis: claims.Basis},
		refs: map[string]bool{}, objections: map[string]policy.Decision{},
	}
	answers := make([]*answer, 0, len(orders))
	for _, o := range orders {
		answer := l.answer(ctx, o)
		answers = append(answers, answer)
		if l.tooLarge() {
			break
		}
	}
	if l.tooLarge() {
		answers = answers[:0]
		for _, o := range orders {
			answers = append(answers, failedAnswer(o.subject.ID, tooLarge))
		}
	}
	decided := l.tally.all()
	for i := range decided {
		d := &decided[i]
		d.At, d.Hub, d.Request, d.Leg, d.Attempt = a.config.Clock.Now(), claims.Hub, claims.Request, claims.Leg, claims.Attempt
		d.Revision = a.config.Policy.ID()
	}
	return answers, decided
}

// chunks cuts an answer into chunks of at most record.MaxChunk records and about maxChunkBytes.
func (a *answer) chunks() [][]*agencyv1.Record {
	var chunks [][]*agencyv1.Record
	start, size := 0, 0
	for i, r := range a.records {
		bytes := proto.Size(r)
		if i-start == record.MaxChunk || i > start && size+bytes > maxChunkBytes {
			chunks, start, size = append(chunks, a.records[start:i]), i, 0
		}
		size += bytes
	}
	if start < len(a.records) {
		chunks = append(chunks, a.records[start:])
	}
	return chunks
}

func (a *answer) send(stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	for _, records := range a.chunks() {
		chunk := &agencyv1.Chunk{Subject: a.subject, Records: records}
		if err := stream.Send(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Chunk{Chunk: chunk}}); err != nil {
			return err
		}
	}
	return stream.Send(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Completion{Completion: a.completion()}})
}
