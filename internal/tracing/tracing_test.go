package tracing_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mashgate/mashgate/internal/tracing"
)

func TestSpansNameMethodAndOutcomeOnly(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(tracing.Discreet(kept)))
	_, span := provider.Tracer("test").Start(t.Context(), "mashgate.v1.EpisodeService/GetEpisode")
	span.SetAttributes(attribute.String("rpc.method", "GetEpisode"), attribute.String("url.path", "/v1/hubs/coventry/episodes/x"),
		attribute.String("client.address", "10.0.0.7"), attribute.String("user_agent.original", "Canaryton"))
	span.RecordError(errors.New("Canaryton"))
	span.SetStatus(codes.Error, "Canaryton")
	span.End()
	got := kept.GetSpans()[0]
	if diff := cmp.Diff([]attribute.KeyValue{attribute.String("rpc.method", "GetEpisode")}, got.Attributes, cmp.AllowUnexported(attribute.Value{})); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if len(got.Events) != 0 || got.Status.Description != "" || got.Status.Code != codes.Error {
		t.Errorf("events %v, status %v", got.Events, got.Status)
	}
}

func TestAServiceNeedsAName(t *testing.T) {
	if _, err := tracing.New(t.Context(), tracing.Options{}); err == nil {
		t.Error("spans of nobody were accepted")
	}
}
