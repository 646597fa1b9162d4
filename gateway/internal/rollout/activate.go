package rollout

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy/bundle"
)

// When is a decision to activate.
type When struct {
	// At is when; the zero time is at once.
	At time.Time
	// Reason is a code of the pack's data.changes.
	Reason string
}

// Activate brings a signed draft into force, at once or at a time. One that widens release needs a reason. It is ABORTED where another
// policy than the one it was simulated against is, or will be, in force at that time, and refused where its bundle no longer verifies.
func (s *Store) Activate(ctx context.Context, who directory.Person, at Ref, when When) (Activation, error) {
	seen, refusal, err := s.signed(ctx, at)
	if err != nil {
		return Activation{}, err
	}
	var row activationRow
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		draft, d, err := readDraft(ctx, tx, at)
		if err != nil {
			return err
		}
		if refusal != nil {
			return s.append(ctx, tx, who, refused(refusal, d.Revision, d.Bundle))
		}
		now := s.Clock.Now()
		if err := s.mayActivate(ctx, tx, d, seen, when, now); err != nil {
			return err
		}
		row = activationRow{
			Pack: d.Revision, Bundle: d.Bundle, Kind: KindDraft, Reason: when.Reason, Draft: d.ID,
			DecideTime: now.UnixMicro(), ActivateTime: when.from(now).UnixMicro(),
		}
		if row, err = s.by(ctx, tx, who, row); err != nil {
			return err
		}
		if row, err = insert(ctx, tx, row); err != nil {
			return err
		}
		draft.Activation = row.Number
		if err := updateDraft(ctx, tx, draft); err != nil {
			return err
		}
		return s.append(ctx, tx, who, activated(row, widening(d)...))
	})
	if err == nil && refusal != nil {
		err = refusedFault(refusal)
	}
	return row.activation(row.standing(later{}, row.CreateTime)), err
}

// signed reads a draft and verifies its bundle again, outside the transaction: a bundle is never changed.
func (s *Store) signed(ctx context.Context, at Ref) (Draft, *bundle.Refusal, error) {
	_, d, err := readDraft(ctx, s.DB.Read(), at)
	if err != nil {
		return Draft{}, nil, err
	}
	if err := d.lacks(StateSigned); err != nil {
		return Draft{}, nil, err
	}
	refusal, err := s.verify(ctx, at.Hub, d.Bundle)
	return d, refusal, err
}

func (s *Store) mayActivate(ctx context.Context, tx store.Tx, d, seen Draft, when When, now time.Time) error {
	if err := d.lacks(StateSigned); err != nil {
		return err
	}
	if d.Bundle != seen.Bundle || d.ReportDigest != seen.ReportDigest {
		return &fault.Error{Code: codes.Aborted, Reason: "DRAFT_CHANGED", Public: "The draft has just changed. Read it again."}
	}
	if !when.At.IsZero() && when.At.Before(now) {
		return fault.Invalid("activate_time", "is in the past")
	}
	if d.Widens && when.Reason == "" {
		return fault.Invalid("reason", "the draft widens what is asked or released: give the code of a reason, of the hub's data.changes")
	}
	return stillAgainst(ctx, tx, d, when.from(now))
}

func (w When) from(now time.Time) time.Time {
	if w.At.IsZero() {
		return now
	}
	return w.At.UTC()
}

func widening(d Draft) []string {
	if d.Widens {
		return []string{"widens"}
	}
	return nil
}

// ActivateBuiltIn brings a hub to the pack that the gateway came with, or was configured with: at the first start, and again when another
// comes with a new gateway. A hub that has gone its own way, or has decided to at a time to come, does not follow. It tells whether
// anything was activated.
func (s *Store) ActivateBuiltIn(ctx context.Context, tx store.Tx, b Bundle) (moved bool, err error) {
	now := s.Clock.Now()
	inForceNow, err := inForce(ctx, tx, b.Hub, now)
	switch {
	case errors.Is(err, ErrNoneInForce):
	case err != nil:
		return false, err
	case inForceNow.Bundle == b.Digest, inForceNow.Kind != KindBuiltIn:
		return false, nil
	}
	decided, err := laterThan(ctx, tx, b.Hub, inForceNow.Number)
	if err != nil || decided.decided {
		return false, err
	}
	kind := KindBuiltIn
	if !b.BuiltIn() {
		kind = KindFollowed
	}
	err = s.activateByMachine(ctx, tx, b, activationRow{Kind: kind, DecideTime: now.UnixMicro(), ActivateTime: now.UnixMicro()})
	return err == nil, err
}

// activateByMachine keeps a bundle and activates it with nobody's hand in it.
func (s *Store) activateByMachine(ctx context.Context, tx store.Tx, b Bundle, row activationRow) error {
	if err := s.keep(ctx, tx, b); err != nil {
		return err
	}
	row.Hub, row.Pack, row.Bundle, row.Actor, row.CreateTime = b.Hub, b.Pack, b.Digest, machine, s.Clock.Now().UnixMicro()
	row, err := insert(ctx, tx, row)
	if err != nil {
		return err
	}
	return s.appendMachine(ctx, tx, b.Hub, activated(row))
}
