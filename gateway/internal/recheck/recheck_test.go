package recheck_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/recheck"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

var (
	denied = policy.TighteningRule{Effect: policy.Deny, Categories: []string{"pol.involvement"}, Reason: "emergency_tightening"}
	masked = policy.TighteningRule{Effect: policy.Redact, Categories: []string{"pol.involvement"}, Masks: []string{"free_text"}, Reason: "emergency_tightening"}
)

// seen by the social worker, all of it, and by the manager, a page
const all, page = 150, 10

// unanswered are the reasons where the mother was never asked.
var unanswered = []string{"consent_position_unresolved", "own_answer_missing"}

// TestCauses: whatever takes something away, what was seen and would not be shown now is found, with who saw it and why; once.
func TestCauses(t *testing.T) {
	for name, c := range map[string]struct {
		open   func(*world)
		end    func(*world)
		cause  string
		now    policy.Effect
		reason []string
	}{
		"consent withdrawn": {
			func(w *world) { w.open("mash", true) }, (*world).withdraw, "consent_withdrawn", policy.Review, []string{"consent_position_unresolved"},
		},
		"override ended": {
			func(w *world) {
				w.open("mash", false)
				w.change(func(e *episode.Episode) error {
					return e.SetOverride(episode.Override{Ground: "delay", Reason: "r", By: w.by()})
				})
			},
			func(w *world) { w.change(func(e *episode.Episode) error { return e.EndOverride("over", w.by()) }) },
			"override_ended", policy.Review, unanswered,
		},
		"break-glass ended by hand": {
			func(w *world) { w.open("mash", false); w.breakGlass() },
			func(w *world) { w.change(func(e *episode.Episode) error { return e.EndBreakGlass(w.by()) }) },
			"break_glass_ended", policy.Review, unanswered,
		},
		"break-glass ended by the clock": {
			func(w *world) { w.open("mash", false); w.breakGlass() },
			func(w *world) { w.gateway.Clock.Advance(time.Hour) },
			"break_glass_ended", policy.Deny, []string{"basis", "break_glass_ended"},
		},
		"episode closed": {
			func(w *world) { w.open("s47", false) },
			func(w *world) {
				w.change(func(e *episode.Episode) error { return e.Close(episode.Closing{Reason: "done", By: w.by()}) })
			},
			"episode_closed", policy.Deny, []string{"episode"},
		},
		"activation": {
			func(w *world) { w.open("s47", false) }, func(w *world) { w.activate(2, compiled(w.T, denied)) }, "activation", policy.Deny, []string{"emergency_tightening"},
		},
		"tightening": {
			func(w *world) { w.open("s47", false) }, func(w *world) { w.activate(1, compiled(w.T, denied)) }, "tightening", policy.Deny, []string{"emergency_tightening"},
		},
		"tightening that masks": {
			func(w *world) { w.open("s47", false) }, func(w *world) { w.activate(1, compiled(w.T, masked)) }, "tightening", policy.Redact, []string{"emergency_tightening"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			c.open(w)
			w.must(w.worker.Once(t.Context()))
			r := w.seen()
			shown := len(w.entries(ledger.KindDisclosure)) + len(w.entries(ledger.KindPictureRead))
			if len(w.findings()) > 0 {
				t.Fatal("something was found before anything happened")
			}
			c.end(w)
			for range 2 {
				w.must(w.worker.Once(t.Context()))
				w.restart()
			}
			w.foundOnce(r, c.cause, c.now, c.reason)
			if now := len(w.entries(ledger.KindDisclosure)) + len(w.entries(ledger.KindPictureRead)); now != shown {
				t.Errorf("deciding again left %d entries of showing", now-shown)
			}
			w.activate(9, w.activeNow()) // another cause, with which nothing else is lost
			w.must(w.worker.Once(t.Context()))
			w.foundOnce(r, c.cause, c.now, c.reason)
		})
	}
}

func (w *world) breakGlass() {
	w.change(func(e *episode.Episode) error {
		e.Facts.ImminentDanger = true
		return e.Break(episode.BreakGlass{Reason: "danger", By: w.by(), Expires: w.config.Clock.Now().Add(time.Hour)})
	})
}

func (w *world) activeNow() *policy.Revision {
	w.Helper()
	revision, err := w.compiled.Active(hub)
	w.must(err)
	return revision
}

// foundOnce holds the findings to the one that both people saw.
func (w *world) foundOnce(r request.Request, cause string, now policy.Effect, reasons []string) {
	w.Helper()
	got := w.findings()
	if len(got) != 1 {
		w.Fatalf("%d findings: %+v", len(got), got)
	}
	f := got[0]
	want := recheck.Finding{
		ID: f.ID, Request: r.Ref(), Time: f.Time, Cause: cause, Organisation: "police", Subject: w.mother, Category: "pol.involvement",
		Records: all, Was: policy.Permit, Now: now, Reasons: reasons, SeenBy: []string{w.social.Name(), w.manager.Name()}, Entries: f.Entries,
	}
	if diff := cmp.Diff(want, f); diff != "" {
		w.Errorf("another finding:\n%s", diff)
	}
	if len(f.Entries) != 4 {
		w.Errorf("%d entries say who saw it, want three chunks and a picture", len(f.Entries))
	}
	for _, seq := range f.Entries {
		e, err := w.config.Ledger.Get(w.Context(), hub, seq)
		w.must(err)
		if e.Kind != ledger.KindDisclosure && e.Kind != ledger.KindPictureRead || !slices.Contains(f.SeenBy, e.Actor) {
			w.Errorf("entry %d is a %s of %s", seq, e.Kind, e.Actor)
		}
	}
	rechecked := w.entries(ledger.KindRechecked)
	if len(rechecked) != 1 || rechecked[0].Request != r.ID || !slices.Equal(rechecked[0].Reasons, []string{cause}) {
		w.Errorf("%d entries of deciding again", len(rechecked))
	}
}

// TestNothingLost: what takes nothing away that a decision rests on finds nothing.
func TestNothingLost(t *testing.T) {
	for name, c := range map[string]struct {
		basis  string
		happen func(*world)
	}{
		"withdrawal under s47":            {"s47", (*world).withdraw},
		"an activation of the same rules": {"mash", func(w *world) { w.activate(2, w.activeNow()) }},
		"the reader was assigned elsewhere": {"mash", func(w *world) {
			w.change(func(e *episode.Episode) error { return e.Assign([]string{"nobody"}) })
			w.activate(2, w.activeNow())
		}},
		"the reader has left": {"mash", func(w *world) {
			w.tx(func(ctx context.Context, tx store.Tx) error {
				return w.config.Directory.KeepOnly(ctx, tx, hub, []string{w.manager.ID})
			})
			w.activate(2, w.activeNow())
		}},
		"a closed episode, when a policy comes": {"mash", func(w *world) {
			w.change(func(e *episode.Episode) error { return e.Close(episode.Closing{Reason: "done", By: w.by()}) })
			w.must(w.worker.Once(w.Context()))
			w.activate(2, compiled(w.T, masked))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.open(c.basis, true)
			w.seen()
			c.happen(w)
			w.must(w.worker.Once(t.Context()))
			for _, f := range w.findings() {
				if f.Cause != "episode_closed" {
					t.Errorf("found %+v", f)
				}
			}
		})
	}
}

// TestNeverMore: deciding again under a looser policy shows nobody anything more, and stores nothing of it.
func TestNeverMore(t *testing.T) {
	w := newWorld(t, nil)
	w.activate(2, compiled(t, masked))
	w.open("s47", false)
	r := w.seen()
	read := func() exchange.Picture {
		p, err := w.exchange.Picture(t.Context(), w.manager, r.Ref(), exchange.Page{Size: 10})
		w.must(err)
		return p
	}
	events := func() []request.Event {
		all, err := w.config.Requests.Events(t.Context(), request.EventQuery{Request: r.Ref()})
		w.must(err)
		return all
	}
	before, stored := read(), events()
	w.activate(3, compiled(t))
	w.must(w.worker.Once(t.Context()))
	if diff := cmp.Diff(before.Chronology, read().Chronology, cmp.Transformer("seen", func(p policy.Decision) policy.Effect { return p.Effect })); diff != "" {
		t.Errorf("the picture is another:\n%s", diff)
	}
	if diff := cmp.Diff(stored, events()); diff != "" {
		t.Errorf("what is stored is another:\n%s", diff)
	}
	if len(w.findings()) > 0 {
		t.Error("a looser policy found something")
	}
}

// TestWaitsForThePolicy: a hub is decided again by the policy that is in force, not by one that is about to go; an episode waits for
// nothing.
func TestWaitsForThePolicy(t *testing.T) {
	w := newWorld(t, nil)
	w.open("mash", true)
	r := w.seen()
	w.policies.set(2, compiled(t, denied)) // in force, and not compiled here yet
	w.must(w.worker.Once(t.Context()))
	if len(w.findings()) > 0 {
		t.Fatal("decided by a policy that is not in force")
	}
	w.withdraw()
	w.must(w.worker.Once(t.Context()))
	w.foundOnce(r, "consent_withdrawn", policy.Review, []string{"consent_position_unresolved"})
	w.restart()
	w.activate(2, compiled(t, denied))
	w.must(w.worker.Once(t.Context()))
	got := w.findings()
	if len(got) != 2 || got[0].Cause != "activation" || got[0].Now != policy.Deny {
		t.Errorf("%+v", got)
	}
}

// TestKilled: wherever the worker is killed, the next one comes to the same findings and entries, and to no more.
func TestKilled(t *testing.T) {
	for _, at := range store.Points() {
		for n := range int64(8) {
			t.Run(fmt.Sprintf("%s %d", at, n), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, nil)
				w.open("mash", true)
				r := w.seen()
				w.withdraw()
				left := n
				fail := func(p store.Point) error {
					if p != at {
						return nil
					}
					if left--; left < 0 {
						return errors.New("killed")
					}
					return nil
				}
				w.fault.Store(&fail)
				killed := w.worker.Once(t.Context())
				w.fault.Store(nil)
				if killed == nil && n == 0 {
					t.Error("nothing failed")
				}
				w.restart()
				w.must(w.worker.Once(t.Context()))
				w.foundOnce(r, "consent_withdrawn", policy.Review, []string{"consent_position_unresolved"})
			})
		}
	}
}

// TestSeenAgain: what was seen after consent came back, and is lost once more, is found for those who saw it then.
func TestSeenAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.open("mash", true)
	r := w.seen()
	w.withdraw()
	w.must(w.worker.Once(t.Context()))
	w.change(func(e *episode.Episode) error {
		return e.RecordConsent(episode.Consent{Kind: "agencies_share_with_us", Giver: w.mother, Status: "yes", Recorder: "manager", Recorded: w.config.Clock.Now()})
	})
	p, err := w.exchange.Picture(t.Context(), w.manager, r.Ref(), exchange.Page{Size: 2 * page})
	w.must(err)
	w.withdraw()
	w.must(w.worker.Once(t.Context()))
	got := w.findings()
	if len(got) != 2 || got[0].Records != len(p.Chronology)-page || !slices.Equal(got[0].SeenBy, []string{w.manager.Name()}) {
		t.Errorf("%d findings, the second %+v", len(got), got[0])
	}
}

// held answers Locate at once and holds Collect until it is called back.
type held struct {
	agencyv1.AgencyServiceServer

	asked chan struct{}
}

func (h held) Collect(_ *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	h.asked <- struct{}{}
	<-stream.Context().Done()
	return stream.Context().Err()
}

// TestOpenRequest: an organisation that is at its answer is called back, and the request ends with the reason instead of waiting.
func TestOpenRequest(t *testing.T) {
	pack := compiled(t)
	police := held{
		AgencyServiceServer: &agencytest.Hostile{Organisation: "police", Categories: []string{"pol.involvement"}, Trick: agencytest.Honest, Catalogue: pack.Catalogue()},
		asked:               make(chan struct{}, 1),
	}
	w := newWorld(t, police)
	w.open("mash", true)
	r := w.ask()
	<-police.asked
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- w.worker.Run(ctx) }()
	w.withdraw() // wakes the worker
	w.must(w.exchange.Watch(t.Context(), w.social, r.Ref(), 0, func(exchange.Event) error { return nil }))
	stop()
	w.must(<-ran)
	answers, err := w.config.Requests.Answers(t.Context(), r.Ref())
	w.must(err)
	for _, a := range answers {
		if a.Organisation == "police" && (a.Kind != "withheld" || a.Reasons[0].Code != "consent_position_unresolved") {
			t.Errorf("the police answered %s because of %v", a.Kind, a.Reasons)
		}
	}
}

// TestPages: findings come newest first, a page at a time, and go when their time is over.
func TestPages(t *testing.T) {
	w := newWorld(t, nil)
	w.open("mash", true)
	for range 3 {
		w.seen()
	}
	w.withdraw()
	w.must(w.worker.Once(t.Context()))
	var ids []int64
	for q := (recheck.Query{Hub: hub, Limit: 2}); ; {
		page, next, err := w.worker.Findings(t.Context(), q)
		w.must(err)
		for _, f := range page {
			ids = append(ids, f.ID)
		}
		if q.Cursor = next; next == "" {
			break
		}
	}
	if !slices.Equal(ids, []int64{3, 2, 1}) {
		t.Errorf("%v", ids)
	}
	if other, _, err := w.worker.Findings(t.Context(), recheck.Query{Hub: "warwick", Limit: 2}); err != nil || len(other) > 0 {
		t.Errorf("another hub sees %d: %v", len(other), err)
	}
	if _, _, err := w.worker.Findings(t.Context(), recheck.Query{Hub: hub, Limit: 2, Cursor: "x"}); err == nil {
		t.Error("a cursor that is none was taken")
	}
	sweep := func(before time.Time) (n int) {
		w.tx(func(ctx context.Context, tx store.Tx) (err error) {
			n, err = recheck.Sweep(ctx, tx, hub, before)
			return err
		})
		return n
	}
	at := w.config.Clock.Now()
	if kept, gone, left := sweep(at), sweep(at.Add(time.Second)), len(w.findings()); kept != 0 || gone != 3 || left != 0 {
		t.Errorf("%d, then %d removed, %d left", kept, gone, left)
	}
}

// TestConfig: a worker with a part missing is none.
func TestConfig(t *testing.T) {
	if _, err := recheck.New(recheck.Config{}); err == nil {
		t.Error("a worker of nothing")
	}
}
