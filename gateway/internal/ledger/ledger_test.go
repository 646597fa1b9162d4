package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
)

type fixture struct {
	*ledger.Ledger
	db    *store.DB
	vault *seal.Vault
}

func setUp(t *testing.T, faults func(store.Point) error) fixture {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(dir, "hub.db"), Fault: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	vault, err := seal.OpenVault(filepath.Join(dir, "keys"), make([]byte, seal.KEKSize))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(vault.Create("e1"), vault.Create("e2")); err != nil {
		t.Fatal(err)
	}
	return fixture{ledger.New(db, vault, clock.NewFake(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))), db, vault}
}

func (f fixture) append(t *testing.T, e ledger.Entry) (ledger.Entry, error) {
	t.Helper()
	var kept ledger.Entry
	err := f.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) (err error) {
		kept, err = f.Append(ctx, tx, e)
		return err
	})
	return kept, err
}

func disclosure(episode, subject, other string) ledger.Entry {
	return ledger.Entry{
		Hub: "coventry", Kind: ledger.KindDisclosure, Actor: "hubs/coventry/people/p1", ActorRole: "social_worker", Episode: episode,
		Request: "r1", Organisation: "police", Subjects: []string{subject, other}, Revision: "rev.1", Reasons: []string{"ok"},
		Items: []ledger.Item{
			{Ref: "rec-1", Subject: subject, Category: "pol.involvement", Effect: "permit", Reasons: []string{"tier_b"}},
			{Ref: "rec-2", Subject: other, Category: "pol.involvement", Effect: "redact", Masks: []string{"location"}},
		},
	}
}

func TestAnEntryReadsBackAsItWasWrittenAndHoldsToItsCommitment(t *testing.T) {
	f := setUp(t, nil)
	want, err := f.append(t, disclosure("e1", "s1", "s2"))
	if err != nil {
		t.Fatal(err)
	}
	if want.Seq != 1 || len(want.Commitment) != 64 || want.Time.IsZero() {
		t.Errorf("Append = seq %d, commitment %q", want.Seq, want.Commitment)
	}
	got, err := f.Get(context.Background(), "coventry", 1)
	if err != nil {
		t.Fatal(err)
	}
	want.Items[0].Masks, want.Items[1].Reasons = []string{}, []string{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := f.Verify(context.Background(), "coventry", 1); err != nil {
		t.Errorf("Verify: %v", err)
	}
	same, err := f.append(t, disclosure("e1", "s1", "s2"))
	if err != nil || same.Commitment == want.Commitment {
		t.Errorf("two equal entries have one commitment, so that one can be guessed from the other: %v", err)
	}
	var nf *fault.Error
	if _, err := f.Get(context.Background(), "warwick", 1); !errors.As(err, &nf) || nf.Reason != "NOT_FOUND" {
		t.Errorf("another hub's entry: %v", err)
	}
}

func TestTheLedgerHasNoGapsWhateverFails(t *testing.T) {
	f := setUp(t, nil)
	boom := errors.New("boom")
	var wg sync.WaitGroup
	for i := range 90 {
		wg.Go(func() {
			hub := "coventry"
			if i%3 == 0 {
				hub = "warwick"
			}
			err := f.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
				if _, err := f.Append(ctx, tx, ledger.Entry{Hub: hub, Kind: ledger.KindCallDenied, Method: "/x/Y"}); err != nil {
					return err
				}
				if i%5 == 0 {
					return boom // after the number was given
				}
				return nil
			})
			if i%5 == 0 != errors.Is(err, boom) {
				t.Errorf("append %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for hub, want := range map[string]int{"coventry": 48, "warwick": 24} {
		entries, err := f.List(context.Background(), ledger.Query{Hub: hub, Limit: 1000})
		if err != nil || len(entries) != want {
			t.Fatalf("%s: %d entries, %v; want %d", hub, len(entries), err, want)
		}
		for i, e := range entries {
			if e.Seq != int64(i)+1 {
				t.Fatalf("%s: entry %d has number %d", hub, i+1, e.Seq)
			}
			if err := f.Verify(context.Background(), hub, e.Seq); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWhatStandsCannotBeChanged(t *testing.T) {
	f := setUp(t, nil)
	if _, err := f.append(t, disclosure("e1", "s1", "s2")); err != nil {
		t.Fatal(err)
	}
	try := func(sql string) error {
		return f.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.NewRaw(sql).Exec(ctx)
			return err
		})
	}
	for _, sql := range []string{
		"UPDATE ledger_entries SET entry = '{}'", "DELETE FROM ledger_entries", "UPDATE ledger_heads SET seq = 0", "UPDATE ledger_heads SET seq = 5", "DELETE FROM ledger_heads",
		"INSERT OR REPLACE INTO ledger_entries SELECT hub, seq, kind, episode, '{}', commitment, salt FROM ledger_entries",
	} {
		if err := try(sql); err == nil {
			t.Errorf("%s: was done", sql)
		}
	}
	// Whoever has the file can drop the triggers; then the commitment tells.
	for _, sql := range []string{
		"DROP TRIGGER ledger_entries_stand", "UPDATE ledger_entries SET entry = replace(entry, 'social_worker', 'team_manager')",
	} {
		if err := try(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Verify(context.Background(), "coventry", 1); !errors.Is(err, ledger.ErrAltered) {
		t.Errorf("an altered entry: %v, want ErrAltered", err)
	}
}

func TestASaltOfAnotherEntryOrAnErasedCase(t *testing.T) {
	f := setUp(t, nil)
	for range 2 {
		if _, err := f.append(t, disclosure("e1", "s1", "s2")); err != nil {
			t.Fatal(err)
		}
	}
	err := f.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.NewRaw("DROP TRIGGER ledger_entries_stand").Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("UPDATE ledger_entries SET salt = (SELECT salt FROM ledger_entries WHERE seq = 2) WHERE seq = 1").Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(context.Background(), "coventry", 1); !errors.Is(err, ledger.ErrAltered) {
		t.Errorf("with another entry's salt: %v", err)
	}
	if err := f.vault.Erase("e1"); err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(context.Background(), "coventry", 2); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("after erasure: %v, want ErrNoKey", err)
	}
	if _, err := f.Get(context.Background(), "coventry", 2); err != nil {
		t.Errorf("the entry itself stays: %v", err)
	}
}

func TestWhoSawWhatIsNarrowedToThePerson(t *testing.T) {
	f := setUp(t, nil)
	read := disclosure("e1", "s2", "s1")
	read.Kind = ledger.KindPictureRead
	intent := disclosure("e1", "s1", "s2")
	intent.Kind = ledger.KindRequestIntent
	for _, e := range []ledger.Entry{disclosure("e1", "s1", "s2"), intent, read, disclosure("e2", "s1", "s2"), disclosure("e1", "s3", "s2")} {
		if _, err := f.append(t, e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Disclosures(context.Background(), ledger.Query{Hub: "coventry", Episode: "e1", Subject: "s1", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var seen []int64
	for _, e := range got {
		seen = append(seen, e.Seq)
		if len(e.Items) != 1 || e.Items[0].Subject != "s1" || len(e.Subjects) != 1 {
			t.Errorf("entry %d shows somebody else: %v %v", e.Seq, e.Items, e.Subjects)
		}
	}
	if diff := cmp.Diff([]int64{1, 3}, seen); diff != "" {
		t.Error(diff)
	}
	if next, err := f.Disclosures(context.Background(), ledger.Query{Hub: "coventry", Episode: "e1", Subject: "s1", After: 1, Limit: 1}); err != nil || len(next) != 1 || next[0].Seq != 3 {
		t.Errorf("the next page: %v, %v", next, err)
	}
	if none, err := f.Disclosures(context.Background(), ledger.Query{Hub: "coventry", Episode: "e1", Limit: 10}); err != nil || len(none) != 0 {
		t.Errorf("about nobody: %d entries, %v", len(none), err)
	}
	kinds, err := f.List(context.Background(), ledger.Query{Hub: "coventry", Episode: "e1", Kind: ledger.KindRequestIntent, Limit: 10})
	if err != nil || len(kinds) != 1 || kinds[0].Seq != 2 {
		t.Errorf("by kind: %v, %v", kinds, err)
	}
}

func TestNothingThatCouldBeASentenceGoesIn(t *testing.T) {
	f := setUp(t, nil)
	for name, spoil := range map[string]func(*ledger.Entry){
		"no hub":             func(e *ledger.Entry) { e.Hub = "" },
		"unknown kind":       func(e *ledger.Entry) { e.Kind = "gossip" },
		"a reason in words":  func(e *ledger.Entry) { e.Reasons = []string{"Anna told me"} },
		"an item's reason":   func(e *ledger.Entry) { e.Items[0].Reasons = []string{"Anna"} },
		"a mask in words":    func(e *ledger.Entry) { e.Items[0].Masks = []string{"her school"} },
		"a subject's name":   func(e *ledger.Entry) { e.Subjects = []string{"Anna Example"} },
		"an item's subject":  func(e *ledger.Entry) { e.Items[0].Subject = "Anna Example" },
		"a reference":        func(e *ledger.Entry) { e.Items[0].Ref = "Anna Example, b. 2019" },
		"a long reference":   func(e *ledger.Entry) { e.Items[0].Ref = strings.Repeat("a", 65) },
		"an actor by name":   func(e *ledger.Entry) { e.Actor = "Jo Worker" },
		"a method in words":  func(e *ledger.Entry) { e.Method = "the thing\nwith Anna" },
		"a case without key": func(e *ledger.Entry) { e.Episode = "e3" },
	} {
		e := disclosure("e1", "s1", "s2")
		spoil(&e)
		_, err := f.append(t, e)
		if err == nil {
			t.Errorf("%s was kept", name)
		} else if strings.Contains(err.Error(), "Anna") || strings.Contains(err.Error(), "Jo") {
			t.Errorf("%s: the error repeats it: %v", name, err)
		}
	}
}

func TestWhatCannotBeWrittenIsNotAnswered(t *testing.T) {
	for _, point := range store.Points() {
		if point == store.PointCommitted {
			continue
		}
		f := setUp(t, func(p store.Point) error {
			if p == point {
				return errors.New("disk")
			}
			return nil
		})
		if e, err := f.append(t, disclosure("e1", "s1", "s2")); err == nil {
			t.Errorf("%s: entry %d was acknowledged", point, e.Seq)
		}
		if entries, err := f.List(context.Background(), ledger.Query{Hub: "coventry", Limit: 10}); err != nil || len(entries) != 0 {
			t.Errorf("%s: %d entries, %v", point, len(entries), err)
		}
	}
}
