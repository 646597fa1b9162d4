package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mashgate/mashgate/gateway/internal/config"
	"github.com/mashgate/mashgate/policy"
)

// newTracer sends traces to a collector where the configuration names one. Without, calls still have trace ids and nothing is kept.
func newTracer(ctx context.Context, c config.Tracing) (*sdktrace.TracerProvider, error) {
	if c.Endpoint == "" {
		return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), nil
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(c.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("sending traces: %w", err)
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(discreet{exporter}),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Sample))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "mashgate"))),
	), nil
}

// told is what spans may say: "spans name method, agency and outcome only" (design.md section 4). Paths name episodes, and addresses
// name people's machines.
var told = map[attribute.Key]bool{
	"rpc.system": true, "rpc.system.name": true, "rpc.service": true, "rpc.method": true, "rpc.grpc.status_code": true,
	"rpc.response.status_code": true, "http.request.method": true, "http.response.status_code": true,
}

// discreet takes out of spans what instrumentation puts there beyond that.
type discreet struct{ sdktrace.SpanExporter }

// ExportSpans implements sdktrace.SpanExporter.
func (d discreet) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	kept := make([]sdktrace.ReadOnlySpan, 0, len(spans))
	for _, span := range spans {
		kept = append(kept, discreetSpan{span})
	}
	return d.SpanExporter.ExportSpans(ctx, kept)
}

type discreetSpan struct{ sdktrace.ReadOnlySpan }

// Attributes implements sdktrace.ReadOnlySpan.
func (s discreetSpan) Attributes() []attribute.KeyValue {
	return slices.DeleteFunc(slices.Clone(s.ReadOnlySpan.Attributes()), func(kv attribute.KeyValue) bool { return !told[kv.Key] })
}

// Events implements sdktrace.ReadOnlySpan with none: they could hold an error's words.
func (discreetSpan) Events() []sdktrace.Event { return nil }

// Status implements sdktrace.ReadOnlySpan without the description, for the same reason.
func (s discreetSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// exchangeMetrics counts what the exchange tells, by organisation, effect and revision; never by person.
type exchangeMetrics struct {
	answers *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	excess  *prometheus.CounterVec
	records *prometheus.CounterVec
}

func newExchangeMetrics(registry prometheus.Registerer) (*exchangeMetrics, error) {
	m := &exchangeMetrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mashgate_answers_total", Help: "Answers by organisation and kind.",
		}, []string{"organisation", "kind"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mashgate_answer_seconds", Help: "From the request to an organisation's answer.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 10),
		}, []string{"organisation"}),
		excess: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mashgate_excess_records_total", Help: "Records that arrived with content and had to be held back here. The aim is none.",
		}, []string{"organisation"}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mashgate_decided_records_total", Help: "Records by effect and policy revision.",
		}, []string{"effect", "revision"}),
	}
	var problems []error
	for _, each := range []prometheus.Collector{m.answers, m.seconds, m.excess, m.records} {
		problems = append(problems, registry.Register(each))
	}
	return m, errors.Join(problems...)
}

// Answered implements exchange.Metrics.
func (m *exchangeMetrics) Answered(organisation, kind string, took time.Duration) {
	m.answers.WithLabelValues(organisation, kind).Inc()
	m.seconds.WithLabelValues(organisation).Observe(took.Seconds())
}

// Excess implements exchange.Metrics.
func (m *exchangeMetrics) Excess(organisation string, records int) {
	m.excess.WithLabelValues(organisation).Add(float64(records))
}

// Decided implements exchange.Metrics.
func (m *exchangeMetrics) Decided(effect policy.Effect, revision string, records int) {
	m.records.WithLabelValues(string(effect), revision).Add(float64(records))
}
