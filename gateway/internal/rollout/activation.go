package rollout

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
)

// Kind is where an activation comes from.
type Kind string

// The kinds of activation.
const (
	KindBuiltIn  Kind = "built_in"
	KindDraft    Kind = "draft"
	KindRollback Kind = "rollback"
	KindFollowed Kind = "followed"
)

// Standing is where an activation stands at a moment.
type Standing string

// The standings. A void one was proposed or scheduled, and overtaken by a later decision before its time: it never decided anything.
const (
	Proposed  Standing = "proposed"
	Scheduled Standing = "scheduled"
	Active    Standing = "active"
	Past      Standing = "past"
	Void      Standing = "void"
)

// Activation is one entry of the numbered log of what came into force.
type Activation struct {
	Hub    string
	Number int64
	// Pack and Bundle are the pack's id and the digest of the bundle it came in.
	Pack, Bundle string
	Kind         Kind
	Standing     Standing
	CreateTime   time.Time
	// ActivateTime is zero for one that waits for its second person.
	ActivateTime time.Time
	// Actor is who, by resource name; Approver the second person where one was needed.
	Actor, Approver string
	// Reason is a code of the pack's data.changes; "" where none was needed.
	Reason string
	// Draft is the id of the draft it came from; RolledBackTo the number it goes back to.
	Draft        string
	RolledBackTo int64
}

type activationRow struct {
	bun.BaseModel `bun:"table:policy_activations,alias:a"`

	Hub           string
	Number        int64
	Pack, Bundle  string
	Kind          Kind
	CreateTime    int64
	DecideTime    int64
	ActivateTime  int64
	Actor         string
	ActorIdentity string
	Approver      string
	Reason        string
	Draft         string
	RolledBackTo  int64
}

// later is what was decided after an activation: whether anything was, and the earliest time any of it comes into force.
type later struct {
	decided bool
	first   int64
}

func (l later) with(r activationRow) later {
	if r.DecideTime == 0 {
		return l
	}
	if !l.decided || r.ActivateTime < l.first {
		l.first = r.ActivateTime
	}
	l.decided = true
	return l
}

func (r activationRow) standing(after later, now int64) Standing {
	switch {
	case r.DecideTime == 0 && after.decided:
		return Void
	case r.DecideTime == 0:
		return Proposed
	case r.scheduled() && after.decided && after.first <= r.ActivateTime:
		return Void
	case r.ActivateTime > now:
		return Scheduled
	case after.decided && after.first <= now:
		return Past
	default:
		return Active
	}
}

// scheduled tells that it was decided on for a later time.
func (r activationRow) scheduled() bool { return r.ActivateTime > r.DecideTime }

func (r activationRow) activation(standing Standing) Activation {
	return Activation{
		Hub: r.Hub, Number: r.Number, Pack: r.Pack, Bundle: r.Bundle, Kind: r.Kind, Standing: standing, CreateTime: moment(r.CreateTime),
		ActivateTime: moment(r.ActivateTime), Actor: r.Actor, Approver: r.Approver, Reason: r.Reason, Draft: r.Draft, RolledBackTo: r.RolledBackTo,
	}
}

// Activations are those of a hub, newest first, and the cursor of the next page, "" at the end.
func (s *Store) Activations(ctx context.Context, p Page) (page []Activation, next string, err error) {
	before, err := numberCursor(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	var rows []activationRow
	query := s.DB.Read().NewSelect().Model(&rows).Where("hub = ? AND number < ?", p.Hub, before).OrderExpr("number DESC").Limit(int64(p.Limit) + 1)
	if err := query.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("rollout: listing activations: %w", err)
	}
	if len(rows) > p.Limit {
		rows = rows[:p.Limit]
		next = strconv.FormatInt(rows[p.Limit-1].Number, 10)
	}
	if len(rows) == 0 {
		return nil, "", nil
	}
	after, err := laterThan(ctx, s.DB.Read(), p.Hub, rows[0].Number)
	now := s.Clock.Now().UnixMicro()
	for _, r := range rows {
		page = append(page, r.activation(r.standing(after, now)))
		after = after.with(r)
	}
	return page, next, err
}

func laterThan(ctx context.Context, q store.Querier, hub string, number int64) (later, error) {
	var first sql.NullInt64
	err := q.NewRaw("SELECT MIN(activate_time) FROM policy_activations WHERE hub = ? AND number > ? AND decide_time <> 0", hub, number).Scan(ctx, &first)
	if err != nil {
		return later{}, fmt.Errorf("rollout: reading later activations: %w", err)
	}
	return later{first.Valid, first.Int64}, nil
}

// readActivation reads one with its standing, or answers NOT_FOUND.
func (s *Store) readActivation(ctx context.Context, q store.Querier, hub string, number int64) (activationRow, Standing, error) {
	var row activationRow
	err := q.NewSelect().Model(&row).Where("hub = ? AND number = ?", hub, number).Scan(ctx)
	if err := found(err, "policy activation"); err != nil {
		return activationRow{}, "", err
	}
	after, err := laterThan(ctx, q, hub, number)
	return row, row.standing(after, s.Clock.Now().UnixMicro()), err
}

// before is the activation that was in force when another came into force; nil where it was the first.
func (s *Store) before(ctx context.Context, q store.Querier, now InForce, hub string) (*activationRow, error) {
	var row activationRow
	err := q.NewSelect().Model(&row).Where("hub = ? AND number < ? AND decide_time <> 0 AND activate_time <= ?", hub, now.Number, now.Since.UnixMicro()).
		OrderExpr("number DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	if err != nil {
		return nil, fmt.Errorf("rollout: reading the activation before: %w", err)
	}
	return &row, nil
}

// insert gives an activation the hub's next number and keeps it.
func insert(ctx context.Context, tx store.Tx, row activationRow) (activationRow, error) {
	var err error
	if row.Number, err = nextNumber(ctx, tx, row.Hub); err != nil {
		return activationRow{}, err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return activationRow{}, fmt.Errorf("rollout: keeping activation %d: %w", row.Number, err)
	}
	return row, nil
}

// activated is the ledger entry of an activation that has been decided on.
func activated(row activationRow, codes ...string) ledger.Entry {
	if row.Reason != "" {
		codes = append([]string{row.Reason}, codes...)
	}
	if row.scheduled() {
		codes = append(codes, "scheduled")
	}
	return ledger.Entry{Kind: ledger.KindPolicyActivated, Revision: row.Pack, Digest: row.Bundle, Reasons: append(codes, string(row.Kind))}
}

// machine is who acts where nobody does: the gateway itself.
const machine = "services/rollout"

// appendMachine writes the ledger entry of a step that the gateway took by itself.
func (s *Store) appendMachine(ctx context.Context, tx store.Tx, hub string, e ledger.Entry) error {
	e.Actor = machine
	return s.record(ctx, tx, hub, e)
}

// by is a row that a person begins.
func (s *Store) by(ctx context.Context, tx store.Tx, who directory.Person, row activationRow) (activationRow, error) {
	var err error
	row.Hub, row.Actor, row.CreateTime = who.Hub, who.Name(), s.Clock.Now().UnixMicro()
	row.ActorIdentity, err = s.Directory.Identity(ctx, tx, who.Hub, who.ID)
	return row, err
}
