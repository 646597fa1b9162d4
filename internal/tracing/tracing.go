// Package tracing sends spans of the gateway and of agencies to a collector. It refuses to say more than a span may: method, agency
// and outcome (design.md section 4). Paths name episodes and addresses name people's machines, so they are taken out.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Options say where spans go.
type Options struct {
	// Endpoint is the URL of an OTLP collector; empty keeps no spans, and calls still have trace ids.
	Endpoint string
	// Sample is the share of traces kept, 0 to 1, where the caller has not decided already.
	Sample float64
	// Service names the process ("mashgate", "mashgate-agency-police").
	Service string
}

// New prepares a provider. Shut it down last, so that spans on their way are sent.
func New(ctx context.Context, o Options) (*sdktrace.TracerProvider, error) {
	if o.Service == "" {
		return nil, errors.New("tracing: the service has no name")
	}
	if o.Endpoint == "" {
		return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), nil
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(o.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(Discreet(exporter)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Sample))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", o.Service))),
	), nil
}

// told is what spans may say.
var told = map[attribute.Key]bool{
	"rpc.system": true, "rpc.system.name": true, "rpc.service": true, "rpc.method": true, "rpc.grpc.status_code": true,
	"rpc.response.status_code": true, "http.request.method": true, "http.response.status_code": true,
}

// Discreet takes out of spans what instrumentation puts there beyond that.
func Discreet(exporter sdktrace.SpanExporter) sdktrace.SpanExporter { return discreet{exporter} }

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
