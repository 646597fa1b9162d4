package agencies

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mashgate/mashgate/internal/warrant"
)

// Refused is one refusal in the journal.
type Refused struct {
	At     time.Time
	Method string
	// Caller is the SAN in the certificate of whoever presented the warrant.
	Caller string
	// Warrant, Hub, Request, Leg and Attempt are empty where no signature stood to vouch for them.
	Warrant, Hub, Request, Leg string
	Attempt                    int
	Code                       warrant.Code
}

// Released is one subject's answer in the journal: how much left, never what.
type Released struct {
	At                         time.Time
	Warrant, Hub, Request, Leg string
	Attempt                    int
	Subject                    string
	// Records counts those that left with fields, Stubs those without.
	Records, Stubs int
	// Outcome is "done", "refused" or "error".
	Outcome string
	// Revision is the organisation's own policy revision that decided.
	Revision string
}

// refuse writes a refusal. It does not depend on the caller still waiting: who cancels is recorded all the same.
func (j *Journal) refuse(ctx context.Context, r Refused) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	_, err := j.db.ExecContext(ctx, `INSERT INTO refusal (at, method, caller, jti, hub, request, leg, attempt, code) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.At.UnixMicro(), r.Method, r.Caller, r.Warrant, r.Hub, r.Request, r.Leg, r.Attempt, string(r.Code))
	if err != nil {
		return fmt.Errorf("agencies: recording a refusal: %w", err)
	}
	return nil
}

// release writes what is about to leave on one leg, all subjects at once, and what it was decided on. It also forgets decisions that
// are past keeping.
func (j *Journal) release(ctx context.Context, entries []Released, decided []Decided) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		for _, r := range entries {
			_, err := tx.ExecContext(ctx, `INSERT INTO release (at, jti, hub, request, leg, attempt, subject, records, stubs, outcome, revision)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				r.At.UnixMicro(), r.Warrant, r.Hub, r.Request, r.Leg, r.Attempt, r.Subject, r.Records, r.Stubs, r.Outcome, r.Revision)
			if err != nil {
				return err
			}
		}
		if len(decided) == 0 {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM decided WHERE at < ?`, decided[0].At.Add(-j.keep).UnixMicro()); err != nil {
			return err
		}
		return j.decided(ctx, tx, decided)
	})
	if err != nil {
		return fmt.Errorf("agencies: recording a release: %w", err)
	}
	return nil
}

// recordTimeout bounds a write that no longer depends on its caller.
const recordTimeout = 15 * time.Second

func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
}

// Refusals lists what was refused, oldest first.
func (j *Journal) Refusals(ctx context.Context) ([]Refused, error) {
	return list(ctx, j.db, `SELECT at, method, caller, jti, hub, request, leg, attempt, code FROM refusal ORDER BY id`,
		func(rows *sql.Rows) (r Refused, err error) {
			var at int64
			err = rows.Scan(&at, &r.Method, &r.Caller, &r.Warrant, &r.Hub, &r.Request, &r.Leg, &r.Attempt, &r.Code)
			r.At = time.UnixMicro(at).UTC()
			return r, err
		})
}

// Releases lists what left, oldest first.
func (j *Journal) Releases(ctx context.Context) ([]Released, error) {
	return list(ctx, j.db, `SELECT at, jti, hub, request, leg, attempt, subject, records, stubs, outcome, revision FROM release ORDER BY id`,
		func(rows *sql.Rows) (r Released, err error) {
			var at int64
			err = rows.Scan(&at, &r.Warrant, &r.Hub, &r.Request, &r.Leg, &r.Attempt, &r.Subject, &r.Records, &r.Stubs, &r.Outcome, &r.Revision)
			r.At = time.UnixMicro(at).UTC()
			return r, err
		})
}

func list[T any](ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) (T, error), with ...any) (found []T, err error) {
	rows, err := db.QueryContext(ctx, query, with...)
	if err != nil {
		return nil, fmt.Errorf("agencies: reading the journal: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		entry, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("agencies: reading the journal: %w", err)
		}
		found = append(found, entry)
	}
	return found, rows.Err()
}
