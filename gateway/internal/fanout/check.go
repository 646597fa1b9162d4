package fanout

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// checker holds one stream to the contract and to the warrant. It remembers references and completions, never content.
type checker struct {
	leg         Leg
	fanout      *Fanout
	allowed     map[asked]bool
	refs        map[string]bool
	completions map[string]Completion
	bytes       int
	started     bool
	// pending are checked items about subject that have not been handed on; at most one chunk.
	subject string
	pending []Item
}

// asked is what a warrant allows: a category about a subject.
type asked struct{ category, subject string }

func newChecker(leg Leg, f *Fanout) *checker {
	c := &checker{leg: leg, fanout: f, allowed: map[asked]bool{}, refs: map[string]bool{}, completions: map[string]Completion{}}
	for _, constraint := range leg.Constraints {
		c.allowed[asked{constraint.Category, constraint.Subject}] = true
	}
	return c
}

// part checks one message and returns the items of a chunk.
func (c *checker) part(part *agencyv1.CollectResponse) ([]Item, error) {
	c.bytes += proto.Size(part)
	if c.bytes > c.fanout.config.Limits.Bytes {
		return nil, tooLarge()
	}
	if hasUnknown(part.ProtoReflect()) {
		return nil, broken("the answer has unknown fields")
	}
	if c.fanout.validator.Validate(part) != nil {
		return nil, broken("the answer breaks the contract's rules")
	}
	if chunk := part.GetChunk(); chunk != nil {
		return c.chunk(chunk)
	}
	return nil, c.completion(part.GetCompletion())
}

func (c *checker) chunk(chunk *agencyv1.Chunk) ([]Item, error) {
	if err := c.open(chunk.GetSubject()); err != nil {
		return nil, err
	}
	items := make([]Item, 0, len(chunk.GetRecords()))
	for _, sent := range chunk.GetRecords() {
		item, err := c.item(chunk.GetSubject(), sent)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// open tells whether the answer about a subject may go on.
func (c *checker) open(subject string) error {
	if !slices.Contains(c.leg.Subjects, subject) {
		return broken("the answer is about somebody who was not asked about")
	}
	if _, ended := c.completions[subject]; ended {
		return broken("the answer goes on after its completion")
	}
	return nil
}

func (c *checker) item(subject string, sent *agencyv1.Record) (Item, error) {
	if len(c.refs) >= c.fanout.config.Limits.Records {
		return Item{}, tooLarge()
	}
	header := sent.GetHeader()
	if !c.allowed[asked{header.GetCategory(), subject}] {
		return Item{}, broken("the answer has a record of a category outside the warrant")
	}
	if c.refs[header.GetRef()] {
		return Item{}, broken("the answer has one reference twice")
	}
	c.refs[header.GetRef()] = true
	item := Item{Record: recordOf(c.leg.Organisation, subject, sent), Stub: policy.Effect(sent.GetStub()), Reasons: sent.GetStubReasons()}
	if err := c.fanout.config.Catalogue.Check(item.Record); err != nil {
		return Item{}, broken("the answer has a record that is not of the catalogue")
	}
	if item.Stub != "" && len(item.Record.Fields) > 0 {
		return Item{}, broken("the answer has a stub with content")
	}
	return item, nil
}

func (c *checker) completion(sent *agencyv1.Completion) error {
	if err := c.open(sent.GetSubject()); err != nil {
		return err
	}
	status := map[agencyv1.Completion_Status]Status{
		agencyv1.Completion_STATUS_DONE: Done, agencyv1.Completion_STATUS_REFUSED: Refused, agencyv1.Completion_STATUS_ERROR: Broken,
	}[sent.GetStatus()]
	c.completions[sent.GetSubject()] = Completion{Status: status, Reason: sent.GetReason(), HeldBack: sent.GetHeldBack()}
	return nil
}

// failure reads the error a stream ended with. A line that breaks once the answer has begun is part of a source down; before that it
// is an organisation out of reach.
func (c *checker) failure(ctx context.Context, err error) *Failure {
	failure := failureOf(ctx, err)
	if c.started && status.Code(err) == codes.Unavailable && failure.Kind == NotAnswered {
		return &Failure{Kind: Error, Code: CodeFailed, Cause: failure.Cause}
	}
	return failure
}

func tooLarge() *Failure {
	return &Failure{Kind: Error, Code: CodeTooLarge, Disbelieved: true, Cause: errors.New("the answer is over the leg's limit")}
}

// recordOf reads a record; organisation and subject are those of the leg and the chunk, whatever the message may claim.
func recordOf(organisation, subject string, sent *agencyv1.Record) record.Record {
	h := sent.GetHeader()
	r := record.Record{Header: record.Header{
		Ref: h.GetRef(), Organisation: organisation, Category: h.GetCategory(), Subject: subject, EventDate: h.GetEventDate(), Until: h.GetUntil(),
		Current: h.GetCurrent(), Labels: h.GetLabels(), LabelsKnown: h.GetLabelsKnown(), OnlyAddress: h.GetOnlyAddress(),
	}.Normalised()}
	for _, field := range sent.GetFields() {
		r.Fields = append(r.Fields, record.Field{Name: field.GetName(), Value: field.GetValue(), Labels: field.GetLabels()})
	}
	return r
}

// hasUnknown tells whether a message, or any within it, has fields that the contract does not know.
func hasUnknown(m protoreflect.Message) bool {
	if len(m.GetUnknown()) > 0 {
		return true
	}
	found := false
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := range value.List().Len() {
				found = found || hasUnknown(value.List().Get(i).Message())
			}
		default:
			found = hasUnknown(value.Message())
		}
		return !found
	})
	return found
}
