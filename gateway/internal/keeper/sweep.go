package keeper

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
)

// sweepEvery is how often what has been kept beyond its time is erased.
const sweepEvery = 24 * time.Hour

// sweepDaily erases at the start, and then once a day, what the policy in force no longer keeps.
func (h *hub) sweepDaily(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := h.sweep(ctx); err != nil && ctx.Err() == nil {
			h.keeper.Log.LogAttrs(ctx, slog.LevelError, "what was kept beyond its time could not be erased", slog.String("hub", h.ID), slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (h *hub) sweep(ctx context.Context) error {
	keeps := h.serves().revision.Vocabulary().Retention
	var problems []error
	for _, sweep := range h.keeper.Sweeps {
		for erased := 1; erased > 0; {
			err := h.keeper.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) (err error) {
				erased, err = sweep(ctx, tx, h.ID, keeps)
				return err
			})
			if err != nil {
				problems = append(problems, err)
				break
			}
		}
	}
	return errors.Join(problems...)
}
