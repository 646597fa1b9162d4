package decision

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// Query picks records of one hub, in the order in which they were made.
type Query struct {
	Hub string
	// Request, Since and Kinds narrow it when set.
	Request string
	Since   time.Time
	Kinds   []history.Kind
	// AfterSeq is the last record already seen.
	AfterSeq int64
	// Entry gives the digest that a ledger entry holds. When set, each record is held to it.
	Entry func(ctx context.Context, hub string, seq int64) (digest string, err error)
}

// pageSize is how many records are read at a time: a page is a snapshot of its own, so that a long reading keeps no writer's log from
// being folded in.
const pageSize = 32

// errInput says that the input is not the one the record was decided on.
var errInput = errors.New("its input is not the one that was decided on")

// Each gives the records one after the other, in order, and holds no more than a page of them. A record whose time is over, or whose
// key was erased, comes with Erased. One that is not what was recorded comes with an error that wraps history.ErrAltered, and the next
// one follows; after any other error nothing does.
func (s *Store) Each(ctx context.Context, q Query) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		read := reading{Store: s, entry: q.Entry}
		for after := q.AfterSeq; ; {
			rows, err := s.page(ctx, q, after)
			if err != nil {
				yield(history.Record{}, err)
				return
			}
			if len(rows) == 0 {
				return
			}
			for _, r := range rows {
				record, err := read.record(ctx, r)
				if !yield(record, err) || err != nil && !errors.Is(err, history.ErrAltered) {
					return
				}
			}
			after = rows[len(rows)-1].Seq
		}
	}
}

func (s *Store) page(ctx context.Context, q Query, after int64) ([]row, error) {
	var rows []row
	err := narrow(s.db.Read().NewSelect().Model(&rows), q).Where("seq > ?", after).Order("seq").Limit(pageSize).Scan(ctx)
	return rows, wrap("reading records", err)
}

func narrow(query *bun.SelectQuery, q Query) *bun.SelectQuery {
	query = query.Where("hub = ?", q.Hub)
	if q.Request != "" {
		query = query.Where("request = ?", q.Request)
	}
	if !q.Since.IsZero() {
		query = query.Where("time >= ?", q.Since.UnixMicro())
	}
	if len(q.Kinds) > 0 {
		query = query.Where("kind IN (?)", bun.List(q.Kinds))
	}
	return query
}

// Count tells how many records, and how many decisions in them, Each would give.
func (s *Store) Count(ctx context.Context, q Query) (records, decisions int64, err error) {
	err = narrow(s.db.Read().NewSelect().Model((*row)(nil)), q).Where("seq > ?", q.AfterSeq).
		ColumnExpr("COUNT(*), COALESCE(SUM(decisions), 0)").Scan(ctx, &records, &decisions)
	return records, decisions, wrap("counting records", err)
}

// Recorded tells which of some ledger entries of a hub have their record.
func (s *Store) Recorded(ctx context.Context, hub string, entries []int64) (map[int64]bool, error) {
	found := map[int64]bool{}
	if len(entries) == 0 {
		return found, nil
	}
	var seqs []int64
	err := s.db.Read().NewSelect().Model((*row)(nil)).Column("ledger_entry").Where("hub = ? AND ledger_entry IN (?)", hub, bun.List(entries)).
		Scan(ctx, &seqs)
	for _, seq := range seqs {
		found[seq] = true
	}
	return found, wrap("looking for records", err)
}

// reading remembers the input at hand: decisions that follow one another mostly share it.
type reading struct {
	*Store
	entry  func(ctx context.Context, hub string, seq int64) (string, error)
	inputs map[string]policy.Input
}

// maxInputs bounds the inputs remembered.
const maxInputs = 16

func (r *reading) record(ctx context.Context, of row) (history.Record, error) {
	known := history.Record{
		Seq: of.Seq, Hub: of.Hub, Episode: of.Episode, Request: of.Request, Kind: of.Kind, Time: time.UnixMicro(of.Time).UTC(),
		Gone: of.Decisions,
	}
	if of.Body == nil {
		known.Erased = true
		return known, nil
	}
	opened, err := r.opened(ctx, of)
	switch {
	case err == nil:
		return opened, nil
	case errors.Is(err, seal.ErrNoKey):
		known.Erased = true
		return known, nil
	case errors.Is(err, seal.ErrUnsealable), errors.Is(err, errForm), errors.Is(err, errInput), errors.Is(err, errLedger),
		errors.Is(err, sql.ErrNoRows):
		return known, fmt.Errorf("%w: record %d: %w", history.ErrAltered, of.Seq, err)
	}
	return known, err
}

// errLedger says that the record is not the one the ledger holds the digest of.
var errLedger = errors.New("it is not what the ledger says was recorded")

func (r *reading) opened(ctx context.Context, of row) (history.Record, error) {
	text, err := r.open(of.Episode, of.at(), of.Body)
	if err != nil {
		return history.Record{}, err
	}
	if err := r.onLedger(ctx, of); err != nil {
		return history.Record{}, err
	}
	var k kept
	if err := decode(text, &k); err != nil {
		return history.Record{}, err
	}
	record, err := k.record()
	if err != nil {
		return history.Record{}, err
	}
	record.Seq = of.Seq
	if k.Hub != of.Hub || k.Episode != of.Episode || k.Request != of.Request || k.Kind != of.Kind || k.Time.UnixMicro() != of.Time ||
		of.Input == nil || record.Decisions() != of.Decisions {
		return history.Record{}, errForm
	}
	record.Input, err = r.input(ctx, of, k.Input)
	return record, err
}

func (r *reading) onLedger(ctx context.Context, of row) error {
	if r.entry == nil {
		return nil
	}
	digest, err := r.entry(ctx, of.Hub, of.LedgerEntry)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(of.Body); hex.EncodeToString(sum[:]) != digest {
		return errLedger
	}
	return nil
}

func (r *reading) input(ctx context.Context, of row, digest string) (policy.Input, error) {
	key := of.Episode + " " + of.Request + " " + *of.Input + " " + digest
	if known, ok := r.inputs[key]; ok {
		return known, nil
	}
	in, err := r.inputOf(ctx, of, digest)
	if err != nil {
		return policy.Input{}, err
	}
	if len(r.inputs) >= maxInputs || r.inputs == nil {
		r.inputs = map[string]policy.Input{}
	}
	r.inputs[key] = in
	return in, nil
}
