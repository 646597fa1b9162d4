package gateway

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/internal/peer"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// lines are the connections to organisations by hub. A partner of two hubs has two, each with the hub's own certificate at this end.
type lines map[string]*hubLines

// Connected tells whether the organisation has an adapter at all.
func (l lines) Connected(hub, organisation string) bool {
	of, ok := l[hub]
	return ok && of.connected(organisation)
}

// Serving asks the organisation to describe itself, and believes it only if it describes the one that was meant.
func (l lines) Serving(ctx context.Context, hub, organisation string) bool {
	of, ok := l[hub]
	return ok && of.serving(ctx, organisation)
}

// hubLines are one hub's, each to exactly one certificate.
type hubLines struct {
	agencies    map[string]fanout.Agency
	connections []*grpc.ClientConn
}

// newHubLines dials nothing yet: a connection is made when it is first used, so that a partner that is down does not keep the hub down.
func newHubLines(organisations []Organisation, machine peer.Material, tracer trace.TracerProvider) (*hubLines, error) {
	l := &hubLines{agencies: map[string]fanout.Agency{}}
	for _, each := range organisations {
		secure, err := machine.Client(peer.Identity{Kind: peer.Agency, Name: each.ID})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("organisation %s: %w", each.ID, err), l.close())
		}
		// Traces go on to the organisation; baggage does not.
		tracing := otelgrpc.NewClientHandler(otelgrpc.WithTracerProvider(tracer), otelgrpc.WithPropagators(propagation.TraceContext{}))
		connection, err := grpc.NewClient(each.Address, grpc.WithTransportCredentials(credentials.NewTLS(secure)), grpc.WithStatsHandler(tracing))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("organisation %s: %w", each.ID, err), l.close())
		}
		l.connections = append(l.connections, connection)
		l.agencies[each.ID] = fanout.Agency{Client: agencyv1.NewAgencyServiceClient(connection)}
	}
	return l, nil
}

func (l *hubLines) connected(organisation string) bool {
	_, ok := l.agencies[organisation]
	return ok
}

func (l *hubLines) serving(ctx context.Context, organisation string) bool {
	agency, ok := l.agencies[organisation]
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, describing)
	defer cancel()
	answer, err := agency.Client.Describe(ctx, &agencyv1.DescribeRequest{})
	return err == nil && answer.GetOrganisation() == organisation
}

func (l *hubLines) close() error {
	var problems []error
	for _, connection := range l.connections {
		problems = append(problems, connection.Close())
	}
	return errors.Join(problems...)
}
