package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/uptrace/bun"
)

// groupLimit is how many transactions share one commit at most: an fsync costs more than all of them.
const groupLimit = 64

// Point is a moment in the life of a group at which it can fail.
type Point string

// The points of a group's life, in order.
const (
	PointBegin     Point = "begin"
	PointSavepoint Point = "savepoint" // before each member
	PointRelease   Point = "release"   // after each member
	PointCommit    Point = "commit"    // everything is written, nothing is durable
	PointCommitted Point = "committed" // durable, but nobody was told
)

// Points returns every point, in order.
func Points() []Point {
	return []Point{PointBegin, PointSavepoint, PointRelease, PointCommit, PointCommitted}
}

const (
	waiting int32 = iota
	running
	abandoned
)

// member is one caller's part of a group.
type member struct {
	ctx    context.Context //nolint:containedctx // the request is queued for the writer together with its context
	do     func(context.Context, Tx) error
	state  atomic.Int32
	after  []func()
	result chan result
}

type result struct {
	err      error
	panicked any
}

// unwrap gives the caller its error, and its own panic on its own goroutine.
func (r result) unwrap() error {
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.err
}

// write is the one goroutine that writes. It ends when members is closed and drained.
func (db *DB) write() {
	defer close(db.done)
	for first := range db.members {
		db.group(first)
	}
}

// group runs first and whoever is waiting behind it in one transaction, and answers each of them once.
func (db *DB) group(first *member) {
	// The group's context is its own: a caller's would take everybody's transaction with it when it ends.
	ctx := context.Background()
	var ran []*member
	results := map[*member]result{}
	err := db.inGroup(ctx, func(tx bun.Tx) error {
		for m := first; m != nil; m = db.next(len(ran)) {
			if !m.begin() {
				continue
			}
			ran = append(ran, m)
			r, err := db.runMember(ctx, tx, m)
			results[m] = r
			if err != nil {
				return err
			}
		}
		return nil
	})
	if len(ran) == 0 && first.begin() {
		ran = append(ran, first) // the group could not be begun at all
	}
	for _, m := range ran {
		m.answer(results[m], err)
	}
}

// next takes a member that waits already; nil when none does, or when the group is full: one taken and not run would wait for ever.
func (db *DB) next(ran int) *member {
	if ran >= groupLimit {
		return nil
	}
	select {
	case m := <-db.members:
		return m
	default:
		return nil
	}
}

func (db *DB) inGroup(ctx context.Context, members func(bun.Tx) error) error {
	if err := db.failAt(PointBegin); err != nil {
		return err
	}
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: beginning: %w", err)
	}
	err = members(tx)
	if err == nil {
		err = db.failAt(PointCommit)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: committing: %w", err)
	}
	return db.failAt(PointCommitted)
}

// runMember runs one member inside its savepoint. The member's own error is in the result; an error beside it means that the
// transaction itself is broken, and the group with it.
func (db *DB) runMember(ctx context.Context, tx bun.Tx, m *member) (result, error) {
	if err := db.failAt(PointSavepoint); err != nil {
		return result{}, err
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT member"); err != nil {
		return result{}, fmt.Errorf("store: savepoint: %w", err)
	}
	r := m.run(tx)
	if err := db.failAt(PointRelease); err != nil {
		return r, err
	}
	if r.err != nil || r.panicked != nil {
		m.after = nil
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO member"); err != nil {
			return r, fmt.Errorf("store: taking back a transaction: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE member"); err != nil {
		return r, fmt.Errorf("store: releasing: %w", err)
	}
	return r, nil
}

// begin claims the member for the writer; false when its caller gave up before.
func (m *member) begin() bool { return m.state.CompareAndSwap(waiting, running) }

func (m *member) run(tx bun.Tx) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r = result{panicked: p}
		}
	}()
	return result{err: m.do(m.ctx, Tx{sql: tx, m: m})}
}

// answer tells the caller how it ended: by its own error, or by the group's.
func (m *member) answer(own result, group error) {
	if own.err == nil && own.panicked == nil {
		if group != nil {
			own.err = unavailable(group)
		} else {
			for _, after := range m.after {
				after()
			}
		}
	}
	m.result <- own
}

func (db *DB) failAt(p Point) error {
	if db.fault == nil {
		return nil
	}
	if err := db.fault(p); err != nil {
		return fmt.Errorf("store: at %s: %w", p, err)
	}
	return nil
}
