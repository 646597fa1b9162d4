package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
)

// Approve is one person's yes to a draft and to the very report they saw. The author's is refused, and so is that of somebody who said yes
// under another id; the same person's again changes nothing. Two are needed, and more are refused.
func (s *Store) Approve(ctx context.Context, who directory.Person, at Ref, reportDigest string) (Draft, error) {
	var approved Draft
	err := s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		_, d, err := readDraft(ctx, tx, at)
		if err != nil {
			return err
		}
		if err := s.mayApprove(ctx, tx, d, reportDigest); err != nil {
			return err
		}
		fresh, err := s.approve(ctx, tx, who, d)
		if err != nil || !fresh {
			approved = d
			return err
		}
		entry := ledger.Entry{Kind: ledger.KindPolicyApproved, Revision: d.Revision, Digest: reportDigest}
		if err := s.append(ctx, tx, who, entry); err != nil {
			return err
		}
		_, approved, err = readDraft(ctx, tx, at)
		return err
	})
	return approved, err
}

func (s *Store) mayApprove(ctx context.Context, tx store.Tx, d Draft, reportDigest string) error {
	if err := d.lacks(StateSimulated); err != nil {
		return err
	}
	if reportDigest != d.ReportDigest {
		return &fault.Error{Code: codes.Aborted, Reason: "REPORT_CHANGED", Public: "The draft's report is not the one you saw. Read it again."}
	}
	return stillAgainst(ctx, tx, d, s.Clock.Now())
}

// approve keeps a yes and tells whether it is a new one. Who approves is told apart by the person's id and by issuer and subject, because
// somebody with two entries in the directory is one person.
func (s *Store) approve(ctx context.Context, tx store.Tx, who directory.Person, d Draft) (fresh bool, err error) {
	identity, err := s.Directory.Identity(ctx, tx, who.Hub, who.ID)
	if err != nil {
		return false, err
	}
	if who.ID == d.Author || identity == d.authorIdentity {
		return false, fault.Denied("AUTHOR_MAY_NOT_APPROVE", "Nobody approves a draft of their own.")
	}
	given, err := readApprovals(ctx, tx, d.Hub, []string{d.ID})
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(given, func(a approvalRow) bool { return a.Person == who.ID && a.Identity == identity }) {
		return false, nil
	}
	if slices.ContainsFunc(given, func(a approvalRow) bool { return a.Person == who.ID || a.Identity == identity }) {
		return false, samePerson()
	}
	if len(given) >= approvers {
		return false, fault.Precondition("ALREADY_APPROVED", "Two people have approved the draft already.")
	}
	row := approvalRow{
		Hub: d.Hub, Draft: d.ID, Person: who.ID, Identity: identity, ReportDigest: d.ReportDigest, Time: s.Clock.Now().UnixMicro(),
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return false, fmt.Errorf("rollout: keeping an approval: %w", err)
	}
	return true, nil
}

func samePerson() error {
	return fault.Denied("SAME_PERSON", "This takes two people, and you are the first of them.")
}

// Reject ends a draft, for a reason that stands on the ledger. One that was activated is past rejecting.
func (s *Store) Reject(ctx context.Context, who directory.Person, at Ref, reason string) (Draft, error) {
	var rejected Draft
	err := s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		row, d, err := readDraft(ctx, tx, at)
		if err != nil {
			return err
		}
		if err := d.ended(); err != nil {
			return err
		}
		row.Rejected, d.Rejected = reason, reason
		if err := updateDraft(ctx, tx, row); err != nil {
			return err
		}
		rejected = d
		return s.append(ctx, tx, who, ledger.Entry{
			Kind: ledger.KindPolicyRejected, Revision: d.Revision, Digest: d.ReportDigest, Reasons: []string{reason},
		})
	})
	return rejected, err
}

// lacks names the first step that a draft has not taken on its way to a state; nil where it has come as far.
func (d Draft) lacks(needed State) error {
	if err := d.ended(); err != nil {
		return err
	}
	way := []State{StateDraft, StateChecked, StateTested, StateSimulated, StateApproved, StateSigned}
	has := slices.Index(way, d.State())
	if has >= slices.Index(way, needed) {
		return nil
	}
	return notYet(way[has+1])
}

// notYet says which step is missing.
func notYet(step State) error {
	words := map[State][2]string{
		StateChecked:   {"CHECK_MISSING", "The draft has not passed its check."},
		StateTested:    {"TEST_MISSING", "The draft has not passed its tests."},
		StateSimulated: {"SIMULATION_MISSING", "The draft has not been simulated."},
		StateApproved:  {"APPROVAL_MISSING", "The draft has not been approved by two people."},
		StateSigned:    {"SIGNATURE_MISSING", "The draft has not been signed."},
	}[step]
	return fault.Precondition(words[0], words[1])
}

// stillAgainst holds a simulation to what is in force at a moment: what approvers were shown is what will change, not what would have.
func stillAgainst(ctx context.Context, q store.Querier, d Draft, at time.Time) error {
	then, err := inForce(ctx, q, d.Hub, at)
	if err != nil {
		return err
	}
	if then.Number != d.SimulatedAgainst {
		return &fault.Error{
			Code: codes.Aborted, Reason: "SIMULATED_AGAINST_ANOTHER",
			Public: "Another policy is in force than the one the draft was simulated against. Simulate it again.",
		}
	}
	return nil
}
