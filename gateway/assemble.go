package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/sync/errgroup"

	apidirectory "github.com/mashgate/mashgate/gateway/internal/api/directory"
	apiepisode "github.com/mashgate/mashgate/gateway/internal/api/episode"
	apiinformation "github.com/mashgate/mashgate/gateway/internal/api/information"
	apiledger "github.com/mashgate/mashgate/gateway/internal/api/ledger"
	apipolicy "github.com/mashgate/mashgate/gateway/internal/api/policy"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/keeper"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/recheck"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/server"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/internal/tracing"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
)

// parts are what a running gateway is made of, leaves first.
type parts struct {
	registry  *prometheus.Registry
	tracer    *sdktrace.TracerProvider
	db        *store.DB
	directory *directory.Directory
	episodes  *episode.Store
	requests  *request.Store
	ledger    *ledger.Ledger
	decisions *decision.Store
	policy    *policy.Point
	rollout   *rollout.Store
	keeper    *keeper.Keeper
	lines     lines
	exchange  *exchange.Exchange
	rechecks  *recheck.Worker
	server    *server.Server
	// bundles is nil where policies are not published.
	bundles *http.Server
}

// assemble builds every part. What was opened before a part failed is closed again.
func assemble(ctx context.Context, c Config, with loaded) (*parts, error) {
	p := &parts{}
	for _, build := range []struct {
		what string
		do   func(context.Context, Config, loaded) error
	}{
		{"observability", p.observe}, {"the store", p.open}, {"the policies", p.keep}, {"the directory", p.seed}, {"the lines to organisations", p.dial},
		{"the exchange", p.exchangeOver}, {"the re-check", p.recheckOver},
		{"the server", p.serve}, {"the server for peers", p.publish},
	} {
		if err := build.do(ctx, c, with); err != nil {
			return nil, errors.Join(fmt.Errorf("building %s: %w", build.what, err), p.close(ctx))
		}
	}
	return p, nil
}

func (p *parts) observe(ctx context.Context, c Config, _ loaded) error {
	p.registry = prometheus.NewRegistry()
	if err := errors.Join(p.registry.Register(collectors.NewGoCollector()),
		p.registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))); err != nil {
		return err
	}
	var err error
	p.tracer, err = tracing.New(ctx, tracing.Options{Endpoint: c.Tracing.Endpoint, Sample: c.Tracing.Sample, Service: "mashgate"})
	return err
}

func (p *parts) open(ctx context.Context, c Config, with loaded) error {
	vault, err := c.Vault, error(nil)
	if vault == nil {
		vault, err = seal.OpenVault(c.Data.Keys, with.hubKey)
	}
	if err != nil {
		return err
	}
	if p.db, err = store.Open(ctx, store.Options{Path: c.Data.Database}); err != nil {
		return err
	}
	p.directory = directory.New(p.db, vault)
	p.episodes = episode.New(p.db, vault, with.clock)
	p.requests = request.New(p.db, vault, with.clock)
	p.ledger = ledger.New(p.db, vault, with.clock)
	p.decisions = decision.New(p.db, vault)
	p.policy = policy.NewPoint()
	return nil
}

// seed puts what the configuration says into the directory. Whoever is no longer in it has left.
func (p *parts) seed(ctx context.Context, c Config, with loaded) error {
	return p.db.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		for _, hub := range with.hubs {
			if err := p.seedHub(ctx, tx, c, hub); err != nil {
				return fmt.Errorf("hub %s: %w", hub.ID, err)
			}
		}
		return nil
	})
}

func (p *parts) seedHub(ctx context.Context, tx store.Tx, c Config, hub loadedHub) error {
	inForce, err := p.policy.Active(hub.ID)
	if err != nil {
		return err
	}
	entry := directory.Hub{ID: hub.ID, Title: inForce.Vocabulary().Hub.Title}
	for _, issuer := range c.Issuers {
		if slices.Contains(issuer.Hubs, hub.ID) {
			entry.Issuers = append(entry.Issuers, issuer.URL)
		}
	}
	if err := p.directory.PutHub(ctx, tx, entry); err != nil {
		return err
	}
	var ids []string
	for _, each := range hub.People {
		if err := p.directory.Put(ctx, tx, registration(hub.ID, each)); err != nil {
			return err
		}
		ids = append(ids, each.ID)
	}
	return p.directory.KeepOnly(ctx, tx, hub.ID, ids)
}

func registration(hub string, p Person) directory.Registration {
	r := directory.Registration{
		Person: directory.Person{
			ID: p.ID, Hub: hub, Role: p.Role, Agency: p.Agency, Active: true, DisplayName: p.GivenName + " " + p.FamilyName,
		},
		Issuer: p.Issuer, Subject: p.Subject,
		Particulars: directory.Particulars{
			GivenName: p.GivenName, FamilyName: p.FamilyName, OtherNames: p.OtherNames, DateOfBirth: p.DateOfBirth, Postcode: p.Postcode,
		},
	}
	for _, relative := range p.Relatives {
		r.Particulars.Relatives = append(r.Particulars.Relatives, directory.Relative(relative))
	}
	return r
}

func (p *parts) dial(_ context.Context, _ Config, with loaded) error {
	p.lines = lines{}
	for _, hub := range with.hubs {
		var err error
		if p.lines[hub.ID], err = newHubLines(hub.Organisations, hub.machine, p.tracer); err != nil {
			return fmt.Errorf("hub %s: %w", hub.ID, err)
		}
	}
	return nil
}

func (p *parts) exchangeOver(_ context.Context, c Config, with loaded) error {
	metrics, err := newExchangeMetrics(p.registry)
	if err != nil {
		return err
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return err
	}
	hubs := map[string]exchange.Hub{}
	for _, hub := range with.hubs {
		minter, err := warrant.NewMinter(warrant.MinterConfig{
			KeyID: hub.Warrants.KeyID, Algorithm: hub.Warrants.Algorithm, Key: hub.permits, Issuer: gatewayOf(hub.ID).SAN(),
			Gateway: gatewayOf(hub.ID), Clock: with.clock,
		})
		if err != nil {
			return fmt.Errorf("hub %s: %w", hub.ID, err)
		}
		hubs[hub.ID] = exchange.Hub{Agencies: p.lines[hub.ID].agencies, Minter: minter}
	}
	timeouts := exchange.DefaultTimeouts()
	timeouts.Locate, timeouts.Collect, timeouts.Leg = c.Timeouts.Locate, c.Timeouts.Collect, c.Timeouts.Leg
	timeouts.Shave = min(timeouts.Shave, timeouts.Locate/10)
	p.exchange, err = exchange.New(exchange.Config{
		DB: p.db, Episodes: p.episodes, Requests: p.requests, Ledger: p.ledger, Decisions: p.decisions,
		Directory: p.directory, Policy: p.keeper, Hubs: hubs, Catalogue: catalogue, Clock: with.clock, Timeouts: timeouts, Log: with.log, Metrics: metrics,
	})
	return err
}

func (p *parts) recheckOver(_ context.Context, c Config, with loaded) error {
	var err error
	p.rechecks, err = recheck.New(recheck.Config{
		DB: p.db, Episodes: p.episodes, Requests: p.requests, Ledger: p.ledger, Exchange: p.exchange, Policies: deciding{p.keeper}, Hubs: hubIDs(c),
		Clock: with.clock, Log: with.log,
	})
	return err
}

func (p *parts) serve(ctx context.Context, c Config, with loaded) error {
	services, agencies := machines(c)
	authenticator, err := authn.New(authn.Config{
		Issuers: issuers(c), People: p.directory, Services: services, Agencies: agencies, Clock: with.clock, HTTP: keyFetcher(), Demo: c.Demo,
	})
	if err != nil {
		return err
	}
	served, err := p.services(with)
	if err != nil {
		return err
	}
	p.server, err = server.New(ctx, server.Config{
		Hubs: hubIDs(c), Services: served, Authenticator: authenticator, Policy: p.policy, DB: p.db, Ledger: p.ledger,
		Limits: server.Limits{CallsPerSecond: c.Limits.CallsPerSecond, Burst: c.Limits.Burst, BodyBytes: c.Limits.BodyBytes},
		Hosts:  hosts(c), GRPCTLS: with.grpcTLS, RESTTLS: with.restTLS, Registry: p.registry, Tracer: p.tracer, Log: with.log,
	})
	return err
}

func (p *parts) services(with loaded) (server.Services, error) {
	episodes, episodesErr := apiepisode.New(apiepisode.Config{
		DB: p.db, Episodes: p.episodes, Requests: p.requests, Directory: p.directory, Ledger: p.ledger, Policy: p.policy, Clock: with.clock,
	})
	information, informationErr := apiinformation.New(p.exchange, p.policy)
	people, peopleErr := apidirectory.New(apidirectory.Config{Directory: p.directory, Policy: p.policy, Lines: p.lines})
	entries, entriesErr := apiledger.New(p.ledger)
	policies, policiesErr := apipolicy.New(apipolicy.Config{
		DB: p.db, Exchange: p.exchange, Policy: p.policy, Revisions: p.keeper, Rollout: p.rollout, Decisions: p.decisions,
		Ledger: p.ledger, Findings: p.rechecks, Clock: with.clock,
	})
	return server.Services{Episodes: episodes, Information: information, Directory: people, Ledger: entries, Policy: policies},
		errors.Join(episodesErr, informationErr, peopleErr, entriesErr, policiesErr)
}

// machines are those that may call with a certificate, each with the hubs it speaks in.
func machines(c Config) (services, agencies map[string][]string) {
	services, agencies = map[string][]string{}, map[string][]string{}
	for _, each := range c.Services {
		services[each.Name] = each.Hubs
	}
	for _, hub := range c.Hubs {
		for _, each := range hub.Organisations {
			agencies[each.ID] = append(agencies[each.ID], hub.ID)
		}
	}
	return services, agencies
}

func hubIDs(c Config) []string {
	ids := make([]string, 0, len(c.Hubs))
	for _, hub := range c.Hubs {
		ids = append(ids, hub.ID)
	}
	return ids
}

// hosts are the names REST answers for. A demo answers only for this machine: a page elsewhere could point a name of its own here.
func hosts(c Config) []string {
	if len(c.Listen.REST.Hosts) > 0 || !c.Demo {
		return c.Listen.REST.Hosts
	}
	return []string{"localhost", "127.0.0.1", "::1"}
}

// run serves, keeps the policies and decides again what they and others have moved, until ctx ends.
func (p *parts) run(ctx context.Context, on listeners) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.keeper.Run(ctx, p.showPolicies) })
	group.Go(func() error { return p.rechecks.Run(ctx) })
	group.Go(func() error { return p.server.Serve(ctx, on.Listeners) })
	if p.bundles != nil {
		group.Go(func() error { return p.serveBundles(on.bundles) })
		group.Go(func() error {
			<-ctx.Done()
			return p.bundles.Close()
		})
	}
	return group.Wait()
}

// close closes what was opened, the last first.
func (p *parts) close(ctx context.Context) error {
	var problems []error
	if p.exchange != nil {
		problems = append(problems, p.exchange.Close(ctx))
	}
	for _, each := range p.lines {
		problems = append(problems, each.close())
	}
	if p.db != nil {
		problems = append(problems, p.db.Close())
	}
	if p.tracer != nil {
		problems = append(problems, p.tracer.Shutdown(ctx))
	}
	return errors.Join(problems...)
}

// describing is how long an organisation has to say that it is there.
const describing = 2 * time.Second
