package policy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/recheck"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/rules"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

const parent = "hubs/coventry"

// desk is the policy service of a hub with the built-in pack in force.
type desk struct {
	*Service
	ledger *ledger.Ledger
	clock  *clock.Fake
	signer bundle.Signer
	vault  *seal.Vault
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{clock: clock.NewFake(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "hub.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	vault, vaultErr := seal.OpenVault(filepath.Join(dir, "keys"), make([]byte, seal.KEKSize))
	key, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(vaultErr, keyErr); err != nil {
		t.Fatal(err)
	}
	if d.signer, err = bundle.KeySigner(key, "ig-2026"); err != nil {
		t.Fatal(err)
	}
	people := directory.New(db, vault)
	d.ledger = ledger.New(db, vault, d.clock)
	kept, err := rollout.New(rollout.Config{
		DB: db, Directory: people, Ledger: d.ledger, Clock: d.clock,
		Compiles: func(context.Context, *policy.Pack, []policy.TighteningRule) error { return nil },
		Keys:     map[string]bundle.Keys{"coventry": {d.signer.KeyID(): d.signer.Public()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	point, builtIn := compiled(t)
	d.vault = vault
	if d.Service, err = New(Config{
		DB: db, Exchange: &exchange.Exchange{}, Policy: point, Revisions: inForceAlone{point}, Rollout: kept, Decisions: decision.New(db, vault),
		Ledger: d.ledger, Findings: &recheck.Worker{}, Clock: d.clock,
	}); err != nil {
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if err := people.PutHub(ctx, tx, directory.Hub{ID: "coventry", Issuers: []string{"https://issuer.test"}}); err != nil {
			return err
		}
		for _, id := range []string{"ada", "ben", "cat"} {
			if err := people.Put(ctx, tx, directory.Registration{Person: person(id), Issuer: "https://issuer.test", Subject: id}); err != nil {
				return err
			}
		}
		_, err := kept.ActivateBuiltIn(ctx, tx, builtIn)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(time.Hour)
	return d
}

// inForceAlone keeps no revision but the one in force.
type inForceAlone struct{ *policy.Point }

func (p inForceAlone) Pinned(_ context.Context, hub, id string) (*policy.Revision, error) {
	if revision, err := p.Active(hub); err != nil || revision.ID() == id {
		return revision, err
	}
	return nil, history.ErrRevisionGone
}

func compiled(t *testing.T) (*policy.Point, rollout.Bundle) {
	t.Helper()
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	revision, err := pack.Compile(t.Context(), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	point := policy.NewPoint()
	if err := point.Activate("coventry", revision); err != nil {
		t.Fatal(err)
	}
	unsigned, err := bundle.Build(pack)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.OpenUnsigned(unsigned)
	if err != nil {
		t.Fatal(err)
	}
	return point, rollout.NewBundle("coventry", opened, unsigned)
}

func person(id string) directory.Person {
	return directory.Person{ID: id, Hub: "coventry", Role: "ig_officer", Agency: "children_services", Active: true}
}

// as is a context in which somebody calls.
func as(t *testing.T, id string) context.Context {
	t.Helper()
	return authn.NewContext(t.Context(), authn.Principal{Kind: authn.Human, Person: person(id)})
}

// manifest is one that nothing can be said against.
const manifest = `name: own
version: "2"
hub: coventry
base: default
review_date: "2026-11-01"
contacts: [{role: Information governance lead, email: ig@mash.example.org}]
agreements: [{title: Sharing agreement, reference: ISA-1}]
`

func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	tree := fstest.MapFS{
		"manifest.yaml": {Data: []byte(manifest)},
	}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	archive, err := bundle.Archive(tree)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func must[M any](t *testing.T) func(M, error) M {
	t.Helper()
	return func(m M, err error) M {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

// refusal is the code and the reason of an error, as the wire carries them.
func refusal(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Code.String() + " " + f.Reason
	}
	return status.Code(err).String()
}

// TestADraftComesIntoForce goes the whole way over the API, with the real checks and tests of a real overlay.
func TestADraftComesIntoForce(t *testing.T) {
	d := newDesk(t)
	draft := must[*policyv1.Draft](t)
	made := draft(d.CreateDraft(as(t, "ada"), &policyv1.CreateDraftRequest{
		Parent: parent, Pack: pack(t, map[string]string{"data/hub.yaml": "title: Coventry, renamed\n"}), Note: "A new name",
	}))
	if made.GetState() != policyv1.Draft_STATE_DRAFT || made.GetAuthor() != "hubs/coventry/people/ada" || made.GetTitle() != "own" || made.GetNote() != "A new name" {
		t.Errorf("%v", made)
	}
	name := made.GetName()
	for _, step := range []struct {
		state policyv1.Draft_State
		do    func() (*policyv1.Draft, error)
	}{
		{policyv1.Draft_STATE_CHECKED, func() (*policyv1.Draft, error) {
			return d.CheckDraft(as(t, "ada"), &policyv1.CheckDraftRequest{Name: name})
		}},
		{policyv1.Draft_STATE_TESTED, func() (*policyv1.Draft, error) {
			return d.TestDraft(as(t, "ada"), &policyv1.TestDraftRequest{Name: name})
		}},
		{policyv1.Draft_STATE_SIMULATED, func() (*policyv1.Draft, error) { return d.simulated(t, name) }},
		{policyv1.Draft_STATE_SIMULATED, func() (*policyv1.Draft, error) { return d.approved(t, "ben", name) }},
		{policyv1.Draft_STATE_APPROVED, func() (*policyv1.Draft, error) { return d.approved(t, "cat", name) }},
		{policyv1.Draft_STATE_SIGNED, func() (*policyv1.Draft, error) {
			unsigned := must[*policyv1.DraftBundle](t)(d.GetDraftBundle(as(t, "ada"), &policyv1.GetDraftBundleRequest{Name: name + "/bundle"}))
			signed, err := bundle.Sign(t.Context(), unsigned.GetBundle(), d.signer, unsigned.GetScope())
			if err != nil {
				return nil, err
			}
			return d.SignDraft(as(t, "ada"), &policyv1.SignDraftRequest{Name: name, Bundle: signed})
		}},
	} {
		if got := draft(step.do()); got.GetState() != step.state {
			t.Fatalf("%s, want %s\n%s\n%.3000s", got.GetState(), step.state, got.GetCheckReport(), got.GetTestReport())
		}
	}
	a := must[*policyv1.Activation](t)(d.ActivateDraft(as(t, "ada"), &policyv1.ActivateDraftRequest{Name: name}))
	if a.GetState() != policyv1.Activation_STATE_ACTIVE || a.GetKind() != policyv1.Activation_KIND_DRAFT || a.GetName() != parent+"/policyActivations/2" || a.GetDraft() != name {
		t.Errorf("%v", a)
	}
	active := must[*policyv1.Revision](t)(d.GetRevision(as(t, "ada"), &policyv1.GetRevisionRequest{Name: parent + "/policyRevisions/active"}))
	if !active.GetActive() || active.GetId() != made.GetRevision() || active.GetKeyId() != "ig-2026" || active.GetReviewDate() != "2026-11-01" {
		t.Errorf("%v", active)
	}
	kept := draft(d.GetDraft(as(t, "cat"), &policyv1.GetDraftRequest{Name: name}))
	var says struct {
		Findings []json.RawMessage `json:"findings"`
	}
	if err := json.Unmarshal(kept.GetCheckReport(), &says); err != nil || len(kept.GetApprovals()) != 2 || kept.GetActivation() != 2 {
		t.Errorf("%v: %v", kept.GetApprovals(), err)
	}
	list := must[*policyv1.ListDraftsResponse](t)(d.ListDrafts(as(t, "ada"), &policyv1.ListDraftsRequest{Parent: parent}))
	if len(list.GetDrafts()) != 1 || list.GetDrafts()[0].GetState() != policyv1.Draft_STATE_ACTIVATED || list.GetDrafts()[0].GetCheckReport() != nil {
		t.Errorf("%v", list)
	}
	d.rollBack(t)
}

// rollBack undoes the second activation, and finds both in the lists.
func (d *desk) rollBack(t *testing.T) {
	t.Helper()
	d.clock.Advance(time.Hour)
	back := must[*policyv1.Activation](t)(d.RollBack(as(t, "ben"), &policyv1.RollBackRequest{Parent: parent, Reason: "unexpected_effect"}))
	if back.GetState() != policyv1.Activation_STATE_ACTIVE || back.GetKind() != policyv1.Activation_KIND_ROLLBACK || back.GetRolledBackTo() != 1 || back.GetReason() != "unexpected_effect" {
		t.Errorf("%v", back)
	}
	log := must[*policyv1.ListActivationsResponse](t)(d.ListActivations(as(t, "ben"), &policyv1.ListActivationsRequest{Parent: parent, PageSize: 2}))
	var states []string
	for _, a := range log.GetActivations() {
		states = append(states, a.GetState().String())
	}
	if diff := cmp.Diff([]string{"STATE_ACTIVE", "STATE_PAST"}, states); diff != "" || log.GetNextPageToken() != "2" {
		t.Errorf("page token %q, (-want +got):\n%s", log.GetNextPageToken(), diff)
	}
	revisions := must[*policyv1.ListRevisionsResponse](t)(d.ListRevisions(as(t, "ben"), &policyv1.ListRevisionsRequest{Parent: parent}))
	if all := revisions.GetRevisions(); len(all) != 2 || all[0].GetActive() || !all[1].GetActive() || all[1].GetKeyId() != "" {
		t.Errorf("%v", all)
	}
}

func (d *desk) simulated(t *testing.T, name string) (*policyv1.Draft, error) {
	t.Helper()
	id := name[strings.LastIndex(name, "/")+1:]
	return draft(d.Rollout.SaveReport(t.Context(), person("ada"), rollout.Ref{Hub: "coventry", ID: id}, rollout.Report{
		Kind: rollout.Simulation, JSON: []byte(`{}`), Against: 1,
	}))
}

func (d *desk) approved(t *testing.T, who, name string) (*policyv1.Draft, error) {
	t.Helper()
	seen := must[*policyv1.Draft](t)(d.GetDraft(as(t, who), &policyv1.GetDraftRequest{Name: name}))
	return d.ApproveDraft(as(t, who), &policyv1.ApproveDraftRequest{Name: name, ReportDigest: seen.GetReportDigest()})
}

// TestAPackThatFailsItsChecksStays where it is, and the author sees why.
func TestAPackThatFailsItsChecksStays(t *testing.T) {
	d := newDesk(t)
	draft := must[*policyv1.Draft](t)
	made := draft(d.CreateDraft(as(t, "ada"), &policyv1.CreateDraftRequest{
		Parent: parent, Pack: pack(t, map[string]string{"extra.rego": "package mashgate.ask\nproceed := true\n"}),
	}))
	got := draft(d.CheckDraft(as(t, "ada"), &policyv1.CheckDraftRequest{Name: made.GetName()}))
	if got.GetState() != policyv1.Draft_STATE_DRAFT || !strings.Contains(string(got.GetCheckReport()), `"severity":"error"`) {
		t.Errorf("%s: %s", got.GetState(), got.GetCheckReport())
	}
	if _, err := d.TestDraft(as(t, "ada"), &policyv1.TestDraftRequest{Name: made.GetName()}); refusal(err) != "FailedPrecondition CHECK_MISSING" {
		t.Errorf("%v", err)
	}
}

// steps are the calls that bring something about.
func (d *desk) steps(name string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"CreateDraft": func(ctx context.Context) error {
			_, err := d.CreateDraft(ctx, &policyv1.CreateDraftRequest{Parent: parent})
			return err
		},
		"CheckDraft": func(ctx context.Context) error {
			_, err := d.CheckDraft(ctx, &policyv1.CheckDraftRequest{Name: name})
			return err
		},
		"TestDraft": func(ctx context.Context) error {
			_, err := d.TestDraft(ctx, &policyv1.TestDraftRequest{Name: name})
			return err
		},
		"ApproveDraft": func(ctx context.Context) error {
			_, err := d.ApproveDraft(ctx, &policyv1.ApproveDraftRequest{Name: name})
			return err
		},
		"RejectDraft": func(ctx context.Context) error {
			_, err := d.RejectDraft(ctx, &policyv1.RejectDraftRequest{Name: name, Reason: "no_agreement"})
			return err
		},
		"SignDraft": func(ctx context.Context) error {
			_, err := d.SignDraft(ctx, &policyv1.SignDraftRequest{Name: name})
			return err
		},
		"ActivateDraft": func(ctx context.Context) error {
			_, err := d.ActivateDraft(ctx, &policyv1.ActivateDraftRequest{Name: name})
			return err
		},
		"RollBack": func(ctx context.Context) error {
			_, err := d.RollBack(ctx, &policyv1.RollBackRequest{Parent: parent, Reason: "correction"})
			return err
		},
		"ApproveActivation": func(ctx context.Context) error {
			_, err := d.ApproveActivation(ctx, &policyv1.ApproveActivationRequest{Name: parent + "/policyActivations/1"})
			return err
		},
		"Tighten": func(ctx context.Context) error {
			_, err := d.Tighten(ctx, &policyv1.TightenRequest{Parent: parent, Reason: "correction", Rules: []*policyv1.TighteningRule{{Effect: "deny"}}})
			return err
		},
		"LiftTightening": func(ctx context.Context) error {
			_, err := d.LiftTightening(ctx, &policyv1.LiftTighteningRequest{Name: parent + "/policyTightenings/1", Reason: "incident_over"})
			return err
		},
	}
}

// TestAMachineBringsNothingIntoForce, and neither does somebody of another hub.
func TestAMachineBringsNothingIntoForce(t *testing.T) {
	d := newDesk(t)
	made := must[*policyv1.Draft](t)(d.CreateDraft(as(t, "ada"), &policyv1.CreateDraftRequest{Parent: parent, Pack: pack(t, nil)}))
	stranger := person("ada")
	stranger.Hub = "warwick"
	for call, do := range d.steps(made.GetName()) {
		for who, c := range map[string]struct {
			principal authn.Principal
			want      string
		}{
			"a service":     {authn.Principal{Kind: authn.Service, Name: "case_system"}, "PERSON_REQUIRED"},
			"an agency":     {authn.Principal{Kind: authn.Agency, Name: "police"}, "PERSON_REQUIRED"},
			"nobody":        {authn.Principal{Kind: authn.None}, "PERSON_REQUIRED"},
			"another hub's": {authn.Principal{Kind: authn.Human, Person: stranger}, "NOT_FOUND"},
		} {
			err := do(authn.NewContext(t.Context(), c.principal))
			if got := refusal(err); !strings.HasSuffix(got, " "+c.want) {
				t.Errorf("%s by %s: %q", call, who, got)
			}
		}
	}
	entries, err := d.ledger.List(t.Context(), ledger.Query{Hub: "coventry", Limit: 100})
	if err != nil || len(entries) != 2 {
		t.Errorf("%d entries on the ledger: %v", len(entries), err)
	}
}

// TestReasonsAreTheHubsOwn: a code counts for what the hub gives it for.
func TestReasonsAreTheHubsOwn(t *testing.T) {
	d := newDesk(t)
	made := must[*policyv1.Draft](t)(d.CreateDraft(as(t, "ada"), &policyv1.CreateDraftRequest{Parent: parent, Pack: pack(t, nil)}))
	rules := []*policyv1.TighteningRule{{Effect: "deny"}}
	const invalid = "InvalidArgument INVALID_FIELD"
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"rejecting with an activation's", func() error {
			_, err := d.RejectDraft(as(t, "ben"), &policyv1.RejectDraftRequest{Name: made.GetName(), Reason: "new_agreement"})
			return err
		}, invalid},
		{"activating with an unknown one", func() error {
			_, err := d.ActivateDraft(as(t, "ben"), &policyv1.ActivateDraftRequest{Name: made.GetName(), Reason: "because"})
			return err
		}, invalid},
		{"rolling back with a rejection's", func() error {
			_, err := d.RollBack(as(t, "ben"), &policyv1.RollBackRequest{Parent: parent, Reason: "no_agreement"})
			return err
		}, invalid},
		{"rolling back with nothing before", func() error {
			_, err := d.RollBack(as(t, "ben"), &policyv1.RollBackRequest{Parent: parent, Reason: "correction"})
			return err
		}, "FailedPrecondition NOTHING_BEFORE"},
		{"tightening with an unknown one", func() error {
			_, err := d.Tighten(as(t, "ben"), &policyv1.TightenRequest{Parent: parent, Rules: rules, Reason: "because"})
			return err
		}, invalid},
		{"tightening an unknown category", func() error {
			_, err := d.Tighten(as(t, "ben"), &policyv1.TightenRequest{Parent: parent, Reason: "correction", Rules: []*policyv1.TighteningRule{
				{Effect: "deny", Categories: []string{"pol.weather"}},
			}})
			return err
		}, invalid},
		{"redacting without saying what", func() error {
			_, err := d.Tighten(as(t, "ben"), &policyv1.TightenRequest{Parent: parent, Reason: "correction", Rules: []*policyv1.TighteningRule{{Effect: "redact"}}})
			return err
		}, invalid},
		{"permitting", func() error {
			_, err := d.Tighten(as(t, "ben"), &policyv1.TightenRequest{Parent: parent, Reason: "correction", Rules: []*policyv1.TighteningRule{{Effect: "permit"}}})
			return err
		}, invalid},
		{"rejecting", func() error {
			_, err := d.RejectDraft(as(t, "ben"), &policyv1.RejectDraftRequest{Name: made.GetName(), Reason: "no_agreement"})
			return err
		}, ""},
		{"activating what was rejected", func() error {
			_, err := d.ActivateDraft(as(t, "ben"), &policyv1.ActivateDraftRequest{Name: made.GetName(), ActivateTime: timestamppb.Now()})
			return err
		}, "FailedPrecondition DRAFT_REJECTED"},
	} {
		if got := refusal(c.do()); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTighteningOverTheAPI(t *testing.T) {
	d := newDesk(t)
	set := must[*policyv1.Tightening](t)(d.Tighten(as(t, "ben"), &policyv1.TightenRequest{
		Parent: parent, Reason: "suspected_breach", Rules: []*policyv1.TighteningRule{{Effect: "redact", Masks: []string{"location"}, Organisations: []string{"police"}}},
	}))
	if set.GetName() != parent+"/policyTightenings/1" || len(set.GetRules()) != 1 || set.GetRules()[0].GetEffect() != "redact" {
		t.Errorf("%v", set)
	}
	active := must[*policyv1.Revision](t)(d.GetRevision(as(t, "ben"), &policyv1.GetRevisionRequest{Name: parent + "/policyRevisions/active"}))
	if !strings.HasSuffix(active.GetId(), "+1") || !active.GetActive() {
		t.Errorf("%v", active)
	}
	lift := &policyv1.LiftTighteningRequest{Name: set.GetName(), Reason: "incident_over"}
	for _, who := range []string{"ben", "cat"} {
		set = must[*policyv1.Tightening](t)(d.LiftTightening(as(t, who), lift))
	}
	if set.GetLiftProposer() != "hubs/coventry/people/ben" || set.GetLifter() != "hubs/coventry/people/cat" || set.GetLiftTime() == nil {
		t.Errorf("%v", set)
	}
	was := must[*policyv1.Revision](t)(d.GetRevision(as(t, "ben"), &policyv1.GetRevisionRequest{Name: active.GetName()}))
	if was.GetActive() || was.GetId() != active.GetId() {
		t.Errorf("%v", was)
	}
	for _, unknown := range []string{active.GetId() + "9", "none", "none+1"} {
		_, err := d.GetRevision(as(t, "ben"), &policyv1.GetRevisionRequest{Name: parent + "/policyRevisions/" + unknown})
		if refusal(err) != codes.NotFound.String()+" NOT_FOUND" {
			t.Errorf("%s: %v", unknown, err)
		}
	}
	list := must[*policyv1.ListTighteningsResponse](t)(d.ListTightenings(as(t, "ben"), &policyv1.ListTighteningsRequest{Parent: parent}))
	if len(list.GetTightenings()) != 1 || !slices.Equal(list.GetTightenings()[0].GetRules()[0].GetMasks(), []string{"location"}) {
		t.Errorf("%v", list)
	}
}

func TestReplicasOverTheAPI(t *testing.T) {
	d := newDesk(t)
	err := d.Rollout.DB.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return d.Rollout.Heartbeat(ctx, tx, rollout.Replica{
			Hub: "coventry", ID: "spiffe://agency/police", Peer: true, Number: 1, Revision: "x", Refused: bundle.Altered,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	list := must[*policyv1.ListReplicasResponse](t)(d.ListReplicas(as(t, "ben"), &policyv1.ListReplicasRequest{Parent: parent}))
	if all := list.GetReplicas(); len(all) != 1 || all[0].GetName() != parent+"/policyReplicas/spiffe:%2F%2Fagency%2Fpolice" || !all[0].GetPeer() || all[0].GetRefused() != "altered" {
		t.Errorf("%v", all)
	}
}
