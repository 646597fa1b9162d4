package request_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
)

type fixture struct {
	*request.Store
	t     *testing.T
	db    *store.DB
	vault *seal.Vault
	clock *clock.Fake
	dir   string
}

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func setUp(t *testing.T, vault *seal.Vault) *fixture {
	t.Helper()
	f := &fixture{t: t, vault: vault, clock: clock.NewFake(start), dir: t.TempDir()}
	if vault == nil {
		v, err := seal.OpenVault(filepath.Join(t.TempDir(), "keys"), make([]byte, seal.KEKSize))
		if err != nil {
			t.Fatal(err)
		}
		f.vault = v
	}
	if err := errors.Join(f.vault.Create("e1"), f.vault.Create("e2")); err != nil {
		t.Fatal(err)
	}
	f.open(f.dir)
	f.do(func(ctx context.Context, tx store.Tx) error {
		for _, id := range []string{"e1", "e2"} {
			if _, err := tx.NewRaw("INSERT INTO referrals VALUES ('h', ?, 1, ?, '', 0, '', 1, x'')", id, id).Exec(ctx); err != nil {
				return err
			}
			if _, err := tx.NewRaw("INSERT INTO episodes VALUES ('h', ?, 1, '', '', '', 0, 0, 0, 0, x'')", id).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return f
}

func (f *fixture) open(dir string) {
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(dir, "hub.db")})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = db.Close() })
	f.db, f.Store = db, request.New(db, f.vault, f.clock)
}

func (f *fixture) try(do func(ctx context.Context, tx store.Tx) error) error {
	return f.db.InTx(context.Background(), do)
}

func (f *fixture) do(do func(ctx context.Context, tx store.Tx) error) {
	f.t.Helper()
	if err := f.try(do); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) create(r request.Request) (kept request.Request, created bool, err error) {
	err = f.try(func(ctx context.Context, tx store.Tx) (err error) {
		kept, created, err = f.Create(ctx, tx, r)
		return err
	})
	return kept, created, err
}

func (f *fixture) running() request.Request {
	f.t.Helper()
	r, _, err := f.create(sample())
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *fixture) answer(ref request.Ref, organisation, subject string) error {
	return f.try(func(ctx context.Context, tx store.Tx) error {
		_, err := f.AddAnswer(ctx, tx, ref, request.Answer{Organisation: organisation, Subject: subject, Kind: "no_trace", LookedIn: "CANARYindex"})
		return err
	})
}

func (f *fixture) chunk(ref request.Ref, c request.Chunk) error {
	return f.try(func(ctx context.Context, tx store.Tx) error {
		_, err := f.AddChunk(ctx, tx, ref, c)
		return err
	})
}

func sample() request.Request {
	return request.Request{
		Hub: "h", Episode: "e1", Requester: "p1", Revision: "rev1", Told: "identifiers_and_purpose",
		Input: policy.Input{At: start, Hub: "h", Subjects: []policy.Subject{{ID: "s1", Born: "CANARYborn"}}, Categories: []policy.Category{{Code: "pol.involvement", Reason: "CANARYreason"}}},
		Ask:   policy.Ask{Proceed: true, Categories: []string{"pol.involvement"}},
	}
}

func released(n int) []request.Released {
	var all []request.Released
	for i := range n {
		all = append(all, request.Released{
			Record: record.Record{
				Header: record.Header{Ref: fmt.Sprint("CANARYref", i), Organisation: "police", Subject: "s1", Category: "pol.involvement"},
				Fields: []record.Field{{Name: "summary", Value: "CANARYvalue"}},
			},
			Decision: policy.Decision{Effect: policy.Permit},
		})
	}
	return all
}

func TestARequestReadsBackAndOnlyUnderItsOwnName(t *testing.T) {
	f := setUp(t, nil)
	want := f.running()
	got, err := f.Get(context.Background(), want.Ref())
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(want.Input, got.Input) || !cmp.Equal(want.Ask, got.Ask) || got.State != request.Running || !got.CreateTime.Equal(start) {
		t.Errorf("what is read is not what was kept: state %s, input equal %v", got.State, cmp.Equal(want.Input, got.Input))
	}
	for _, ref := range []request.Ref{{Hub: "h", Episode: "e2", ID: want.ID}, {Hub: "x", Episode: "e1", ID: want.ID}, {Hub: "h", Episode: "e1", ID: "none"}} {
		var nf *fault.Error
		if _, err := f.Get(context.Background(), ref); !errors.As(err, &nf) || nf.Reason != "NOT_FOUND" {
			t.Errorf("%+v: %v", ref, err)
		}
		if err := f.answer(ref, "police", "s1"); !errors.As(err, &nf) || nf.Reason != "NOT_FOUND" {
			t.Errorf("an answer to %+v: %v", ref, err)
		}
	}
}

func TestAKeyNamesOneRequest(t *testing.T) {
	f := setUp(t, nil)
	first := sample()
	first.Key = request.Key{Principal: "p1", Method: "/M", Value: "CANARYkey", Body: []byte("CANARYbody")}
	kept, created, err := f.create(first)
	if err != nil || !created {
		t.Fatalf("first: %v, %v", created, err)
	}
	again, created, err := f.create(first)
	if err != nil || created || again.ID != kept.ID {
		t.Errorf("again: same %v, created %v, %v", again.ID == kept.ID, created, err)
	}
	for name, spoil := range map[string]func(*request.Request){
		"another message": func(r *request.Request) { r.Key.Body = []byte("other") },
		"another episode": func(r *request.Request) { r.Episode = "e2" },
	} {
		r := first
		spoil(&r)
		var conflict *fault.Error
		if _, _, err := f.create(r); !errors.As(err, &conflict) || conflict.Reason != "IDEMPOTENCY_KEY_REUSED" {
			t.Errorf("%s under the same key: %v", name, err)
		}
	}
	for name, spoil := range map[string]func(*request.Request){
		"another principal": func(r *request.Request) { r.Key.Principal = "p2" },
		"another method":    func(r *request.Request) { r.Key.Method = "/N" },
		"no key":            func(r *request.Request) { r.Key = request.Key{} },
		"no key again":      func(r *request.Request) { r.Key = request.Key{} },
	} {
		r := first
		spoil(&r)
		if other, created, err := f.create(r); err != nil || !created || other.ID == kept.ID {
			t.Errorf("%s: created %v, %v", name, created, err)
		}
	}
}

func TestOneAnswerPerOrganisationAndSubjectEver(t *testing.T) {
	f := setUp(t, nil)
	ref := f.running().Ref()
	errs := make(chan error, 10)
	for range cap(errs) {
		go func() { errs <- f.answer(ref, "police", "s1") }()
	}
	taken := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			taken++
		} else if !errors.Is(err, request.ErrAnswered) {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("%d answers were taken", taken)
	}
	if err := f.chunk(ref, request.Chunk{Organisation: "police", Subject: "s1", LedgerEntry: 1, Records: released(1)}); !errors.Is(err, request.ErrAnswered) {
		t.Errorf("records after the answer: %v", err)
	}
	held := request.Held{Organisation: "police", Subject: "s1", Decision: policy.Decision{Effect: policy.Review}}
	err := f.try(func(ctx context.Context, tx store.Tx) error { _, err := f.AddHeld(ctx, tx, ref, held); return err })
	if !errors.Is(err, request.ErrAnswered) {
		t.Errorf("held after the answer: %v", err)
	}
	if err := errors.Join(f.answer(ref, "police", "s2"), f.answer(ref, "education", "s1")); err != nil {
		t.Errorf("another subject, another organisation: %v", err)
	}
	answers, err := f.Answers(context.Background(), ref)
	if err != nil || len(answers) != 3 {
		t.Errorf("%d answers, %v", len(answers), err)
	}
}

func TestAChunkIsOnlyWhatWasReleasedWithItsLedgerEntry(t *testing.T) {
	f := setUp(t, nil)
	ref := f.running().Ref()
	denied, other, elsewhere := released(1), released(1), released(1)
	denied[0].Decision.Effect = policy.Review
	other[0].Record.Header.Subject = "s2"
	elsewhere[0].Record.Header.Organisation = "education"
	for name, c := range map[string]request.Chunk{
		"nothing in it":         {Organisation: "police", Subject: "s1", LedgerEntry: 1},
		"too many":              {Organisation: "police", Subject: "s1", LedgerEntry: 1, Records: released(record.MaxChunk + 1)},
		"no ledger entry":       {Organisation: "police", Subject: "s1", Records: released(1)},
		"a record under review": {Organisation: "police", Subject: "s1", LedgerEntry: 1, Records: denied},
		"of another subject":    {Organisation: "police", Subject: "s1", LedgerEntry: 1, Records: other},
		"of another holder":     {Organisation: "police", Subject: "s1", LedgerEntry: 1, Records: elsewhere},
	} {
		if err := f.chunk(ref, c); err == nil {
			t.Errorf("%s: was kept", name)
		}
	}
	if err := f.chunk(ref, request.Chunk{Organisation: "police", Subject: "s1", LedgerEntry: 7, Records: released(record.MaxChunk)}); err != nil {
		t.Error(err)
	}
	events, err := f.Events(context.Background(), request.EventQuery{Request: ref})
	if err != nil || len(events) != 1 || events[0].Chunk == nil || events[0].Seq != 1 || !cmp.Equal(events[0].Chunk.Records, released(record.MaxChunk), cmpopts.EquateEmpty()) {
		t.Errorf("%d events, %v", len(events), err)
	}
}

func TestTheEndIsTheLastEvent(t *testing.T) {
	f := setUp(t, nil)
	ref := f.running().Ref()
	stage := func() error {
		return f.try(func(ctx context.Context, tx store.Tx) error {
			return f.Stage(ctx, tx, ref, staged("s2", 1))
		})
	}
	if err := errors.Join(f.answer(ref, "police", "s1"), stage()); err != nil {
		t.Fatal(err)
	}
	end := func(state request.State) error {
		return f.try(func(ctx context.Context, tx store.Tx) error { _, err := f.End(ctx, tx, ref, state); return err })
	}
	if err := end(request.Cancelled); err != nil {
		t.Fatal(err)
	}
	tell := f.try(func(ctx context.Context, tx store.Tx) error { return f.SaveTold(ctx, tx, ref, policy.TellNarrative) })
	for name, err := range map[string]error{"end": end(request.Complete), "told": tell, "answer": f.answer(ref, "police", "s2"), "stage": stage()} {
		if !errors.Is(err, request.ErrEnded) {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
	r, err := f.Get(context.Background(), ref)
	if err != nil || r.State != request.Cancelled || !r.EndTime.Equal(start) {
		t.Errorf("state %s, end %v, %v", r.State, r.EndTime, err)
	}
	events, err := f.Events(context.Background(), request.EventQuery{Request: ref, After: 1})
	if err != nil || len(events) != 1 || events[0].Ended != request.Cancelled {
		t.Errorf("%d events after the first, %v", len(events), err)
	}
	if _, found, err := f.NextStaged(context.Background(), ref, "police", "s2"); err != nil || found {
		t.Errorf("what was staged outlived the cancel: %v, %v", found, err)
	}
	if unfinished, err := f.Unfinished(context.Background()); err != nil || len(unfinished) != 0 {
		t.Errorf("%d unfinished, %v", len(unfinished), err)
	}
}

// The files are copied as a crash leaves them; the other process finds the request where it stood.
func TestAfterACrashTheRequestIsThereAndUnfinished(t *testing.T) {
	f := setUp(t, nil)
	ref := f.running().Ref()
	if err := f.answer(ref, "police", "s1"); err != nil {
		t.Fatal(err)
	}
	crashed := t.TempDir()
	for name, content := range files(t, f.dir) {
		if err := os.WriteFile(filepath.Join(crashed, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.open(crashed)
	unfinished, err := f.Unfinished(context.Background())
	if err != nil || len(unfinished) != 1 || unfinished[0].ID != ref.ID {
		t.Fatalf("%d unfinished, %v", len(unfinished), err)
	}
	if err := f.answer(ref, "police", "s1"); !errors.Is(err, request.ErrAnswered) {
		t.Errorf("a second answer after the crash: %v", err)
	}
	if err := f.answer(ref, "police", "s2"); err != nil {
		t.Errorf("going on after the crash: %v", err)
	}
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"hub.db", "hub.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = content
	}
	return all
}

func TestAnEventMovedToAnotherRequestDoesNotOpen(t *testing.T) {
	f := setUp(t, nil)
	first, second := f.running().Ref(), f.running().Ref()
	if err := errors.Join(f.answer(first, "police", "s1"), f.answer(second, "police", "s1")); err != nil {
		t.Fatal(err)
	}
	f.do(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.NewRaw("UPDATE request_events SET body = (SELECT body FROM request_events WHERE request = ?) WHERE request = ?", first.ID, second.ID).Exec(ctx)
		return err
	})
	if _, err := f.Events(context.Background(), request.EventQuery{Request: second}); !errors.Is(err, seal.ErrUnsealable) {
		t.Errorf("moved: %v", err)
	}
	if _, err := f.Events(context.Background(), request.EventQuery{Request: request.Ref{Hub: "h", Episode: "e2", ID: first.ID}}); !errors.Is(err, seal.ErrUnsealable) {
		t.Errorf("read as a request of another episode: %v", err)
	}
}

func TestNoCanaryIsInTheFiles(t *testing.T) {
	fill := func(f *fixture) (found int) {
		r := sample()
		r.Key = request.Key{Principal: "p1", Method: "/M", Value: "CANARYkey", Body: []byte("CANARYbody")}
		kept, _, err := f.create(r)
		if err != nil {
			t.Fatal(err)
		}
		ref := kept.Ref()
		err = errors.Join(f.chunk(ref, request.Chunk{Organisation: "police", Subject: "s1", LedgerEntry: 1, Records: released(3)}), f.answer(ref, "police", "s1"))
		if err != nil {
			t.Fatal(err)
		}
		f.do(func(ctx context.Context, tx store.Tx) error {
			if err := f.Stage(ctx, tx, ref, staged("s2", 1)); err != nil {
				return err
			}
			_, err := f.AddLegs(ctx, tx, ref, []request.Leg{{Organisation: "police", Progress: []byte("CANARYprogress")}})
			return err
		})
		for _, content := range files(t, f.dir) {
			found += bytes.Count(content, []byte("CANARY"))
			found += bytes.Count(content, []byte(base64.StdEncoding.EncodeToString([]byte("CANARY"))))
			found += bytes.Count(bytes.ToUpper(content), fmt.Appendf(nil, "%X", "CANARY"))
		}
		return found
	}
	if n := fill(setUp(t, nil)); n != 0 {
		t.Errorf("%d canaries in the database's files", n)
	}
	if n := fill(setUp(t, seal.NewPlainForTest(t))); n < 5 {
		t.Errorf("with encryption off only %d canaries are found: the test would not see them", n)
	}
}

func TestListPages(t *testing.T) {
	f := setUp(t, nil)
	var want, got []string
	for range 5 {
		want = append([]string{f.running().ID}, want...)
		f.clock.Advance(time.Second)
	}
	cursor := ""
	for {
		page, next, err := f.List(context.Background(), request.Query{Hub: "h", Episode: "e1", Cursor: cursor, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			got = append(got, r.ID)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, _, err := f.List(context.Background(), request.Query{Hub: "h", Episode: "e1", Cursor: "x", Limit: 1}); err == nil {
		t.Error("a cursor that nobody gave was taken")
	}
}

func TestNothingIsPrinted(t *testing.T) {
	r := sample()
	chunk := request.Chunk{Records: released(1)}
	for _, v := range []any{r, &r, chunk, released(1), request.Event{Chunk: &chunk}, request.Leg{Progress: []byte("CANARY")}, request.Answer{LookedIn: "CANARY"}, staged("s1", 1), staged("s1", 1).Items, request.Held{Ref: "CANARY"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "CANARY") {
				t.Errorf("%s of %T prints it", verb, v)
			}
		}
	}
}
