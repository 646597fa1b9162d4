package history_test

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy/history"
)

// numbered are n records of requests of different lengths; each tenth comes with an error.
func numbered(n int, taken *int) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		for i := range n {
			*taken = i + 1
			var err error
			if i%10 == 9 {
				err = errPlanted
			}
			if !yield(history.Record{Seq: int64(i), Request: fmt.Sprint(i * i / 100)}, err) {
				return
			}
		}
	}
}

var errPlanted = errors.New("planted")

func seqOf(d *history.Decider, r history.Record, err error) int64 {
	for range r.Seq % 7 { // the later ones of a batch are often through first
		runtime.Gosched()
	}
	if d == nil {
		return -2
	}
	if errors.Is(err, errPlanted) {
		return -1
	}
	return r.Seq
}

func TestAheadKeepsTheOrder(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 500} {
		var want []int64
		for i := range n {
			want = append(want, map[bool]int64{true: -1, false: int64(i)}[i%10 == 9])
		}
		for _, workers := range []int{1, 2, 5} {
			taken := 0
			got := slices.Collect(history.Ahead(numbered(n, &taken), workers, seqOf))
			if diff := cmp.Diff(want, got); diff != "" || taken != n {
				t.Errorf("%d records, %d workers (-want +got):\n%s", n, workers, diff)
			}
		}
	}
}

// TestAheadIsBounded: whoever takes one has had no more decided than a few batches, and once it stops nothing is still being decided.
func TestAheadIsBounded(t *testing.T) {
	const workers = 2
	var deciding atomic.Int64
	taken := 0
	for range history.Ahead(numbered(1_000_000, &taken), workers, func(d *history.Decider, r history.Record, err error) int64 {
		deciding.Add(1)
		defer deciding.Add(-1)
		return seqOf(d, r, err)
	}) {
		break
	}
	if most := (2*workers + 1) * 32; taken > most {
		t.Errorf("%d records were taken before the first was given, want at most %d", taken, most)
	}
	if n := deciding.Load(); n != 0 {
		t.Errorf("%d records are still being decided", n)
	}
}

// TestAheadPanicsForItsCaller, who knows what to do about it.
func TestAheadPanicsForItsCaller(t *testing.T) {
	defer func() {
		if got := recover(); got != "planted" {
			t.Errorf("it panicked with %v", got)
		}
	}()
	taken := 0
	for range history.Ahead(numbered(100, &taken), 2, func(_ *history.Decider, r history.Record, _ error) int64 {
		if r.Seq == 50 {
			panic("planted")
		}
		return r.Seq
	}) {
		continue
	}
	t.Error("it did not panic")
}
