// Package fault is the one error type at the edge: a reason code, words that anybody may read, and a private cause that stays
// inside. It refuses to let a private cause become public text: Error() is for logs of the process that made it, Status() is all a
// caller ever sees.
package fault

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain stands in every ErrorInfo.
const Domain = "mashgate"

// Error is an error with public words. Its zero value is an internal error.
type Error struct {
	// Code is the gRPC code; codes.OK counts as codes.Internal.
	Code codes.Code
	// Reason is an UPPER_SNAKE code that programs can act on.
	Reason string
	// Public is what the caller reads. It never holds person data or the words of a private cause.
	Public string
	// Fields name what was wrong with the input.
	Fields []Field
	// RetryAfter is when trying again makes sense; zero says nothing about it.
	RetryAfter time.Duration
	// Private is the cause; it is logged by its type, never sent.
	Private error
}

// Field is one field of the input and what is wrong with it. Description never repeats the value.
type Field struct {
	Name        string
	Description string
}

// Error implements error, for the process's own eyes.
func (e *Error) Error() string {
	if e.Private != nil {
		return fmt.Sprintf("%s: %s: %v", e.Reason, e.Public, e.Private)
	}
	return e.Reason + ": " + e.Public
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Private }

// GRPCStatus is what the wire carries: code, public text, ErrorInfo, BadRequest where fields are named, and RetryInfo.
func (e *Error) GRPCStatus() *status.Status {
	code := e.Code
	if code == codes.OK {
		code = codes.Internal
	}
	st := status.New(code, e.Public)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: e.Reason, Domain: Domain}}
	if len(e.Fields) > 0 {
		bad := &errdetails.BadRequest{}
		for _, f := range e.Fields {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f.Name, Description: f.Description})
		}
		details = append(details, bad)
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	with, err := st.WithDetails(details...)
	if err != nil {
		return st
	}
	return with
}

// Status maps any error to what the wire carries. An error that is neither a fault nor already a status becomes an internal error
// without its words.
func Status(err error) *status.Status {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.GRPCStatus()
	}
	if st, ok := status.FromError(err); ok {
		return st
	}
	return (&Error{Reason: "INTERNAL", Public: "The request could not be carried out. It has been recorded."}).GRPCStatus()
}

// Invalid is a bad value of one field.
func Invalid(field, description string) *Error {
	return &Error{
		Code: codes.InvalidArgument, Reason: "INVALID_FIELD", Public: field + ": " + description,
		Fields: []Field{{Name: field, Description: description}},
	}
}

// NotFound says that the named resource does not exist or is not the caller's to see: deliberately not told apart.
func NotFound(resource string) *Error {
	return &Error{Code: codes.NotFound, Reason: "NOT_FOUND", Public: resource + " was not found"}
}

// Denied is a refusal by policy.
func Denied(reason, public string) *Error {
	return &Error{Code: codes.PermissionDenied, Reason: reason, Public: public}
}

// Conflict says that the resource changed since it was read (a stale etag).
func Conflict(resource string) *Error {
	return &Error{Code: codes.Aborted, Reason: "ETAG_MISMATCH", Public: resource + " has changed since you read it: read it again and decide anew"}
}

// Precondition says that the state of the system does not allow the call.
func Precondition(reason, public string) *Error {
	return &Error{Code: codes.FailedPrecondition, Reason: reason, Public: public}
}

// Unavailable says that a part that is needed does not work now; nothing has happened.
func Unavailable(reason, public string, cause error) *Error {
	return &Error{Code: codes.Unavailable, Reason: reason, Public: public, Private: cause}
}
