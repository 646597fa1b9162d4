// Package recheck decides again what rested on something that is gone: when a policy comes into force or is tightened, a consent is
// withdrawn, an override or a break-glass ends, or an episode closes. It stands behind the path. What is open or undelivered is held
// back by the path itself, whose every transaction reads the facts again; the re-check makes that prompt, calls organisations back, and
// lists what somebody has already seen and would not be shown now. It trusts the ledger to name everybody who saw something, refuses
// to forget a cause (each is written down in the transaction that made it), and can make nothing more visible: it shows nothing.
package recheck

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
)

// Policies tells what is in force in a hub; *rollout.Store does.
type Policies interface {
	// InForce answers rollout.ErrNoneInForce where nothing ever was.
	InForce(ctx context.Context, hub string, at time.Time) (rollout.InForce, error)
}

// Config is what a Worker needs; all of it.
type Config struct {
	DB       *store.DB
	Episodes *episode.Store
	Requests *request.Store
	Ledger   *ledger.Ledger
	Exchange *exchange.Exchange
	Policies Policies
	// Hubs are those that are served here.
	Hubs  []string
	Clock clock.Clock
	Log   *slog.Logger
}

// Worker works through what is to be decided again, one request at a time. One is enough for a database, and more would do the same
// work twice.
type Worker struct{ Config }

// New refuses a configuration with a part missing.
func New(c Config) (*Worker, error) {
	if c.DB == nil || c.Episodes == nil || c.Requests == nil || c.Ledger == nil || c.Exchange == nil || c.Policies == nil ||
		len(c.Hubs) == 0 || c.Clock == nil || c.Log == nil {
		return nil, errors.New("recheck: something that is required is missing")
	}
	return &Worker{c}, nil
}

// poll is how late something that ends by the clock, or a policy, is noticed. What an episode loses wakes the worker at once.
const poll = time.Second

// Run works until ctx ends, and then returns nil: what is unfinished goes on when it runs again.
func (w *Worker) Run(ctx context.Context) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if err := w.Once(ctx); err != nil && ctx.Err() == nil {
			w.Log.LogAttrs(ctx, slog.LevelError, "a re-check could not be finished and will be tried again", slog.Any("error", err))
		}
		select {
		case <-tick.C:
		case <-w.Episodes.Moved():
		case <-ctx.Done():
			return nil
		}
	}
}

// Once does everything that is due. A re-check that fails, or whose policy is not compiled yet, stays for the next time and holds up no
// other.
func (w *Worker) Once(ctx context.Context) error {
	var failed []error
	var aside []int64
	for ctx.Err() == nil {
		began := time.Now()
		if err := w.takeIn(ctx); err != nil {
			return errors.Join(append(failed, err)...)
		}
		task, found, err := w.next(ctx, aside)
		if err != nil || !found {
			return errors.Join(append(failed, err)...)
		}
		gone, err := w.step(ctx, task)
		if err != nil {
			failed = append(failed, err)
		}
		if !gone {
			aside = append(aside, task.ID)
		}
		rest(ctx, time.Since(began))
	}
	return errors.Join(append(failed, ctx.Err())...)
}

// rest is as long as the work was, so that live traffic has at least every other moment.
func rest(ctx context.Context, worked time.Duration) {
	pause := time.NewTimer(worked)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}
