package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// Query picks entries of one hub, oldest first.
type Query struct {
	Hub string
	// Episode, Kind and Subject (of that episode) narrow it when set.
	Episode string
	Kind    Kind
	Subject string
	// After is the last sequence number already seen.
	After int64
	// Limit is the largest number of entries returned; 0 is none.
	Limit int
}

// List returns entries in the order of the ledger.
func (l *Ledger) List(ctx context.Context, q Query) ([]Entry, error) { return l.list(ctx, q, nil) }

// Get returns one entry, or a fault NOT_FOUND.
func (l *Ledger) Get(ctx context.Context, hub string, seq int64) (Entry, error) {
	r, err := l.row(ctx, hub, seq)
	if err != nil {
		return Entry{}, err
	}
	return r.entry()
}

// Disclosures answers who saw what about the subject of q: the entries that put content before somebody's eyes, with everything about
// other people left out. Such a narrowed entry no longer matches its commitment.
func (l *Ledger) Disclosures(ctx context.Context, q Query) ([]Entry, error) {
	entries, err := l.list(ctx, q, disclosing)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		entries[i].Items = slices.DeleteFunc(entries[i].Items, func(it Item) bool { return it.Subject != q.Subject })
		entries[i].Subjects = []string{q.Subject}
	}
	return entries, nil
}

func (l *Ledger) list(ctx context.Context, q Query, kinds []Kind) ([]Entry, error) {
	var rows []row
	query := l.db.Read().NewSelect().Model(&rows).Where("e.hub = ? AND e.seq > ?", q.Hub, q.After).OrderExpr("e.seq").Limit(int64(q.Limit))
	if q.Limit <= 0 {
		return nil, nil
	}
	if q.Episode != "" {
		query = query.Where("e.episode = ?", q.Episode)
	}
	if q.Kind != "" {
		query = query.Where("e.kind = ?", q.Kind)
	}
	if kinds != nil {
		query = query.Where("e.kind IN (?)", bun.List(kinds))
	}
	if q.Subject != "" || kinds != nil {
		query = query.Join("JOIN ledger_subjects AS s ON s.hub = e.hub AND s.episode = e.episode AND s.seq = e.seq").
			Where("s.subject = ?", q.Subject)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: listing: %w", err)
	}
	entries := make([]Entry, 0, len(rows))
	for _, r := range rows {
		e, err := r.entry()
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}
