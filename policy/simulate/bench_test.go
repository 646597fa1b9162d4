package simulate_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/mashgate/mashgate/policy/simulate"
)

// largest is set to simulate a million decisions too.
const largest = "MASHGATE_BENCH_LARGEST"

// BenchmarkSimulate decides recorded decisions under a draft: how many a second, and what it retains at 10^4 and 10^5, and at 10^6 where
// MASHGATE_BENCH_LARGEST is set. Retained memory is also given as a ratio to that at 10^4.
func BenchmarkSimulate(b *testing.B) {
	against, tighter := inForce(b), draft(b, map[string]string{"tiers": involvement})
	sizes := []int{10_000, 100_000}
	if os.Getenv(largest) != "" {
		sizes = append(sizes, 1_000_000)
	}
	var first float64
	for _, n := range sizes {
		b.Run(fmt.Sprintf("decisions=%d", n), func(b *testing.B) {
			var retained float64
			for b.Loop() {
				retained = simulated(b, simulate.Options{
					Kind: simulate.History, Against: against, Draft: tighter, Records: past(context.Background(), against, n),
				}, n)
			}
			if first == 0 {
				first = retained
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(retained/(1<<20), "MB-retained")
			b.ReportMetric(retained/max(first, 1), "retained/retained@1e4")
		})
	}
}

// simulated runs and tells how much is retained when the last record is decided (bytes).
func simulated(b *testing.B, o simulate.Options, n int) float64 {
	b.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	o.Progress = func(p simulate.Progress) {
		if p.Done == int64(n/recordsEach) {
			runtime.GC()
			runtime.ReadMemStats(&after)
		}
	}
	run(b, o)
	return max(0, float64(after.HeapAlloc)-float64(before.HeapAlloc))
}
