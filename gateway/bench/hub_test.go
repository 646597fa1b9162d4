// Package bench measures what policy costs: the whole path of a request, from the question to the picture, against a raw fan-out to
// the same eight agencies without any of it. It stands beside the gateway, holds nothing but tests, and refuses to compare two things
// that were not measured in one run: everything it prints is a ratio, or a count.
package bench_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

const hubID = "coventry"

var (
	now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

	// A child of seventeen: old enough for probation and youth justice to hold something.
	child  = person.Identity{GivenName: "Ann", FamilyName: "Lee", DateOfBirth: "2009-03-04", Addresses: []person.Address{{Postcode: "CV1 1AA", Current: true}}}
	mother = person.Identity{GivenName: "Beth", FamilyName: "Lee", DateOfBirth: "1988-07-01", Addresses: []person.Address{{Postcode: "CV1 1AA", Current: true}}}
)

// hub is everything a request needs: a real store, vault, ledger and pack, and a RED episode about a child and her mother.
type hub struct {
	testing.TB
	config   exchange.Config
	exchange *exchange.Exchange
	worker   directory.Person
	episode  episode.Episode
	metrics  *metrics
}

// newHub opens a hub with lines to these agencies.
func newHub(tb testing.TB, gateway *agencytest.Gateway, agencies map[string]fanout.Agency) *hub {
	tb.Helper()
	h := &hub{TB: tb, metrics: &metrics{}}
	revision, err := policy.Compile(tb.Context(), rules.FS, policy.CompileOptions{})
	h.must(err)
	dir := tb.TempDir()
	vault, err := seal.OpenVault(filepath.Join(dir, "keys"), []byte("0123456789abcdef0123456789abcdef"))
	h.must(err)
	db, err := store.Open(tb.Context(), store.Options{Path: filepath.Join(dir, "hub.db")})
	h.must(err)
	clk := gateway.Clock
	h.config = exchange.Config{
		DB: db, Episodes: episode.New(db, vault, clk), Requests: request.New(db, vault, clk), Ledger: ledger.New(db, vault, clk),
		Decisions: decision.New(db, vault), Directory: directory.New(db, vault), Policy: fixed{revision: revision},
		Hubs: map[string]exchange.Hub{hubID: {Agencies: agencies, Minter: gateway.Minter}}, Catalogue: revision.Catalogue(),
		Clock: clk, Log: slog.New(slog.DiscardHandler), Metrics: h.metrics, Timeouts: exchange.DefaultTimeouts(),
	}
	h.exchange, err = exchange.New(h.config)
	h.must(err)
	tb.Cleanup(func() {
		ctx := context.WithoutCancel(tb.Context())
		if err := h.exchange.Close(ctx); err != nil {
			tb.Error(err)
		}
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	h.people()
	h.open()
	return h
}

func (h *hub) people() {
	h.worker = directory.Person{ID: "worker", Hub: hubID, Role: "social_worker", Agency: "children_services", Active: true, DisplayName: "worker"}
	h.must(h.config.DB.InTx(h.Context(), func(ctx context.Context, tx store.Tx) error {
		entry := directory.Hub{ID: hubID, Title: "Coventry", Issuers: []string{"https://issuer.test"}}
		if err := h.config.Directory.PutHub(ctx, tx, entry); err != nil {
			return err
		}
		return h.config.Directory.Put(ctx, tx, directory.Registration{
			Person: h.worker, Issuer: entry.Issuers[0], Subject: "sub-worker",
			Particulars: directory.Particulars{GivenName: "Wendy", FamilyName: "Worker", DateOfBirth: "1980-01-01", Postcode: "ZZ99 9ZZ"},
		})
	}))
}

func (h *hub) open() {
	form := episode.Referral{
		Hub: hubID, Submitter: h.worker.ID, Concerns: []string{"domestic_abuse", "neglect"},
		Referrer: episode.Referrer{GivenName: "Rita", FamilyName: "Referrer", Professional: true},
		Subjects: []episode.Subject{
			{ID: "child", Role: "index_child", Identity: child}, {ID: "mother", Role: "parent", Identity: mother},
		},
		Narrative: episode.Narrative{Summary: "Ann came to school with a bruise.", Worries: "It is getting worse."},
	}
	rating := episode.Rating{
		Code: "red", Basis: "s47", LevelOfNeed: 4, Reason: "a bruise", Facts: policy.Facts{S47Cause: true},
		By: episode.By{Person: h.worker.ID, Role: h.worker.Role, At: now},
	}
	h.must(h.config.DB.InTx(h.Context(), func(ctx context.Context, tx store.Tx) error {
		referral, err := h.config.Episodes.Submit(ctx, tx, form)
		if err != nil {
			return err
		}
		h.episode, err = h.config.Episodes.Open(ctx, tx, episode.Opening{
			Hub: hubID, Referral: referral.ID, Stage: "mash_episode", Rating: rating, Assignees: []string{h.worker.ID},
		})
		return err
	}))
}

// seen is what came of one request, in counts.
type seen struct{ watched, pictured int }

// ask takes the whole path once: the question, every answer as it comes, and the first and largest page of the picture.
func (h *hub) ask() seen {
	need := exchange.Need{Hub: hubID, Episode: h.episode.ID}
	for _, holding := range holdings {
		need.Categories = append(need.Categories, policy.Category{Code: holding.category, Reason: "needed"})
	}
	asked, err := h.exchange.Request(h.Context(), h.worker, need)
	h.must(err)
	var counted seen
	h.must(h.exchange.Watch(h.Context(), h.worker, asked.Ref(), 0, func(e exchange.Event) error {
		if e.Chunk != nil {
			counted.watched += len(e.Chunk.Records)
		}
		return nil
	}))
	picture, err := h.exchange.Picture(h.Context(), h.worker, asked.Ref(), exchange.Page{Size: largestPage})
	h.must(err)
	counted.pictured = len(picture.Chronology)
	return counted
}

// largestPage is the most records that one reading of the picture shows.
const largestPage = 1000

func (h *hub) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// metrics counts what arrived and had to be held back: for honest agencies it stays none.
type metrics struct{ excess atomic.Int64 }

func (*metrics) Answered(string, string, time.Duration) {}
func (m *metrics) Excess(_ string, records int)         { m.excess.Add(int64(records)) }
func (*metrics) Decided(policy.Effect, string, int)     {}

// fixed is one revision, for ever in force.
type fixed struct{ revision *policy.Revision }

func (f fixed) InForce(context.Context, string) (*policy.Revision, error) { return f.revision, nil }
func (f fixed) Pinned(context.Context, string, string) (*policy.Revision, error) {
	return f.revision, nil
}
func (fixed) Still(context.Context, store.Tx, string, string) (bool, error) { return true, nil }
func (fixed) MayAsk(string) error                                           { return nil }
