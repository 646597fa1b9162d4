package agencytest

import (
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// sender sends parts of a Collect answer.
type sender struct {
	stream grpc.ServerStreamingServer[agencyv1.CollectResponse]
}

func (s sender) chunk(subject string, records ...*agencyv1.Record) error {
	return s.stream.Send(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Chunk{Chunk: &agencyv1.Chunk{Subject: subject, Records: records}}})
}

func (s sender) chunks(subject string, records []*agencyv1.Record) error {
	for part := range slices.Chunk(records, 64) {
		if err := s.chunk(subject, part...); err != nil {
			return err
		}
	}
	return nil
}

func (s sender) done(subject string) error {
	done := &agencyv1.Completion{Subject: subject, Status: agencyv1.Completion_STATUS_DONE}
	return s.stream.Send(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Completion{Completion: done}})
}

// send answers about one subject: the records, spoilt as the trick has it, and an end or none.
func (h *Hostile) send(s sender, subject string, records []*agencyv1.Record) error {
	as := subject
	if h.Trick == WrongSubject {
		as = Stranger
	}
	if h.Trick == Endless {
		return h.endless(s, subject)
	}
	if err := s.chunks(as, h.spoil(subject, records)); err != nil {
		return err
	}
	switch h.Trick {
	case Oversize:
		if err := s.chunk(subject, h.plenty(subject, 65)...); err != nil {
			return err
		}
	case ExtraPerson:
		if err := s.chunk(Stranger, wire(h.full(Stranger, h.Categories[0], "extra"))); err != nil {
			return err
		}
	case CrashHalfWay:
		return status.Error(codes.Unavailable, h.value(subject, "error", "error", "text"))
	case NoCompletion:
		return nil
	case TwoCompletions:
		if err := s.done(subject); err != nil {
			return err
		}
	case AfterTheEnd:
		if err := s.done(subject); err != nil {
			return err
		}
		return s.chunk(subject, wire(h.full(subject, h.Categories[0], "late")))
	}
	return s.done(as)
}

// plenty are n records of the first category, each with its own reference.
func (h *Hostile) plenty(subject string, n int) []*agencyv1.Record {
	records := make([]*agencyv1.Record, 0, n)
	for i := range n {
		records = append(records, wire(h.full(subject, h.Categories[0], fmt.Sprintf("%s-plenty-%d", subject, i))))
	}
	return records
}

func (h *Hostile) endless(s sender, subject string) error {
	for i := 0; s.stream.Context().Err() == nil; i++ {
		if err := s.chunk(subject, wire(h.full(subject, h.Categories[0], fmt.Sprintf("%s-endless-%d", subject, i)))); err != nil {
			return err
		}
	}
	return s.stream.Context().Err()
}

// spoil changes the records themselves.
func (h *Hostile) spoil(subject string, records []*agencyv1.Record) []*agencyv1.Record {
	if h.Trick == TenThousand {
		return h.plenty(subject, 10_000)
	}
	if h.Trick == ForeignCategory {
		return append(records, wire(h.full(subject, h.foreign(), "foreign-"+subject)))
	}
	if len(records) == 0 {
		return records
	}
	first := records[0]
	switch h.Trick {
	case DuplicateRef:
		return append(records, proto.CloneOf(first))
	case MissingHeader:
		first.Header = nil
	case UnknownField:
		first.Fields = append(first.Fields, &agencyv1.Field{Name: "no_such_field", Value: h.value(subject, first.GetHeader().GetCategory(), "unknown", "field")})
	case UnknownWire:
		smuggle(first, h.value(subject, first.GetHeader().GetCategory(), "unknown", "wire"))
		smuggle(first.GetHeader(), h.value(subject, first.GetHeader().GetCategory(), "unknown", "wire"))
	case UnknownLabel:
		first.Header.Labels = []string{"no_such_label"}
	case BadDate:
		first.Header.EventDate = "2026-13-45"
	case FullStub:
		first.Stub = "review"
		first.Fields = wire(h.full(subject, first.GetHeader().GetCategory(), first.GetHeader().GetRef())).GetFields()
	}
	return records
}

// foreign is a category that this organisation does not declare.
func (h *Hostile) foreign() string {
	for _, code := range h.Catalogue.Codes() {
		if !slices.Contains(h.Categories, code) {
			return code
		}
	}
	return "none.left"
}
