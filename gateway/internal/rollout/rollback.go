package rollout

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy/bundle"
)

// RollBack activates the pack of an earlier activation again, as a new number; 0 is the one active just before. One person may do so alone
// to the pack active just before, if no tightening was set since; any other waits, proposed, for ApproveActivation. Only what was in
// force, and still verifies, can be gone back to.
func (s *Store) RollBack(ctx context.Context, who directory.Person, to int64, reason string) (Activation, error) {
	target, refusal, err := s.verifiedTarget(ctx, who.Hub, to)
	if err != nil {
		return Activation{}, err
	}
	var row activationRow
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if refusal != nil {
			return s.append(ctx, tx, who, refused(refusal, target.Pack, target.Bundle))
		}
		again, alone, err := s.target(ctx, tx, who.Hub, to)
		if err != nil {
			return err
		}
		if again.Number != target.Number {
			return &fault.Error{Code: codes.Aborted, Reason: "ACTIVATION_IN_BETWEEN", Public: "Another policy has just come into force. Look again."}
		}
		row = activationRow{Pack: target.Pack, Bundle: target.Bundle, Kind: KindRollback, Reason: reason, RolledBackTo: target.Number}
		if row, err = s.by(ctx, tx, who, row); err != nil {
			return err
		}
		entry := ledger.Entry{
			Kind: ledger.KindPolicyApproved, Revision: row.Pack, Digest: row.Bundle, Reasons: []string{reason, "rollback_proposed"},
		}
		if alone {
			row.DecideTime, row.ActivateTime = row.CreateTime, row.CreateTime
			entry = activated(row)
		}
		if row, err = insert(ctx, tx, row); err != nil {
			return err
		}
		return s.append(ctx, tx, who, entry)
	})
	if err == nil && refusal != nil {
		err = refusedFault(refusal)
	}
	return row.activation(row.standing(later{}, row.CreateTime)), err
}

// verifiedTarget finds what is gone back to and verifies its bundle, outside the transaction.
func (s *Store) verifiedTarget(ctx context.Context, hub string, to int64) (activationRow, *bundle.Refusal, error) {
	target, _, err := s.target(ctx, s.DB.Read(), hub, to)
	if err != nil {
		return activationRow{}, nil, err
	}
	refusal, err := s.verify(ctx, hub, target.Bundle)
	return target, refusal, err
}

// target is the activation to go back to, and whether one person may do so alone.
func (s *Store) target(ctx context.Context, q store.Querier, hub string, to int64) (target activationRow, alone bool, err error) {
	now, err := inForce(ctx, q, hub, s.Clock.Now())
	if err != nil {
		return activationRow{}, false, err
	}
	previous, err := s.before(ctx, q, now, hub)
	switch {
	case err != nil:
		return activationRow{}, false, err
	case to == 0 && previous == nil:
		return activationRow{}, false, fault.Precondition("NOTHING_BEFORE", "No other policy was in force before this one.")
	case to == 0:
		target = *previous
	default:
		if target, err = s.earlier(ctx, q, hub, to); err != nil {
			return activationRow{}, false, err
		}
	}
	if target.Bundle == now.Bundle {
		return activationRow{}, false, fault.Precondition("ALREADY_IN_FORCE", "That policy is the one in force.")
	}
	tightened, err := tightenedSince(ctx, q, hub, now.Since)
	return target, previous != nil && target.Bundle == previous.Bundle && !tightened, err
}

// earlier is an activation that was in force.
func (s *Store) earlier(ctx context.Context, q store.Querier, hub string, number int64) (activationRow, error) {
	row, standing, err := s.readActivation(ctx, q, hub, number)
	if err == nil && standing != Past && standing != Active {
		err = fault.Precondition("NEVER_IN_FORCE", "That policy never was in force.")
	}
	return row, err
}

// ApproveActivation is the second person's yes to a rollback that waits for it. One that a later decision has overtaken is void.
func (s *Store) ApproveActivation(ctx context.Context, who directory.Person, number int64) (Activation, error) {
	proposed, _, err := s.readActivation(ctx, s.DB.Read(), who.Hub, number)
	if err != nil {
		return Activation{}, err
	}
	refusal, err := s.verify(ctx, who.Hub, proposed.Bundle)
	if err != nil {
		return Activation{}, err
	}
	var row activationRow
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		var standing Standing
		if row, standing, err = s.readActivation(ctx, tx, who.Hub, number); err != nil {
			return err
		}
		if err := s.mayApproveActivation(ctx, tx, who, row, standing); err != nil {
			return err
		}
		if refusal != nil {
			return s.append(ctx, tx, who, refused(refusal, row.Pack, row.Bundle))
		}
		return s.decide(ctx, tx, who, &row)
	})
	if err == nil && refusal != nil {
		err = refusedFault(refusal)
	}
	return row.activation(row.standing(later{}, row.ActivateTime)), err
}

func (s *Store) mayApproveActivation(ctx context.Context, tx store.Tx, who directory.Person, row activationRow, standing Standing) error {
	switch standing {
	case Proposed:
	case Void:
		return fault.Precondition("PROPOSAL_VOID", "A later decision has overtaken this proposal.")
	default:
		return fault.Precondition("NOT_PROPOSED", "This activation waits for nobody.")
	}
	identity, err := s.Directory.Identity(ctx, tx, who.Hub, who.ID)
	if err != nil {
		return err
	}
	if who.Name() == row.Actor || identity == row.ActorIdentity {
		return samePerson()
	}
	return nil
}

// decide brings a proposal into force at once.
func (s *Store) decide(ctx context.Context, tx store.Tx, who directory.Person, row *activationRow) error {
	row.Approver, row.DecideTime = who.Name(), s.Clock.Now().UnixMicro()
	row.ActivateTime = row.DecideTime
	_, err := tx.NewUpdate().Model(row).Column("approver", "decide_time", "activate_time").
		Where("hub = ? AND number = ? AND decide_time = 0", row.Hub, row.Number).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rollout: approving activation %d: %w", row.Number, err)
	}
	return s.append(ctx, tx, who, activated(*row))
}
