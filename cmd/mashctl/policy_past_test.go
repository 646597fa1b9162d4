package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// pastDesk answers what is asked about recorded decisions, and remembers the steps that a draft was taken through.
type pastDesk struct {
	*rolloutDesk
	replays []*policyv1.ReplayResponse
	steps   []string
	stuck   string
}

func (d *pastDesk) Replay(r *policyv1.ReplayRequest, stream policyv1.PolicyService_ReplayServer) error {
	d.asked = r
	for _, each := range d.replays {
		if err := stream.Send(each); err != nil {
			return err
		}
	}
	return d.refuse
}

// step moves the draft on, unless it is stuck there.
func (d *pastDesk) step(name string, to policyv1.Draft_State) *policyv1.Draft {
	d.steps = append(d.steps, name)
	if d.stuck != name {
		d.draft.State = to
	}
	return d.draft
}

func (d *pastDesk) CreateDraft(context.Context, *policyv1.CreateDraftRequest) (*policyv1.Draft, error) {
	return d.step("create", policyv1.Draft_STATE_DRAFT), nil
}

func (d *pastDesk) CheckDraft(context.Context, *policyv1.CheckDraftRequest) (*policyv1.Draft, error) {
	return d.step("check", policyv1.Draft_STATE_CHECKED), nil
}

func (d *pastDesk) TestDraft(context.Context, *policyv1.TestDraftRequest) (*policyv1.Draft, error) {
	return d.step("test", policyv1.Draft_STATE_TESTED), nil
}

func (d *pastDesk) Simulate(r *policyv1.SimulateRequest, stream policyv1.PolicyService_SimulateServer) error {
	d.asked = r
	d.step("simulate", policyv1.Draft_STATE_SIMULATED)
	if d.refuse != nil {
		return d.refuse
	}
	progress := &policyv1.SimulateResponse_Progress{Progress: &policyv1.Progress{Done: 50, Total: 100, SecondsLeft: 2}}
	if err := stream.Send(&policyv1.SimulateResponse{Event: progress}); err != nil {
		return err
	}
	return stream.Send(&policyv1.SimulateResponse{Event: &policyv1.SimulateResponse_Draft{Draft: d.draft}})
}

func newPastDesk(t *testing.T) (d *pastDesk, profile string) {
	t.Helper()
	d = &pastDesk{rolloutDesk: newRolloutDesk()}
	return d, serve(t, d)
}

func result(r *policyv1.ReplayResult) *policyv1.ReplayResponse {
	return &policyv1.ReplayResponse{Event: &policyv1.ReplayResponse_Result{Result: r}}
}

func TestPolicyReplay(t *testing.T) {
	d, profile := newPastDesk(t)
	replay := []string{"--profile", profile, "policy", "replay", "--verify"}
	d.replays = []*policyv1.ReplayResponse{
		{Event: &policyv1.ReplayResponse_Progress{Progress: &policyv1.Progress{Done: 1, Total: 3}}},
		result(&policyv1.ReplayResult{Records: 3, Equal: 40, Erased: 2}),
	}
	r := ok(t, append(slices.Clone(replay), "--since", "2026-11-01")...)
	for _, want := range []string{"42 decisions on record, in 3 records.", "40 decided again", "each came out exactly as it was recorded", "2 erased"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("it does not say %q:\n%s", want, r.out)
		}
	}
	want := &policyv1.ReplayRequest{Parent: "hubs/coventry", Since: timestamppb.New(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))}
	if !proto.Equal(want, d.asked) {
		t.Errorf("it asks %v", d.asked)
	}
	inJSON(t, replay...)

	d.replays = []*policyv1.ReplayResponse{
		{Event: &policyv1.ReplayResponse_Difference{Difference: &policyv1.Difference{
			Decision: 7, InformationRequest: "hubs/h/episodes/e/informationRequests/r", Organisation: "police", Revision: "rev1", Code: "decision_differs",
			Detail: "result 1 was permit; deciding again gives deny",
		}}},
		result(&policyv1.ReplayResult{Records: 1, Equal: 4, Different: 1}),
	}
	failed := mashctl(t, replay...)
	for _, want := range []string{"decision record 7: deciding it again gives something else", "answer of police", "under policy revision rev1", "result 1 was permit", "4 came out exactly as recorded, 1 DID NOT"} {
		if !strings.Contains(failed.out, want) {
			t.Errorf("it does not say %q:\n%s", want, failed.out)
		}
	}
	if failed.code != exitFailed {
		t.Errorf("exit code %d", failed.code)
	}
}

func TestPolicyReplayRefuses(t *testing.T) {
	d, profile := newPastDesk(t)
	for _, c := range []struct {
		args   []string
		refuse error
		code   int
	}{
		{[]string{"replay"}, nil, exitUsage},
		{[]string{"replay", "--verify", "--since", "yesterday"}, nil, exitUsage},
		{[]string{"replay", "--verify"}, nil, exitFailed}, // ended before its result
		{[]string{"replay", "--verify"}, status.Error(codes.PermissionDenied, "x"), exitDenied},
	} {
		d.refuse = c.refuse
		if r := mashctl(t, append([]string{"--profile", profile, "policy"}, c.args...)...); r.code != c.code || r.out != "" || r.errors == "" {
			t.Errorf("%v: exit code %d, want %d\n%s%s", c.args, r.code, c.code, r.out, r.errors)
		}
	}
}

// TestSimulateAtTheHub: a folder becomes a draft, is checked and tested first, and what stands in the way ends it there.
func TestSimulateAtTheHub(t *testing.T) {
	for name, c := range map[string]struct {
		state policyv1.Draft_State // of a draft that is there already
		stuck string
		steps []string
		code  int
	}{
		"a folder":                 {steps: []string{"create", "check", "test", "simulate"}},
		"a folder that is refused": {stuck: "check", steps: []string{"create", "check"}, code: exitFailed},
		"tests that fail":          {stuck: "test", steps: []string{"create", "check", "test"}, code: exitFailed},
		"a draft":                  {state: policyv1.Draft_STATE_DRAFT, steps: []string{"check", "test", "simulate"}},
		"a draft, tested":          {state: policyv1.Draft_STATE_TESTED, steps: []string{"simulate"}},
		"a draft, once more":       {state: policyv1.Draft_STATE_SIMULATED, steps: []string{"simulate"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, profile := newPastDesk(t)
			d.draft.State, d.stuck = c.state, c.stuck
			path := "abc"
			if c.state == policyv1.Draft_STATE_UNSPECIFIED {
				path = filepath.Dir(file(t, "manifest.yaml", "name: own\n"))
			}
			page := filepath.Join(t.TempDir(), "report.html")
			r := mashctl(t, "--profile", profile, "policy", "simulate", path, "--html", page)
			if r.code != c.code || !slices.Equal(d.steps, c.steps) {
				t.Fatalf("exit code %d, steps %v\n%s%s", r.code, d.steps, r.out, r.errors)
			}
			if c.code != exitOK {
				return
			}
			if !strings.Contains(r.out, "IT WIDENS") || !strings.Contains(r.out, digestRes) {
				t.Errorf("it says\n%s", r.out)
			}
			if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "<html") {
				t.Errorf("the page: %v", err)
			}
		})
	}
}

func TestSimulateAtTheHubRefuses(t *testing.T) {
	d, profile := newPastDesk(t)
	for _, c := range []struct {
		args   []string
		refuse error
		code   int
	}{
		{[]string{file(t, "a", "no folder")}, nil, exitUsage},
		{[]string{"abc", "--since", "yesterday"}, nil, exitUsage},
		{[]string{"abc"}, status.Error(codes.Aborted, "another one is running"), exitConflict},
	} {
		d.refuse = c.refuse
		if r := mashctl(t, append([]string{"--profile", profile, "policy", "simulate"}, c.args...)...); r.code != c.code || r.errors == "" {
			t.Errorf("%v: exit code %d, want %d\n%s%s", c.args, r.code, c.code, r.out, r.errors)
		}
	}
}
