package recheck_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/recheck"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

const hub = "coventry"

var (
	now  = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	ann  = person.Identity{GivenName: "Ann", FamilyName: "Lee", DateOfBirth: "2015-03-04"}
	beth = person.Identity{GivenName: "Beth", FamilyName: "Lee", DateOfBirth: "1988-07-01"}
)

// compiled gives the default pack, as it is and under an emergency tightening of its number; each takes a while and never changes.
var compiled = func() func(*testing.T, ...policy.TighteningRule) *policy.Revision {
	var mu sync.Mutex
	done := map[string]*policy.Revision{}
	return func(t *testing.T, tightening ...policy.TighteningRule) *policy.Revision {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		key := fmt.Sprint(tightening)
		if done[key] == nil {
			revision, err := policy.Compile(context.Background(), rules.FS, policy.CompileOptions{Tightening: tightening, Number: int64(len(tightening))})
			if err != nil {
				t.Fatal(err)
			}
			done[key] = revision
		}
		return done[key]
	}
}()

// inForce is what the store of policies would say.
type inForce struct {
	mu  sync.Mutex
	now rollout.InForce
}

func (p *inForce) InForce(_ context.Context, of string, _ time.Time) (rollout.InForce, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of != hub || p.now.Number == 0 {
		return rollout.InForce{}, rollout.ErrNoneInForce
	}
	return p.now, nil
}

func (p *inForce) set(number int64, revision *policy.Revision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = rollout.InForce{Number: number, Revision: revision.ID()}
}

// point gives what is compiled, and what was.
type point struct {
	*policy.Point

	known map[string]*policy.Revision
}

func (p point) InForce(_ context.Context, of string) (*policy.Revision, error) { return p.Active(of) }

func (p point) Still(_ context.Context, _ store.Tx, of, id string) (bool, error) {
	revision, err := p.Active(of)
	return err == nil && revision.ID() == id, err
}

func (p point) Pinned(_ context.Context, _, id string) (*policy.Revision, error) {
	if revision, ok := p.known[id]; ok {
		return revision, nil
	}
	return nil, policy.ErrNoRevision
}

func (point) MayAsk(string) error { return nil }

type unmeasured struct{}

func (unmeasured) Answered(string, string, time.Duration) {}
func (unmeasured) Excess(string, int)                     {}
func (unmeasured) Decided(policy.Effect, string, int)     {}

// world is a hub with one family, the police, and a worker that decides again.
type world struct {
	*testing.T
	gateway  *agencytest.Gateway
	config   exchange.Config
	exchange *exchange.Exchange
	policies *inForce
	compiled point
	worker   *recheck.Worker
	fault    atomic.Pointer[func(store.Point) error]

	social, manager directory.Person
	episode         episode.Episode
	mother          string
}

func newWorld(t *testing.T, police agencyv1.AgencyServiceServer) *world {
	t.Helper()
	w := &world{T: t, gateway: agencytest.NewGateway(t, now), policies: &inForce{}, compiled: point{policy.NewPoint(), map[string]*policy.Revision{}}}
	dir := t.TempDir()
	vault, err := seal.OpenVault(filepath.Join(dir, "keys"), make([]byte, seal.KEKSize))
	w.must(err)
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "hub.db"), Fault: func(at store.Point) error {
		if fail := w.fault.Load(); fail != nil {
			return (*fail)(at)
		}
		return nil
	}})
	w.must(err)
	t.Cleanup(func() { w.must(db.Close()) })
	clk, pack := w.gateway.Clock, compiled(t)
	w.activate(1, pack)
	if police == nil {
		police = w.police()
	}
	w.config = exchange.Config{
		DB: db, Episodes: episode.New(db, vault, clk), Requests: request.New(db, vault, clk), Ledger: ledger.New(db, vault, clk),
		Directory: directory.New(db, vault), Decisions: decision.New(db, vault), Policy: w.compiled, Catalogue: pack.Catalogue(), Clock: clk,
		Hubs: map[string]exchange.Hub{hub: {Minter: w.gateway.Minter, Agencies: map[string]fanout.Agency{
			"police": {Client: w.gateway.Dial(t, "police", w.gateway.Serve(t, "police", police))},
		}}},
		Log: slog.New(slog.DiscardHandler), Metrics: unmeasured{}, Timeouts: exchange.DefaultTimeouts(),
	}
	w.exchange, err = exchange.New(w.config)
	w.must(err)
	t.Cleanup(func() { w.must(w.exchange.Close(context.WithoutCancel(t.Context()))) })
	w.people()
	w.restart()
	w.must(w.worker.Once(t.Context())) // the first policy has been noticed
	return w
}

// restart begins with a new worker over the same store.
func (w *world) restart() {
	w.Helper()
	var err error
	w.worker, err = recheck.New(recheck.Config{
		DB: w.config.DB, Episodes: w.config.Episodes, Requests: w.config.Requests, Ledger: w.config.Ledger, Exchange: w.exchange,
		Policies: w.policies, Hubs: []string{hub}, Clock: w.config.Clock, Log: w.config.Log,
	})
	w.must(err)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) tx(do func(ctx context.Context, tx store.Tx) error) {
	w.Helper()
	w.must(w.config.DB.InTx(w.Context(), do))
}

func (w *world) people() {
	w.Helper()
	put := func(id, role string) directory.Person {
		p := directory.Person{ID: id, Hub: hub, Role: role, Agency: "children_services", Active: true, DisplayName: id}
		w.tx(func(ctx context.Context, tx store.Tx) error {
			if err := w.config.Directory.PutHub(ctx, tx, directory.Hub{ID: hub, Title: "Coventry", Issuers: []string{"https://issuer.test"}}); err != nil {
				return err
			}
			return w.config.Directory.Put(ctx, tx, directory.Registration{
				Person: p, Issuer: "https://issuer.test", Subject: id,
				Particulars: directory.Particulars{GivenName: id, FamilyName: "Worker", DateOfBirth: "1980-01-01", Postcode: "CV9 9AA"},
			})
		})
		return p
	}
	w.social, w.manager = put("social", "social_worker"), put("manager", "team_manager")
}

// police know the mother, about whom they hold enough for several chunks.
func (w *world) police() agencyv1.AgencyServiceServer {
	w.Helper()
	pack := compiled(w.T)
	mother := agencytest.Person{Ref: "p-beth", Identity: beth}
	for i := range 150 {
		mother.Records = append(mother.Records, agencytest.Record(pack.Catalogue(), fmt.Sprintf("r%d", i), "pol.involvement", "2026-06-01", func(f string) string { return f }))
	}
	agency, err := agencies.New(agencies.Config{
		Organisation: "police", Title: "Police", LookedIn: "Index", Categories: []string{"pol.involvement", "pol.domestic_abuse", "pol.missing"}, MaxIndexAge: 24 * time.Hour,
		Source: &agencytest.Memory{People: []agencytest.Person{mother}, AsOf: now.Add(-time.Hour)}, Policy: agencytest.Policy(w.T, ""),
		Verifier: w.gateway.Verifier(w.T, "police"), Journal: agencytest.Journal(w.T), Clock: w.gateway.Clock, Log: slog.New(slog.DiscardHandler),
	})
	w.must(err)
	return agency
}

func (w *world) by() episode.By {
	return episode.By{Person: w.manager.ID, Role: "team_manager", At: w.config.Clock.Now()}
}

// open opens an AMBER episode, with the mother's consent or without, or a RED one.
func (w *world) open(basis string, consented bool) {
	w.Helper()
	form := episode.Referral{
		Hub: hub, Submitter: w.manager.ID, Concerns: []string{"neglect"}, Referrer: episode.Referrer{Professional: true},
		Subjects: []episode.Subject{{ID: "child", Role: "index_child", Identity: ann}, {ID: "mother", Role: "parent", Identity: beth}},
	}
	if consented {
		for _, kind := range []string{"referral", "share_with_agencies", "agencies_share_with_us"} {
			form.Consents = append(form.Consents, episode.Consent{Kind: kind, Giver: "mother", Status: "yes"})
		}
	}
	rating := episode.Rating{Code: "amber", Basis: basis, LevelOfNeed: 4, Reason: "worry", By: w.by()}
	if basis == "s47" {
		rating.Code, rating.Facts.S47Cause = "red", true
	}
	w.tx(func(ctx context.Context, tx store.Tx) error {
		referral, err := w.config.Episodes.Submit(ctx, tx, form)
		if err != nil {
			return err
		}
		w.episode, err = w.config.Episodes.Open(ctx, tx, episode.Opening{
			Hub: hub, Referral: referral.ID, Stage: "mash_episode", Rating: rating, Assignees: []string{w.social.ID, w.manager.ID},
		})
		return err
	})
	for _, s := range w.episode.Subjects {
		if s.Role == "parent" {
			w.mother = s.ID
		}
	}
}

// change alters the episode a moment later.
func (w *world) change(do func(*episode.Episode) error) {
	w.Helper()
	w.gateway.Clock.Advance(time.Minute)
	w.tx(func(ctx context.Context, tx store.Tx) error {
		_, err := w.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: w.episode.ID}, do)
		return err
	})
}

func (w *world) withdraw() {
	w.Helper()
	w.change(func(e *episode.Episode) error { return e.WithdrawConsent("agencies_share_with_us", w.mother, w.by()) })
}

func (w *world) ask() request.Request {
	w.Helper()
	r, err := w.exchange.Request(w.Context(), w.social, exchange.Need{
		Hub: hub, Episode: w.episode.ID, Categories: []policy.Category{{Code: "pol.involvement", Reason: "needed"}},
	})
	w.must(err)
	return r
}

// seen makes a request, which the social worker watches to its end; the manager reads a page of the picture.
func (w *world) seen() request.Request {
	w.Helper()
	r := w.ask()
	chunks := 0
	w.must(w.exchange.Watch(w.Context(), w.social, r.Ref(), 0, func(e exchange.Event) error {
		if e.Chunk != nil {
			chunks++
		}
		return nil
	}))
	if chunks != 3 {
		w.Fatalf("%d chunks were seen", chunks)
	}
	p, err := w.exchange.Picture(w.Context(), w.manager, r.Ref(), exchange.Page{Size: 10})
	w.must(err)
	if len(p.Chronology) != 10 {
		w.Fatalf("%d records were read", len(p.Chronology))
	}
	return r
}

// activate puts a revision in force, in the store's books and compiled.
func (w *world) activate(number int64, revision *policy.Revision) {
	w.Helper()
	w.policies.set(number, revision)
	w.compiled.known[revision.ID()] = revision
	w.must(w.compiled.Activate(hub, revision))
}

func (w *world) findings() []recheck.Finding {
	w.Helper()
	all, next, err := w.worker.Findings(w.Context(), recheck.Query{Hub: hub, Limit: 1000})
	w.must(err)
	if next != "" {
		w.Error("there are more findings")
	}
	return all
}

func (w *world) entries(kind ledger.Kind) []ledger.Entry {
	w.Helper()
	all, err := w.config.Ledger.List(w.Context(), ledger.Query{Hub: hub, Kind: kind, Limit: 10_000})
	w.must(err)
	return all
}
