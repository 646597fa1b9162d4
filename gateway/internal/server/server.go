// Package server is the door of the path: listeners, the one list of interceptors, and the REST mux in front of the gRPC server. It
// trusts nothing that comes in: every call, also one over REST, goes through the same steps, and an in-memory connection has no
// identity and grants nothing. It refuses to run without policy, ledger and authentication, and lets out no error text that was not
// written for the caller.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/test/bufconn"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Services are what is served.
type Services struct {
	Episodes    mashgatev1.EpisodeServiceServer
	Information mashgatev1.InformationServiceServer
	Directory   mashgatev1.DirectoryServiceServer
	Ledger      ledgerv1.LedgerServiceServer
	Policy      policyv1.PolicyServiceServer
}

// Limits bound what one caller can take.
type Limits struct {
	CallsPerSecond float64
	Burst          int
	BodyBytes      int64
}

// Config is what a Server needs. All of it is required but Hosts and GRPCTLS or RESTTLS: without them a listener is plain, which the
// configuration allows in the demo alone.
type Config struct {
	// Hubs are those whose policies and ledgers stand behind the door.
	Hubs          []string
	Services      Services
	Authenticator *authn.Authenticator
	Policy        *policy.Point
	DB            *store.DB
	Ledger        *ledger.Ledger
	Limits        Limits
	// Hosts are the names that REST answers for; none means any.
	Hosts            []string
	GRPCTLS, RESTTLS *tls.Config
	Registry         *prometheus.Registry
	Tracer           trace.TracerProvider
	Log              *slog.Logger
}

// Listeners are where the server listens.
type Listeners struct {
	GRPC, REST, Admin net.Listener
}

// Server serves gRPC, REST and the admin port.
type Server struct {
	config Config
	door   *door
	health *health.Server
	// policies is how the hubs' policies were served when last told; nil before that.
	policies atomic.Pointer[[]PolicyHealth]
	// outside is for callers on the network; inside, with the same services behind the same steps, for the mux alone.
	outside, inside *grpc.Server
	memory          *bufconn.Listener
	conn            *grpc.ClientConn
	rest, admin     *http.Server
}

const (
	inMemoryBuffer = 1 << 20
	readHeaders    = 10 * time.Second
	idle           = 2 * time.Minute
	drain          = 10 * time.Second
	// streamsEach is how many calls one connection carries at once. The mux has one connection for all of REST.
	streamsEach = 10_000
)

// New builds the server; Serve runs it.
func New(ctx context.Context, config Config) (*Server, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	door, err := newDoor(config)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s := &Server{config: config, door: door, health: health.NewServer(), memory: bufconn.Listen(inMemoryBuffer)}
	outside := insecure.NewCredentials()
	if config.GRPCTLS != nil {
		outside = credentials.NewTLS(config.GRPCTLS)
	}
	// The trace is restarted at the edge, and goes on from the mux to the server behind it.
	s.outside = s.newGRPC(outside, otelgrpc.WithPublicEndpoint())
	s.inside = s.newGRPC(insecure.NewCredentials())
	for name, info := range s.outside.GetServiceInfo() {
		s.health.SetServingStatus(name, healthv1.HealthCheckResponse_SERVING)
		for _, method := range info.Methods {
			door.methods["/"+name+"/"+method.Name] = true
		}
	}
	if s.conn, err = s.dialInMemory(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if err := s.newHTTP(ctx); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return s, nil
}

func (c Config) check() error {
	var problems []error
	for name, missing := range map[string]bool{
		"hubs": len(c.Hubs) == 0, "authenticator": c.Authenticator == nil, "policy": c.Policy == nil, "database": c.DB == nil,
		"ledger": c.Ledger == nil, "registry": c.Registry == nil, "tracer": c.Tracer == nil, "log": c.Log == nil,
		"limits": c.Limits.CallsPerSecond <= 0 || c.Limits.Burst <= 0 || c.Limits.BodyBytes <= 0,
		"services": c.Services.Episodes == nil || c.Services.Information == nil || c.Services.Directory == nil ||
			c.Services.Ledger == nil || c.Services.Policy == nil,
	} {
		if missing {
			problems = append(problems, fmt.Errorf("server: %s missing", name))
		}
	}
	return errors.Join(problems...)
}

// tracing drops baggage: the propagator knows trace contexts and nothing else. A span bears the method's name, so one that a stranger made
// up has none.
func (s *Server) tracing(more ...otelgrpc.Option) []otelgrpc.Option {
	return append(more, otelgrpc.WithTracerProvider(s.config.Tracer), otelgrpc.WithPropagators(propagation.TraceContext{}),
		otelgrpc.WithFilter(func(call *stats.RPCTagInfo) bool { return s.door.methods[call.FullMethodName] }))
}

func (s *Server) newGRPC(creds credentials.TransportCredentials, tracing ...otelgrpc.Option) *grpc.Server {
	options := append(s.door.options(), grpc.Creds(creds), grpc.StatsHandler(otelgrpc.NewServerHandler(s.tracing(tracing...)...)),
		grpc.MaxRecvMsgSize(int(max(s.config.Limits.BodyBytes, packBytes))), grpc.ConnectionTimeout(readHeaders), grpc.MaxConcurrentStreams(streamsEach),
		// A watcher that is gone without a word is found out; one that pings too often is let go.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: idle, Timeout: readHeaders}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: readHeaders, PermitWithoutStream: true}))
	server := grpc.NewServer(options...)
	mashgatev1.RegisterEpisodeServiceServer(server, s.config.Services.Episodes)
	mashgatev1.RegisterInformationServiceServer(server, s.config.Services.Information)
	mashgatev1.RegisterDirectoryServiceServer(server, s.config.Services.Directory)
	ledgerv1.RegisterLedgerServiceServer(server, s.config.Services.Ledger)
	policyv1.RegisterPolicyServiceServer(server, s.config.Services.Policy)
	healthv1.RegisterHealthServer(server, s.health)
	reflection.Register(server)
	return server
}

func (s *Server) dialInMemory() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///in-memory",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.memory.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(s.tracing()...)),
		grpc.WithUnaryInterceptor(restFields), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerBytes), grpc.MaxCallSendMsgSize(answerBytes)))
}

func (s *Server) newHTTP(ctx context.Context) error {
	mux, err := newREST(ctx, s.conn)
	if err != nil {
		return err
	}
	pages, err := documents()
	if err != nil {
		return err
	}
	pages.Handle("/", mux)
	traced := otelhttp.NewHandler(s.edge(pages), "rest", otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true }),
		otelhttp.WithTracerProvider(s.config.Tracer), otelhttp.WithPropagators(propagation.TraceContext{}))
	s.rest = &http.Server{Handler: traced, TLSConfig: s.config.RESTTLS, ReadHeaderTimeout: readHeaders, IdleTimeout: idle, ErrorLog: quiet(s.config.Log)}
	s.admin = &http.Server{Handler: s.adminMux(), ReadHeaderTimeout: readHeaders, IdleTimeout: idle, ErrorLog: quiet(s.config.Log)}
	return nil
}

// Serve runs until the context ends, then lets calls in flight finish for a while. It returns the first error of a listener.
func (s *Server) Serve(ctx context.Context, on Listeners) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveGRPC(s.outside, on.GRPC) })
	group.Go(func() error { return serveGRPC(s.inside, s.memory) })
	group.Go(func() error { return serveHTTP(s.rest, on.REST) })
	group.Go(func() error { return serveHTTP(s.admin, on.Admin) })
	group.Go(func() error {
		<-ctx.Done()
		return s.stop(context.WithoutCancel(ctx))
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// serveGRPC and serveHTTP take a server that was told to stop before it began to serve for what it is.
func serveGRPC(server *grpc.Server, listener net.Listener) error {
	if err := server.Serve(listener); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

func serveHTTP(server *http.Server, listener net.Listener) error {
	var err error
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop says that nothing serves any more, then closes from the outside in, so that what stands inside can still answer.
func (s *Server) stop(ctx context.Context) error {
	s.health.Shutdown()
	ctx, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	// Streams are watched for hours: after the drain they are cut, and resume where they were.
	err := s.rest.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.rest.Close()
	}
	stopGRPC(ctx, s.outside)
	stopGRPC(ctx, s.inside)
	return errors.Join(err, s.conn.Close(), s.admin.Close())
}

func stopGRPC(ctx context.Context, server *grpc.Server) {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		server.GracefulStop()
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		server.Stop()
		<-stopped
	}
}
