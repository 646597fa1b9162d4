package server

import (
	"context"
	"net/http"
	"regexp"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

var parameterName = regexp.MustCompile(`^[A-Za-z_.]{1,60}$`)

// newREST is the mux of the services for people and integrators. It dials the gRPC server in memory and so goes through the same
// steps as everybody; services of agencies are not on it.
func newREST(ctx context.Context, conn *grpc.ClientConn) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newStrictJSON()),
		runtime.WithIncomingHeaderMatcher(forwarded),
		// The edge writes every header itself.
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithForwardResponseOption(writeETag),
		runtime.WithErrorHandler(onError),
		runtime.WithRoutingErrorHandler(onRoutingError),
		// A form or a header never turns one method into another.
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
	for _, register := range []func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{
		mashgatev1.RegisterEpisodeServiceHandler, mashgatev1.RegisterInformationServiceHandler,
		mashgatev1.RegisterDirectoryServiceHandler, ledgerv1.RegisterLedgerServiceHandler, policyv1.RegisterPolicyServiceHandler,
	} {
		if err := register(ctx, mux, conn); err != nil {
			return nil, err
		}
	}
	// After the generated ones: what is registered last is tried first.
	if err := registerWatch(mux, mashgatev1.NewInformationServiceClient(conn)); err != nil {
		return nil, err
	}
	known, err := newRoutes()
	if err != nil {
		return nil, err
	}
	return known.only(mux), nil
}

// writeETag puts the etag of an episode into the header as well, where HTTP clients look for it.
func writeETag(_ context.Context, w http.ResponseWriter, message proto.Message) error {
	if tagged, ok := message.(interface{ GetEtag() string }); ok && tagged.GetEtag() != "" {
		w.Header().Set("ETag", `"`+tagged.GetEtag()+`"`)
	}
	return nil
}

func onError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	writeProblem(w, r, problemOf(status.Convert(err)))
}

// onRoutingError answers for a path that is a route's and that the mux cannot read.
func onRoutingError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	writeProblem(w, r, refused(code, "BAD_PATH", "the path cannot be read"))
}
