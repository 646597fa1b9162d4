package policy

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/simulate"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// past gives the hub so many recorded batches, each of one conviction of a parent in a MASH enquiry.
func (d *desk) past(t *testing.T, batches int) {
	t.Helper()
	revision, err := d.Policy.Active("coventry")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.vault.Create("e1"); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		"INSERT INTO referrals VALUES ('coventry', 'e1', 1, 'e1', 'p', 0, '', 1, x'')",
		"INSERT INTO episodes VALUES ('coventry', 'e1', 1, '', '', '', 0, 0, 0, 0, x'')",
		"INSERT INTO requests VALUES ('coventry', 'e1', 'r1', 'running', 'p', 'rev', '', 0, 0, 0, 0, NULL, NULL, x'')", //nolint:dupword // SQL
	} {
		d.sql(t, row)
	}
	at := d.clock.Now()
	in := policy.Input{
		At: at, Hub: "coventry",
		Requester: policy.Requester{Role: "social_worker", Agency: "children_services", Hub: "coventry", Assigned: true},
		Episode: policy.Episode{
			Stage: "mash_episode", Purpose: "safeguarding_children", Rating: "amber", LevelOfNeed: 3, Basis: "mash", Concerns: []string{"neglect"},
		},
		Subjects: []policy.Subject{
			{ID: "s1", Role: "index_child", Born: "2015-05-06", Identified: "yes", LivesWithIndex: true},
			{ID: "s2", Role: "parent", Born: "1988-07-01", Identified: "yes", ParentalResponsibility: true, LivesWithIndex: true},
		},
		Categories: []policy.Category{{Code: "pol.convictions", Reason: policy.Recorded}},
		Consents:   []policy.Consent{{Kind: "agencies_share_with_us", By: "s2", Status: "yes", Recorded: at.AddDate(0, -1, 0)}},
	}
	for _, o := range revision.Vocabulary().Organisations {
		in.Organisations = append(in.Organisations, o.Organisation())
	}
	var decider history.Decider
	for i := range batches {
		r := history.Record{
			Hub: "coventry", Episode: "e1", Request: "r1", Time: at.Add(time.Duration(i) * time.Second), Kind: history.Release,
			Organisation: "police", Subject: "s2", Input: in, Headers: []record.Header{{
				Organisation: "police", Category: "pol.convictions", Subject: "s2", EventDate: at.AddDate(0, 0, -i).Format(time.DateOnly),
				Labels: []string{}, LabelsKnown: true,
			}},
		}
		verdict, err := decider.Again(t.Context(), revision, r)
		if err != nil {
			t.Fatal(err)
		}
		r.Verdicts = []history.Verdict{verdict}
		d.keep(t, r)
	}
}

func (d *desk) keep(t *testing.T, r history.Record) {
	t.Helper()
	sealed, err := d.Decisions.Seal(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	err = d.DB.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error {
		entry, err := d.ledger.Append(ctx, tx, ledger.Entry{
			Hub: r.Hub, Kind: ledger.KindDisclosure, Episode: r.Episode, Request: r.Request, Digest: sealed.Digest,
		})
		if err != nil {
			return err
		}
		return d.Decisions.Keep(ctx, tx, sealed, entry.Seq)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (d *desk) sql(t *testing.T, statement string) {
	t.Helper()
	err := d.DB.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error {
		_, err := tx.NewRaw(statement).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// line is a stream that remembers what was sent, and lets a test do something at each message.
type line[M any] struct {
	ctx  context.Context //nolint:containedctx // it stands for a gRPC stream, which has one
	sent []M
	each func(M)
}

func (l *line[M]) Context() context.Context { return l.ctx }

func (l *line[M]) Send(m M) error {
	l.sent = append(l.sent, m)
	if l.each != nil {
		l.each(m)
	}
	return nil
}

func TestReplayTellsWhatIsEqualDifferentAndErased(t *testing.T) {
	d := newDesk(t)
	d.past(t, 150)
	stream := &line[*policyv1.ReplayResponse]{ctx: as(t, "ada")}
	if err := d.replay(&policyv1.ReplayRequest{Parent: parent}, stream); err != nil {
		t.Fatal(err)
	}
	progress := stream.sent[0].GetProgress()
	result := stream.sent[len(stream.sent)-1].GetResult()
	if len(stream.sent) != 2 || progress.GetDone() != 100 || progress.GetTotal() != 150 || result.GetRecords() != 150 || result.GetEqual() != 150 {
		t.Errorf("sent %v", stream.sent)
	}

	d.sql(t, "UPDATE decisions SET ledger_entry = 5 WHERE seq = 7")
	d.sql(t, "UPDATE decisions SET body = NULL, input = NULL WHERE seq = 9")
	d.sql(t, "DELETE FROM decisions WHERE seq = 11")
	stream = &line[*policyv1.ReplayResponse]{ctx: as(t, "ada")}
	if err := d.replay(&policyv1.ReplayRequest{Parent: parent}, stream); err != nil {
		t.Fatal(err)
	}
	found := stream.sent[0].GetDifference()
	result = stream.sent[len(stream.sent)-1].GetResult()
	if found.GetDecision() != 7 || found.GetCode() != history.RecordAltered || found.GetInformationRequest() != "hubs/coventry/episodes/e1/informationRequests/r1" ||
		result.GetDifferent() != 3 || result.GetErased() != 1 || result.GetEqual() != 147 {
		t.Errorf("found %v, result %v", found, result)
	}
	// The entries of the seventh, which now names another, and of the eleventh have no record.
	missing := 0
	for _, sent := range stream.sent {
		if sent.GetDifference().GetCode() == history.RecordMissing {
			missing++
		}
	}
	if missing != 2 {
		t.Errorf("%d entries without a record, want 2: %v", missing, stream.sent)
	}
	if err := d.replay(&policyv1.ReplayRequest{Parent: "hubs/leeds"}, stream); refusal(err) != "NotFound NOT_FOUND" {
		t.Errorf("another hub: %v", err)
	}
}

// permits is a draft under which a parent's convictions are released in a MASH enquiry.
const permits = "cells: {C: {mash: {effect: permit, reason: tier_permits}}}\n"

func (d *desk) draftThatWidens(t *testing.T) string {
	t.Helper()
	return must[*policyv1.Draft](t)(d.CreateDraft(as(t, "ada"), &policyv1.CreateDraftRequest{
		Parent: parent, Pack: pack(t, map[string]string{"data/tiers.yaml": permits}),
	})).GetName()
}

// passed says of a draft that it was checked and tested.
func (d *desk) passed(t *testing.T, name string) {
	t.Helper()
	for _, kind := range []rollout.ReportKind{rollout.Check, rollout.Test} {
		_, err := d.Rollout.SaveReport(t.Context(), person("ada"), rollout.Ref{Hub: "coventry", ID: name[len(parent+"/policyDrafts/"):]}, rollout.Report{
			Kind: kind, JSON: []byte(`{}`), Passed: true,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestASimulationIsStoppedAndResumed: its caller goes away in the middle of the history; the next call goes on from there and comes to
// the report that an unbroken run comes to.
func TestASimulationIsStoppedAndResumed(t *testing.T) {
	d := newDesk(t)
	const batches = 300
	d.past(t, batches)
	name := d.draftThatWidens(t)
	request := &policyv1.SimulateRequest{Name: name}
	untested := &line[*policyv1.SimulateResponse]{ctx: as(t, "ada")}
	if err := d.simulate(request, untested); refusal(err) != "FailedPrecondition NOT_TESTED" {
		t.Errorf("before its tests: %v", err)
	}
	d.passed(t, name)

	ctx, leave := context.WithCancel(as(t, "ada"))
	first := &line[*policyv1.SimulateResponse]{ctx: ctx, each: func(m *policyv1.SimulateResponse) {
		if p := m.GetProgress(); p.GetTotal() == batches && p.GetDone() >= 100 {
			leave()
		}
	}}
	if err := d.simulate(request, first); !errors.Is(err, context.Canceled) {
		t.Fatalf("a caller who went away: %v", err)
	}
	began := int64(0)
	second := &line[*policyv1.SimulateResponse]{ctx: as(t, "ada"), each: func(m *policyv1.SimulateResponse) {
		if began == 0 {
			began = m.GetProgress().GetDone()
		}
		if err := d.simulate(request, &line[*policyv1.SimulateResponse]{ctx: as(t, "ben")}); refusal(err) != "Aborted SIMULATION_RUNNING" {
			t.Errorf("a second one at the same time: %v", err)
		}
	}}
	if err := d.simulate(request, second); err != nil {
		t.Fatal(err)
	}
	if began <= 100 || began > batches {
		t.Errorf("it went on at %d", began)
	}
	saved := second.sent[len(second.sent)-1].GetDraft()
	var report simulate.Report
	if err := json.Unmarshal(saved.GetSimulationReport(), &report); err != nil {
		t.Fatal(err)
	}
	if saved.GetState() != policyv1.Draft_STATE_SIMULATED || !saved.GetWidens() || saved.GetSimulatedAgainst() != 1 || len(report.Runs) != 3 {
		t.Fatalf("%v, %d runs", saved.GetState(), len(report.Runs))
	}
	if diff := cmp.Diff(text(t, d.unbroken(t, name).Runs[0]), text(t, report.Runs[0])); diff != "" {
		t.Errorf("an unbroken run says (-unbroken +resumed):\n%s", diff)
	}
	if wider := report.Runs[0].Changes; len(wider) != 1 || wider[0].Count != batches || wider[0].Direction != simulate.Wider {
		t.Errorf("changes %+v", wider)
	}
	if at, err := d.Decisions.Checkpoint(t.Context(), decision.Run{Hub: "coventry", Draft: saved.GetName()[len(parent+"/policyDrafts/"):]}); at != nil || err != nil {
		t.Errorf("where it was stopped is still kept: %v", err)
	}
}

// text is what is digested of a report.
func text(t *testing.T, of any) string {
	t.Helper()
	encoded, err := json.MarshalIndent(of, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// unbroken is the run over the history by itself.
func (d *desk) unbroken(t *testing.T, name string) simulate.Report {
	t.Helper()
	c, err := d.begin(as(t, "ada"), name)
	if err != nil {
		t.Fatal(err)
	}
	run, err := d.rehearsal(t.Context(), c, &policyv1.SimulateRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	run.progress = func(simulate.Progress) {}
	report, err := run.history(t.Context(), stopped{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestWhereItWasStoppedIsOfOneSimulation: another period, or another policy in force, begins anew.
func TestWhereItWasStoppedIsOfOneSimulation(t *testing.T) {
	d := newDesk(t)
	name := d.draftThatWidens(t)
	d.passed(t, name)
	c, err := d.begin(as(t, "ada"), name)
	if err != nil {
		t.Fatal(err)
	}
	run, err := d.rehearsal(t.Context(), c, &policyv1.SimulateRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	at, err := run.goOn(t.Context())
	if err != nil || at.State != nil {
		t.Fatalf("at first: %+v, %v", at, err)
	}
	at.State = &simulate.State{After: 7}
	if err := run.keep(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*rehearsal){
		"the same":       func(*rehearsal) {},
		"another period": func(r *rehearsal) { r.since = d.clock.Now() },
		"another draft":  func(r *rehearsal) { r.draft.ID = "other" },
	} {
		other := *run
		change(&other)
		got, err := other.goOn(t.Context())
		if err != nil || (got.State != nil) != (what == "the same") {
			t.Errorf("%s: %v, %v", what, got.State, err)
		}
	}
}
