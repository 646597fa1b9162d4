package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// rolloutDesk is a policy service that answers as it is told, and remembers what it was asked last.
type rolloutDesk struct {
	policyv1.UnimplementedPolicyServiceServer
	refuse error
	asked  proto.Message
	draft  *policyv1.Draft
	back   *policyv1.Activation
	hold   *policyv1.Tightening
}

const (
	draftRes  = "hubs/coventry/policyDrafts/abc"
	digestRes = "00000000000000000000000000000000000000000000000000000000000000aa"
)

var moment = timestamppb.New(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))

// said keeps what was asked, and gives the answer or the refusal.
func said[M proto.Message](d *rolloutDesk, asked proto.Message, answer M) (M, error) {
	d.asked = asked
	return answer, d.refuse
}

func (d *rolloutDesk) CreateDraft(_ context.Context, r *policyv1.CreateDraftRequest) (*policyv1.Draft, error) {
	return said(d, r, d.draft)
}

func (d *rolloutDesk) GetDraft(_ context.Context, r *policyv1.GetDraftRequest) (*policyv1.Draft, error) {
	return said(d, r, d.draft)
}

func (d *rolloutDesk) ListDrafts(_ context.Context, r *policyv1.ListDraftsRequest) (*policyv1.ListDraftsResponse, error) {
	return said(d, r, &policyv1.ListDraftsResponse{Drafts: []*policyv1.Draft{d.draft}, NextPageToken: "7"})
}

func (d *rolloutDesk) CheckDraft(_ context.Context, r *policyv1.CheckDraftRequest) (*policyv1.Draft, error) {
	return said(d, r, d.draft)
}

func (d *rolloutDesk) TestDraft(_ context.Context, r *policyv1.TestDraftRequest) (*policyv1.Draft, error) {
	return said(d, r, d.draft)
}

func (d *rolloutDesk) ApproveDraft(_ context.Context, r *policyv1.ApproveDraftRequest) (*policyv1.Draft, error) {
	return said(d, r, d.draft)
}

func (d *rolloutDesk) RejectDraft(_ context.Context, r *policyv1.RejectDraftRequest) (*policyv1.Draft, error) {
	return said(d, r, d.draft)
}

func (d *rolloutDesk) GetDraftBundle(_ context.Context, r *policyv1.GetDraftBundleRequest) (*policyv1.DraftBundle, error) {
	return said(d, r, &policyv1.DraftBundle{Bundle: []byte("unsigned"), Revision: "rev1", Scope: "coventry"})
}

func (d *rolloutDesk) SignDraft(_ context.Context, r *policyv1.SignDraftRequest) (*policyv1.Draft, error) {
	return said(d, r, d.draft)
}

func (d *rolloutDesk) ActivateDraft(_ context.Context, r *policyv1.ActivateDraftRequest) (*policyv1.Activation, error) {
	return said(d, r, d.back)
}

func (d *rolloutDesk) RollBack(_ context.Context, r *policyv1.RollBackRequest) (*policyv1.Activation, error) {
	return said(d, r, d.back)
}

func (d *rolloutDesk) ApproveActivation(_ context.Context, r *policyv1.ApproveActivationRequest) (*policyv1.Activation, error) {
	return said(d, r, d.back)
}

func (d *rolloutDesk) Tighten(_ context.Context, r *policyv1.TightenRequest) (*policyv1.Tightening, error) {
	return said(d, r, d.hold)
}

func (d *rolloutDesk) LiftTightening(_ context.Context, r *policyv1.LiftTighteningRequest) (*policyv1.Tightening, error) {
	return said(d, r, d.hold)
}

func (d *rolloutDesk) GetRevision(_ context.Context, r *policyv1.GetRevisionRequest) (*policyv1.Revision, error) {
	return said(d, r, &policyv1.Revision{Id: "rev1+4", Active: true, Title: "own", Version: "2", KeyId: "ig-2026", ReviewDate: "2026-11-01"})
}

func (d *rolloutDesk) ListActivations(_ context.Context, r *policyv1.ListActivationsRequest) (*policyv1.ListActivationsResponse, error) {
	return said(d, r, &policyv1.ListActivationsResponse{Activations: []*policyv1.Activation{
		{
			Number: 4, State: policyv1.Activation_STATE_PROPOSED, Kind: policyv1.Activation_KIND_ROLLBACK, Revision: "rev0", RolledBackTo: 1, Reason: "correction",
			Actor: "hubs/coventry/people/iris",
		},
		{Number: 3, State: policyv1.Activation_STATE_SCHEDULED, Kind: policyv1.Activation_KIND_DRAFT, Revision: "rev2", ActivateTime: moment},
		{Number: 2, State: policyv1.Activation_STATE_ACTIVE, Kind: policyv1.Activation_KIND_DRAFT, Revision: "rev1", ActivateTime: moment, Actor: "hubs/coventry/people/ben"},
	}})
}

func (d *rolloutDesk) ListTightenings(_ context.Context, r *policyv1.ListTighteningsRequest) (*policyv1.ListTighteningsResponse, error) {
	return said(d, r, &policyv1.ListTighteningsResponse{Tightenings: []*policyv1.Tightening{
		{Number: 4, Reason: "suspected_breach", Actor: "hubs/coventry/people/mo", CreateTime: moment, Rules: []*policyv1.TighteningRule{{Effect: "deny", Categories: []string{"pol.intelligence"}}}},
		{Number: 1, Reason: "partner_request", LiftTime: moment},
	}})
}

func (d *rolloutDesk) ListReplicas(_ context.Context, r *policyv1.ListReplicasRequest) (*policyv1.ListReplicasResponse, error) {
	return said(d, r, &policyv1.ListReplicasResponse{Replicas: []*policyv1.Replica{
		{Name: "hubs/coventry/policyReplicas/gw-1", Number: 2, Revision: "rev1+4", SeenTime: moment},
		{Name: "hubs/coventry/policyReplicas/spiffe:%2F%2Fpolice", Number: 1, Revision: "rev0", SeenTime: moment, Refused: "altered", Peer: true},
	}})
}

// open serves the desk over TLS and gives the profile that finds it.
func (d *rolloutDesk) open(t *testing.T) (profile string) {
	t.Helper()
	return serve(t, d)
}

// serve serves a policy service over TLS and gives the profile that finds it.
func serve(t *testing.T, d policyv1.PolicyServiceServer) (profile string) {
	t.Helper()
	// httptest has a certificate for this machine at hand.
	web := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&web.TLS.Certificates[0])))
	policyv1.RegisterPolicyServiceServer(server, d)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	text, err := json.Marshal(dial.Profile{
		Address: listener.Addr().String(), CAFile: file(t, "ca.pem", string(authority)), TokenFile: file(t, "token", "t"), Hub: "coventry",
	})
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "profile.json", string(text))
}

func newRolloutDesk() *rolloutDesk {
	return &rolloutDesk{
		draft: &policyv1.Draft{
			Name: draftRes, State: policyv1.Draft_STATE_SIMULATED, Revision: "rev2", Title: "own", Version: "3", Author: "hubs/coventry/people/ada",
			Note: "For the new agreement", CreateTime: moment, ReportDigest: digestRes, SimulatedAgainst: 2, Widens: true,
			CheckReport: []byte(`{"findings":[{"rule":"long-window","severity":"warning","message":"a window is wide"}]}`),
			TestReport:  []byte(`{"tests":{"hold":12,"total":12},"scenarios":{"cases":5,"hold":40,"total":40}}`), SimulationReport: []byte(`{"runs":[]}`),
			Approvals: []*policyv1.Approval{{Approver: "hubs/coventry/people/mo", Time: moment, ReportDigest: digestRes}},
		},
		back: &policyv1.Activation{Number: 5, State: policyv1.Activation_STATE_ACTIVE, Revision: "rev1", ActivateTime: moment},
		hold: &policyv1.Tightening{Number: 4, CreateTime: moment, Rules: []*policyv1.TighteningRule{{Effect: "deny"}}},
	}
}

// TestRolloutCommands holds what each command asks of the hub, and what it says afterwards.
func TestRolloutCommands(t *testing.T) {
	d := newRolloutDesk()
	profile := d.open(t)
	folder := filepath.Dir(file(t, "manifest.yaml", "name: own\n"))
	signed := file(t, "signed.tar.gz", "signed")
	out := filepath.Join(t.TempDir(), "unsigned.tar.gz")
	for _, c := range []struct {
		args []string
		asks proto.Message
		says []string
	}{
		{[]string{"draft", "create", folder, "--note", "x"}, nil, []string{draftRes, "state: simulated", "“For the new agreement”"}},
		{[]string{"draft", "list"}, &policyv1.ListDraftsRequest{Parent: "hubs/coventry", PageSize: 50}, []string{"abc", "simulated", "more: --page-token 7"}},
		{[]string{"draft", "show", "abc"}, &policyv1.GetDraftRequest{Name: draftRes}, []string{"IT WIDENS", digestRes, "approved by mo", "neither of them the author"}},
		{[]string{"draft", "show", draftRes, "--report", "check"}, nil, []string{"a window is wide"}},
		{[]string{"draft", "show", "abc", "--report", "test"}, nil, []string{"12"}},
		{[]string{"draft", "check", "abc"}, &policyv1.CheckDraftRequest{Name: draftRes}, []string{"state: simulated"}},
		{[]string{"draft", "test", "abc"}, &policyv1.TestDraftRequest{Name: draftRes}, []string{"state: simulated"}},
		{[]string{"draft", "reject", "abc", "--reason", "no_agreement"}, &policyv1.RejectDraftRequest{Name: draftRes, Reason: "no_agreement"}, nil},
		{
			[]string{"approve", "abc"}, &policyv1.GetDraftRequest{Name: draftRes},
			[]string{"errors 0, warnings 1", "12 of 12 Rego tests", "40 of 40", "Nothing would change.", "policy approve abc --report " + digestRes},
		},
		{[]string{"approve", "abc", "--report", digestRes}, &policyv1.ApproveDraftRequest{Name: draftRes, ReportDigest: digestRes}, []string{"approved by mo"}},
		{[]string{"bundle", "abc", "-o", out}, &policyv1.GetDraftBundleRequest{Name: draftRes + "/bundle"}, []string{"rev1", "--scope coventry", "policy submit abc"}},
		{[]string{"submit", "abc", signed}, &policyv1.SignDraftRequest{Name: draftRes, Bundle: []byte("signed")}, []string{draftRes}},
		{[]string{"activate", "abc"}, &policyv1.ActivateDraftRequest{Name: draftRes}, []string{"Activation 5 is in force since"}},
		{
			[]string{"activate", "abc", "--at", "2026-11-22T10:00:00Z", "--reason", "new_agreement"},
			&policyv1.ActivateDraftRequest{Name: draftRes, ActivateTime: moment, Reason: "new_agreement"}, nil,
		},
		{[]string{"rollback", "--reason", "correction"}, &policyv1.RollBackRequest{Parent: "hubs/coventry", Reason: "correction"}, []string{"in force"}},
		{[]string{"rollback", "--to", "3", "--reason", "correction"}, &policyv1.RollBackRequest{Parent: "hubs/coventry", ToNumber: 3, Reason: "correction"}, nil},
		{[]string{"approve-rollback", "5"}, &policyv1.ApproveActivationRequest{Name: "hubs/coventry/policyActivations/5"}, []string{"in force"}},
		{
			[]string{"tighten", "--effect", "redact", "--mask", "location", "--category", "pol.involvement,pol.missing", "--organisation", "police", "--reason", "suspected_breach"},
			&policyv1.TightenRequest{Parent: "hubs/coventry", Reason: "suspected_breach", Rules: []*policyv1.TighteningRule{
				{Effect: "redact", Masks: []string{"location"}, Categories: []string{"pol.involvement", "pol.missing"}, Organisations: []string{"police"}},
			}}, []string{"Tightening 4 is in force", "deny; everything", "takes two people"},
		},
		{[]string{"lift", "4", "--reason", "incident_over"}, &policyv1.LiftTighteningRequest{Name: "hubs/coventry/policyTightenings/4", Reason: "incident_over"}, nil},
		{[]string{"activations"}, &policyv1.ListActivationsRequest{Parent: "hubs/coventry", PageSize: 50}, []string{"NUMBER", "proposed", "scheduled", "rollback"}},
	} {
		r := ok(t, append([]string{"--profile", profile, "policy"}, c.args...)...)
		if c.asks != nil && !proto.Equal(c.asks, d.asked) {
			t.Errorf("%v asks %v", c.args, d.asked)
		}
		for _, want := range c.says {
			if !strings.Contains(r.out, want) {
				t.Errorf("%v does not say %q:\n%s", c.args, want, r.out)
			}
		}
		inJSON(t, append([]string{"--profile", profile, "policy"}, c.args...)...)
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != "unsigned" {
		t.Errorf("the file holds %q: %v", text, err)
	}
}

func TestPolicyStatus(t *testing.T) {
	d := newRolloutDesk()
	profile := d.open(t)
	r := ok(t, "--profile", profile, "policy", "status")
	for _, want := range []string{
		"In force: own 2, signed with key ig-2026", "last reviewed 2026-11-01", "activation 2, draft, since", "To come: activation 3",
		"Waits for a second person: activation 4, back to 1, reason correction, proposed by iris", "Emergency tightening 4 since",
		"deny; category pol.intelligence", "gw-1", "spiffe://police", "altered",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("it does not say %q:\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "partner_request") {
		t.Errorf("what was lifted is still shown:\n%s", r.out)
	}
	status := inJSON(t, "--profile", profile, "policy", "status")
	if len(status["activations"].([]any)) != 3 || len(status["replicas"].([]any)) != 2 || status["active"].(map[string]any)["id"] != "rev1+4" {
		t.Errorf("%v", status)
	}
}

// TestADraftThatDoesNotPass: scripts tell it by the exit code, people by what was found.
func TestADraftThatDoesNotPass(t *testing.T) {
	d := newRolloutDesk()
	d.draft.State, d.draft.ReportDigest = policyv1.Draft_STATE_DRAFT, ""
	d.draft.CheckReport = []byte(`{"findings":[{"rule":"open-cell","severity":"error","message":"a cell is left open"}]}`)
	profile := d.open(t)
	if r := mashctl(t, "--profile", profile, "policy", "draft", "check", "abc"); r.code != exitFailed || !strings.Contains(r.out, "a cell is left open") {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.errors)
	}
	d.draft.State = policyv1.Draft_STATE_CHECKED
	if r := mashctl(t, "--profile", profile, "policy", "draft", "test", "abc"); r.code != exitFailed {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.errors)
	}
	if r := ok(t, "--profile", profile, "policy", "approve", "abc"); !strings.Contains(r.out, "nothing to approve yet") {
		t.Errorf("%s", r.out)
	}
	d.draft.SimulationReport = nil
	if r := ok(t, "--profile", profile, "policy", "draft", "show", "abc", "--report", "simulation"); !strings.Contains(r.out, "no simulation report yet") {
		t.Errorf("%s", r.out)
	}
}

// TestWaitingIsSaid: a step that waits for another person must not look done.
func TestWaitingIsSaid(t *testing.T) {
	d := newRolloutDesk()
	d.back.State = policyv1.Activation_STATE_PROPOSED
	d.hold.LiftProposer = "hubs/coventry/people/iris"
	profile := d.open(t)
	if r := ok(t, "--profile", profile, "policy", "rollback", "--to", "1", "--reason", "correction"); !strings.Contains(r.out, "WAITS FOR A SECOND PERSON") || !strings.Contains(r.out, "approve-rollback 5") {
		t.Errorf("%s", r.out)
	}
	if r := ok(t, "--profile", profile, "policy", "lift", "4", "--reason", "incident_over"); !strings.Contains(r.out, "IS STILL IN FORCE") {
		t.Errorf("%s", r.out)
	}
	d.hold.LiftTime, d.hold.Lifter = moment, "hubs/coventry/people/mo"
	if r := ok(t, "--profile", profile, "policy", "lift", "4", "--reason", "incident_over"); !strings.Contains(r.out, "was lifted") {
		t.Errorf("%s", r.out)
	}
}

func TestRolloutExitCodes(t *testing.T) {
	d := newRolloutDesk()
	profile := d.open(t)
	missing := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		args   []string
		refuse error
		code   int
	}{
		{[]string{"draft", "create", missing}, nil, exitUsage},
		{[]string{"draft", "show", "abc", "--report", "weather"}, nil, exitUsage},
		{[]string{"draft", "reject", "abc"}, nil, exitUsage},
		{[]string{"rollback"}, nil, exitUsage},
		{[]string{"rollback", "--to", "x", "--reason", "correction"}, nil, exitUsage},
		{[]string{"tighten", "--reason", "correction"}, nil, exitUsage},
		{[]string{"tighten", "--effect", "deny"}, nil, exitUsage},
		{[]string{"lift", "4"}, nil, exitUsage},
		{[]string{"submit", "abc", missing}, nil, exitUsage},
		{[]string{"activate", "abc", "--at", "tomorrow"}, nil, exitUsage},
		{[]string{"bundle", "abc"}, nil, exitUsage},
		{[]string{"approve", "abc", "--report", digestRes}, status.Error(codes.PermissionDenied, "x"), exitDenied},
		{[]string{"approve", "abc", "--report", digestRes}, status.Error(codes.Aborted, "x"), exitConflict},
		{[]string{"draft", "show", "abc"}, status.Error(codes.NotFound, "x"), exitNotFound},
		{[]string{"activate", "abc"}, status.Error(codes.FailedPrecondition, "x"), exitInvalid},
		{[]string{"draft", "check", "abc"}, status.Error(codes.DeadlineExceeded, "x"), exitUnavailable},
		{[]string{"status"}, status.Error(codes.Unavailable, "x"), exitUnavailable},
	} {
		d.refuse = c.refuse
		if r := mashctl(t, append([]string{"--profile", profile, "policy"}, c.args...)...); r.code != c.code || r.out != "" || r.errors == "" {
			t.Errorf("%v: exit code %d, want %d\n%s%s", c.args, r.code, c.code, r.out, r.errors)
		}
	}
}
