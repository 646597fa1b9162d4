package exchange_test

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

var errEnough = errors.New("seen enough")

func reasonOf(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Reason
	}
	return ""
}

// TestGates: who may not ask is told why, nobody is asked, and the refusal is on the ledger.
func TestGates(t *testing.T) {
	w := newWorld(t)
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse"))
	w.start()
	for name, who := range map[string]directory.Person{"not assigned": w.stranger, "lives with the family": w.cousin} {
		r, err := w.exchange.Request(t.Context(), who, exchange.Need{Hub: hub, Episode: w.episode.ID})
		w.must(err)
		if r.State != request.NotAsked || len(r.Ask.Gates) != 1 || r.Ask.Gates[0].Code != "requester" {
			t.Errorf("%s: %s, gates %v", name, r.State, r.Ask.Gates)
		}
		standing, err := w.exchange.Get(t.Context(), who, r.Ref())
		if err != nil || len(standing.Answers) > 0 {
			t.Errorf("%s: reading why: %v", name, err)
		}
	}
	if refused, asked := w.entries(ledger.KindRequestRefused), w.entries(ledger.KindAsk); len(refused) != 2 || len(asked) != 0 {
		t.Errorf("%d refusals and %d questions on the ledger", len(refused), len(asked))
	}
}

// TestReaders: what was released to one person is not thereby released to another.
func TestReaders(t *testing.T) {
	w := newWorld(t)
	w.household()
	w.start()
	r, err := w.askHousehold()
	w.must(err)
	w.watch(r.Ref())
	before := len(w.entries(ledger.KindRequestRefused))
	for name, who := range map[string]directory.Person{"not assigned": w.stranger, "lives with the family": w.cousin} {
		if _, err := w.exchange.Picture(t.Context(), who, r.Ref(), exchange.Page{}); reasonOf(err) != "REQUESTER" {
			t.Errorf("%s: the picture: %v", name, err)
		}
		if _, err := w.exchange.Get(t.Context(), who, r.Ref()); reasonOf(err) != "REQUESTER" {
			t.Errorf("%s: the request: %v", name, err)
		}
		if _, err := w.exchange.Cancel(t.Context(), who, r.Ref()); reasonOf(err) != "REQUESTER" {
			t.Errorf("%s: cancelling: %v", name, err)
		}
		err := w.exchange.Watch(t.Context(), who, r.Ref(), 0, func(exchange.Event) error { t.Error("an event was sent"); return nil })
		if reasonOf(err) != "REQUESTER" {
			t.Errorf("%s: watching: %v", name, err)
		}
		if _, err := w.exchange.Explain(t.Context(), who, r.Ref(), exchange.Filter{}); reasonOf(err) != "REQUESTER" {
			t.Errorf("%s: explaining: %v", name, err)
		}
	}
	if after := len(w.entries(ledger.KindRequestRefused)); after-before != 10 {
		t.Errorf("%d refusals on the ledger, want 10", after-before)
	}
	if _, err := w.exchange.Picture(t.Context(), w.worker, request.Ref{Hub: hub, Episode: w.episode.ID, ID: "nothere"}, exchange.Page{}); reasonOf(err) != "NOT_FOUND" {
		t.Errorf("a request that is not there: %v", err)
	}
}

// TestWatchAgain: a watcher goes on after the last event it has; what is sent again, or to somebody else, has an entry of its own.
func TestWatchAgain(t *testing.T) {
	w := newWorld(t)
	w.household()
	w.start()
	r, err := w.askHousehold()
	w.must(err)
	first := w.watch(r.Ref())
	shown := len(w.entries(ledger.KindDisclosure))
	half := first[len(first)/2].Seq
	var rest []exchange.Event
	w.must(w.exchange.Watch(t.Context(), w.worker, r.Ref(), half, func(e exchange.Event) error { rest = append(rest, e); return nil }))
	if len(rest) == 0 || rest[0].Seq <= half || rest[len(rest)-1].Ended == nil {
		t.Errorf("after %d came %d events", half, len(rest))
	}
	again := len(chunksOf(rest))
	w.must(w.exchange.Watch(t.Context(), w.manager, r.Ref(), 0, func(exchange.Event) error { return nil }))
	if now := len(w.entries(ledger.KindDisclosure)); now != shown+again+len(chunksOf(first)) {
		t.Errorf("%d disclosures, want %d and one for each of %d chunks shown again", now, shown, again+len(chunksOf(first)))
	}
	err = w.exchange.Watch(t.Context(), w.worker, r.Ref(), 0, func(exchange.Event) error { return errEnough })
	if !errors.Is(err, errEnough) {
		t.Errorf("a watcher that has gone: %v", err)
	}
}

// TestUnwrittenReading: a reading that the ledger cannot hold shows nothing.
func TestUnwrittenReading(t *testing.T) {
	w := newWorld(t)
	w.household()
	w.start()
	r, err := w.askHousehold()
	w.must(err)
	w.watch(r.Ref())
	_, mend := w.breakAfter("commit", 0)
	defer mend()
	if p, err := w.exchange.Picture(t.Context(), w.worker, r.Ref(), exchange.Page{}); err == nil || p.LedgerEntry != 0 || len(p.Chronology) > 0 {
		t.Errorf("a picture of %d records without its entry: %v", len(p.Chronology), err)
	}
	err = w.exchange.Watch(t.Context(), w.worker, r.Ref(), 0, func(e exchange.Event) error {
		if e.Chunk != nil {
			t.Error("a chunk was sent without its entry")
		}
		return nil
	})
	if err == nil {
		t.Error("the watch ended well")
	}
}

// TestIdempotent: one key names one request, however often it is sent.
func TestIdempotent(t *testing.T) {
	w := newWorld(t)
	w.household()
	w.start()
	need := exchange.Need{Hub: hub, Episode: w.episode.ID, Key: request.Key{Principal: "worker", Method: "m", Value: "k1", Body: []byte("a")}}
	one, err := w.exchange.Request(t.Context(), w.worker, need)
	w.must(err)
	two, err := w.exchange.Request(t.Context(), w.worker, need)
	w.must(err)
	if one.ID != two.ID {
		t.Error("two requests under one key")
	}
	need.Key.Body = []byte("b")
	if _, err := w.exchange.Request(t.Context(), w.worker, need); reasonOf(err) != "IDEMPOTENCY_KEY_REUSED" {
		t.Errorf("another message under the key: %v", err)
	}
	w.watch(one.Ref())
}

// TestCancel: whoever has not answered is put down as such, and nothing comes later.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	w.hostile("police", agencytest.Slow)
	w.start()
	r := w.ask("pol.domestic_abuse")
	standing, err := w.exchange.Cancel(t.Context(), w.worker, r.Ref())
	w.must(err)
	if standing.State != request.Cancelled || w.answers(r.Ref())["police parent"] != "not_answered" {
		t.Errorf("%s, police %s", standing.State, w.answers(r.Ref())["police parent"])
	}
	if _, err := w.exchange.Cancel(t.Context(), w.worker, r.Ref()); err == nil {
		t.Error("cancelled twice")
	}
	if len(w.entries(ledger.KindCancelled)) != 1 {
		t.Error("the cancellation is not on the ledger once")
	}
}

// stricterPack is the default pack with one more rule, which denies everything that is asked for.
func stricterPack(t *testing.T) fs.FS {
	t.Helper()
	return packWith(t, `
contributions contains {"effect": "deny", "reason": "not_on_this_basis", "masks": [], "rule": "release.test"} if {
	asked
}
`)
}

// packWith is the default pack with more Rego at the end of its release rules.
func packWith(t *testing.T, more string) fs.FS {
	t.Helper()
	pack := fstest.MapFS{}
	err := fs.WalkDir(rules.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(rules.FS, path)
		if path == "release.rego" {
			content = append(content, more...)
		}
		pack[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// TestRevisionMoves: an answer that has not gone out goes out only if the pinned and the current revision allow it, and both stand in
// the ledger (invariant 7).
func TestRevisionMoves(t *testing.T) {
	w := newWorld(t)
	slow := w.hostile("police", agencytest.Slow)
	gate := make(chan struct{})
	slow.Go = gate
	w.start()
	r := w.ask("pol.domestic_abuse")
	stricter, err := policy.Compile(t.Context(), stricterPack(t), policy.CompileOptions{})
	w.must(err)
	w.policies.activate(stricter)
	close(gate)
	events := w.watch(r.Ref())
	if seen := words(chunksOf(events)...); len(seen) > 0 {
		t.Errorf("%d values went out that the revision in force denies", len(seen))
	}
	if got := w.answers(r.Ref())["police parent"]; got != "withheld" {
		t.Errorf("police %s, want withheld", got)
	}
}

// TestOneAnswer: whatever mixture of organisations answers, there is one answer for each pair and the request ends.
func TestOneAnswer(t *testing.T) {
	tricks := append(agencytest.Tricks(), agencytest.Honest)
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t)
		w.config.Timeouts.Locate, w.config.Timeouts.Collect = time.Second, time.Second
		for _, organisation := range []string{"police", "education", "community_health", "mental_health", "probation", "children_social_care"} {
			w.hostile(organisation, tricks[random.IntN(len(tricks))])
		}
		w.start()
		r, err := w.exchange.Request(t.Context(), w.worker, exchange.Need{Hub: hub, Episode: w.episode.ID})
		w.must(err)
		w.watch(r.Ref())
		w.answers(r.Ref())
		w.covered()
	}
}

// TestClosedWhileAsking: the caller's own cancellation stops neither the story nor anything on the ledger.
func TestClosedWhileAsking(t *testing.T) {
	w := newWorld(t)
	w.household()
	w.start()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := w.exchange.Request(ctx, w.worker, exchange.Need{Hub: hub, Episode: w.episode.ID})
	cancel()
	w.must(err)
	w.watch(r.Ref())
	w.answers(r.Ref())
}
