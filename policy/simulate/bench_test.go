package simulate_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/simulate"
)

// BenchmarkSimulate decides a hub's recorded decisions under a draft: how many a second, what one takes as a ratio to a raw compiled
// decision of the same run (on one processor), and what is retained at 10^4, 10^5 and 10^6.
func BenchmarkSimulate(b *testing.B) {
	against, tighter := inForce(b), draft(b, map[string]string{"tiers": involvement})
	month, raw := lastMonth(b, against), rawDecision(b, against)
	var first float64
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("decisions=%d", n), func(b *testing.B) {
			var retained float64
			for b.Loop() {
				retained = simulated(b, simulate.Options{
					Kind: simulate.History, Against: against, Draft: tighter, Records: repeated(month, n),
				}, n)
			}
			if first == 0 {
				first = retained
			}
			reportPace(b, n, raw)
			b.ReportMetric(retained/(1<<20), "MB-retained")
			b.ReportMetric(retained/max(first, 1), "retained/retained@1e4")
		})
	}
}

// BenchmarkCombinations decides the fixed grid under both policies.
func BenchmarkCombinations(b *testing.B) {
	against, tighter := inForce(b), draft(b, map[string]string{"tiers": involvement})
	raw, decisions := rawDecision(b, against), 0
	for b.Loop() {
		report := run(b, simulate.Options{
			Kind: simulate.Combinations, Against: against, Draft: tighter,
			Records: simulate.FromCases(against.Vocabulary().Hub.Code, simulate.Grid(against)),
		})
		decisions = int(report.Runs[0].Decisions)
	}
	reportPace(b, decisions, raw)
}

// BenchmarkReplay decides recorded decisions again and compares them bit for bit.
func BenchmarkReplay(b *testing.B) {
	const n = 100_000
	against := inForce(b)
	month, raw := lastMonth(b, against), rawDecision(b, against)
	for b.Loop() {
		result, err := history.Replay{
			Records:  repeated(month, n),
			Revision: func(context.Context, string, string) (*policy.Revision, error) { return against, nil },
			Found:    func(d history.Difference) error { return fmt.Errorf("record %d: %s %s", d.Seq, d.Code, d.Detail) },
			Done:     func(context.Context, history.Result) error { return nil },
		}.Run(context.Background())
		if err != nil || result.Equal < n {
			b.Fatal(result, err)
		}
	}
	reportPace(b, n, raw)
}

func reportPace(b *testing.B, decisions int, raw time.Duration) {
	each := b.Elapsed() / time.Duration(decisions*b.N)
	b.ReportMetric(1/each.Seconds(), "decisions/s")
	b.ReportMetric(float64(each)/float64(raw), "decision/raw")
}

// rawDecision is how long one compiled decision takes, of a request that is open.
func rawDecision(b *testing.B, revision *policy.Revision) time.Duration {
	b.Helper()
	request, err := revision.Open(context.Background(), family(revision.Vocabulary()))
	if err != nil {
		b.Fatal(err)
	}
	headers, best := answer(0, 1000, request.Ask().Categories, time.Now()), time.Hour
	for range 20 {
		began := time.Now()
		if _, err := request.Release(context.Background(), headers); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(began)/time.Duration(len(headers)))
	}
	return best
}

// lastMonth are 150 requests of different families on different grounds, five a day, each with three answers of forty records, as the
// revision decided them.
func lastMonth(b *testing.B, revision *policy.Revision) []history.Record {
	b.Helper()
	var all []history.Record
	var decider history.Decider
	bases, concerns := []string{"s47", "mash", "s17"}, []string{"neglect", "domestic_abuse", "sexual_exploitation"}
	for i := range 150 {
		in := family(revision.Vocabulary())
		in.At = in.At.AddDate(0, 0, i/5).Add(time.Duration(i) * time.Minute)
		in.Episode.Basis, in.Episode.Concerns = bases[i%3], []string{concerns[i/3%3]}
		in.Episode.Rating = map[string]string{"s47": "red", "mash": "amber", "s17": "green"}[in.Episode.Basis]
		for j := range in.Subjects {
			in.Subjects[j].ID = fmt.Sprintf("s%d-%d", i, j)
		}
		ask := history.Record{Hub: in.Hub, Time: in.At, Kind: history.Ask, Input: in}
		request, err := decider.Open(context.Background(), revision, ask)
		if err != nil {
			b.Fatal(err)
		}
		records := []history.Record{ask}
		for j := range 3 {
			release := ask
			release.Kind, release.Headers = history.Release, answer(i*3+j, 40, request.Ask().Categories, in.At)
			for k := range release.Headers {
				release.Headers[k].Subject = in.Subjects[j].ID
			}
			records = append(records, release)
		}
		for _, r := range records {
			verdict, err := decider.Again(context.Background(), revision, r)
			if err != nil {
				b.Fatal(err)
			}
			r.Verdicts = []history.Verdict{verdict}
			all = append(all, r)
		}
	}
	return all
}

// answer are records of the police of the last six years; every fifth carries a label.
func answer(number, records int, categories []string, at time.Time) []record.Header {
	categories = slices.DeleteFunc(slices.Clone(categories), func(code string) bool { return !strings.HasPrefix(code, "pol.") })
	all := make([]record.Header, 0, records)
	for i := range records {
		h := record.Header{Organisation: "police", Category: categories[i%len(categories)], Subject: "s2", LabelsKnown: true, Labels: []string{}}
		h.EventDate = at.AddDate(0, 0, -(number*7+i*13)%2200).Format(time.DateOnly)
		if i%5 == 0 {
			h.Labels = []string{"third_party"}
		}
		all = append(all, h)
	}
	return all
}

// repeated is a month again and again until there are n decisions, each time with other requests.
func repeated(month []history.Record, n int) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		for seq := 0; n > 0; seq++ {
			r := month[seq%len(month)]
			r.Seq = int64(seq + 1)
			r.Episode, r.Request = fmt.Sprintf("episode-%06d", seq/4), fmt.Sprintf("request-%06d", seq/4)
			if n -= r.Decisions(); !yield(r, nil) {
				return
			}
		}
	}
}

// simulated runs and tells the most that was retained (bytes).
func simulated(b *testing.B, o simulate.Options, n int) float64 {
	b.Helper()
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most, looked := uint64(0), int64(0)
	o.Progress = func(p simulate.Progress) {
		if p.Done-looked < int64(n/1000) { // some twenty times a run
			return
		}
		looked = p.Done
		runtime.GC()
		runtime.ReadMemStats(&during)
		most = max(most, during.HeapAlloc)
	}
	run(b, o)
	return max(0, float64(most)-float64(before.HeapAlloc))
}
