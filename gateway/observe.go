package gateway

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mashgate/mashgate/policy"
)

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
