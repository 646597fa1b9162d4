package exchange

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
)

// reader is somebody about to see what was released, with the facts of now to decide on.
type reader struct {
	*bench
	request request.Request
}

// reader decides again for whoever reads (step 1, 2 and 4 once more): what was released to one person, at one time, is not thereby
// released to another or later. A gate that would stop them asking stops them reading; the refusal is on the ledger.
func (e *Exchange) reader(ctx context.Context, who directory.Person, ref request.Ref) (*reader, error) {
	v, err := e.view(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	return e.admit(ctx, v)
}

// admit holds a reader to the gates.
func (e *Exchange) admit(ctx context.Context, v view) (*reader, error) {
	r, err := v.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.gate(); err != nil {
		return nil, e.refused(ctx, r, err)
	}
	return r, nil
}

// looker is a reader before any gate.
func (e *Exchange) looker(ctx context.Context, who directory.Person, ref request.Ref) (*reader, error) {
	v, err := e.view(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	return v.open(ctx)
}

// view is a request and everything a decision about its reader rests on, as it stands now, with nothing decided.
type view struct {
	*facts
	request  request.Request
	revision *policy.Revision
}

func (e *Exchange) view(ctx context.Context, who directory.Person, ref request.Ref) (view, error) {
	return e.viewFor(ctx, matter{Who: who}, ref)
}

func (e *Exchange) viewFor(ctx context.Context, m matter, ref request.Ref) (view, error) {
	r, err := e.Requests.Get(ctx, ref)
	if err != nil {
		return view{}, err
	}
	revision, err := e.Policy.InForce(ctx, ref.Hub)
	if err != nil {
		return view{}, err
	}
	legs, err := e.Requests.Legs(ctx, ref)
	if err != nil {
		return view{}, fmt.Errorf("reading the legs: %w", err)
	}
	known := map[string]*leg{}
	for _, l := range legs {
		if known[l.Organisation], err = legOf(l); err != nil {
			return view{}, err
		}
	}
	m.Hub, m.Episode, m.Categories = ref.Hub, ref.Episode, r.Input.Categories
	m.Flags, m.LocationUnknown = protection(known, maySetSafeAddress(revision.Vocabulary()))
	f, err := e.facts(ctx, m)
	return view{facts: f, request: r, revision: revision}, err
}

func (v view) open(ctx context.Context) (*reader, error) {
	b, err := v.bench(ctx, v.revision, v.revision)
	return &reader{bench: b, request: v.request}, err
}

// keep is the reader with what stands now, if what was decided holds for it: nothing that is decided on has moved but the clock, and
// that not for long.
func (r *reader) keep(v view) (*reader, bool) {
	now := v.input
	now.At, now.Organisations = r.input.At, r.input.Organisations // which are the revision's
	if !r.fresh() || r.current.Revision().ID() != v.revision.ID() || !reflect.DeepEqual(now, r.input) {
		return nil, false
	}
	v.input = now
	return &reader{bench: &bench{facts: v.facts, pinned: r.pinned, current: r.current}, request: v.request}, true
}

// refused puts a refused reading on the ledger. If that cannot be written the reader hears of that instead: either way nothing is
// shown.
func (e *Exchange) refused(ctx context.Context, r *reader, because error) error {
	sealed, err := r.readAs(ctx, matterOf{request: r.request.ID}, sitting{})
	if err != nil {
		return errors.Join(because, err)
	}
	return errors.Join(because, e.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		entry := r.entry(ledger.KindRequestRefused, r.request.ID)
		entry.Reasons = codesOf(r.current.Ask().Gates)
		_, err := e.put(ctx, tx, entry, sealed)
		return err
	}))
}

// words are the pack's.
func (r *reader) words() *policy.Vocabulary { return r.current.Revision().Vocabulary() }

// Event is one step of a request as a watcher sees it. Exactly one of Answer, Chunk and Ended is set.
type Event struct {
	Seq    int64
	Answer *request.Answer
	// Chunk holds at most record.MaxChunk records; LedgerEntry is the entry of this disclosure.
	Chunk *request.Chunk
	Ended *Standing
}

// LogValue keeps what was seen out of logs.
func (e Event) LogValue() slog.Value { return slog.Int64Value(e.Seq) }

// eventsAtOnce bounds what is read from the store, and so held in memory, at a time.
const eventsAtOnce = 16

// Watch sends each event after a sequence number as it comes, and returns when the request has ended or send fails. Everything sent
// is a disclosure. To the requester, what is released while they watch was put on the ledger with its release; whatever else is sent,
// to others or again, is decided anew and has an entry of its own, committed before it is sent.
func (e *Exchange) Watch(ctx context.Context, who directory.Person, ref request.Ref, after int64, send func(Event) error) error {
	w := &watch{Exchange: e, who: who, ref: ref, after: after, send: send}
	var err error
	if w.reader, err = e.reader(ctx, who, ref); err != nil {
		return err
	}
	wake, stop := e.Requests.Subscribe(ref)
	defer stop()
	if w.caughtUp, err = e.Requests.LastSeq(ctx, ref); err != nil {
		return err
	}
	for {
		ended, err := w.step(ctx)
		if err != nil || ended {
			return err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watch is one watching of one request by one person.
type watch struct {
	*Exchange
	who   directory.Person
	ref   request.Ref
	after int64
	// caughtUp is the last event that was there when the watching began: what comes later is seen as it is released.
	caughtUp int64
	send     func(Event) error
	reader   *reader
}

// step sends what there is. Events of one reading are few, so that memory does not grow with the answer.
func (w *watch) step(ctx context.Context) (ended bool, err error) {
	for {
		events, err := w.Requests.Events(ctx, request.EventQuery{Request: w.ref, After: w.after, Limit: eventsAtOnce})
		if err != nil || len(events) == 0 {
			return false, err
		}
		for _, event := range events {
			if err := w.show(ctx, event); err != nil {
				return false, err
			}
			w.after = event.Seq
			if event.Ended != "" {
				return true, nil
			}
		}
	}
}

func (w *watch) show(ctx context.Context, event request.Event) error {
	switch {
	case event.Answer != nil:
		return w.send(Event{Seq: event.Seq, Answer: event.Answer})
	case event.Ended != "":
		standing, err := w.Get(ctx, w.who, w.ref)
		if err != nil {
			return err
		}
		return w.send(Event{Seq: event.Seq, Ended: &standing})
	case event.Chunk == nil:
		return nil
	}
	chunk, err := again(func() (*request.Chunk, error) { return w.disclose(ctx, *event.Chunk) })
	if err != nil || chunk == nil {
		return err
	}
	return w.send(Event{Seq: event.Seq, Chunk: chunk})
}

// look reads everything anew. Only where none of it has moved does what was decided for the chunk before stand for this one.
func (w *watch) look(ctx context.Context) error {
	v, err := w.view(ctx, w.who, w.ref)
	if err != nil {
		return err
	}
	if same, ok := w.reader.keep(v); ok {
		w.reader = same
		return nil
	}
	w.reader, err = w.admit(ctx, v)
	return err
}

// disclose decides a chunk anew for this watcher and puts it on the ledger before it is shown. Nil is a chunk of which nothing may be
// seen any longer.
func (w *watch) disclose(ctx context.Context, chunk request.Chunk) (*request.Chunk, error) {
	err := w.look(ctx)
	if err != nil {
		return nil, err
	}
	s, err := w.reader.see(ctx, chunk.Records)
	if err != nil {
		return nil, err
	}
	covered := w.covered(chunk, s)
	chunk.Records = s.seen
	if covered {
		if err := w.DB.InTx(ctx, w.reader.still); err != nil {
			return nil, err
		}
		return &chunk, nil
	}
	sealed, err := w.reader.readAs(ctx, matterOf{w.ref.ID, chunk.Organisation, chunk.Subject}, s.sitting)
	if err != nil {
		return nil, err
	}
	err = w.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := w.reader.still(ctx, tx); err != nil {
			return err
		}
		written, err := w.put(ctx, tx, w.entry(chunk, s), sealed)
		chunk.LedgerEntry = written.Seq
		return err
	})
	if err != nil || len(s.seen) == 0 {
		return nil, err
	}
	return &chunk, nil
}

// covered tells whether the entry of the release covers this showing: it is the requester who sees it, as it is released and exactly as
// it was released.
func (w *watch) covered(chunk request.Chunk, s sight) bool {
	return w.reader.who.ID == w.reader.request.Requester && chunk.Seq > w.caughtUp &&
		slices.EqualFunc(chunk.Records, s.seen, func(was, now request.Released) bool {
			return was.Decision.Effect == now.Decision.Effect && slices.Equal(was.Decision.Masks, now.Decision.Masks) &&
				slices.Equal(was.Masked, now.Masked) && len(was.Record.Fields) == len(now.Record.Fields)
		})
}

// entry is what the ledger holds of a showing: what is seen, or, where nothing is, what is held back.
func (w *watch) entry(chunk request.Chunk, s sight) ledger.Entry {
	entry := w.reader.entry(ledger.KindDisclosure, w.ref.ID)
	entry.Organisation, entry.Subjects, entry.Items = chunk.Organisation, []string{chunk.Subject}, itemsOf(s.seen)
	if len(s.seen) == 0 {
		entry.Kind, entry.Items = ledger.KindAnswer, heldItems(s.held)
	}
	return entry
}

// chunks visits every chunk of a request, a few at a time.
func (e *Exchange) chunks(ctx context.Context, ref request.Ref, visit func(request.Event) error) error {
	for after := int64(0); ; {
		events, err := e.Requests.Events(ctx, request.EventQuery{Request: ref, After: after, Limit: eventsAtOnce})
		if err != nil || len(events) == 0 {
			return err
		}
		for _, event := range events {
			if err := visit(event); err != nil {
				return err
			}
		}
		after = events[len(events)-1].Seq
	}
}

// badToken is a page token that this request did not give.
func badToken() error { return fault.Invalid("page_token", "is not a token of this picture") }
