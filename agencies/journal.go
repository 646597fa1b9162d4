package agencies

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/mashgate/mashgate/internal/warrant"
)

//go:embed journal.sql
var journalSchema string

// usedMargin is how long after its expiry a used warrant is still remembered, for replicas whose clocks differ.
const usedMargin = 10 * time.Minute

// locatedKept is how long it is remembered who was located on a leg. After that a Collect needs a new Locate.
const locatedKept = 30 * 24 * time.Hour

// Journal is what an agency must not forget: which warrants were used, who was located on which leg, what was refused and how much
// was released. It is a file of the organisation's own, shared by all replicas of its agency on one machine. What it says it has
// written is on disk. Any number of goroutines may use it.
type Journal struct {
	db   *sql.DB
	keep time.Duration
}

// JournalOptions say where the journal is and how long it remembers. Both are needed.
type JournalOptions struct {
	// Path is its file, which only its owner can read; it is made if there is none.
	Path string
	// KeepDecisions is how long it is kept what was decided on, so that the organisation can try another policy on it.
	KeepDecisions time.Duration
}

// OpenJournal opens a journal.
func OpenJournal(ctx context.Context, o JournalOptions) (*Journal, error) {
	if o.Path == "" || o.KeepDecisions <= 0 {
		return nil, errors.New("agencies: a journal needs a file, and how long decisions are kept")
	}
	path := o.Path
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("agencies: opening the journal: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("agencies: opening the journal: %w", err)
	}
	settings := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: settings.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("agencies: opening the journal: %w", err)
	}
	db.SetMaxOpenConns(1)
	j := &Journal{db: db, keep: o.KeepDecisions}
	err = j.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, journalSchema)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("agencies: opening the journal: %w", err), db.Close())
	}
	return j, nil
}

// Close closes the file. What was written stays.
func (j *Journal) Close() error { return j.db.Close() }

func (j *Journal) inTx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// use takes a verified warrant once per (jti, method); a second time is a *warrant.Refusal. It also forgets what is past remembering.
func (j *Journal) use(ctx context.Context, c warrant.Claims, now time.Time) error {
	fresh := false
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		if err := forget(ctx, tx, now); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO used (jti, method, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, c.ID, c.Method, c.Expires)
		if err != nil {
			return err
		}
		rows, err := done.RowsAffected()
		fresh = rows == 1
		return err
	})
	if err != nil {
		return fmt.Errorf("agencies: taking a warrant: %w", err)
	}
	if !fresh {
		return warrant.Refuse(warrant.Replayed, "it has been used before")
	}
	return nil
}

func forget(ctx context.Context, tx *sql.Tx, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM used WHERE expires < ?`, now.Add(-usedMargin).Unix()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM leg WHERE at < ?`, now.Add(-locatedKept).Unix())
	return err
}

// saveLocated remembers whom an attempt of a leg found, in place of what earlier attempts found. An attempt that is overtaken by a
// newer one changes nothing.
func (j *Journal) saveLocated(ctx context.Context, c warrant.Claims, now time.Time, refs map[string]string) error {
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO leg (hub, request, leg, attempt, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (hub, request, leg) DO UPDATE SET attempt = excluded.attempt, at = excluded.at WHERE excluded.attempt >= leg.attempt`,
			c.Hub, c.Request, c.Leg, c.Attempt, now.Unix())
		if err != nil {
			return err
		}
		if rows, err := done.RowsAffected(); err != nil || rows == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM located WHERE hub = ? AND request = ? AND leg = ?`, c.Hub, c.Request, c.Leg); err != nil {
			return err
		}
		for subject, ref := range refs {
			if _, err := tx.ExecContext(ctx, `INSERT INTO located (hub, request, leg, subject, ref) VALUES (?, ?, ?, ?, ?)`,
				c.Hub, c.Request, c.Leg, subject, ref); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("agencies: remembering who was located: %w", err)
	}
	return nil
}

// located gives whom the newest attempt of the leg found: subject to the organisation's own reference.
func (j *Journal) located(ctx context.Context, c warrant.Claims) (refs map[string]string, err error) {
	rows, err := j.db.QueryContext(ctx, `SELECT subject, ref FROM located WHERE hub = ? AND request = ? AND leg = ?`, c.Hub, c.Request, c.Leg)
	if err != nil {
		return nil, fmt.Errorf("agencies: recalling who was located: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	refs = map[string]string{}
	for rows.Next() {
		var subject, ref string
		if err := rows.Scan(&subject, &ref); err != nil {
			return nil, fmt.Errorf("agencies: recalling who was located: %w", err)
		}
		refs[subject] = ref
	}
	return refs, rows.Err()
}
