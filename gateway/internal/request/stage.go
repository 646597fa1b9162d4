package request

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/uptrace/bun"
)

// Arrived is one record as an organisation sent it, before anything was decided on it.
type Arrived struct {
	Record record.Record
	// Stub is review or exist where the fields stayed with their holder, and Reasons are the holder's codes for that.
	Stub    string
	Reasons []string
}

// Staged is one chunk that has arrived and is out of sight: nobody but the exchange reads it, and what becomes of it is decided when
// its leg has ended.
type Staged struct {
	// ID is the place in the order of arrival. Stage sets it.
	ID           int64
	Organisation string
	Subject      string
	Items        []Arrived
}

type stagedRow struct {
	bun.BaseModel `bun:"table:request_staged"`

	ID           int64 `bun:",pk,autoincrement"`
	Request      string
	Organisation string
	Subject      string
	Place        string
	Body         []byte
}

// Stage keeps a chunk, sealed under the episode's key. ErrEnded when the request has ended.
func (s *Store) Stage(ctx context.Context, tx store.Tx, ref Ref, c Staged) error {
	if n := len(c.Items); n == 0 || n > record.MaxChunk {
		return fmt.Errorf("request: staging a chunk of %d records", n)
	}
	r, err := s.GetTx(ctx, tx, ref)
	if err != nil {
		return err
	}
	if r.State != Running {
		return ErrEnded
	}
	row := stagedRow{Request: ref.ID, Organisation: c.Organisation, Subject: c.Subject, Place: strings.ToLower(rand.Text())}
	if row.Body, err = s.seal(ref.Episode, stagedPlace(row), keepArrived(c.Items)); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("request: staging: %w", err)
	}
	return nil
}

// NextStaged reads the oldest staged chunk of an organisation on a subject; found is false when none is left.
func (s *Store) NextStaged(ctx context.Context, ref Ref, organisation, subject string) (c Staged, found bool, err error) {
	var row stagedRow
	err = s.db.Read().NewSelect().Model(&row).Where("request = ? AND organisation = ? AND subject = ?", ref.ID, organisation, subject).
		Order("id").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Staged{}, false, nil
	}
	if err != nil {
		return Staged{}, false, fmt.Errorf("request: reading what is staged: %w", err)
	}
	var kept []keptArrived
	if err := s.open(ref.Episode, stagedPlace(row), row.Body, &kept); err != nil {
		return Staged{}, true, err
	}
	return Staged{ID: row.ID, Organisation: organisation, Subject: subject, Items: arrivedOf(kept)}, true, nil
}

// Unstage removes a chunk that has been decided on, in the transaction that keeps what was decided.
func (s *Store) Unstage(ctx context.Context, tx store.Tx, ref Ref, id int64) error {
	res, err := tx.NewDelete().Model((*stagedRow)(nil)).Where("request = ? AND id = ?", ref.ID, id).Exec(ctx)
	return one(res, err, ErrLeaseLost)
}

// DropStaged removes whatever is staged of an organisation's leg; nothing being there is no error.
func (s *Store) DropStaged(ctx context.Context, tx store.Tx, ref Ref, organisation string) error {
	_, err := tx.NewDelete().Model((*stagedRow)(nil)).Where("request = ? AND organisation = ?", ref.ID, organisation).Exec(ctx)
	if err != nil {
		return fmt.Errorf("request: dropping what is staged: %w", err)
	}
	return nil
}

// stagedPlace binds a chunk to the organisation and the person it came about.
func stagedPlace(row stagedRow) seal.Place {
	return seal.Place{Table: "request_staged", Column: "body", Row: strings.Join([]string{row.Request, row.Organisation, row.Subject, row.Place}, "/")}
}

// Format implements fmt.Formatter.
func (Arrived) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Arrived) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Staged) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (c Staged) LogValue() slog.Value { return slog.StringValue(c.Organisation) }

// dropAllStaged discards what has not been decided on when a request ends.
func dropAllStaged(ctx context.Context, tx store.Tx, ref Ref) error {
	if _, err := tx.NewDelete().Model((*stagedRow)(nil)).Where("request = ?", ref.ID).Exec(ctx); err != nil {
		return fmt.Errorf("request: discarding what is staged: %w", err)
	}
	return nil
}
