package gateway

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/config"
	"github.com/mashgate/mashgate/gateway/internal/keeper"
	"github.com/mashgate/mashgate/gateway/internal/recheck"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/server"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
)

// loadPolicy reads how a hub comes by its policy. The first pack is compiled, so that what is wrong with it is told before anything is
// opened.
func loadPolicy(ctx context.Context, of *loadedHub, demo bool) error {
	var keyErr, publisherErr error
	if len(of.Policy.Keys) > 0 {
		of.keeps.Keys, keyErr = bundle.ReadKeys(of.Policy.Keys)
	}
	if len(of.Policy.Publishers) > 0 {
		of.keeps.Publishers, publisherErr = bundle.ReadKeys(of.Policy.Publishers)
	}
	if err := errors.Join(wrapped("policy/keys", keyErr), wrapped("policy/publishers", publisherErr), wrapped("policy/keys", of.ownKey())); err != nil {
		return err
	}
	of.keeps.ID, of.keeps.Poll = of.ID, of.Policy.Poll
	of.keeps.Unreviewed = keeper.Unreviewed{Warn: of.Policy.MaxUnreviewed.Warn, Refuse: of.Policy.MaxUnreviewed.Refuse}
	sourceErr := of.follow(demo)
	return errors.Join(wrapped("policy/follow", sourceErr), wrapped("policy/pack", of.firstPack(ctx)))
}

// ownKey refuses to take packs that this very machine could sign: two people's yes, and a key outside the gateway, would come to nothing.
func (h *loadedHub) ownKey() error {
	if h.permits == nil {
		return nil // its own error is told beside
	}
	own, ok := h.permits.Public().(interface {
		Equal(other crypto.PublicKey) bool
	})
	for id, key := range h.keeps.Keys {
		if ok && own.Equal(key) {
			return fmt.Errorf("%s is the key of the gateway's own warrants", id)
		}
	}
	return nil
}

func wrapped(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", key, err)
}

// firstPack reads the pack of the first start and holds the hub's people and partners to its words.
func (h *loadedHub) firstPack(ctx context.Context) error {
	if h.Policy.Pack == "" {
		return nil
	}
	first, err := readFirst(h.Hub, h.keeps.Keys)
	if err != nil {
		return err
	}
	revision, err := first.Opened.Pack.Compile(ctx, policy.CompileOptions{})
	if err != nil {
		return err
	}
	h.keeps.First = first
	return h.CheckWords(revision.Vocabulary())
}

// compiles tells whether a pack can decide under emergency rules. The number makes no difference to that.
func compiles(ctx context.Context, pack *policy.Pack, rules []policy.TighteningRule) error {
	_, err := pack.Compile(ctx, policy.CompileOptions{Tightening: rules, Number: 1})
	return err
}

func readFirst(hub config.Hub, keys bundle.Keys) (*keeper.First, error) {
	if hub.Policy.Pack != config.DefaultPolicy {
		signed, err := os.ReadFile(hub.Policy.Pack)
		if err != nil {
			return nil, err
		}
		opened, err := bundle.Open(signed, keys, hub.ID)
		return &keeper.First{Opened: opened, Bytes: signed}, err
	}
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		return nil, err
	}
	built, err := bundle.Build(pack)
	if err != nil {
		return nil, err
	}
	opened, err := bundle.OpenUnsigned(built)
	return &keeper.First{Opened: opened, Bytes: built}, err
}

// follow opens the way to the publisher. Towards a server the gateway is the machine that it is towards organisations.
func (h *loadedHub) follow(demo bool) error {
	switch {
	case h.Policy.Follow == "":
		return nil
	case !strings.Contains(h.Policy.Follow, "://"):
		h.keeps.Source = bundle.FolderSource(h.Policy.Follow)
		return nil
	}
	secure, err := h.machine.Web()
	if err != nil {
		return err
	}
	h.keeps.Source, err = bundle.HTTPSource(bundle.HTTPOptions{URL: h.Policy.Follow, TLS: secure, PlainLoopback: demo})
	return err
}

// keep builds what keeps the policies, and brings each hub to one that decides.
func (p *parts) keep(ctx context.Context, c Config, with loaded) error {
	keys := map[string]bundle.Keys{}
	var hubs []keeper.Hub
	for _, hub := range with.hubs {
		keys[hub.ID] = hub.keeps.Keys
		if c.Listen.Bundles.Address != "" {
			var err error
			if hub.keeps.Publisher, err = bundle.KeySigner(hub.permits, hub.Warrants.KeyID); err != nil {
				return fmt.Errorf("hub %s: %w", hub.ID, err)
			}
		}
		hubs = append(hubs, hub.keeps)
	}
	var err error
	p.rollout, err = rollout.New(rollout.Config{
		DB: p.db, Directory: p.directory, Ledger: p.ledger, Clock: with.clock, Compiles: compiles, Keys: keys, Changed: func(hub string) { p.keeper.Wake(hub) },
	})
	if err != nil {
		return err
	}
	replica, err := os.Hostname()
	if err != nil {
		return err
	}
	p.keeper, err = keeper.New(keeper.Config{
		DB: p.db, Rollout: p.rollout, Ledger: p.ledger, Point: p.policy, Clock: with.clock, Log: with.log, Hubs: hubs, Replica: replica,
		Registry: p.registry, Sweeps: []keeper.Sweep{
			func(ctx context.Context, tx store.Tx, hub string, keeps policy.Retention) (int, error) {
				return p.decisions.Sweep(ctx, tx, hub, with.clock.Now().Add(-keeps.Decisions.Duration()))
			},
			func(ctx context.Context, tx store.Tx, hub string, keeps policy.Retention) (int, error) {
				return recheck.Sweep(ctx, tx, hub, with.clock.Now().Add(-keeps.Findings.Duration()))
			},
		},
	})
	if err != nil {
		return err
	}
	return p.keeper.Start(ctx)
}

// deciding tells the re-check what decides, which after a bad bundle is not what the log says is in force.
type deciding struct{ keeper *keeper.Keeper }

// InForce implements recheck.Policies.
func (d deciding) InForce(ctx context.Context, hub string, _ time.Time) (rollout.InForce, error) {
	return d.keeper.Decides(ctx, hub)
}

// publish builds the server from which peers fetch the policies in force; nil where nothing is published.
func (p *parts) publish(_ context.Context, c Config, with loaded) error {
	if c.Listen.Bundles.Address == "" {
		return nil
	}
	var peers []bundle.Peer
	for _, each := range c.Listen.Bundles.Peers {
		peers = append(peers, bundle.Peer{SAN: each.SAN, Hubs: each.Hubs})
	}
	handler, err := bundle.Handler(bundle.HandlerConfig{Peers: peers, InForce: p.keeper.Published, Served: p.keeper.Served})
	if err != nil {
		return err
	}
	p.bundles = &http.Server{Handler: handler, TLSConfig: with.bundlesTLS, ReadHeaderTimeout: bundleTimeout, WriteTimeout: bundleTimeout, IdleTimeout: bundleTimeout}
	return nil
}

// bundleTimeout bounds what one peer may hold on to.
const bundleTimeout = 30 * time.Second

func (p *parts) serveBundles(on net.Listener) error {
	if err := p.bundles.ServeTLS(on, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// showPolicies puts how the hubs are served where health is asked for.
func (p *parts) showPolicies(all []keeper.Status) {
	shown := make([]server.PolicyHealth, 0, len(all))
	for _, each := range all {
		shown = append(shown, server.PolicyHealth{
			Hub: each.Hub, Number: each.Number, Revision: each.Revision, Refused: string(each.Refused), Review: string(each.Review),
			Unreachable: each.Unreachable, Degraded: each.Degraded(),
		})
	}
	p.server.ShowPolicies(shown)
}
