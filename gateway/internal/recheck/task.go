package recheck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
)

// The causes that concern a whole hub; those of an episode are its own (history.proto, RecheckFinding).
const (
	causeActivation = "activation"
	causeTightening = "tightening"
)

// task is one cause to decide again for, and how far that has come.
type task struct {
	bun.BaseModel `bun:"table:rechecks"`

	ID  int64 `bun:",pk,autoincrement"`
	Hub string
	// Episode is empty for the whole hub.
	Episode string
	Cause   string
	Time    int64
	// Cursor is the last request that was gone through.
	Cursor   string
	DoneTime int64
}

// policyRow is the policy that a task was last written for.
type policyRow struct {
	bun.BaseModel `bun:"table:recheck_policies"`

	Hub      string
	Number   int64
	Revision string
}

// takenAtOnce bounds how many moves one transaction takes over.
const takenAtOnce = 64

// takeIn turns everything that has moved into tasks, each in the transaction that ticks it off.
func (w *Worker) takeIn(ctx context.Context) error {
	for {
		due, err := w.Episodes.Due(ctx, takenAtOnce)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			break
		}
		if err := w.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error { return w.takeOver(ctx, tx, due) }); err != nil {
			return fmt.Errorf("recheck: taking over what has moved: %w", err)
		}
	}
	for _, hub := range w.Hubs {
		if err := w.takePolicy(ctx, hub); err != nil {
			return fmt.Errorf("recheck: looking at the policy of %s: %w", hub, err)
		}
	}
	return nil
}

func (w *Worker) takeOver(ctx context.Context, tx store.Tx, due []episode.Move) error {
	for _, move := range due {
		taken, err := w.Episodes.Take(ctx, tx, move)
		if err != nil {
			return err
		}
		if !taken {
			continue
		}
		t := task{Hub: move.Hub, Episode: move.Episode, Cause: string(move.Cause), Time: move.Time.UnixMicro()}
		if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// takePolicy compares what is in force with what was last decided again for: also what came into force while nobody looked is found.
func (w *Worker) takePolicy(ctx context.Context, hub string) error {
	now, err := w.Policies.InForce(ctx, hub, w.Clock.Now())
	if errors.Is(err, rollout.ErrNoneInForce) {
		return nil
	}
	if err != nil {
		return err
	}
	var last policyRow
	err = w.DB.Read().NewSelect().Model(&last).Where("hub = ?", hub).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if last.Number == now.Number && last.Revision == now.Revision {
		return nil
	}
	cause := causeActivation
	if last.Number == now.Number {
		cause = causeTightening
	}
	return w.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		t := task{Hub: hub, Cause: cause, Time: w.Clock.Now().UnixMicro()}
		if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return err
		}
		row := policyRow{Hub: hub, Number: now.Number, Revision: now.Revision}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (hub) DO UPDATE").Set("number = EXCLUDED.number, revision = EXCLUDED.revision").Exec(ctx)
		return err
	})
}

// next is the oldest open task; one episode's come before a hub's, which may be long.
func (w *Worker) next(ctx context.Context, aside []int64) (t task, found bool, err error) {
	query := w.DB.Read().NewSelect().Model(&t).Where("done_time = 0").OrderExpr("episode = '', id").Limit(1)
	if len(aside) > 0 {
		query = query.Where("id NOT IN (?)", bun.List(aside))
	}
	err = query.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return task{}, false, nil
	}
	if err != nil {
		return task{}, false, fmt.Errorf("recheck: looking for work: %w", err)
	}
	return t, true, nil
}

// ready tells whether a hub's task can be decided by the policy it is about: the one in force must be the compiled one.
func (w *Worker) ready(ctx context.Context, t task) (bool, error) {
	if t.Episode != "" {
		return true, nil
	}
	now, err := w.Policies.InForce(ctx, t.Hub, w.Clock.Now())
	if err != nil {
		return false, err
	}
	compiled, err := w.Exchange.Policy.InForce(ctx, t.Hub)
	return err == nil && compiled.ID() == now.Revision, err
}

// advance keeps how far a task has come.
func advance(ctx context.Context, tx store.Tx, t task) error {
	_, err := tx.NewUpdate().Model(&t).Column("cursor", "done_time").Where("id = ?", t.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("recheck: keeping how far it has come: %w", err)
	}
	return nil
}
