package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
)

func open(t *testing.T, o store.Options) *store.DB {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "data", "hub.db")
	}
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func put(id string) func(context.Context, store.Tx) error {
	return func(ctx context.Context, tx store.Tx) error {
		_, err := tx.NewRaw("INSERT INTO hubs (id, title) VALUES (?, '')", id).Exec(ctx)
		return err
	}
}

func hubs(t *testing.T, from store.Querier) []string {
	t.Helper()
	ids := []string{}
	if err := from.NewSelect().Table("hubs").Column("id").Order("id").Scan(context.Background(), &ids); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestTheSettingsOfEveryConnection(t *testing.T) {
	db := open(t, store.Options{})
	ctx := context.Background()
	read := func(q store.Querier, pragma string) (value string) {
		if err := q.NewRaw("PRAGMA "+pragma).Scan(ctx, &value); err != nil {
			t.Fatalf("PRAGMA %s: %v", pragma, err)
		}
		return value
	}
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "query_only": "0", "secure_delete": "1"}
	err := db.InTx(ctx, func(_ context.Context, tx store.Tx) error {
		for pragma, value := range want {
			if got := read(tx, pragma); got != value {
				t.Errorf("writer: %s = %s, want %s", pragma, got, value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pragma, value := range map[string]string{"query_only": "1", "busy_timeout": "10000", "journal_mode": "wal"} {
		if got := read(db.Read(), pragma); got != value {
			t.Errorf("reader: %s = %s, want %s", pragma, got, value)
		}
	}
	if _, err := db.Read().NewRaw("INSERT INTO hubs (id, title) VALUES ('x', '')").Exec(ctx); err == nil {
		t.Error("a reader wrote")
	}
}

func TestManyWritersEachGetTheirOwnResult(t *testing.T) {
	db := open(t, store.Options{})
	boom := errors.New("boom")
	const n = 200
	errs := make([]error, n)
	var after atomic.Int32
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
				tx.OnCommit(func() { after.Add(1) })
				if err := put(fmt.Sprintf("hub%03d", i))(ctx, tx); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return boom
				case 2:
					return put(fmt.Sprintf("hub%03d", i))(ctx, tx) // twice: refused by the primary key
				}
				return nil
			})
		})
	}
	wg.Wait()
	want := []string{}
	for i, err := range errs {
		switch i % 4 {
		case 1:
			if !errors.Is(err, boom) {
				t.Errorf("member %d: %v, want its own error", i, err)
			}
		case 2:
			if err == nil {
				t.Errorf("member %d wrote one key twice", i)
			}
		default:
			want = append(want, fmt.Sprintf("hub%03d", i))
			if err != nil {
				t.Errorf("member %d: %v", i, err)
			}
		}
	}
	if diff := cmp.Diff(want, hubs(t, db.Read())); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
	if int(after.Load()) != len(want) {
		t.Errorf("%d of %d were told of their commit", after.Load(), len(want))
	}
}

// hold keeps the writer busy until release is called, so that those behind it join its group. Release tells how the group ended.
func hold(db *store.DB) (release func() error) {
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.InTx(context.Background(), func(context.Context, store.Tx) error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	return func() error {
		close(leave)
		return <-done
	}
}

func TestACancelledMemberDoesNotRunAndHurtsNobody(t *testing.T) {
	db := open(t, store.Options{})
	release := hold(db)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	go func() { gone <- db.InTx(ctx, put("cancelled")) }()
	stays := make(chan error, 1)
	go func() { stays <- db.InTx(context.Background(), put("stays")) }()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that gave up: %v", err)
	}
	if err := errors.Join(release(), <-stays); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
	if diff := cmp.Diff([]string{"stays"}, hubs(t, db.Read())); diff != "" {
		t.Error(diff)
	}
}

func TestAMemberCancelledWhileItRunsIsStillCommittedWithItsGroup(t *testing.T) {
	db := open(t, store.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	err := db.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		cancel()
		if ctx.Err() != nil {
			t.Error("the transaction's context ended with its caller's")
		}
		return put("kept")(ctx, tx)
	})
	if err != nil {
		t.Errorf("the result is awaited once it has begun: %v", err)
	}
	if diff := cmp.Diff([]string{"kept"}, hubs(t, db.Read())); diff != "" {
		t.Error(diff)
	}
	if err := db.InTx(ctx, put("never")); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended before: %v", err)
	}
}

func TestAPanicIsTheCallersAlone(t *testing.T) {
	db := open(t, store.Options{})
	func() {
		defer func() {
			if p := recover(); p != "boom" {
				t.Errorf("recovered %v", p)
			}
		}()
		_ = db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
			if err := put("panicked")(ctx, tx); err != nil {
				return err
			}
			panic("boom")
		})
		t.Error("the panic was swallowed")
	}()
	if err := db.InTx(context.Background(), put("after")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"after"}, hubs(t, db.Read())); diff != "" {
		t.Error(diff)
	}
}

func TestATransactionInsideATransactionIsRefused(t *testing.T) {
	db := open(t, store.Options{})
	err := db.InTx(context.Background(), func(ctx context.Context, _ store.Tx) error { return db.InTx(ctx, put("inner")) })
	if err == nil {
		t.Error("it was taken")
	}
}

// Whatever point fails, the caller is told, nothing is there that was not acknowledged (except that a commit may be durable whose
// caller never heard), and the next transaction works.
func TestAFailureAtEveryPointIsToldAndLeavesNothing(t *testing.T) {
	for _, point := range store.Points() {
		t.Run(string(point), func(t *testing.T) {
			var broken atomic.Bool
			db := open(t, store.Options{Fault: func(p store.Point) error {
				if p == point && broken.Load() {
					return errors.New("disk")
				}
				return nil
			}})
			broken.Store(true)
			told := false
			err := db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
				tx.OnCommit(func() { told = true })
				return put("first")(ctx, tx)
			})
			var f *fault.Error
			if !errors.As(err, &f) || f.Reason != "STORE_UNAVAILABLE" || told {
				t.Errorf("InTx = %v, told %v", err, told)
			}
			broken.Store(false)
			if err := db.InTx(context.Background(), put("second")); err != nil {
				t.Fatalf("afterwards: %v", err)
			}
			want := []string{"second"}
			if point == store.PointCommitted {
				want = []string{"first", "second"}
			}
			if diff := cmp.Diff(want, hubs(t, db.Read())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An error that rolls the whole transaction back inside SQLite must not let a neighbour believe that it was committed.
func TestABrokenTransactionFailsItsWholeGroup(t *testing.T) {
	db := open(t, store.Options{})
	release := hold(db)
	results := make(chan error, 2)
	go func() { results <- db.InTx(context.Background(), put("neighbour")) }()
	go func() {
		results <- db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
			if err := put("neighbour2")(ctx, tx); err != nil {
				return err
			}
			_, _ = tx.NewRaw("ROLLBACK").Exec(ctx) // what SQLITE_FULL or SQLITE_IOERR does by itself
			return nil                             // and the member does not even notice
		})
	}()
	_ = release() // its own writes, none, are lost with the group when the others had joined it
	acknowledged := 0
	for range 2 {
		if err := <-results; err == nil {
			acknowledged++
		}
	}
	if kept := len(hubs(t, db.Read())); kept != acknowledged {
		t.Errorf("%d acknowledged, %d kept", acknowledged, kept)
	}
	if err := db.InTx(context.Background(), put("next")); err != nil {
		t.Errorf("the writer is broken: %v", err)
	}
}

// A copy of the files, taken while the database is open and never closed, holds exactly what was acknowledged.
func TestWhatWasAcknowledgedSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hub.db")
	db := open(t, store.Options{Path: path})
	for i := range 5 {
		if err := db.InTx(context.Background(), put(fmt.Sprintf("hub%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	copied := make(chan error, 1)
	err := db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
		if err := put("unacknowledged")(ctx, tx); err != nil {
			return err
		}
		copied <- copyFiles(dir, dir+"-crashed")
		return nil
	})
	if err := errors.Join(err, <-copied); err != nil {
		t.Fatal(err)
	}
	after := open(t, store.Options{Path: filepath.Join(dir+"-crashed", "hub.db")})
	if diff := cmp.Diff([]string{"hub0", "hub1", "hub2", "hub3", "hub4"}, hubs(t, after.Read())); diff != "" {
		t.Errorf("after the crash (-want +got):\n%s", diff)
	}
}

func copyFiles(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"hub.db", "hub.db-wal"} {
		in, err := os.Open(filepath.Join(from, name))
		if err != nil {
			return err
		}
		out, err := os.Create(filepath.Join(to, name))
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err := errors.Join(err, in.Close(), out.Close()); err != nil {
			return err
		}
	}
	return nil
}

func TestClosingFinishesWhatIsUnderWayAndRefusesMore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	db, err := store.Open(context.Background(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	release := hold(db)
	queued := make(chan error, 1)
	go func() { queued <- db.InTx(context.Background(), put("queued")) }()
	if err := errors.Join(release(), <-queued); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := db.InTx(context.Background(), put("late")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if diff := cmp.Diff([]string{"queued"}, hubs(t, open(t, store.Options{Path: path}).Read())); diff != "" {
		t.Error(diff)
	}
}

func TestTheFileIsPrivateAndNamedInFull(t *testing.T) {
	if _, err := store.Open(context.Background(), store.Options{Path: "hub.db"}); err == nil {
		t.Error("a path relative to wherever the process runs was taken")
	}
	path := filepath.Join(t.TempDir(), "a folder with ?#% signs", "hub.db")
	db := open(t, store.Options{Path: path})
	if err := db.InTx(context.Background(), put("x")); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Dir(path), path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", filepath.Base(file), info.Mode().Perm())
		}
	}
}

func TestReadersDoNotSeeWhatIsNotCommitted(t *testing.T) {
	db := open(t, store.Options{})
	err := db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
		if err := put("x")(ctx, tx); err != nil {
			return err
		}
		if got := hubs(t, tx); len(got) != 1 {
			t.Errorf("the transaction sees %v of its own", got)
		}
		if got := hubs(t, db.Read()); len(got) != 0 {
			t.Errorf("a reader sees %v", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var title string
	if err := db.Read().NewSelect().Table("hubs").Column("title").Where("id = 'none'").Scan(context.Background(), &title); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a row that is not there: %v", err)
	}
}
