// Package keeper has the policy of each hub compiled and ready: the revision in force, with the emergency rules that hold, and those that
// open requests are pinned to. It stands between the activation log, which says what is in force, and every step that decides. It trusts
// the log for what was decided on, its configured keys for who signed it, and nothing else about a bundle: what is altered, unsigned,
// another hub's or does not compile is refused, on the ledger, in a metric and in health, and the last good one goes on with whatever
// tightening has been set since. Without a valid pack it does not start.
package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// Hub is how one hub comes by its policy.
type Hub struct {
	ID string
	// First is the pack of the first start: the built-in one, or a signed bundle of the configuration. Nil where Source alone gives packs.
	First *First
	// Keys verify bundles, and Publishers the statements of what is in force elsewhere. Both are configuration: no call can add one.
	Keys, Publishers bundle.Keys
	// Source is where a publisher says what is in force; nil follows nobody. Poll is how often it is looked at.
	Source bundle.Source
	Poll   time.Duration
	// Unreviewed bounds how old a pack's last review may be.
	Unreviewed Unreviewed
	// Publisher signs what is in force for others to follow; nil publishes nothing.
	Publisher bundle.Signer
}

// First is a pack with its bytes as a bundle.
type First struct {
	Opened *bundle.Opened
	Bytes  []byte
}

// Unreviewed says how long after its last review a pack is warned about, and how long after it no new request is taken. Zero is never.
type Unreviewed struct{ Warn, Refuse time.Duration }

// Sweep erases some of what a hub has kept beyond its time, and tells how much: it is called again until there is nothing left.
type Sweep func(ctx context.Context, tx store.Tx, hub string, keeps policy.Retention) (n int, err error)

// Config is what a Keeper needs; all of it but Sweeps is required.
type Config struct {
	DB      *store.DB
	Rollout *rollout.Store
	Ledger  *ledger.Ledger
	// Point is where whoever needs no more than the revision in force reads it.
	Point *policy.Point
	Clock clock.Clock
	Log   *slog.Logger
	Hubs  []Hub
	// Replica names this process among those over the store.
	Replica  string
	Registry prometheus.Registerer
	// Sweeps are run at the start and once a day.
	Sweeps []Sweep
}

// Keeper keeps the policies of all hubs. Any number of goroutines may use it.
type Keeper struct {
	Config
	hubs    map[string]*hub
	refused *prometheus.CounterVec
}

// New checks the configuration. Start makes it ready, and Run keeps it so.
func New(config Config) (*Keeper, error) {
	if config.DB == nil || config.Rollout == nil || config.Ledger == nil || config.Point == nil || config.Clock == nil || config.Log == nil ||
		config.Registry == nil || config.Replica == "" || len(config.Hubs) == 0 {
		return nil, errors.New("keeper: something that is required is missing")
	}
	k := &Keeper{Config: config, hubs: map[string]*hub{}}
	for _, of := range config.Hubs {
		if of.First == nil && of.Source == nil {
			return nil, fmt.Errorf("keeper: hub %s has neither a first pack nor a publisher to follow", of.ID)
		}
		k.hubs[of.ID] = newHub(k, of)
	}
	return k, k.register()
}

// Start brings every hub to a policy that decides. Its error says why one has none: then nothing may be served.
func (k *Keeper) Start(ctx context.Context) error {
	var problems []error
	for _, of := range k.Hubs {
		if err := k.hubs[of.ID].start(ctx); err != nil {
			problems = append(problems, fmt.Errorf("policy of hub %s: %w", of.ID, err))
		}
	}
	return errors.Join(problems...)
}

// Run keeps every hub on what is in force until ctx ends. Changed is told whenever what is served, or how well, is other than before.
func (k *Keeper) Run(ctx context.Context, changed func([]Status)) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, h := range k.hubs {
		group.Go(func() error { return h.keep(ctx, func() { changed(k.Status()) }) })
		if h.Source != nil {
			group.Go(func() error { return h.follow(ctx) })
		}
		group.Go(func() error { return h.sweepDaily(ctx) })
	}
	changed(k.Status())
	if err := group.Wait(); ctx.Err() == nil {
		return err
	}
	return nil
}

// Wake makes the next decision of the hub look at the log first. It does not wait.
func (k *Keeper) Wake(of string) {
	if h, ok := k.hubs[of]; ok {
		h.wakeUp()
	}
}

// InForce is the revision that new decisions of the hub are made by: the one of the last look at the log, or of now where something has
// moved since.
func (k *Keeper) InForce(ctx context.Context, of string) (*policy.Revision, error) {
	h, err := k.hub(of)
	if err != nil {
		return nil, err
	}
	if err := h.catchUp(ctx); err != nil {
		return nil, fault.Unavailable("NO_POLICY", "there is no policy in force: nothing can be decided", err)
	}
	return h.serves().revision, nil
}

// Decides is the activation that decides: the one in force, or where that was refused the last good one, under the tightening in force.
func (k *Keeper) Decides(ctx context.Context, of string) (rollout.InForce, error) {
	h, err := k.hub(of)
	if err != nil {
		return rollout.InForce{}, err
	}
	if err := h.catchUp(ctx); err != nil {
		return rollout.InForce{}, err
	}
	return h.serves().InForce, nil
}

// Pinned is a revision that has decided for the hub, also before a restart. Its error wraps policy.ErrNoRevision where what is kept of it is
// gone, no longer verifies, or does not come to its id: then nothing is decided by it.
func (k *Keeper) Pinned(ctx context.Context, of, id string) (*policy.Revision, error) {
	h, err := k.hub(of)
	if err != nil {
		return nil, err
	}
	return h.pinned(ctx, id)
}

// Still tells, in the transaction that rests on it, whether a revision is the one in force (design.md invariant 7).
func (k *Keeper) Still(ctx context.Context, tx store.Tx, of, id string) (bool, error) {
	h, err := k.hub(of)
	if err != nil {
		return false, err
	}
	now, err := k.Rollout.InForceTx(ctx, tx, of, k.Clock.Now())
	if err != nil {
		return false, err
	}
	if h.serves().stands(now) == id {
		return true, nil
	}
	h.wakeUp()
	return false, nil
}

// MayAsk refuses new requests of a hub whose pack has gone too long without a review.
func (k *Keeper) MayAsk(of string) error {
	h, err := k.hub(of)
	if err != nil {
		return err
	}
	if h.review() == ReviewRefused {
		return fault.Unavailable("POLICY_UNREVIEWED", "The hub's policy has gone too long without a review, so nothing new is asked. Tell your information-governance lead.", nil)
	}
	return nil
}

func (k *Keeper) hub(id string) (*hub, error) {
	if h, ok := k.hubs[id]; ok {
		return h, nil
	}
	return nil, fmt.Errorf("%w: hub %q is not served here", policy.ErrNoRevision, id)
}
