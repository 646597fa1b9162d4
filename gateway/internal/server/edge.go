package server

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// edge is everything HTTP that stands before the mux: it adds what every answer has and refuses what no call could mean.
func (s *Server) edge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestID(r.Header.Get(requestIDHeader))
		r.Header.Set(requestIDHeader, id)
		header := w.Header()
		header.Set(requestIDHeader, id)
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		if r.TLS != nil {
			header.Set("Strict-Transport-Security", "max-age=31536000")
		}
		// The caller learns the trace that its call has here; the one it sent is only linked to (it could be anybody's).
		propagation.TraceContext{}.Inject(r.Context(), propagation.HeaderCarrier(header))
		if !s.hostAllowed(r.Host) {
			writeProblem(w, r, refused(http.StatusMisdirectedRequest, "UNKNOWN_HOST", "this server does not answer for that host"))
			return
		}
		if problem, ok := takeBody(w, r, s.config.Limits.ofREST(r)); !ok {
			writeProblem(w, r, problem)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

// hostAllowed keeps a page on another site from reaching a server on this machine under a name of its own (DNS rebinding).
func (s *Server) hostAllowed(host string) bool {
	if len(s.config.Hosts) == 0 {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return slices.Contains(s.config.Hosts, strings.ToLower(strings.Trim(host, "[]")))
}

type requestKey struct{}

// forwarded is the allow-list of headers that reach the gRPC server; authorization is always among them.
func forwarded(name string) (string, bool) {
	return requestIDHeader, strings.EqualFold(name, requestIDHeader)
}

// restFields puts into the message what REST says in headers: If-Match is the etag, Idempotency-Key the request id. It also refuses
// query parameters that the message does not have, which the mux would drop in silence.
func restFields(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	r, ok := ctx.Value(requestKey{}).(*http.Request)
	message, isMessage := req.(proto.Message)
	if ok && isMessage {
		if err := fill(r, message.ProtoReflect()); err != nil {
			return err
		}
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}

func fill(r *http.Request, message protoreflect.Message) error {
	if err := knownParameters(r, message.Descriptor()); err != nil {
		return err
	}
	if match := r.Header.Values("If-Match"); len(match) > 0 {
		etag, err := strongETag(match)
		if err != nil {
			return err
		}
		if err := put(message, "etag", etag, "If-Match"); err != nil {
			return err
		}
	}
	keys := r.Header.Values("Idempotency-Key")
	switch {
	case len(keys) > 1:
		return invalid("Idempotency-Key", "stands twice")
	case len(keys) == 0 || message.Descriptor().Fields().ByName("request_id") == nil:
		// Clients put the header on everything. What takes no request id changes one known state, and cannot change it twice.
		return nil
	}
	return put(message, "request_id", strings.Trim(keys[0], `"`), "Idempotency-Key")
}

// put sets a string field from a header. An If-Match that the call has no use for is refused: to ignore it would promise something.
func put(message protoreflect.Message, field protoreflect.Name, value, header string) error {
	descriptor := message.Descriptor().Fields().ByName(field)
	if descriptor == nil {
		return invalid(header, "is not used by this call")
	}
	if present := message.Get(descriptor).String(); present != "" && present != value {
		return invalid(header, "differs from "+jsonName(string(field))+" in the body")
	}
	message.Set(descriptor, protoreflect.ValueOfString(value))
	return nil
}

// strongETag reads If-Match. A list and * are refused: a change is made on exactly one state that somebody has seen.
func strongETag(values []string) (string, error) {
	if len(values) != 1 || strings.Contains(values[0], ",") {
		return "", invalid("If-Match", "must be one etag")
	}
	value := strings.TrimSpace(values[0])
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", invalid("If-Match", "must be the quoted etag that was read")
	}
	return value[1 : len(value)-1], nil
}

// knownParameters refuses a query that names what is not there: a filter that is not applied shows more than was asked for.
func knownParameters(r *http.Request, message protoreflect.MessageDescriptor) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("query", "cannot be read")
	}
	for name := range query {
		field := message.Fields().ByJSONName(name)
		if field == nil {
			field = message.Fields().ByName(protoreflect.Name(name))
		}
		if field == nil || r.Method != http.MethodGet {
			return invalid(safeName(name), "is not a parameter of this call")
		}
	}
	return nil
}

// safeName repeats a parameter's name only where it looks like one.
func safeName(name string) string {
	if parameterName.MatchString(name) {
		return name
	}
	return "a query parameter"
}
