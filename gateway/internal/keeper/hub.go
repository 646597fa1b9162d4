package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

const (
	// lookEvery is how soon what another process has activated is seen here at the latest.
	lookEvery = time.Second
	// beatEvery is how often a replica says what it serves when nothing changes.
	beatEvery = 30 * time.Second
	// compiledLimit bounds the revisions kept compiled for a hub. Any other is compiled again when a request needs it.
	compiledLimit = 16
)

// hub keeps the policy of one hub.
type hub struct {
	Hub
	keeper *Keeper

	// looking is held by the one that looks at the log and compiles.
	looking sync.Mutex
	// moved counts what may have come into force, and seen is how far the last look that succeeded had it; wake makes the loop look.
	moved, seen atomic.Uint64
	wake        chan struct{}

	mu  sync.RWMutex
	now serving
	// refusal is the code of what was refused since the last activation; unreachable tells that the publisher does not answer.
	refusal     bundle.Code
	unreachable bool
	published   published

	packs    *lru.Cache[string, *policy.Pack]     // by the digest of their bundle
	compiled *lru.Cache[string, *policy.Revision] // by bundle and tightening
	byID     *lru.Cache[string, *policy.Revision] // those pinned, by their id
}

// serving is what decides, with the activation that it is.
type serving struct {
	rollout.InForce
	pack     *policy.Pack
	revision *policy.Revision
	// instead is the activation in force that was refused, in whose place this one goes on; "" where none was.
	instead string
}

// stands is the id of what decides where the log says that now is in force.
func (s serving) stands(now rollout.InForce) string {
	if s.instead != "" && s.instead == key(now) {
		return s.revision.ID()
	}
	return now.Revision
}

// key names an activation with its tightening.
func key(of rollout.InForce) string {
	return of.Bundle + "+" + strconv.FormatInt(of.TighteningNumber, 10)
}

func newHub(k *Keeper, of Hub) *hub {
	h := &hub{Hub: of, keeper: k, wake: make(chan struct{}, 1)}
	h.packs = newCache[*policy.Pack]()
	h.compiled, h.byID = newCache[*policy.Revision](), newCache[*policy.Revision]()
	return h
}

func newCache[T any]() *lru.Cache[string, T] {
	cache, err := lru.New[string, T](compiledLimit)
	if err != nil {
		panic(err) // only of a size that is not positive
	}
	return cache
}

func (h *hub) serves() serving {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.now
}

func (h *hub) wakeUp() {
	h.moved.Add(1)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// start activates the first pack where there is none in force yet, and loads what is.
func (h *hub) start(ctx context.Context) error {
	if h.First != nil {
		err := h.keeper.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
			_, err := h.keeper.Rollout.ActivateBuiltIn(ctx, tx, rollout.NewBundle(h.ID, h.First.Opened, h.First.Bytes))
			return err
		})
		if err != nil {
			return fmt.Errorf("activating the first pack: %w", err)
		}
	}
	if _, err := h.keeper.Rollout.InForce(ctx, h.ID, h.keeper.Clock.Now()); errors.Is(err, rollout.ErrNoneInForce) && h.Source != nil {
		if err := h.firstFollowed(ctx); err != nil {
			return fmt.Errorf("following the publisher: %w", err)
		}
	}
	return h.look(ctx)
}

// catchUp returns when a look has seen everything that had moved when it was called: also one that is under way, which may be compiling.
func (h *hub) catchUp(ctx context.Context) error {
	moved := h.moved.Load()
	if h.seen.Load() >= moved {
		return nil
	}
	h.looking.Lock()
	defer h.looking.Unlock()
	if h.seen.Load() >= moved {
		return nil
	}
	return h.looked(ctx)
}

// look brings what decides to what the log says is in force.
func (h *hub) look(ctx context.Context) error {
	h.looking.Lock()
	defer h.looking.Unlock()
	return h.looked(ctx)
}

func (h *hub) looked(ctx context.Context) error {
	moved := h.moved.Load() // before the log is read: whatever commits from here on is for the next look
	err := h.readLog(ctx)
	if err == nil {
		h.seen.Store(moved)
	}
	return err
}

// readLog swaps what decides where the log says something else.
func (h *hub) readLog(ctx context.Context) error {
	now, err := h.keeper.Rollout.InForce(ctx, h.ID, h.keeper.Clock.Now())
	if err != nil {
		return err
	}
	was := h.serves()
	same := was.revision != nil && was.Number == now.Number && was.Revision == now.Revision && was.Overlay == now.Overlay
	if same || was.instead != "" && was.instead == key(now) {
		return nil
	}
	next, refusal, err := h.load(ctx, now)
	if err != nil {
		return err
	}
	if refusal != nil {
		h.refuse(ctx, refusal, now.Bundle)
		if was.pack == nil {
			return refusal
		}
		if next, err = h.goOn(ctx, was, now); err != nil {
			return err
		}
	}
	return h.serve(ctx, was, next)
}

// goOn is the last good pack under the tightening that holds now: a bad pack takes nothing away from an emergency.
func (h *hub) goOn(ctx context.Context, was serving, now rollout.InForce) (serving, error) {
	next := was
	next.instead = key(now)
	next.Tightening, next.TighteningNumber, next.Overlay = now.Tightening, now.TighteningNumber, now.Overlay
	revision, refusal := h.compile(ctx, next.InForce, was.pack)
	if refusal != nil {
		return serving{}, fmt.Errorf("the last good pack under the tightening in force: %w", refusal)
	}
	next.revision, next.Revision = revision, revision.ID()
	return next, nil
}

// serve swaps what decides.
func (h *hub) serve(ctx context.Context, was, next serving) error {
	if err := h.keeper.Point.Activate(h.ID, next.revision); err != nil {
		return err
	}
	h.byID.Add(next.revision.ID(), next.revision)
	h.mu.Lock()
	h.now = next
	if next.instead == "" {
		h.refusal = ""
	}
	h.mu.Unlock()
	if was.revision == nil || was.Revision != next.Revision || was.Number != next.Number {
		h.keeper.Log.LogAttrs(ctx, slog.LevelInfo, "policy in force", slog.String("hub", h.ID), slog.Int64("number", next.Number),
			slog.String("revision", next.Revision))
	}
	return nil
}

// keep looks at the log as it grows, at what is scheduled when its time comes, and says what it serves.
func (h *hub) keep(ctx context.Context, changed func()) error {
	var told Status
	var beaten time.Time
	for {
		if err := h.look(ctx); err != nil && ctx.Err() == nil {
			h.keeper.Log.LogAttrs(ctx, slog.LevelError, "the policy in force cannot be loaded", slog.String("hub", h.ID), slog.Any("error", err))
		}
		wait := h.ahead(ctx)
		now := h.status()
		if now != told {
			h.warn(ctx, told, now)
			changed()
		}
		if now != told || time.Since(beaten) >= beatEvery {
			h.beat(ctx, now)
			told, beaten = now, time.Now()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-h.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// warn logs that a review is due, or too long overdue, when that begins.
func (h *hub) warn(ctx context.Context, was, now Status) {
	if now.Review != was.Review && now.Review != ReviewInOrder {
		h.keeper.Log.LogAttrs(ctx, slog.LevelWarn, "the policy has gone long without a review", slog.String("hub", h.ID),
			slog.String("review", string(now.Review)), slog.String("reviewed", h.serves().pack.Manifest().ReviewDate))
	}
}

// ahead compiles what is scheduled before its time, so that its time is the moment it decides, and tells how long to wait. A scheduled pack
// that is bad is refused as soon as it is known.
func (h *hub) ahead(ctx context.Context) time.Duration {
	now := h.keeper.Clock.Now()
	next, err := h.keeper.Rollout.Next(ctx, h.ID, now)
	if err != nil || next.IsZero() {
		return lookEvery // an error here is one of look too, which tells it
	}
	if coming, err := h.keeper.Rollout.InForce(ctx, h.ID, next); err == nil {
		if _, refusal, err := h.load(ctx, coming); err == nil && refusal != nil {
			h.refuse(ctx, refusal, coming.Bundle)
		}
	}
	return min(lookEvery, next.Sub(now))
}

// beat says what this replica serves. A missed one is made up for by the next.
func (h *hub) beat(ctx context.Context, now Status) {
	err := h.keeper.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		return h.keeper.Rollout.Heartbeat(ctx, tx, rollout.Replica{
			Hub: h.ID, ID: h.keeper.Replica, Number: now.Number, Revision: now.Revision, Refused: now.Refused,
		})
	})
	if err != nil && ctx.Err() == nil {
		h.keeper.Log.LogAttrs(ctx, slog.LevelWarn, "a replica could not say what it serves", slog.String("hub", h.ID), slog.Any("error", err))
	}
}
