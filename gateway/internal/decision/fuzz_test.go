package decision

import (
	"encoding/json"
	"testing"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// FuzzKept: whatever is read as a record fits together, and keeping it again gives the same record.
func FuzzKept(f *testing.F) {
	whole := keep(history.Record{
		Hub: "h", Episode: "e", Request: "r", Kind: history.Release, Headers: []record.Header{{Subject: "s"}, {Subject: "s"}},
		Verdicts: []history.Verdict{{Revision: "v", Outcomes: []history.Outcome{{Effect: policy.Deny}, {Effect: policy.Permit}}}},
	}, "input")
	seed, err := json.Marshal(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"kind":"ask","order":[0,-1],"verdicts":[{"order":[7]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var k kept
		if decode(text, &k) != nil {
			return
		}
		r, err := k.record()
		if err != nil {
			return
		}
		for _, v := range r.Verdicts {
			if len(v.Outcomes) != len(r.Headers) {
				t.Fatalf("%d outcomes of %d headers", len(v.Outcomes), len(r.Headers))
			}
		}
		again, err := keep(r, k.Input).record()
		if err != nil || again.Decisions() != r.Decisions() {
			t.Fatalf("kept again: %d decisions, not %d, %v", again.Decisions(), r.Decisions(), err)
		}
	})
}
