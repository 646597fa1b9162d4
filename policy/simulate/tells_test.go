package simulate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/simulate"
)

// TestWhatIsNewlyToldWidens: a draft that decides everything alike and tells people more of it is one that widens, and one that tells
// less is not.
func TestWhatIsNewlyToldWidens(t *testing.T) {
	against := inForce(t)
	nothing := func(func(history.Record, error) bool) {}
	for data, want := range map[[2]string][]simulate.Tell{
		{"reasons", `{"legally_restricted": {"tellable": true}}`}:      {{What: simulate.ToldReason, Code: "legally_restricted"}},
		{"refusals", `{"never_named": {"categories": []}}`}:            {{What: simulate.ToldCategory, Code: "hlt.restricted"}, {What: simulate.ToldCategory, Code: "hlt.sexual_health"}},
		{"refusals", `{"never_named": {"labels": ["informant"]}}`}:     {{What: simulate.ToldLabel, Code: "adoption"}, {What: simulate.ToldLabel, Code: "legally_restricted"}},
		{"explain", `{"told_everything": ["ig_officer", "referrer"]}`}: {{What: simulate.ToldEverything, Code: "referrer"}},
		{"reasons", `{"outside_window": {"tellable": false}}`}:         {},
		{"roles", `{"rpc": {"/mashgate.policy.v1.PolicyService/Replay": {"service": ["any"], "person": ["auditor"]}}}`}: {
			{What: simulate.ToldCall, Code: "/mashgate.policy.v1.PolicyService/Replay", To: "service any"},
		},
	} {
		o := simulate.Options{Kind: simulate.History, Against: against, Draft: draft(t, map[string]string{data[0]: data[1]}), Records: nothing}
		report := run(t, o)
		if diff := cmp.Diff(want, report.Tells); diff != "" {
			t.Errorf("%s (-want +got):\n%s", data[1], diff)
		}
		widens := len(want) > 0
		if report.Widens() != widens || report.Same() == widens || strings.Contains(report.Verdict(), "WIDENS") != widens {
			t.Errorf("%s: widens %v, %q", data[1], report.Widens(), report.Verdict())
		}
	}
}
