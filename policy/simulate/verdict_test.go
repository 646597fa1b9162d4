package simulate_test

import (
	"testing"

	"github.com/mashgate/mashgate/policy/simulate"
)

// TestVerdict: what is on record is told apart from what was made up, and neither is lost in the other.
func TestVerdict(t *testing.T) {
	of := func(kind simulate.Kind, direction simulate.Direction, n int64) simulate.Outcome {
		return simulate.Outcome{Kind: kind, Changes: []simulate.Row{{Change: simulate.Change{What: simulate.AskLimits, Direction: direction}, Count: n}}}
	}
	for want, runs := range map[string][]simulate.Outcome{
		"Nothing would change.": {{Kind: simulate.History}},
		"The draft WIDENS: 1 decision would let more through than now.": {of(simulate.History, simulate.Wider, 1)},
		"The draft WIDENS: 27 decisions on record and 3,782 made up would let more through than now.": {
			of(simulate.History, simulate.Wider, 27), of(simulate.Scenarios, simulate.Wider, 12), of(simulate.Combinations, simulate.Wider, 3770),
		},
		"The draft WIDENS: 0 decisions on record and 5 made up would let more through than now. It also tightens 2 decisions.": {
			of(simulate.History, simulate.Tighter, 2), of(simulate.City, simulate.Wider, 5),
		},
		"The draft only tightens: 9 decisions would be held back, asked for no longer, or stopped.": {of(simulate.Scenarios, simulate.Tighter, 9)},
	} {
		if got := (simulate.Report{Runs: runs}).Verdict(); got != want {
			t.Errorf("verdict %q, want %q", got, want)
		}
	}
}
