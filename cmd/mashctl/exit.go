package main

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/policy/bundle"
)

// The exit codes; they stand in the help text and do not change.
const (
	exitOK          = 0
	exitFailed      = 1 // an expectation does not hold, or an error not listed below
	exitUsage       = 2
	exitDenied      = 3
	exitNotFound    = 4
	exitInvalid     = 5
	exitConflict    = 6
	exitUnavailable = 7
	exitNotAsked    = 8
)

const exitHelp = `Exit codes: 0 done · 1 failed (an expectation does not hold) · 2 wrong use · 3 not allowed · 4 not found · 5 invalid
input · 6 changed since it was read · 7 cannot be reached · 8 policy stopped the request: nobody was asked`

// errNotAsked says that a gate stopped the request; its reasons have been printed.
var errNotAsked = errors.New("policy stopped the request: nobody was asked")

// errExpectations says that a scenario's expectation does not hold; which ones has been printed.
var errExpectations = errors.New("not every expectation holds")

// usageError is a wrong use of the command line.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func exitCode(err error) int {
	var wrongUse usageError
	var refused *bundle.Refusal
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrongUse):
		return exitUsage
	case errors.As(err, &refused):
		return exitInvalid
	case errors.Is(err, errNotAsked):
		return exitNotAsked
	}
	switch status.Code(err) {
	case codes.PermissionDenied, codes.Unauthenticated:
		return exitDenied
	case codes.NotFound:
		return exitNotFound
	case codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange:
		return exitInvalid
	case codes.Aborted, codes.AlreadyExists:
		return exitConflict
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted:
		return exitUnavailable
	default:
		return exitFailed
	}
}

// describe prints an error for a person: the server's words, and each field it names.
func describe(err error) string {
	if refused, ok := errors.AsType[*bundle.Refusal](err); ok {
		return "mashctl: " + refused.Public + "\n  reason: " + string(refused.Code) + "\n  " + err.Error()
	}
	st, ok := status.FromError(err)
	if !ok || st.Code() == codes.Unknown {
		return "mashctl: " + err.Error()
	}
	lines := []string{"mashctl: " + st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				if line := v.GetField() + ": " + v.GetDescription(); line != st.Message() {
					lines = append(lines, "  "+line)
				}
			}
		case *errdetails.ErrorInfo:
			lines = append(lines, "  reason: "+d.GetReason())
		}
	}
	return strings.Join(lines, "\n")
}
