package exchange_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// held answers Locate at once and says when Collect has come, which it then holds until it is let go.
type held struct {
	agencyv1.AgencyServiceServer

	asked chan struct{}
	gave  chan error
}

func (h *held) Collect(_ *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	h.asked <- struct{}{}
	<-stream.Context().Done()
	h.gave <- stream.Context().Err()
	return stream.Context().Err()
}

// changed makes a change of the episode.
func (w *world) changed(change func(*episode.Episode) error) {
	w.Helper()
	w.tx(func(ctx context.Context, tx store.Tx) error {
		_, err := w.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: w.episode.ID}, change)
		return err
	})
}

func (w *world) closeEpisode() {
	w.changed(func(e *episode.Episode) error {
		return e.Close(episode.Closing{Reason: "done", By: episode.By{Person: w.manager.ID, Role: "team_manager", At: now}})
	})
}

// TestCalledBackFromCollecting: an organisation that is at its answer when nothing may be asked of it any longer is called back at once,
// and the answer says why.
func TestCalledBackFromCollecting(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(*world)
		reason string
	}{
		"consent withdrawn": {(*world).withdrawNow, "consent_position_unresolved"},
		"episode closed":    {(*world).closeEpisode, "episode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.consented()
			police := &held{
				AgencyServiceServer: &agencytest.Hostile{Organisation: "police", Categories: w.categories("police"), Trick: agencytest.Honest, Catalogue: w.catalogue},
				asked:               make(chan struct{}, 1), gave: make(chan error, 1),
			}
			w.connect("police", police)
			w.start()
			r := w.ask("pol.involvement")
			<-police.asked
			c.end(w)
			asked := len(w.entries(ledger.KindAsk))
			w.must(w.exchange.Reconsider(t.Context(), hub, w.episode.ID))
			<-police.gave // the call ended, long before its time was over
			w.ended(r.Ref())
			w.answeredBecause(r.Ref(), "police", "withheld", c.reason)
			if now := len(w.entries(ledger.KindAsk)); now != asked {
				t.Errorf("asked %d more times", now-asked)
			}
			if n := len(w.entries(ledger.KindDisclosure)); n > 0 {
				t.Errorf("%d disclosures", n)
			}
		})
	}
}

// TestCalledBackFromLocating: nobody is told of a person about whom nothing may be asked any longer, and an organisation that is looking
// is called back; the answer is not_asked with the reason, also after a restart.
func TestCalledBackFromLocating(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newWorld(t)
		w.consented()
		w.hostile("police", agencytest.Slow)
		w.start()
		r := w.ask("pol.involvement")
		w.askedOnce()
		if restart {
			w.must(w.exchange.Close(t.Context()))
		}
		w.withdrawNow()
		if restart {
			w.start()
			w.must(w.exchange.Resume(t.Context()))
		}
		w.must(w.exchange.Reconsider(t.Context(), hub, ""))
		w.ended(r.Ref())
		w.answeredBecause(r.Ref(), "police", "not_asked", "consent_position_unresolved")
		if asked := len(w.entries(ledger.KindAsk)); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	}
}

// TestReconsiderNothing: what nothing has happened to goes on as it was, and another episode or hub is left alone.
func TestReconsiderNothing(t *testing.T) {
	w := newWorld(t)
	w.consented()
	police := w.hostile("police", agencytest.Slow)
	gate := make(chan struct{})
	police.Go = gate
	w.start()
	r := w.ask("pol.involvement")
	w.askedOnce()
	w.must(w.exchange.Reconsider(t.Context(), hub, w.episode.ID))
	w.withdrawNow()
	w.must(w.exchange.Reconsider(t.Context(), hub, "another"))
	w.must(w.exchange.Reconsider(t.Context(), "warwick", ""))
	if asked := len(w.entries(ledger.KindAsk)); asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	close(gate)
	w.ended(r.Ref())
	w.answeredBecause(r.Ref(), "police", "withheld", "consent_position_unresolved")
}

// TestConsentComesBack: where consent is given again before the answer is written, the organisation is asked: it is never said that
// there is nothing.
func TestConsentComesBack(t *testing.T) {
	w := newWorld(t)
	w.consented()
	honest := &agencytest.Hostile{Organisation: "police", Categories: w.categories("police"), Trick: agencytest.Honest, Catalogue: w.catalogue}
	police := &once{held: held{AgencyServiceServer: honest, asked: make(chan struct{}, 1), gave: make(chan error, 1)}}
	w.connect("police", police)
	w.start()
	r := w.ask("pol.involvement")
	<-police.asked
	w.withdrawNow()
	w.must(w.exchange.Reconsider(t.Context(), hub, w.episode.ID))
	w.consentAgain()
	<-police.gave
	w.watch(r.Ref())
	switch kind := w.answers(r.Ref())["police parent"]; kind {
	case "records", "withheld": // by which of the two came first
	default:
		t.Errorf("police answered %s", kind)
	}
}

// once holds its first Collect alone.
type once struct {
	held

	before atomic.Bool
}

func (o *once) Collect(req *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	if o.before.Swap(true) {
		return o.AgencyServiceServer.Collect(req, stream)
	}
	return o.held.Collect(req, stream)
}

// withdrawNow records a withdrawal that counts at once.
func (w *world) withdrawNow() {
	w.Helper()
	w.gateway.Clock.Advance(2 * time.Minute)
	w.withdraw()
}

// consentAgain records the mother's yes, and returns its ledger entry's number.
func (w *world) consentAgain() (seq int64) {
	w.Helper()
	w.tx(func(ctx context.Context, tx store.Tx) error {
		_, err := w.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: w.episode.ID}, func(e *episode.Episode) error {
			return e.RecordConsent(episode.Consent{Kind: "agencies_share_with_us", Giver: w.mother, Status: "yes", Recorder: w.manager.ID, Recorded: w.config.Clock.Now()})
		})
		if err != nil {
			return err
		}
		entry, err := w.config.Ledger.Append(ctx, tx, ledger.Entry{
			Hub: hub, Kind: ledger.KindConsent, Actor: w.manager.Name(), Episode: w.episode.ID, Reasons: []string{"agencies_share_with_us", "yes"},
		})
		seq = entry.Seq
		return err
	})
	return seq
}

// askedOnce waits until the first organisation was asked.
func (w *world) askedOnce() {
	w.Helper()
	for len(w.entries(ledger.KindAsk)) == 0 {
		w.must(w.Context().Err())
	}
}

// ended waits for a request's end, whoever may still see it.
func (w *world) ended(ref request.Ref) {
	w.Helper()
	wake, stop := w.config.Requests.Subscribe(ref)
	defer stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		r, err := w.config.Requests.Get(w.Context(), ref)
		w.must(err)
		if r.State != request.Running {
			return
		}
		select {
		case <-wake:
		case <-limit.C:
			w.Fatal("the request did not end")
		}
	}
}

// answeredBecause holds every answer of an organisation to a kind and, where it says why, to the reason.
func (w *world) answeredBecause(ref request.Ref, organisation, kind, reason string) {
	w.Helper()
	answers, err := w.config.Requests.Answers(w.Context(), ref)
	w.must(err)
	found := 0
	for _, a := range answers {
		if a.Organisation != organisation {
			continue
		}
		found++
		if a.Kind != kind || len(a.Reasons) == 0 || a.Reasons[0].Code != reason {
			w.Errorf("%s answered %s because of %v about the %s", organisation, a.Kind, a.Reasons, w.role(a.Subject))
		}
	}
	if found != len(w.episode.Subjects) {
		w.Errorf("%d answers", found)
	}
}

// TestWatchersOfAClosedEpisode: a watcher sees nothing more of a request whose episode is closed between two chunks.
func TestWatchersOfAClosedEpisode(t *testing.T) {
	w := newWorld(t)
	p := w.known(beth, nil)
	for i := range 200 {
		p.Records = append(p.Records, agencytest.Record(w.catalogue, "r"+string(rune('a'+i%26))+string(rune('a'+i/26)), "pol.involvement", "2026-06-01", func(f string) string { return f }))
	}
	w.honest("police", p)
	w.start()
	r := w.ask("pol.involvement")
	w.watch(r.Ref())
	chunks := 0
	err := w.exchange.Watch(t.Context(), w.manager, r.Ref(), 0, func(e exchange.Event) error {
		if e.Chunk != nil {
			chunks++
			w.closeEpisode()
		}
		return nil
	})
	if reasonOf(err) != "EPISODE" || chunks != 1 {
		t.Errorf("%d chunks, then %v", chunks, err)
	}
}
