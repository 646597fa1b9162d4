package simulate_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/simulate"
)

// lived are some scenarios as a hub has lived them: requests and answers, every other answer read again, one erased and one that is not
// what was recorded.
func lived(t *testing.T) []history.Record {
	t.Helper()
	against := inForce(t)
	var all []history.Record
	for r, err := range simulate.FromCases(against.Vocabulary().Hub.Code, simulate.FromScenarios(against.Vocabulary(), scenarios(t, against))) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Seq = int64(len(all) + 1); r.Seq > 100 {
			break
		}
		all = append(all, r)
		if r.Kind == history.Release && r.Seq%2 == 0 {
			r.Seq, r.Kind = r.Seq+1, history.Read
			all = append(all, r)
		}
	}
	all[5] = history.Record{Seq: 6, Erased: true}
	return all
}

func given(records []history.Record) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		for i, r := range records {
			var err error
			if i == 9 {
				err = history.ErrAltered
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// TestWorkers: the report is the same byte for byte however many records are decided at once, also of a run that was stopped by one number
// of workers and taken up by another.
func TestWorkers(t *testing.T) {
	against, other, records := inForce(t), draft(t, map[string]string{"tiers": narrative}), lived(t)
	options := func(workers int) simulate.Options {
		return simulate.Options{Kind: simulate.History, Against: against, Draft: other, Records: given(records), Workers: workers}
	}
	serial := written(t, run(t, options(1)))
	for workers, stopAt := range map[int]int{2: 10, 7: len(records) - 1} { // a batch is 8 to 32 records
		if diff := cmp.Diff(serial, written(t, run(t, options(workers)))); diff != "" {
			t.Errorf("%d workers (-serial +parallel):\n%s", workers, diff)
		}
		state, again := stopped(t, options(workers), stopAt), options(9-workers)
		again.State = &state
		if diff := cmp.Diff(serial, written(t, run(t, again))); diff != "" {
			t.Errorf("%d workers, stopped after %d (-serial +resumed):\n%s", workers, stopAt, diff)
		}
	}
}

// stopped is the state in which a run is stopped before it takes another record.
func stopped(t *testing.T, o simulate.Options, after int) (state simulate.State) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	o.Yield = func(context.Context) error {
		if seen++; seen > after {
			cancel()
		}
		return nil
	}
	var kept []byte
	o.Checkpoint = func(s simulate.State) (err error) {
		kept, err = json.Marshal(s)
		return err
	}
	if _, err := simulate.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("the stopped run says %v", err)
	}
	if err := json.Unmarshal(kept, &state); err != nil {
		t.Fatal(err)
	}
	if state.Records != int64(after) {
		t.Errorf("it stopped after %d records, want %d", state.Records, after)
	}
	return state
}

func written(t *testing.T, r simulate.Report) string {
	t.Helper()
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Runs, func(o simulate.Outcome) bool { return len(o.Changes) > 0 && o.Erased == 1 && o.Unreadable == 1 }) {
		t.Error("the run shows too little to tell two apart")
	}
	return string(text)
}
