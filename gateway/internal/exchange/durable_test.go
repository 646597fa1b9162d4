package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
)

// breakAfter makes the store fail at a point from its nth time on, until it is mended. Broken is closed when it first fails.
func (w *world) breakAfter(at store.Point, n int64) (broken <-chan struct{}, mend func()) {
	var seen atomic.Int64
	first := make(chan struct{})
	fail := func(p store.Point) error {
		if p != at {
			return nil
		}
		now := seen.Add(1)
		if now == n+1 {
			close(first)
		}
		if now > n {
			return errors.New("the disk is full")
		}
		return nil
	}
	w.fault.Store(&fail)
	return first, func() { w.fault.Store(nil) }
}

// household connects organisations that have something of each kind to answer.
func (w *world) household() {
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse", "pol.intelligence"))
	w.honest("education", w.known(ann, nil, "edu.attendance"))
	w.honest("probation")
}

func (w *world) askHousehold() (request.Request, error) {
	return w.tryAsk("pol.domestic_abuse", "pol.intelligence", "edu.attendance", "prb.supervision")
}

// TestNothingLeavesUnwritten: wherever the store fails, and however far the story has come, no chunk is seen of which the ledger does
// not hold the entry; and when the store can be written again, the story goes on to the same end.
func TestNothingLeavesUnwritten(t *testing.T) {
	var whole map[string]string
	t.Run("unbroken", func(t *testing.T) { whole = toldAfter(t, store.PointBegin, -1) })
	for _, at := range store.Points() {
		for n := int64(0); n < 16; n += 3 {
			t.Run(fmt.Sprintf("%s %d", at, n), func(t *testing.T) {
				t.Parallel()
				if diff := cmp.Diff(whole, toldAfter(t, at, n)); diff != "" {
					t.Errorf("the story ended otherwise:\n%s", diff)
				}
			})
		}
	}
}

// toldAfter lets the story run into a store that fails, kills the exchange where it then stands, starts another on the same store, and
// returns what came of it.
func toldAfter(t *testing.T, at store.Point, n int64) map[string]string {
	t.Helper()
	w := newWorld(t)
	w.household()
	w.start()
	broken, mend := (<-chan struct{})(nil), func() {}
	if n >= 0 {
		broken, mend = w.breakAfter(at, n)
	}
	r, err := w.askHousehold()
	if err == nil && n >= 0 {
		w.endedOr(r.Ref(), broken)
	}
	w.covered()
	w.must(w.exchange.Close(t.Context()))
	mend()
	w.start()
	w.must(w.exchange.Resume(t.Context()))
	if err != nil { // the intent was not durable, or nobody was told that it was: asking again is the caller's
		r, err = w.askHousehold()
	}
	w.must(err)
	w.watch(r.Ref())
	w.covered()
	return w.answers(r.Ref())
}

// endedOr waits until a request has ended or something else has happened.
func (w *world) endedOr(ref request.Ref, other <-chan struct{}) {
	w.Helper()
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(w.Context())
	go func() {
		ended <- w.exchange.Watch(ctx, w.worker, ref, 0, func(exchange.Event) error { return nil })
	}()
	select {
	case <-other:
	case err := <-ended:
		ended <- err
	}
	cancel()
	<-ended
}

// covered holds every chunk in the store to its ledger entry, and every entry of a decision to the record of it.
func (w *world) covered() {
	w.Helper()
	w.digested()
	page, _, err := w.config.Requests.List(w.Context(), request.Query{Hub: hub, Episode: w.episode.ID, Limit: 100})
	w.must(err)
	for _, r := range page {
		events, err := w.config.Requests.Events(w.Context(), request.EventQuery{Request: r.Ref()})
		w.must(err)
		refs := map[string]int{}
		for _, e := range events {
			if e.Chunk == nil {
				continue
			}
			entry, err := w.config.Ledger.Get(w.Context(), hub, e.Chunk.LedgerEntry)
			w.must(err)
			if entry.Kind != ledger.KindDisclosure || len(entry.Items) != len(e.Chunk.Records) || entry.Request != r.ID {
				w.Errorf("chunk %d is not covered by entry %d", e.Seq, entry.Seq)
			}
			for _, record := range e.Chunk.Records {
				if refs[record.Record.Header.Ref]++; refs[record.Record.Header.Ref] > 1 {
					w.Errorf("%s was released twice", record.Record.Header.Ref)
				}
			}
		}
	}
}

// TestResume: a request whose organisation was slow when the process ended is told to its end by the next process, once.
func TestResume(t *testing.T) {
	w := newWorld(t)
	slow := w.hostile("police", agencytest.Slow)
	gate := make(chan struct{})
	slow.Go = gate
	w.honest("education", w.known(ann, nil, "edu.attendance"))
	w.start()
	r := w.ask("pol.domestic_abuse", "edu.attendance")
	w.must(w.exchange.Close(t.Context()))
	unfinished, err := w.config.Requests.Unfinished(t.Context())
	w.must(err)
	if len(unfinished) != 1 {
		t.Fatalf("%d unfinished requests", len(unfinished))
	}
	close(gate)
	w.start()
	w.must(w.exchange.Resume(t.Context()))
	w.must(w.exchange.Resume(t.Context())) // taking it up twice tells it once
	w.watch(r.Ref())
	if got := w.answers(r.Ref()); got["police parent"] != "records" || got["education index_child"] != "records" {
		t.Errorf("police %s, education %s", got["police parent"], got["education index_child"])
	}
	w.covered()
}

// TestOverdue: a leg whose time is over when the process comes back ends as not answered; it is not asked.
func TestOverdue(t *testing.T) {
	w := newWorld(t)
	w.hostile("police", agencytest.Slow)
	w.start()
	r := w.ask("pol.domestic_abuse")
	w.must(w.exchange.Close(t.Context()))
	asked := len(w.entries(ledger.KindAsk))
	w.gateway.Clock.Advance(2 * time.Hour)
	w.start()
	w.must(w.exchange.Resume(t.Context()))
	w.watch(r.Ref())
	if got := w.answers(r.Ref()); got["police parent"] != "not_answered" {
		t.Errorf("police %s", got["police parent"])
	}
	if now := len(w.entries(ledger.KindAsk)); now != asked {
		t.Errorf("asked %d more times", now-asked)
	}
}

// consented opens an AMBER episode that rests on the mother's consent alone.
func (w *world) consented() {
	w.consentedTo("referral", "share_with_agencies", "agencies_share_with_us")
}

func (w *world) consentedTo(kinds ...string) {
	form := episode.Referral{
		Hub: hub, Submitter: w.manager.ID, Concerns: []string{"neglect"}, Referrer: episode.Referrer{Professional: true},
		Subjects:  []episode.Subject{{ID: "child", Role: "index_child", Identity: ann}, {ID: "mother", Role: "parent", Identity: beth}},
		Narrative: episode.Narrative{Summary: "Ann came to school with a bruise."},
	}
	for _, kind := range kinds {
		form.Consents = append(form.Consents, episode.Consent{Kind: kind, Giver: "mother", Status: "yes"})
	}
	w.open(form, episode.Rating{Code: "amber", Basis: "mash", LevelOfNeed: 3, Reason: "worry", By: episode.By{Person: w.manager.ID, Role: "team_manager", At: now}})
}

// withdraw records a withdrawal and its ledger entry, as the episode's own service does, and returns the entry's number.
func (w *world) withdraw() int64 {
	w.Helper()
	var seq int64
	w.tx(func(ctx context.Context, tx store.Tx) error {
		_, err := w.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: w.episode.ID}, func(e *episode.Episode) error {
			return e.WithdrawConsent("agencies_share_with_us", w.mother, episode.By{Person: w.manager.ID, Role: "team_manager", At: now.Add(time.Minute)})
		})
		if err != nil {
			return err
		}
		entry, err := w.config.Ledger.Append(ctx, tx, ledger.Entry{Hub: hub, Kind: ledger.KindConsent, Actor: w.manager.Name(), Episode: w.episode.ID})
		seq = entry.Seq
		return err
	})
	return seq
}

// TestWithdrawal: whenever a withdrawal is acknowledged, no disclosure stands behind it in the ledger (design.md section 1), and what
// was released before is not shown again.
func TestWithdrawal(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.consented()
			p := w.known(beth, nil)
			for i := range 400 {
				p.Records = append(p.Records, agencytest.Record(w.catalogue, fmt.Sprintf("r%d", i), "pol.involvement", "2026-06-01", func(f string) string { return f }))
			}
			w.honest("police", p)
			w.start()
			r := w.ask("pol.involvement")
			wait := rand.New(rand.NewPCG(seed, 1)).IntN(4)
			w.chunksSeen(r.Ref(), wait)
			w.gateway.Clock.Advance(2 * time.Minute)
			withdrawn := w.withdraw()
			w.watch(r.Ref())
			for _, e := range w.entries(ledger.KindDisclosure) {
				if e.Seq > withdrawn {
					t.Errorf("disclosure %d stands behind the withdrawal %d", e.Seq, withdrawn)
				}
			}
			w.answers(r.Ref())
			p2, err := w.exchange.Picture(t.Context(), w.worker, r.Ref(), exchange.Page{})
			if err == nil && len(p2.Chronology) > 0 {
				t.Errorf("%d records are shown after the withdrawal", len(p2.Chronology))
			}
		})
	}
}

// chunksSeen waits until so many chunks are released, or the request has ended.
func (w *world) chunksSeen(ref request.Ref, n int) {
	w.Helper()
	wake, stop := w.config.Requests.Subscribe(ref)
	defer stop()
	for {
		events, err := w.config.Requests.Events(w.Context(), request.EventQuery{Request: ref})
		w.must(err)
		chunks := 0
		for _, e := range events {
			if e.Chunk != nil {
				chunks++
			}
		}
		if chunks >= n || slices.ContainsFunc(events, func(e request.Event) bool { return e.Ended != "" }) {
			return
		}
		select {
		case <-wake:
		case <-w.Context().Done():
			w.Fatal(w.Context().Err())
		}
	}
}
