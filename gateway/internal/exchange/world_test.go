package exchange_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
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
	"github.com/mashgate/mashgate/gateway/internal/keeper"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

const (
	hub    = "coventry"
	issuer = "https://issuer.test"
)

var (
	now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

	ann  = person.Identity{GivenName: "Ann", FamilyName: "Lee", DateOfBirth: "2015-03-04", Addresses: []person.Address{{Postcode: "CV1 1AA", Current: true}}}
	beth = person.Identity{GivenName: "Beth", FamilyName: "Lee", DateOfBirth: "1988-07-01", Addresses: []person.Address{{Postcode: "CV1 1AA", Current: true}}}
)

// The default pack takes a while to compile, and compiled it never changes.
var pack = sync.OnceValues(func() (*policy.Revision, error) {
	return policy.Compile(context.Background(), rules.FS, policy.CompileOptions{})
})

// world is a hub with its people, one family and the organisations a test connects.
type world struct {
	*testing.T
	gateway   *agencytest.Gateway
	revision  *policy.Revision
	catalogue *record.Catalogue
	config    exchange.Config
	vault     *seal.Vault
	exchange  *exchange.Exchange
	policies  *policies
	// rollout and keeper are set by those who need policies that come into force as in service.
	rollout *rollout.Store
	keeper  *keeper.Keeper
	fault   atomic.Pointer[func(store.Point) error]
	metrics *metrics
	heard   hearing

	worker, manager, stranger, cousin directory.Person
	episode                           episode.Episode
	child, mother                     string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, gateway: agencytest.NewGateway(t, now), metrics: &metrics{kinds: map[string]int{}, excess: map[string]int{}}}
	var err error
	w.revision, err = pack()
	w.must(err)
	w.catalogue = w.revision.Catalogue()
	dir := t.TempDir()
	vault, err := seal.OpenVault(filepath.Join(dir, "keys"), []byte("0123456789abcdef0123456789abcdef"))
	w.must(err)
	w.vault = vault
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "hub.db"), Fault: w.fails})
	w.must(err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.policies = newPolicies(w.revision)
	clk := w.gateway.Clock
	w.config = exchange.Config{
		DB: db, Episodes: episode.New(db, vault, clk), Requests: request.New(db, vault, clk), Ledger: ledger.New(db, vault, clk),
		Decisions: decision.New(db, vault),
		Directory: directory.New(db, vault), Policy: w.policies, Catalogue: w.catalogue,
		Hubs:  map[string]exchange.Hub{hub: {Agencies: map[string]fanout.Agency{}, Minter: w.gateway.Minter}},
		Clock: clk, Log: slog.New(slog.DiscardHandler), Metrics: w.metrics,
		Timeouts: exchange.Timeouts{
			Locate: 10 * time.Second, Collect: 20 * time.Second, Shave: 50 * time.Millisecond, Leg: time.Hour, Retry: 20 * time.Millisecond,
		},
	}
	w.people()
	w.family(nil)
	return w
}

// metrics remembers what was counted.
type metrics struct {
	mu     sync.Mutex
	kinds  map[string]int
	excess map[string]int
}

func (m *metrics) Answered(_, kind string, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kinds[kind]++
}

func (m *metrics) Excess(organisation string, records int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.excess[organisation] += records
}

func (m *metrics) Decided(policy.Effect, string, int) {}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// fails is the store's fault injection.
func (w *world) fails(at store.Point) error {
	if f := w.fault.Load(); f != nil {
		return (*f)(at)
	}
	return nil
}

func (w *world) tx(do func(ctx context.Context, tx store.Tx) error) {
	w.Helper()
	w.must(w.config.DB.InTx(w.Context(), do))
}

func (w *world) people() {
	w.tx(func(ctx context.Context, tx store.Tx) error {
		return w.config.Directory.PutHub(ctx, tx, directory.Hub{ID: hub, Title: "Coventry", Issuers: []string{issuer}})
	})
	put := func(id, role, family string) directory.Person {
		p := directory.Person{ID: id, Hub: hub, Role: role, Agency: "children_services", Active: true, DisplayName: id}
		w.tx(func(ctx context.Context, tx store.Tx) error {
			return w.config.Directory.Put(ctx, tx, directory.Registration{
				Person: p, Issuer: issuer, Subject: "sub-" + id,
				Particulars: directory.Particulars{GivenName: id, FamilyName: family, DateOfBirth: "1980-01-01", Postcode: "CV1 1AA"},
			})
		})
		return p
	}
	w.worker = put("worker", "social_worker", "Worker")
	w.manager = put("manager", "team_manager", "Manager")
	w.stranger = put("stranger", "social_worker", "Stranger") // not assigned
	w.cousin = put("cousin", "social_worker", "Lee")          // assigned, and lives where the family lives
}

// family submits a referral about Ann and her mother and opens a RED episode; change alters the form.
func (w *world) family(change func(*episode.Referral)) {
	w.Helper()
	form := episode.Referral{
		Hub: hub, Submitter: w.manager.ID, Concerns: []string{"domestic_abuse", "neglect"},
		Referrer: episode.Referrer{GivenName: "Rita", FamilyName: "Referrer", Professional: true},
		Subjects: []episode.Subject{
			{ID: "child", Role: "index_child", Identity: ann}, {ID: "mother", Role: "parent", Identity: beth},
		},
		Narrative: episode.Narrative{Summary: "Ann came to school with a bruise.", Worries: "It is getting worse."},
	}
	if change != nil {
		change(&form)
	}
	w.open(form, episode.Rating{
		Code: "red", Basis: "s47", LevelOfNeed: 4, Reason: "a bruise", Facts: policy.Facts{S47Cause: true}, By: episode.By{Person: w.manager.ID, Role: "team_manager", At: now},
	})
}

func (w *world) open(form episode.Referral, rating episode.Rating) {
	w.Helper()
	w.tx(func(ctx context.Context, tx store.Tx) error {
		referral, err := w.config.Episodes.Submit(ctx, tx, form)
		if err != nil {
			return err
		}
		w.episode, err = w.config.Episodes.Open(ctx, tx, episode.Opening{
			Hub: hub, Referral: referral.ID, Stage: "mash_episode", Rating: rating, Assignees: []string{w.worker.ID, w.manager.ID, w.cousin.ID},
		})
		return err
	})
	for _, s := range w.episode.Subjects {
		switch s.Role {
		case "index_child":
			w.child = s.ID
		case "parent":
			w.mother = s.ID
		}
	}
}

// connect serves an agency over mutual TLS, with an ear for what it is told.
func (w *world) connect(organisation string, agency agencyv1.AgencyServiceServer) {
	w.Helper()
	agency = &spy{AgencyServiceServer: agency, organisation: organisation, heard: &w.heard}
	w.config.Hubs[hub].Agencies[organisation] = fanout.Agency{Client: w.gateway.Dial(w.T, organisation, w.gateway.Serve(w.T, organisation, agency))}
}

// honest connects an organisation that holds these people and has no objection of its own.
func (w *world) honest(organisation string, people ...agencytest.Person) *agencytest.Memory {
	w.Helper()
	return w.withRules(organisation, "", people...)
}

// withRules connects one with Rego of its own.
func (w *world) withRules(organisation, rules string, people ...agencytest.Person) *agencytest.Memory {
	w.Helper()
	memory := &agencytest.Memory{People: people, AsOf: now.Add(-time.Hour)}
	w.connect(organisation, w.agency(organisation, rules, memory))
	return memory
}

func (w *world) agency(organisation, rules string, memory *agencytest.Memory) agencyv1.AgencyServiceServer {
	w.Helper()
	agency, err := agencies.New(agencies.Config{
		Organisation: organisation, Title: organisation, LookedIn: "Index of " + organisation, Categories: w.categories(organisation),
		Flags: []string{"safe_address", "limited_access", "adoption", "live_investigation"}, MaxIndexAge: 24 * time.Hour, Source: memory,
		Policy: agencytest.Policy(w.T, rules), Verifier: w.gateway.Verifier(w.T, organisation), Journal: agencytest.Journal(w.T),
		Clock: w.gateway.Clock, Log: w.config.Log,
	})
	w.must(err)
	return agency
}

// hostile connects an organisation that plays a trick.
func (w *world) hostile(organisation string, trick agencytest.Trick) *agencytest.Hostile {
	w.Helper()
	agency := &agencytest.Hostile{Organisation: organisation, Categories: w.categories(organisation), Trick: trick, Catalogue: w.catalogue, Go: make(chan struct{})}
	w.connect(organisation, agency)
	return agency
}

func (w *world) categories(organisation string) []string {
	for _, o := range w.revision.Vocabulary().Organisations {
		if o.ID == organisation {
			return o.Categories
		}
	}
	w.Fatalf("the pack has no organisation %q", organisation)
	return nil
}

// known is somebody in an organisation's system, with one record for each category given: "pol.missing" or "pol.missing:label,label".
func (w *world) known(who person.Identity, flags []string, categories ...string) agencytest.Person {
	p := agencytest.Person{Ref: "p-" + who.GivenName, Identity: who, Flags: flags}
	for i, code := range categories {
		category, labels, _ := strings.Cut(code, ":")
		r := agencytest.Record(w.catalogue, fmt.Sprintf("%s-%d-%s", who.GivenName, i, strings.ReplaceAll(category, ".", "-")), category, "2026-06-01",
			func(field string) string { return "token " + who.GivenName + " " + category + " " + field })
		if labels != "" {
			r.Header.Labels = slices.Sorted(slices.Values(strings.Split(labels, ",")))
		}
		p.Records = append(p.Records, r)
	}
	return p
}

// start builds the exchange when every agency is connected.
func (w *world) start() {
	w.Helper()
	var err error
	w.exchange, err = exchange.New(w.config)
	w.must(err)
	w.Cleanup(func() {
		if err := w.exchange.Close(context.WithoutCancel(w.Context())); err != nil {
			w.Error(err)
		}
	})
}

// ask makes a request for categories, each with a reason.
func (w *world) ask(categories ...string) request.Request {
	w.Helper()
	r, err := w.tryAsk(categories...)
	w.must(err)
	return r
}

func (w *world) tryAsk(categories ...string) (request.Request, error) {
	need := exchange.Need{Hub: hub, Episode: w.episode.ID}
	for _, c := range categories {
		need.Categories = append(need.Categories, policy.Category{Code: c, Reason: "needed"})
	}
	return w.exchange.Request(w.Context(), w.worker, need)
}

// watch collects every event until the request ends.
func (w *world) watch(ref request.Ref) []exchange.Event {
	w.Helper()
	var events []exchange.Event
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	w.must(w.exchange.Watch(ctx, w.worker, ref, 0, func(e exchange.Event) error {
		events = append(events, e)
		return nil
	}))
	return events
}

// answers maps "organisation role" to the kind of answer, and checks that there is exactly one for each pair.
func (w *world) answers(ref request.Ref) map[string]string {
	w.Helper()
	answers, err := w.config.Requests.Answers(w.Context(), ref)
	w.must(err)
	kinds := map[string]string{}
	for _, a := range answers {
		key := a.Organisation + " " + w.role(a.Subject)
		if _, twice := kinds[key]; twice {
			w.Errorf("two answers of %s", key)
		}
		kinds[key] = a.Kind
	}
	if want := len(w.revision.Vocabulary().Organisations) * len(w.episode.Subjects); len(kinds) != want {
		w.Errorf("%d answers, want one for each of %d pairs", len(kinds), want)
	}
	return kinds
}

func (w *world) role(subject string) string {
	for _, s := range w.episode.Subjects {
		if s.ID == subject {
			return s.Role
		}
	}
	return "nobody"
}

// entries are the ledger's, by kind.
func (w *world) entries(kind ledger.Kind) []ledger.Entry {
	w.Helper()
	entries, err := w.config.Ledger.List(w.Context(), ledger.Query{Hub: hub, Kind: kind, Limit: 10_000})
	w.must(err)
	return entries
}

// words are all the field values in what was seen.
func words(chunks ...*request.Chunk) []string {
	var all []string
	for _, c := range chunks {
		for _, r := range c.Records {
			for _, f := range r.Record.Fields {
				all = append(all, f.Value)
			}
		}
	}
	return all
}

// stored are the chunks as they were released, before any reader's own decision.
func (w *world) stored(ref request.Ref) []*request.Chunk {
	w.Helper()
	events, err := w.config.Requests.Events(w.Context(), request.EventQuery{Request: ref})
	w.must(err)
	var chunks []*request.Chunk
	for _, e := range events {
		if e.Chunk != nil {
			chunks = append(chunks, e.Chunk)
		}
	}
	return chunks
}

func chunksOf(events []exchange.Event) []*request.Chunk {
	var chunks []*request.Chunk
	for _, e := range events {
		if e.Chunk != nil {
			chunks = append(chunks, e.Chunk)
		}
	}
	return chunks
}
