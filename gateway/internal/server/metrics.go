package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/internal/fault"
)

// callMetrics are the numbers of the door. Their labels are methods and codes: never a person, an episode or a value.
type callMetrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newCallMetrics(registry prometheus.Registerer) (*callMetrics, error) {
	m := &callMetrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mashgate_calls_total", Help: "Calls by method and how they ended.",
		}, []string{"method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mashgate_call_seconds", Help: "How long calls took.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
		}, []string{"method"}),
	}
	if err := errors.Join(registry.Register(m.calls), registry.Register(m.seconds)); err != nil {
		return nil, fmt.Errorf("server: registering metrics: %w", err)
	}
	return m, nil
}

func (m *callMetrics) observe(method string, code codes.Code, took time.Duration) {
	m.calls.WithLabelValues(method, code.String()).Inc()
	m.seconds.WithLabelValues(method).Observe(took.Seconds())
}

// reasonOf is the reason code of an error on its way out, for the log.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return problemOf(fault.Status(err)).Reason
}
