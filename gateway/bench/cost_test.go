package bench_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cost is what one run took, of the whole process: agencies and gateway together.
type cost struct{ latency, cpu, allocations float64 }

// measure runs something several times, because the kernel counts CPU time in steps that are coarse beside a small run, and returns
// what one of them took.
func measure(tb testing.TB, times int, run func()) cost {
	tb.Helper()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(tb), time.Now()
	for range times {
		run()
	}
	latency, spent := time.Since(start), cpuTime(tb)-cpu
	runtime.ReadMemStats(&after)
	each := float64(times)
	return cost{
		latency: float64(latency) / each, cpu: float64(spent) / each, allocations: float64(after.Mallocs-before.Mallocs) / each,
	}
}

func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	must(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// full takes the whole path and holds it to having seen everything; bare does the same for the raw fan-out.
func (p pair) full(n, times int) cost {
	p.hub.Helper()
	want := seen{watched: n * len(holdings), pictured: min(n*len(holdings), largestPage)}
	return measure(p.hub, times, func() {
		if got := p.hub.ask(); got != want {
			p.hub.Fatalf("saw %+v, want %+v", got, want)
		}
	})
}

func (p pair) bare(n, times int) cost {
	p.hub.Helper()
	return measure(p.hub, times, func() {
		got, err := fanOut(p.hub.Context(), p.raw)
		must(p.hub, err)
		if got != n*len(holdings) {
			p.hub.Fatalf("%d records, want %d", got, n*len(holdings))
		}
	})
}

// line is what is printed of one size, in ratios to the raw fan-out and allocations a record.
type line struct {
	each                     int
	latency, cpu, allocation float64
	full, raw                float64
}

// rounds alternate, so that what else the machine does falls on both.
const rounds = 5

func compare(tb testing.TB, n int) line {
	tb.Helper()
	p := newPair(tb, n)
	p.full(n, 1) // the first request compiles the release rules for the day, and the first of both dials
	p.bare(n, 1)
	var lines []line
	for range rounds {
		raw, full := p.bare(n, max(1, 2000/n)), p.full(n, max(1, 200/n))
		records := float64(n * len(holdings))
		lines = append(lines, line{
			latency: full.latency / raw.latency, cpu: full.cpu / raw.cpu, allocation: full.allocations / raw.allocations,
			full: full.allocations / records, raw: raw.allocations / records,
		})
	}
	return line{
		each:    n,
		latency: median(lines, func(l line) float64 { return l.latency }), cpu: median(lines, func(l line) float64 { return l.cpu }),
		allocation: median(lines, func(l line) float64 { return l.allocation }),
		full:       median(lines, func(l line) float64 { return l.full }), raw: median(lines, func(l line) float64 { return l.raw }),
	}
}

func median(lines []line, of func(line) float64) float64 {
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(of(a), of(b)) })
	return of(lines[len(lines)/2])
}

// BenchmarkPath prints what the whole path costs, as ratios to a raw fan-out without policy over the same records.
func BenchmarkPath(b *testing.B) {
	for b.Loop() {
		var table strings.Builder
		table.WriteString("| 8 agencies × records | latency | CPU | allocations | allocations a record, path | raw |\n|---|---|---|---|---|---|\n")
		for _, n := range []int{10, 100, 1000} {
			l := compare(b, n)
			fmt.Fprintf(&table, "| %d | %.1f× | %.1f× | %.1f× | %.0f | %.0f |\n", l.each, l.latency, l.cpu, l.allocation, l.full, l.raw)
			b.ReportMetric(l.cpu, fmt.Sprintf("cpu-ratio-%d", n))
		}
		fmt.Fprintf(os.Stdout, "\n%s\n", table.String())
	}
}

// ceiling is about four times what a record costs at this size: ten times what it costs is far above it.
const ceiling = 3000

// TestThePathSeesEverythingAndCostsNoMore counts: everything that may be seen is, nothing arrives that may not be, and a record costs
// no more allocations than a generous ceiling.
func TestThePathSeesEverythingAndCostsNoMore(t *testing.T) {
	const n = 50
	p := newPair(t, n)
	p.full(n, 1)
	each := p.full(n, 1).allocations / float64(n*len(holdings))
	if excess := p.hub.metrics.excess.Load(); excess != 0 {
		t.Errorf("%d records arrived that had to be held back", excess)
	}
	if each > ceiling {
		t.Errorf("%.0f allocations a record, want at most %d", each, ceiling)
	}
	t.Logf("%.0f allocations a record", each)
}
