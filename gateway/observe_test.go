package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mashgate/mashgate/policy"
)

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
