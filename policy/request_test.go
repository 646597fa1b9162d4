package policy_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

// asked is what an organisation is asked for, as "category subject".
func asked(t *testing.T, request *policy.Request, organisation string) []string {
	t.Helper()
	constraints, err := request.Constraints(context.Background(), organisation)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, c := range constraints {
		out = append(out, c.Category+" "+c.Subject)
	}
	return out
}

func notAsked(t *testing.T, request *policy.Request, organisation string) map[string]string {
	t.Helper()
	left, err := request.NotAsked(context.Background(), organisation)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, n := range left {
		out[n.Category+" "+n.Subject] = string(n.Effect) + " " + n.Reasons[0].Code
	}
	return out
}

func TestWhatIsDeniedIsNotAskedFor(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	in.Categories = []policy.Category{{Code: "prb.supervision", Reason: "r"}, {Code: "prb.risk", Reason: "r"}}
	in.Subjects = in.Subjects[1:3] // a sibling of eight and a parent
	in.Subjects[0].Role = "index_child"
	request := open(t, revision, in)
	if diff := cmp.Diff([]string{"prb.risk s2", "prb.supervision s2"}, asked(t, request, "probation")); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	want := map[string]string{"prb.risk s1": "deny not_applicable", "prb.supervision s1": "deny not_applicable"}
	if diff := cmp.Diff(want, notAsked(t, request, "probation")); diff != "" {
		t.Errorf("not asked (-want +got):\n%s", diff)
	}
	if got := asked(t, request, "nobody"); len(got) != 0 {
		t.Errorf("an organisation that is not the request's was asked for %v", got)
	}
}

// TestAnAskUnderHubReviewTellsNothing: domain.md 4.6. What the holder decides is asked for.
func TestAnAskUnderHubReviewTellsNothing(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	in.Episode.Rating, in.Episode.Basis = "amber", "mash"
	in.Categories = []policy.Category{{Code: "pol.convictions", Reason: "r"}}
	in.Subjects = in.Subjects[:3]
	in.Consents = []policy.Consent{{Kind: "agencies_share_with_us", By: "s2", Status: "yes", Recorded: in.At.AddDate(0, 0, -1)}}
	if got := asked(t, open(t, revision, in), "police"); !slices.Contains(got, "pol.convictions s2") {
		t.Errorf("a record the holder reviews was not asked for: %v", got)
	}
	in.Consents[0].Status = "no"
	request := open(t, revision, in)
	if got := asked(t, request, "police"); len(got) != 0 {
		t.Errorf("asked for %v before the hub settled the consent position", got)
	}
	if got := notAsked(t, request, "police")["pol.convictions s2"]; got != "review consent_position_unresolved" {
		t.Errorf("the reason is %q", got)
	}
}

func TestAGateStopsTheWholeRequest(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	in.Requester.Assigned = false
	request := open(t, revision, in)
	if request.Ask().Proceed || len(asked(t, request, "police")) != 0 {
		t.Errorf("an unassigned requester asks: %+v", request.Ask())
	}
	for what, why := range notAsked(t, request, "police") {
		if why != "deny requester" {
			t.Errorf("%s: %s", what, why)
		}
	}
	if got := decideOne(t, request, involvement()); got.Effect != policy.Deny {
		t.Errorf("a record was decided %q", got.Effect)
	}
}

func TestASilentRefusalIsNotTold(t *testing.T) {
	request := open(t, compiled(t), family(compiled(t).Vocabulary()))
	header := involvement()
	header.Labels = []string{"legally_restricted"}
	got := decideOne(t, request, header).Verdict()
	if !got.Silent || len(got.Tell) != 0 || got.Effect != policy.Deny {
		t.Errorf("got %+v", got)
	}
	header.Labels = []string{"informant"}
	if got := decideOne(t, request, header).Verdict(); got.Silent || len(got.Tell) != 0 || got.Effect != policy.Redact {
		t.Errorf("a mask is applied without naming the label: %+v", got)
	}
}

func TestCallsAreDecidedByTheRoleTable(t *testing.T) {
	revision := compiled(t)
	worker := policy.Principal{Kind: "person", Role: "social_worker", Hub: "coventry", ID: "p"}
	method := "/mashgate.v1.InformationService/RequestInformation"
	tests := map[string]struct {
		call policy.Call
		want bool
	}{
		"a worker":    {policy.Call{Method: method, Principal: worker, ResourceHub: "coventry"}, true},
		"another hub": {policy.Call{Method: method, Principal: worker, ResourceHub: "elsewhere"}, false},
		"an auditor":  {policy.Call{Method: method, Principal: policy.Principal{Kind: "person", Role: "auditor", Hub: "coventry"}}, false},
		"a service":   {policy.Call{Method: method, Principal: policy.Principal{Kind: "service", Role: "social_worker", Hub: "coventry"}}, false},
		"nobody":      {policy.Call{Method: method}, false},
		"no slash":    {policy.Call{Method: method[1:], Principal: worker, ResourceHub: "coventry"}, false},
		"unknown":     {policy.Call{Method: "/mashgate.v1.InformationService/Other", Principal: worker, ResourceHub: "coventry"}, false},
	}
	for name, test := range tests {
		got, err := revision.MayCall(context.Background(), test.call)
		if err != nil || got.Err != "" || got.Allow != test.want || got.Reason.Text == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAnUnusableCallAnswerDenies(t *testing.T) {
	for name, source := range map[string]string{
		"undefined":      "decision := {\"allow\": true, \"reason\": \"call_allowed\"} if input.method == \"x\"",
		"unknown reason": "decision := {\"allow\": true, \"reason\": \"because\"}",
		"not a boolean":  "decision := {\"allow\": \"true\", \"reason\": \"call_allowed\"}",
		"no reason":      "decision := {\"allow\": true}",
	} {
		revision, err := policy.Compile(context.Background(), tinyPack(t, map[string]string{"rpc.rego": "package mashgate.rpc\n\n" + source + "\n"}), policy.CompileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := revision.MayCall(context.Background(), policy.Call{Method: "/m"})
		if err != nil || got.Allow || got.Err == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestTheRegoTestsHold runs the default pack's own tests with the capabilities its rules have.
func TestTheRegoTestsHold(t *testing.T) {
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	report, err := pack.Test(context.Background(), policy.TestOptions{})
	if err != nil || report.Total == 0 {
		t.Fatalf("%d tests, %v", report.Total, err)
	}
	for _, failure := range report.Failures {
		t.Errorf("%s (%s): %s", failure.Test, failure.At, failure.Why)
	}
}

func TestVocabularyIsTheDefaultHubs(t *testing.T) {
	v := compiled(t).Vocabulary()
	if v.Hub.Code != "coventry" || v.Hub.BreakGlass.MaxHours != 4 || *v.Hub.Ratings["amber"].Clock.Hours != 24 || *v.Hub.DecisionClock.Clock.Hours != 24 {
		t.Errorf("hub: %+v", v.Hub)
	}
	if len(v.Organisations) != 9 || v.Organisations[3].ID != "police" || len(v.Concerns) != 23 || len(v.Grounds) != 7 || len(v.Bases) != 5 {
		t.Errorf("%d organisations, %d concerns, %d grounds, %d bases", len(v.Organisations), len(v.Concerns), len(v.Grounds), len(v.Bases))
	}
	if v.Indicators["at_risk_of_forced_marriage"].Title == "" {
		t.Error("S1's at_risk_of_forced_marriage is not an indicator")
	}
	if !slices.Contains(v.Concerns["missing"].Categories, "pol.involvement") {
		t.Error("what goes with every concern is not in the table")
	}
}
