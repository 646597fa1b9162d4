package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/mashgate/mashgate/internal/fault"
	"github.com/uptrace/bun"
)

// Querier is what reading needs; a Tx and the readers both are one.
type Querier interface {
	NewSelect() *bun.SelectQuery
	NewRaw(query string, args ...any) *bun.RawQuery
}

// Tx is the only way to SQL inside a transaction. It is good until the function it was given to returns.
type Tx struct {
	sql bun.IDB
	m   *member
}

// NewSelect starts a query that sees what this transaction wrote.
func (tx Tx) NewSelect() *bun.SelectQuery { return tx.sql.NewSelect() }

// NewInsert starts an insert.
func (tx Tx) NewInsert() *bun.InsertQuery { return tx.sql.NewInsert() }

// NewUpdate starts an update.
func (tx Tx) NewUpdate() *bun.UpdateQuery { return tx.sql.NewUpdate() }

// NewDelete starts a delete.
func (tx Tx) NewDelete() *bun.DeleteQuery { return tx.sql.NewDelete() }

// NewRaw starts a query given as text with placeholders.
func (tx Tx) NewRaw(query string, args ...any) *bun.RawQuery { return tx.sql.NewRaw(query, args...) }

// OnCommit calls do once the transaction is durable, before InTx returns. It is not called when the transaction fails. It runs on the
// writer and must not wait for anything.
func (tx Tx) OnCommit(do func()) { tx.m.after = append(tx.m.after, do) }

// ErrClosed says that the database was closed.
var ErrClosed = errors.New("store: the database is closed")

// errNested says that a transaction was begun inside another one, which would wait for itself for ever.
var errNested = errors.New("store: a transaction was begun inside a transaction")

type inTx struct{}

// InTx runs do in a transaction and returns once its writes are durable. Transactions run one after the other, and several share one
// commit; an error or panic of one takes back its own writes alone. Do gets a context without cancellation, because an interrupted
// statement would take the whole group with it; it must be short and do no I/O but SQL. A caller that gives up before its turn gets its
// context's error and nothing happens; once do has begun, the result is awaited. When the database cannot be written the error is a
// fault STORE_UNAVAILABLE, and do's writes are not there; what do did elsewhere it did.
func (db *DB) InTx(ctx context.Context, do func(ctx context.Context, tx Tx) error) error {
	if ctx.Value(inTx{}) != nil {
		return errNested
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store: waiting for the writer: %w", err)
	}
	m := &member{ctx: context.WithValue(context.WithoutCancel(ctx), inTx{}, true), do: do, result: make(chan result, 1)}
	if err := db.enqueue(ctx, m); err != nil {
		return err
	}
	select {
	case r := <-m.result:
		return r.unwrap()
	case <-ctx.Done():
	}
	if m.state.CompareAndSwap(waiting, abandoned) {
		return fmt.Errorf("store: waiting for the writer: %w", ctx.Err())
	}
	r := <-m.result
	return r.unwrap()
}

func (db *DB) enqueue(ctx context.Context, m *member) error {
	db.closing.RLock()
	defer db.closing.RUnlock()
	if db.closed {
		return unavailable(ErrClosed)
	}
	select {
	case db.members <- m:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("store: waiting for the writer: %w", ctx.Err())
	}
}

func unavailable(cause error) error {
	return fault.Unavailable("STORE_UNAVAILABLE", "The hub's records cannot be written now, so nothing was done. Try again.", cause)
}
