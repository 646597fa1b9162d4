package exchange_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// act is what an operation of a history does.
type act string

const (
	withdraws act = "withdraws"
	consents  act = "consents"
	delivers  act = "delivers"
)

// restsOnConsent is the rule that every history is held to: nothing is delivered between a withdrawal and the next consent. One operation
// is one chunk released, one chunk shown to a watcher, or one picture read; whoever finds an order of all of them that keeps the rule and
// the real time of each has shown that the gateway kept it.
func restsOnConsent() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return true },
		Step: func(state, input, _ any) (bool, any) {
			switch input.(act) {
			case withdraws:
				return true, false
			case consents:
				return true, true
			default:
				return state.(bool), state
			}
		},
	}
}

// chronicle writes a history down as it happens, each operation with the real time of its beginning and end.
type chronicle struct {
	*world

	mu         sync.Mutex
	operations []porcupine.Operation
	commits    []commit
	begun      int64
	// seen receives when something was shown, for whoever waits for that.
	seen chan struct{}
}

// commit is one commit of the store, and the last ledger entry that it made durable.
type commit struct{ begun, done, head int64 }

var epoch = time.Now()

func moment() int64 { return int64(time.Since(epoch)) }

// note runs one operation and writes it down if it was one.
func (c *chronicle) note(client int, what act, do func() bool) {
	call := moment()
	if !do() {
		return
	}
	c.add(porcupine.Operation{ClientId: client, Input: what, Call: call, Return: moment()})
}

func (c *chronicle) add(o porcupine.Operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.operations = append(c.operations, o)
}

// overhear is told by the store's writer of each commit: what a transaction released was released between the two.
func (c *chronicle) overhear(at store.Point) error {
	switch at {
	case store.PointBegin:
		c.begun = moment()
	case store.PointCommitted:
		var head int64
		if err := c.config.DB.Read().NewRaw("SELECT seq FROM ledger_heads WHERE hub = ?", hub).Scan(context.Background(), &head); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.commits = append(c.commits, commit{begun: c.begun, done: moment(), head: head})
	}
	return nil
}

// released adds an operation for each chunk that became visible.
func (c *chronicle) released(requests []request.Ref) {
	for _, ref := range requests {
		for _, chunk := range c.stored(ref) {
			i := slices.IndexFunc(c.commits, func(o commit) bool { return o.head >= chunk.LedgerEntry })
			c.add(porcupine.Operation{ClientId: 100, Input: delivers, Call: c.commits[i].begun, Return: c.commits[i].done})
		}
	}
}

// consent changes the mother's answer, with the ledger entry of it, as the episode's own service does.
func (c *chronicle) consent(status string) {
	c.gateway.Clock.Advance(time.Millisecond) // of two answers the later one stands
	by := episode.By{Person: c.manager.ID, Role: "team_manager", At: c.config.Clock.Now()}
	err := c.config.DB.InTx(c.Context(), func(ctx context.Context, tx store.Tx) error {
		_, err := c.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: c.episode.ID}, func(e *episode.Episode) error {
			if status == "withdrawn" {
				return e.WithdrawConsent("agencies_share_with_us", c.mother, by)
			}
			return e.RecordConsent(episode.Consent{Kind: "agencies_share_with_us", Giver: c.mother, Status: status, Recorder: by.Person, Recorded: by.At})
		})
		if err != nil {
			return err
		}
		_, err = c.config.Ledger.Append(ctx, tx, ledger.Entry{
			Hub: hub, Kind: ledger.KindConsent, Actor: c.manager.Name(), Episode: c.episode.ID, Reasons: []string{"agencies_share_with_us", status},
		})
		return err
	})
	if err != nil {
		c.Error(err)
	}
}

// watches shows a request to somebody, chunk by chunk.
func (c *chronicle) watches(client int, who directory.Person, ref request.Ref) {
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	last := moment()
	err := c.exchange.Watch(ctx, who, ref, 0, func(e exchange.Event) error {
		if e.Chunk != nil {
			c.add(porcupine.Operation{ClientId: client, Input: delivers, Call: last, Return: moment()})
			select {
			case c.seen <- struct{}{}:
			default:
			}
		}
		last = moment()
		return nil
	})
	if err != nil {
		c.Error(err)
	}
}

func (c *chronicle) reads(client int, who directory.Person, ref request.Ref) {
	c.note(client, delivers, func() bool {
		p, err := c.exchange.Picture(c.Context(), who, ref, exchange.Page{Size: 10})
		if err != nil {
			c.Error(err)
		}
		return len(p.Chronology)+len(p.Sources) > 0
	})
}

// paced sends its answer a chunk at a time, with a rest between.
type paced struct{ agencyv1.AgencyServiceServer }

type pacedStream struct {
	grpc.ServerStreamingServer[agencyv1.CollectResponse]
}

func (p paced) Collect(r *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	return p.AgencyServiceServer.Collect(r, pacedStream{stream})
}

func (p pacedStream) Send(part *agencyv1.CollectResponse) error {
	rest := time.NewTimer(2 * time.Millisecond)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-p.Context().Done():
	}
	return p.ServerStreamingServer.Send(part)
}

// much is somebody about whom there are many chunks.
func (w *world) much(who person.Identity, category string, records int) agencytest.Person {
	p := w.known(who, nil)
	for i := range records {
		p.Records = append(p.Records, agencytest.Record(w.catalogue, fmt.Sprintf("%s%d", who.GivenName, i), category, "2026-06-01", func(f string) string { return f }))
	}
	return p
}

// tell lets requests, watchers, readers, withdrawals and consents run against each other, and returns the history with the ledger.
func tell(t *testing.T, seed uint64, ready func(*world)) (history []porcupine.Operation, entries []ledger.Entry) {
	t.Helper()
	c := &chronicle{world: newWorld(t), seen: make(chan struct{}, 1)}
	c.honest("police", c.much(beth, "pol.involvement", 600))
	children := &agencytest.Memory{People: []agencytest.Person{c.much(ann, "edu.attendance", 300)}, AsOf: now.Add(-time.Hour)}
	c.connect("education", paced{c.agency("education", "", children)})
	c.start()
	ready(c.world)
	listen := c.overhear
	c.fault.Store(&listen)

	random := rand.New(rand.NewPCG(seed, 7))
	var refs []request.Ref
	for range 3 {
		refs = append(refs, c.round(random)...)
	}
	c.fault.Store(nil)
	c.released(refs)
	all, err := c.config.Ledger.List(t.Context(), ledger.Query{Hub: hub, Episode: c.episode.ID, Limit: 100_000})
	c.must(err)
	return c.operations, all
}

// round makes two requests at once, watched by their requester and somebody else, while consent is withdrawn and given again.
func (c *chronicle) round(random *rand.Rand) []request.Ref {
	refs := []request.Ref{c.ask("pol.involvement", "edu.attendance").Ref(), c.ask("pol.involvement").Ref()}
	var watching sync.WaitGroup
	for i, ref := range refs {
		watching.Go(func() { c.watches(2*i, c.worker, ref) })
		watching.Go(func() { c.watches(2*i+1, c.manager, ref) })
	}
	done := make(chan struct{})
	go func() { watching.Wait(); close(done) }()
	for range 2 {
		for range 1 + random.IntN(3) {
			select {
			case <-c.seen:
			case <-done:
			}
		}
		c.note(10, withdraws, func() bool { c.consent("withdrawn"); return true })
		c.reads(10, c.manager, refs[random.IntN(2)])
		c.note(10, consents, func() bool { c.consent("yes"); return true })
		c.reads(10, c.worker, refs[random.IntN(2)])
	}
	<-done
	return refs
}

// afterWithdrawal are the entries that put content before somebody's eyes while no consent stood.
func afterWithdrawal(entries []ledger.Entry) (late []int64) {
	withdrawn := false
	for _, e := range entries {
		switch e.Kind {
		case ledger.KindConsent:
			withdrawn = e.Reasons[len(e.Reasons)-1] == "withdrawn"
		case ledger.KindDisclosure, ledger.KindPictureRead:
			if withdrawn && len(e.Items) > 0 {
				late = append(late, e.Seq)
			}
		}
	}
	return late
}

func count(history []porcupine.Operation, what act) (n int) {
	for _, o := range history {
		if o.Input == what {
			n++
		}
	}
	return n
}

const patience = time.Minute

// TestNothingAfterWithdrawal: no release after an acknowledged withdrawal, where the basis rests on consent: by real time, which is what
// the one who withdrew knows, and by the order of the ledger, which is what an auditor knows.
func TestNothingAfterWithdrawal(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			history, entries := tell(t, seed, (*world).consented)
			if result := porcupine.CheckOperationsTimeout(restsOnConsent(), history, patience); result != porcupine.Ok {
				t.Errorf("the history of %d operations is %s", len(history), result)
			}
			if late := afterWithdrawal(entries); len(late) > 0 {
				t.Errorf("entries %v stand behind a withdrawal", late)
			}
			if count(history, delivers) < 10 || count(history, withdraws) != 6 {
				t.Errorf("%d deliveries, %d withdrawals: the history shows nothing", count(history, delivers), count(history, withdraws))
			}
		})
	}
}

// TestWithoutTheGuard: the same history, of a gateway whose transactions do not read the facts again, is caught by both.
func TestWithoutTheGuard(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			history, entries := tell(t, seed, func(w *world) { w.consented(); w.exchange.Blind() })
			if result := porcupine.CheckOperationsTimeout(restsOnConsent(), history, patience); result != porcupine.Illegal {
				t.Errorf("the history of %d operations is %s", len(history), result)
			}
			if len(afterWithdrawal(entries)) == 0 {
				t.Error("no entry stands behind a withdrawal")
			}
		})
	}
}

// TestWithdrawalUnderS47: where the basis does not rest on consent a withdrawal is recorded and release goes on (domain.md 4.2).
func TestWithdrawalUnderS47(t *testing.T) {
	_, entries := tell(t, 1, func(w *world) { w.family(nil) })
	if len(afterWithdrawal(entries)) == 0 {
		t.Error("nothing was released after a withdrawal")
	}
}
