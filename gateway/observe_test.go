package gateway

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mashgate/mashgate/policy"
)

func TestSpansNameMethodAndOutcomeOnly(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(discreet{kept}))
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

func TestWhatTheExchangeCounts(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := newExchangeMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	m.Answered("police", "records", time.Second)
	m.Excess("police", 2)
	m.Decided(policy.Redact, "r1", 3)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			got[family.GetName()+" "+strings.Join(labels, " ")] = metric.GetCounter().GetValue() + metric.GetHistogram().GetSampleSum()
		}
	}
	want := map[string]float64{
		"mashgate_answers_total records police": 1, "mashgate_answer_seconds police": 1, "mashgate_excess_records_total police": 2,
		"mashgate_decided_records_total redact r1": 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
