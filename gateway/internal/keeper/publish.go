package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy/bundle"
)

// published is what was stated last. It is stated once for each activation and tightening, so that it keeps its ETag.
type published struct {
	number, overlay int64
	key             string
	says            bundle.InForce
}

// states tells whether what is in force is what was stated.
func (p published) states(now rollout.InForce) bool {
	return p.number == now.Number && p.overlay == now.Overlay && p.key == key(now)
}

// Published is what a hub publishes to its peers: the signed bundle that it serves, and a statement of its own that says so. A built-in
// pack, which nobody signed, is not published.
func (k *Keeper) Published(ctx context.Context, of string) (bundle.InForce, error) {
	h, ok := k.hubs[of]
	if !ok || h.Publisher == nil {
		return bundle.InForce{}, bundle.ErrNothingPublished
	}
	return h.publish(ctx)
}

func (h *hub) publish(ctx context.Context) (bundle.InForce, error) {
	now := h.serves()
	h.mu.RLock()
	last := h.published
	h.mu.RUnlock()
	if last.states(now.InForce) {
		return last.says, nil
	}
	kept, err := h.keeper.Rollout.BundleByDigest(ctx, h.ID, now.Bundle)
	if err != nil {
		return bundle.InForce{}, err
	}
	if kept.BuiltIn() {
		return bundle.InForce{}, bundle.ErrNothingPublished
	}
	statement, err := bundle.Statement{
		Hub: h.ID, Number: now.Number, Revision: now.Pack, Digest: now.Bundle, ActivateTime: now.Since, Tightening: now.Tightening,
		TighteningNumber: now.Overlay, IssuedAt: h.keeper.Clock.Now(),
	}.Sign(ctx, h.Publisher)
	if err != nil {
		return bundle.InForce{}, fmt.Errorf("keeper: stating what is in force: %w", err)
	}
	says := bundle.InForce{Published: bundle.Published{Statement: statement, Bundle: kept.Bytes}, Number: now.Number}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.published.states(now.InForce) {
		return h.published.says, nil // somebody else has stated it in the meantime
	}
	h.published = published{number: now.Number, overlay: now.Overlay, key: key(now.InForce), says: says}
	return says, nil
}

// Served notes which number's bundle a peer has fetched.
func (k *Keeper) Served(ctx context.Context, peer, of string, number int64) {
	now, ok := k.hubs[of]
	if !ok {
		return
	}
	revision := ""
	if says := now.serves(); says.Number == number {
		revision = says.Revision
	}
	err := k.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		return k.Rollout.Heartbeat(ctx, tx, rollout.Replica{Hub: of, ID: peer, Peer: true, Number: number, Revision: revision})
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		k.Log.LogAttrs(ctx, slog.LevelWarn, "what a peer has fetched could not be noted", slog.String("hub", of), slog.Any("error", err))
	}
}
