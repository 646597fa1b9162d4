package rollout

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy/bundle"
)

// followedRow is the last statement taken over.
type followedRow struct {
	bun.BaseModel `bun:"table:policy_followed,alias:f"`

	Hub    string
	Number int64
	Pack   string
	// Overlay is the publisher's own count of changes to its tightening; Tightening is the number its rules have here, 0 where it has none.
	Overlay    int64
	Tightening int64
}

// Follow brings a hub to what a publisher says is in force: the pack, as a new number of the hub's own log, and the publisher's emergency
// rules in the place of those it said before. Statement and bundle have been verified. What is older than what was followed last is a
// *bundle.Refusal, and so is a statement of another hub or bundle. It tells whether anything moved; what was followed already does not,
// also where the hub has gone its own way since.
func (s *Store) Follow(ctx context.Context, tx store.Tx, says bundle.Statement, b Bundle) (moved bool, err error) {
	last, err := readFollowed(ctx, tx, says.Hub)
	if err != nil {
		return false, err
	}
	if err := last.takes(says, b); err != nil {
		return false, err
	}
	if says.Number > last.Number {
		if err := s.followPack(ctx, tx, says, b); err != nil {
			return false, err
		}
		moved = true
	}
	next, tightened, err := s.followTightening(ctx, tx, says, last)
	if err != nil {
		return false, err
	}
	_, err = tx.NewInsert().Model(&next).On("CONFLICT (hub) DO UPDATE").
		Set("number = EXCLUDED.number, pack = EXCLUDED.pack, overlay = EXCLUDED.overlay, tightening = EXCLUDED.tightening").Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("rollout: keeping what was followed: %w", err)
	}
	return moved || tightened, nil
}

func readFollowed(ctx context.Context, tx store.Tx, hub string) (row followedRow, err error) {
	err = tx.NewSelect().Model(&row).Where("hub = ?", hub).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return followedRow{}, nil
	}
	if err != nil {
		return followedRow{}, fmt.Errorf("rollout: reading what was followed: %w", err)
	}
	return row, nil
}

// takes judges on the publisher's number, and between two statements of one number on its count of changes to the tightening: an old
// statement put back must not lift one. No clock has a say: one that was put back must not keep an emergency from being followed.
func (r followedRow) takes(says bundle.Statement, b Bundle) error {
	switch {
	case says.Hub != b.Hub:
		return bundle.Refuse(bundle.WrongHub, nil)
	case says.Digest != b.Digest || says.Revision != b.Pack:
		return bundle.Refuse(bundle.Altered, errors.New("the bundle is not the one that is stated"))
	case says.Number == r.Number && says.Revision != r.Pack:
		return bundle.Refuse(bundle.Altered, errors.New("one number is stated of two packs"))
	case says.Number < r.Number, says.Number == r.Number && says.TighteningNumber < r.Overlay:
		return bundle.Refuse(bundle.OlderThanActive, nil)
	}
	return nil
}

func (s *Store) followPack(ctx context.Context, tx store.Tx, says bundle.Statement, b Bundle) error {
	now := s.Clock.Now()
	at := says.ActivateTime
	if at.Before(now) {
		at = now
	}
	return s.activateByMachine(ctx, tx, b, activationRow{Kind: KindFollowed, DecideTime: now.UnixMicro(), ActivateTime: at.UnixMicro()})
}

// followTightening puts the publisher's rules in the place of those it stated before, where they are others, and tells what is followed
// now. Rules that two people of the hub have lifted come back when the publisher sets them again.
func (s *Store) followTightening(
	ctx context.Context, tx store.Tx, says bundle.Statement, last followedRow,
) (next followedRow, changed bool, err error) {
	next = followedRow{Hub: says.Hub, Number: says.Number, Pack: says.Revision, Overlay: says.TighteningNumber, Tightening: last.Tightening}
	text, err := writeRules(says.Tightening)
	if err != nil {
		return next, false, err
	}
	before := tighteningRow{Rules: "[]"}
	if last.Tightening != 0 {
		if before, err = readTightening(ctx, tx, says.Hub, last.Tightening); err != nil {
			return next, false, err
		}
	}
	switch counted := says.TighteningNumber > last.Overlay; {
	case text == before.Rules && (before.LiftTime == 0 || !counted):
		return next, false, nil
	case text != before.Rules && !counted && says.Number == last.Number:
		return next, false, bundle.Refuse(bundle.Altered, errors.New("one number of a tightening is stated of two sets of rules"))
	}
	row := tighteningRow{Hub: says.Hub, Rules: text, Actor: machine, CreateTime: s.Clock.Now().UnixMicro()}
	if row, err = s.set(ctx, tx, row, last.Tightening); err != nil {
		return next, false, err
	}
	return next, true, s.followedTightening(ctx, tx, row, &next)
}

// followedTightening remembers which tightening is the publisher's, and writes the ledger entry.
func (s *Store) followedTightening(ctx context.Context, tx store.Tx, row tighteningRow, next *followedRow) error {
	entry := ledger.Entry{Kind: ledger.KindPolicyTightened, Digest: digestOf([]byte(row.Rules)), Reasons: []string{string(KindFollowed)}}
	next.Tightening = row.Number
	if row.Rules == "[]" {
		next.Tightening, entry.Kind = 0, ledger.KindPolicyLifted
	}
	now, err := inForce(ctx, tx, row.Hub, s.Clock.Now())
	if err != nil && !errors.Is(err, ErrNoneInForce) {
		return err
	}
	entry.Revision = now.Revision
	return s.appendMachine(ctx, tx, row.Hub, entry)
}

// Refusal is a bundle or statement that a replica found and did not take.
type Refusal struct {
	Hub  string
	Code bundle.Code
	// Digest is SHA-256 of what was refused, in hexadecimal; "" where nothing could be read.
	Digest string
	// Revision is what goes on deciding; "" where nothing does.
	Revision string
}

// Refuse writes a refusal on the ledger, once for as long as nothing else comes into force: a replica that looks every second finds the
// same bad bundle every second. It tells whether this was the first time.
func (s *Store) Refuse(ctx context.Context, tx store.Tx, r Refusal) (fresh bool, err error) {
	now, err := inForce(ctx, tx, r.Hub, s.Clock.Now())
	if err != nil && !errors.Is(err, ErrNoneInForce) {
		return false, err
	}
	kept, err := tx.NewRaw("INSERT INTO policy_refusals (hub, digest, code, activation) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		r.Hub, r.Digest, string(r.Code), now.Number).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("rollout: keeping a refusal: %w", err)
	}
	rows, err := kept.RowsAffected()
	if err != nil || rows == 0 {
		return false, err
	}
	return true, s.appendMachine(ctx, tx, r.Hub, ledger.Entry{
		Kind: ledger.KindPolicyRefused, Revision: r.Revision, Digest: r.Digest, Reasons: []string{string(r.Code)},
	})
}
