package fanout

import (
	"context"
	"errors"
	"fmt"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind is what a failure means for the answers that are still missing (domain.md 4.5).
type Kind string

// The kinds of failure.
const (
	// NotAnswered: late, or out of reach. It is escalated, never taken for "nothing known".
	NotAnswered Kind = "not_answered"
	// Error: the organisation could not look, or what it sent cannot be used.
	Error Kind = "error"
	// Interrupted: the asking itself stopped (a shutdown, a warrant that could not be written down). Nothing is known; the leg goes
	// on later.
	Interrupted Kind = "interrupted"
)

// Codes of failures, for the requester to be told.
const (
	CodeLate        = "late"
	CodeUnreachable = "unreachable"
	CodeIdentity    = "wrong_identity"
	CodeMalformed   = "malformed_answer"
	CodeTooLarge    = "too_large"
	CodeRefused     = "warrant_refused"
	CodeIncomplete  = "incomplete"
	CodeFailed      = "source_down"
	CodeStaleIndex  = "stale_index"
	CodeTooFew      = "too_few_identifiers"
)

// Failure is why a leg, or what is left of it, has no answer of its own.
type Failure struct {
	Kind Kind
	Code string
	// Disbelieved is true where the organisation broke the contract: then nothing it sent on this leg counts.
	Disbelieved bool
	// Cause is for logs of this process; it never holds what the organisation sent.
	Cause error
}

func (f *Failure) Error() string { return fmt.Sprintf("fanout: %s: %s: %v", f.Kind, f.Code, f.Cause) }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// broken is a breach of the contract. What is wrong names parts of the message, never what stood in them.
func broken(what string) *Failure {
	return &Failure{Kind: Error, Code: CodeMalformed, Disbelieved: true, Cause: errors.New(what)}
}

// Marks of failures on this side.
var (
	errPermit = errors.New("the attempt could not be permitted")
	errSink   = errors.New("a chunk could not be kept")
)

func ownSide(err error) bool { return errors.Is(err, errPermit) || errors.Is(err, errSink) }

// failureOf reads an error of a call. parent is the context of the whole fan-out: where that ended, the leg was interrupted, not late.
func failureOf(parent context.Context, err error) *Failure {
	var known *Failure
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(parent.Err(), context.Canceled):
		return &Failure{Kind: Interrupted, Cause: err}
	case ownSide(err) && !errors.Is(err, context.DeadlineExceeded): // a leg whose time ran out while this side wrote is late
		return &Failure{Kind: Interrupted, Cause: err}
	}
	switch code := status.Code(asStatus(err)); code {
	case codes.DeadlineExceeded:
		return &Failure{Kind: NotAnswered, Code: CodeLate, Cause: code2err(code)}
	case codes.Unavailable:
		return &Failure{Kind: NotAnswered, Code: CodeUnreachable, Cause: code2err(code)}
	case codes.PermissionDenied, codes.Unauthenticated:
		return &Failure{Kind: Error, Code: CodeRefused, Cause: code2err(code)}
	case codes.ResourceExhausted:
		return &Failure{Kind: Error, Code: CodeTooLarge, Disbelieved: true, Cause: code2err(code)}
	default:
		return &Failure{Kind: Error, Code: CodeFailed, Cause: code2err(code)}
	}
}

// code2err keeps the code alone: the text of a status is written by the organisation and could hold anything.
func code2err(code codes.Code) error {
	return fmt.Errorf("the organisation's call ended with %s", code)
}

// asStatus maps what is no status yet: an open breaker is an organisation out of reach (design.md section 5).
func asStatus(err error) error {
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		return status.Error(codes.Unavailable, "the line to the organisation is resting after failures")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "late")
	}
	return err
}
