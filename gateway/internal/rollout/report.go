package rollout

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
)

// ReportKind is which of the three reports it is.
type ReportKind string

// The reports, in the order in which they are made.
const (
	Check      ReportKind = "check"
	Test       ReportKind = "test"
	Simulation ReportKind = "simulation"
)

// Report is what a check, a test run or a simulation found.
type Report struct {
	Kind ReportKind
	// JSON is the report in its canonical form. It is kept and digested as it is.
	JSON []byte
	// Passed tells that nothing in it stands in the way. A simulation that ran to its end passes, whatever it found.
	Passed bool
	// Widens and Against are a simulation's: whether anything would be asked or released that was not before, and the number of the
	// activation in force that it was compared with.
	Widens  bool
	Against int64
}

// SaveReport keeps a report of a draft. One that does not pass is kept too, so that the author sees why, and the draft stays where it is.
// A report that says something else than the one before drops the approvals and the signature that rest on it. A simulation against
// what is in force no longer is ABORTED.
func (s *Store) SaveReport(ctx context.Context, who directory.Person, at Ref, r Report) (Draft, error) {
	if len(r.JSON) > reportLimit || !json.Valid(r.JSON) {
		return Draft{}, fmt.Errorf("rollout: the %s report is too large or not JSON", r.Kind)
	}
	var saved Draft
	err := s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		row, d, err := readDraft(ctx, tx, at)
		if err != nil {
			return err
		}
		if err := s.mayReport(ctx, tx, d, r); err != nil {
			return err
		}
		row.take(r)
		entry := ledger.Entry{Kind: ledger.KindPolicyDrafted, Revision: row.Pack, Digest: digestOf(r.JSON), Reasons: []string{reported(r)}}
		if digest := row.digest(); digest != d.ReportDigest {
			row.ReportDigest, row.Bundle, row.KeyID = digest, "", ""
			if err := dropApprovals(ctx, tx, at); err != nil {
				return err
			}
			if len(d.Approvals) > 0 {
				entry.Reasons = append(entry.Reasons, "approvals_dropped")
			}
		}
		if err := updateDraft(ctx, tx, row); err != nil {
			return err
		}
		if err := s.append(ctx, tx, who, entry); err != nil {
			return err
		}
		_, saved, err = readDraft(ctx, tx, at)
		return err
	})
	return saved, err
}

// mayReport holds to the order: a test rests on a check that passed, a simulation on tests that did.
func (s *Store) mayReport(ctx context.Context, tx store.Tx, d Draft, r Report) error {
	switch {
	case d.ended() != nil:
		return d.ended()
	case r.Kind != Check && !d.Checked:
		return notYet(StateChecked)
	case r.Kind == Simulation && !d.Tested:
		return notYet(StateTested)
	case r.Kind != Simulation:
		return nil
	}
	d.SimulatedAgainst = r.Against
	return stillAgainst(ctx, tx, d, s.Clock.Now())
}

func (r *draftRow) take(report Report) {
	switch report.Kind {
	case Check:
		r.CheckReport, r.CheckPassed = report.JSON, report.Passed
	case Test:
		r.TestReport, r.TestPassed = report.JSON, report.Passed
	case Simulation:
		r.SimulationReport, r.Widens, r.SimulatedAgainst = report.JSON, report.Widens, report.Against
	}
}

// digest is SHA-256 over the pack's id and the digests of the three reports, each on a line; "" until all three are there and passed.
func (r *draftRow) digest() string {
	if !r.CheckPassed || !r.TestPassed || len(r.SimulationReport) == 0 {
		return ""
	}
	return digestOf(fmt.Appendf(nil, "%s\n%s\n%s\n%s\n", r.Pack, digestOf(r.CheckReport), digestOf(r.TestReport), digestOf(r.SimulationReport)))
}

// reported is the code of a report on the ledger.
func reported(r Report) string {
	if r.Passed || r.Kind == Simulation {
		return string(r.Kind) + "_passed"
	}
	return string(r.Kind) + "_failed"
}

func dropApprovals(ctx context.Context, tx store.Tx, at Ref) error {
	if _, err := tx.NewDelete().Model((*approvalRow)(nil)).Where("hub = ? AND draft = ?", at.Hub, at.ID).Exec(ctx); err != nil {
		return fmt.Errorf("rollout: dropping approvals: %w", err)
	}
	return nil
}

// updateDraft writes everything that can change; what the author handed in cannot.
func updateDraft(ctx context.Context, tx store.Tx, row draftRow) error {
	_, err := tx.NewUpdate().Model(&row).
		Column("check_report", "check_passed", "test_report", "test_passed", "simulation_report", "widens", "simulated_against",
			"report_digest", "bundle", "key_id", "activation", "rejected").
		Where("hub = ? AND id = ?", row.Hub, row.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rollout: changing a draft: %w", err)
	}
	return nil
}

// ended is the refusal of anything more to a draft that came to its end.
func (d Draft) ended() error {
	switch d.State() {
	case StateRejected:
		return fault.Precondition("DRAFT_REJECTED", "The draft was rejected. Make a new one.")
	case StateActivated:
		return fault.Precondition("DRAFT_ACTIVATED", "The draft has been activated already.")
	default:
		return nil
	}
}
