package server

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/internal/fault"
)

const (
	unauthenticated = codes.Unauthenticated
	problemType     = "application/problem+json"
	// problemURI is the root of problem types (RFC 9457, 3.1.1: a type need not be resolvable).
	problemURI = "urn:mashgate:problem:"
)

// Problem is an error as REST tells it (RFC 9457), with the reason code and the fields that gRPC carries in its details.
type Problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Reason string         `json:"reason"`
	Fields []ProblemField `json:"fields,omitempty"`
	// RequestID finds the call in the log and in a report.
	RequestID string `json:"request_id"`

	retryAfter time.Duration
}

// ProblemField is one field of the input and what is wrong with it.
type ProblemField struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// problemOf maps a status to a problem. One without a reason is the mux's own: it speaks of the body, the path or the query.
func problemOf(st *status.Status) Problem {
	p := Problem{Detail: st.Message()}
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			p.Reason = detail.GetReason()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				p.Fields = append(p.Fields, ProblemField{jsonName(violation.GetField()), violation.GetDescription()})
			}
		case *errdetails.RetryInfo:
			p.retryAfter = detail.GetRetryDelay().AsDuration()
		}
	}
	if p.Reason == "" {
		p = bareProblem(st)
	}
	p.Status = httpStatus(st.Code(), p.Reason)
	return p.titled()
}

func (p Problem) titled() Problem {
	p.Title = http.StatusText(p.Status)
	if p.Status == statusClientClosed {
		p.Title = "Client Closed Request"
	}
	p.Type = problemURI + strings.ToLower(strings.ReplaceAll(p.Reason, "_", "-"))
	return p
}

func bareProblem(st *status.Status) Problem {
	if st.Code() != codes.InvalidArgument {
		return Problem{Detail: bareWords[st.Code()], Reason: strings.ToUpper(snake(st.Code().String()))}
	}
	p := Problem{Reason: "INVALID_BODY", Detail: "the request could not be read"}
	field, description, found := strings.Cut(st.Message(), inBody)
	if parameter := badParameter.FindStringSubmatch(st.Message()); !found && parameter != nil {
		field, description, found = jsonName(parameter[1]), wrongKind, true
	}
	if !found {
		return p
	}
	p.Fields, p.Reason = []ProblemField{{field, description}}, "INVALID_FIELD"
	p.Detail = field + ": " + description
	if description == unknownField {
		p.Reason = "UNKNOWN_FIELD"
	}
	return p
}

// badParameter finds the parameter in the mux's own words, which repeat the value and are not let out.
var badParameter = regexp.MustCompile(`parsing (?:field|list|enum|map) "([A-Za-z_.]+)"`)

// bareWords say what a code means where nobody has said more.
var bareWords = map[codes.Code]string{
	codes.Canceled:         "the caller hung up",
	codes.DeadlineExceeded: "the caller's deadline passed",
	codes.Unimplemented:    "there is no such method",
	codes.Unavailable:      "the gateway cannot answer now",
	codes.Internal:         "the request could not be carried out",
}

var camel = regexp.MustCompile(`([a-z])([A-Z])`)

func snake(s string) string { return camel.ReplaceAllString(s, "${1}_${2}") }

var underscored = regexp.MustCompile(`_([a-z0-9])`)

// jsonName writes a field path as the JSON body spells it.
func jsonName(path string) string {
	return underscored.ReplaceAllStringFunc(path, func(s string) string { return strings.ToUpper(s[1:]) })
}

// statusClientClosed has no official number; this one is in common use.
const statusClientClosed = 499

// httpStatus is the status of a code, and of the few reasons for which HTTP has a word of its own.
func httpStatus(code codes.Code, reason string) int {
	switch reason {
	case "ETAG_MISMATCH":
		return http.StatusPreconditionFailed
	case "ETAG_REQUIRED":
		return http.StatusPreconditionRequired
	}
	if mapped, ok := statusOf[code]; ok {
		return mapped
	}
	return http.StatusInternalServerError
}

var statusOf = map[codes.Code]int{
	codes.Canceled: statusClientClosed, codes.InvalidArgument: http.StatusBadRequest, codes.OutOfRange: http.StatusBadRequest,
	codes.DeadlineExceeded: http.StatusGatewayTimeout, codes.NotFound: http.StatusNotFound, codes.AlreadyExists: http.StatusConflict,
	codes.Aborted: http.StatusConflict,
	// The state of the resource does not allow it: a conflict in HTTP's words, not a bad request.
	codes.FailedPrecondition: http.StatusConflict,
	codes.PermissionDenied:   http.StatusForbidden, codes.Unauthenticated: http.StatusUnauthorized,
	codes.ResourceExhausted: http.StatusTooManyRequests, codes.Unimplemented: http.StatusNotImplemented,
	codes.Unavailable: http.StatusServiceUnavailable,
}

// writeProblem answers with a problem. Nothing of it may be cached.
func writeProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	p.RequestID = w.Header().Get(requestIDHeader)
	header := w.Header()
	header.Set("Content-Type", problemType)
	header.Del("ETag")
	switch p.Status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", challenge(r))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", strconv.Itoa(max(1, int((p.retryAfter+time.Second-1)/time.Second))))
	}
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		panic(http.ErrAbortHandler) // the caller has gone: nobody is left to tell
	}
}

// challenge tells a client without a token apart from one whose token does not hold (RFC 6750, section 3).
func challenge(r *http.Request) string {
	if r.Header.Get("Authorization") == "" {
		return `Bearer realm="mashgate"`
	}
	return `Bearer realm="mashgate", error="invalid_token"`
}

// refused is a problem that the REST edge itself finds, before any call is made.
func refused(code int, reason, detail string) Problem {
	return Problem{Status: code, Reason: reason, Detail: detail}.titled()
}

// invalid is a bad value at the REST edge, as a status for the mux.
func invalid(field, description string) error {
	return fault.Invalid(field, description).GRPCStatus().Err()
}
