package agencies

import (
	"crypto/tls"
	"errors"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/mashgate/mashgate/internal/fault"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// maxStreams bounds the calls of one gateway that are worked on at once.
const maxStreams = 128

// NewServer is a gRPC server for one agency behind mutual TLS (peer.Material.Server). Further options are for the process that serves
// (tracing); they cannot take the credentials away.
func NewServer(agency agencyv1.AgencyServiceServer, config *tls.Config, options ...grpc.ServerOption) (*grpc.Server, error) {
	if config == nil || config.ClientAuth != tls.RequireAndVerifyClientCert {
		return nil, errors.New("agencies: an agency is served over mutual TLS or not at all")
	}
	recovered := recovery.WithRecoveryHandler(func(any) error {
		return &fault.Error{Reason: "INTERNAL", Public: "the agency's own system failed"}
	})
	server := grpc.NewServer(append(options,
		grpc.Creds(credentials.NewTLS(config)),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(recovered)),
		grpc.ChainStreamInterceptor(recovery.StreamServerInterceptor(recovered)),
	)...)
	agencyv1.RegisterAgencyServiceServer(server, agency)
	healthv1.RegisterHealthServer(server, health.NewServer())
	return server, nil
}
