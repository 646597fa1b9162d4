package fanout

import (
	"context"
	"errors"
	"fmt"
	"io"

	grpcpeer "google.golang.org/grpc/peer"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Item is one record as it arrived, checked. Its header names the organisation of the leg and the subject of its chunk.
type Item struct {
	Record record.Record
	// Stub is Review or Exist where the fields stayed with their holder, else empty.
	Stub policy.Effect
	// Reasons are the holder's codes for keeping them.
	Reasons []string
}

// Sink takes the checked items of one chunk. It must keep them out of sight until the leg has ended: a later part of the same stream
// may show that none of it can be believed.
type Sink func(ctx context.Context, subject string, items []Item) error

// Status is how an organisation ended its answer about one subject.
type Status string

// The statuses.
const (
	Done    Status = "done"
	Refused Status = "refused"
	Broken  Status = "error"
)

// Completion ends the answer about one subject.
type Completion struct {
	Status Status `json:"status"`
	// Reason is the organisation's code for a refusal or an error.
	Reason string `json:"reason"`
	// HeldBack are the codes of what was held back whole at the source.
	HeldBack []string `json:"held_back"`
}

// Collected is the one reply to a Collect leg. A subject without a completion has the failure for its answer.
type Collected struct {
	Leg         Leg
	Completions map[string]Completion
	Failure     *Failure
}

// Collect takes one organisation's answer, a chunk at a time: no more than one is ever in memory. The reply says what the answer is
// worth only when the stream has ended.
func (f *Fanout) Collect(ctx context.Context, leg Leg, sink Sink) Collected {
	collected := Collected{Leg: leg, Completions: map[string]Completion{}}
	remote, ok := f.remotes[leg.Organisation]
	if !ok {
		collected.Failure = &Failure{Kind: NotAnswered, Code: CodeUnreachable, Cause: errors.New("no line leads to the organisation")}
		return collected
	}
	bounded, cancel := f.within(ctx, f.config.Timeouts.Collect)
	defer cancel()
	check := newChecker(leg, f)
	err := f.stream(bounded, remote, check, sink)
	if err == nil && len(check.completions) < len(leg.Subjects) {
		err = &Failure{Kind: Error, Code: CodeIncomplete, Cause: errors.New("the stream ended before the answer did")}
	}
	collected.Completions = check.completions
	if err != nil {
		collected.Failure = check.failure(ctx, err)
		if collected.Failure.Disbelieved {
			collected.Completions = map[string]Completion{}
		}
	}
	return collected
}

func (f *Fanout) stream(ctx context.Context, remote remote, check *checker, sink Sink) error {
	permit, err := check.leg.Permits(ctx, check.leg, Collect)
	if err != nil {
		return fmt.Errorf("%w: %w", errPermit, err)
	}
	stream, err := remote.client.Collect(ctx, &agencyv1.CollectRequest{Warrant: permit.Warrant, Body: permit.Body})
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return check.flush(ctx, sink)
		}
		if err != nil {
			return err
		}
		if err := take(ctx, stream.Context(), check, part, sink); err != nil {
			return err
		}
	}
}

// take checks one part of the stream, then hands it on.
func take(ctx, answering context.Context, check *checker, part *agencyv1.CollectResponse, sink Sink) error {
	if !check.started {
		replier, _ := grpcpeer.FromContext(answering)
		if err := checkReplier(check.leg, replier); err != nil {
			return err
		}
		check.started = true
	}
	if part.GetCompletion() != nil { // an answer counts as complete only when all of it is kept
		if err := check.flush(ctx, sink); err != nil {
			return err
		}
	}
	items, err := check.part(part)
	if err != nil || part.GetChunk() == nil {
		return err
	}
	subject := part.GetChunk().GetSubject()
	if subject != check.subject || len(check.pending)+len(items) > record.MaxChunk {
		if err := check.flush(ctx, sink); err != nil {
			return err
		}
	}
	check.subject, check.pending = subject, append(check.pending, items...)
	return nil
}

// flush hands on what is pending. Small chunks are put together first: one that sends its records singly costs no more than others.
func (c *checker) flush(ctx context.Context, sink Sink) error {
	items := c.pending
	c.pending = nil
	if len(items) == 0 {
		return nil
	}
	if err := sink(ctx, c.subject, items); err != nil {
		return fmt.Errorf("%w: %w", errSink, err)
	}
	return nil
}
