// Package exchange tells the story of one request, from the question to the picture: who asks, for what lawful reason, what may be
// asked of whom, the intent on record, a warrant for every attempt, one answer per organisation and subject, policy before every
// record, and the disclosure on record before a byte leaves. It owns the order of these steps and nothing else; the steps themselves
// are other packages' work. It trusts the store to have written what it says it has, and refuses to show anything of which the ledger
// does not already hold the entry.
package exchange

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
)

// Config is what an Exchange is made of. Every field is needed.
type Config struct {
	DB        *store.DB
	Episodes  *episode.Store
	Requests  *request.Store
	Ledger    *ledger.Ledger
	Decisions *decision.Store
	Directory *directory.Directory
	Policy    Policies
	// Hubs are those that requests are told for, by id.
	Hubs      map[string]Hub
	Catalogue *record.Catalogue
	Clock     clock.Clock
	Timeouts  Timeouts
	Log       *slog.Logger
	Metrics   Metrics
}

// Hub is what asking on behalf of one hub takes.
type Hub struct {
	// Agencies are the lines to the organisations that are connected, by organisation; each knows the hub by its certificate.
	Agencies map[string]fanout.Agency
	// Minter signs the hub's warrants.
	Minter *warrant.Minter
}

// Policies say which revision decides in a hub. Implementations are safe for concurrent use.
type Policies interface {
	// InForce is the revision that new decisions are made by, as far as is known without asking the store.
	InForce(ctx context.Context, hub string) (*policy.Revision, error)
	// Still asks the store, in the transaction that rests on it, whether a revision is the one in force. Where it is not, the next InForce
	// gives the one that is.
	Still(ctx context.Context, tx store.Tx, hub, revision string) (bool, error)
	// Pinned is a revision that has decided before; its error wraps policy.ErrNoRevision where it is gone.
	Pinned(ctx context.Context, hub, revision string) (*policy.Revision, error)
	// MayAsk refuses new requests of a hub whose policy is too old to make any.
	MayAsk(hub string) error
}

// Timeouts bound the steps. All must be positive.
type Timeouts struct {
	// Locate and Collect are how long an organisation has; Shave is taken off each, so that the late one is named.
	Locate, Collect, Shave time.Duration
	// Leg is how long after the request was made a leg may still be tried again, after a restart for instance.
	Leg time.Duration
	// Retry is the rest before a story that this side could not tell (the store was full) goes on.
	Retry time.Duration
}

// DefaultTimeouts suit organisations that answer from their own index.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Locate: 10 * time.Second, Collect: 60 * time.Second, Shave: 500 * time.Millisecond, Leg: 15 * time.Minute, Retry: 5 * time.Second,
	}
}

// Metrics counts what happens, by organisation, effect and revision; never by person. Implementations are safe for concurrent use.
type Metrics interface {
	// Answered: an organisation's answer of this kind on one subject, so long after the request was made.
	Answered(organisation, kind string, took time.Duration)
	// Excess: records that arrived with content and had to be held back here. The aim is none (design.md, invariant 3).
	Excess(organisation string, records int)
	// Decided: records decided so under the revision.
	Decided(effect policy.Effect, revision string, records int)
}

// Exchange tells requests. Any number of goroutines may use it.
type Exchange struct {
	Config
	fanouts map[string]*fanout.Fanout

	// stories are the requests being told, by id; ending stops all of them.
	mu      sync.Mutex
	stories map[string]context.CancelFunc
	ending  context.Context //nolint:containedctx // the life of the background work, which must outlive every caller's context
	end     context.CancelFunc
	running sync.WaitGroup
	// told are the stories as they are being told, by request; a story that rests between two attempts is not among them.
	told map[string]*story
	// blind lets what was decided stand without reading the facts again. Only a test sets it, to show that others would then fail.
	blind bool
}

// New refuses a configuration with a part missing.
func New(config Config) (*Exchange, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	e := &Exchange{Config: config, fanouts: map[string]*fanout.Fanout{}, stories: map[string]context.CancelFunc{}}
	for id, hub := range config.Hubs {
		var err error
		e.fanouts[id], err = fanout.New(fanout.Config{
			Agencies: hub.Agencies, Catalogue: config.Catalogue, Now: config.Clock.Now, Limits: fanout.DefaultLimits(),
			Timeouts: fanout.Timeouts{Locate: config.Timeouts.Locate, Collect: config.Timeouts.Collect, Shave: config.Timeouts.Shave},
		})
		if err != nil {
			return nil, fmt.Errorf("exchange: hub %s: %w", id, err)
		}
	}
	e.told = map[string]*story{}
	e.ending, e.end = context.WithCancel(context.Background())
	return e, nil
}

func (c Config) check() error { //nolint:cyclop // a list of what is needed, one condition each
	switch {
	case c.DB == nil || c.Episodes == nil || c.Requests == nil || c.Ledger == nil || c.Decisions == nil || c.Directory == nil:
		return errors.New("exchange: the store and every noun are needed")
	case c.Policy == nil || c.Catalogue == nil || c.Clock == nil || c.Log == nil || c.Metrics == nil:
		return errors.New("exchange: policy, catalogue, clock, log and metrics are needed")
	case len(c.Hubs) == 0:
		return errors.New("exchange: at least one hub is needed")
	case c.Timeouts.Leg <= 0 || c.Timeouts.Retry <= 0:
		return errors.New("exchange: every timeout must be positive")
	}
	for id, hub := range c.Hubs {
		if hub.Minter == nil {
			return fmt.Errorf("exchange: hub %s needs a minter", id)
		}
	}
	return nil
}

// Close stops the stories where they stand; Resume goes on with them. It waits for them until ctx ends.
func (e *Exchange) Close(ctx context.Context) error {
	e.end()
	done := make(chan struct{})
	go func() { e.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Resume goes on with every request that had not ended: unfinished legs are asked again, as new attempts, or end as not_answered. Those
// of a hub that is not served here any more stay where they are: nobody could ask in its name.
func (e *Exchange) Resume(ctx context.Context) error {
	unfinished, err := e.Requests.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, r := range unfinished {
		if _, served := e.Hubs[r.Hub]; served {
			e.begin(r)
		}
	}
	return nil
}

// begin tells a request's story in the background, where no caller's cancellation reaches it. One that is being told already is left
// alone.
func (e *Exchange) begin(r request.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, already := e.stories[r.ID]; already || e.ending.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(e.ending)
	e.stories[r.ID] = cancel
	e.running.Go(func() {
		defer e.forget(r.ID)
		e.tell(ctx, r)
	})
}

func (e *Exchange) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stories[id]()
	delete(e.stories, id)
}

// stepAside is how long work that can wait does so while stories are told.
const stepAside = 20 * time.Millisecond

// GiveWay returns at once while nothing is told, and after stepAside otherwise: what calls it between its own steps leaves the machine to
// the requests, and still comes to its end where there are always some.
func (e *Exchange) GiveWay(ctx context.Context) error {
	e.mu.Lock()
	busy := len(e.stories) > 0
	e.mu.Unlock()
	if !busy {
		return nil
	}
	rest := time.NewTimer(stepAside)
	defer rest.Stop()
	select {
	case <-rest.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tell repeats the story until it is told: what this side could not write down stays asked or unreleased, and is tried again.
func (e *Exchange) tell(ctx context.Context, r request.Request) {
	for {
		_, err := again(func() (struct{}, error) { return struct{}{}, e.carryOut(ctx, r) })
		if err == nil || ctx.Err() != nil || errors.Is(err, request.ErrEnded) {
			return
		}
		e.Log.LogAttrs(ctx, slog.LevelError, "a request could not go on and will be tried again", slog.String("request", r.ID), slog.Any("error", err))
		rest := time.NewTimer(e.Timeouts.Retry)
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return
		}
	}
}

func (e *Exchange) stop(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if cancel, ok := e.stories[id]; ok {
		cancel()
	}
}
