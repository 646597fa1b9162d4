package localstore

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/extract"
)

// Import replaces everything the store holds by an extract, in one transaction: after an error it holds what it held before. An
// extract of another organisation, and a category or flag that is not the organisation's, are refused by name.
func (s *Store) Import(ctx context.Context, r io.Reader) error {
	if err := s.load(ctx, r); err != nil {
		return fmt.Errorf("localstore: loading %s: %w", s.Organisation, err)
	}
	return nil
}

func (s *Store) load(ctx context.Context, r io.Reader) error {
	source, err := extract.Read(r)
	if err != nil {
		return err
	}
	if theirs := source.Head().Organisation; theirs != s.Organisation {
		return fmt.Errorf("the extract is of %q", theirs)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back, and before it the first error counts
	if err := clearAll(ctx, tx); err != nil {
		return err
	}
	for p, err := range source.People() {
		if err != nil {
			return err
		}
		if err := s.put(ctx, tx, p); err != nil {
			return fmt.Errorf("person %q: %w", p.Ref, err)
		}
	}
	asOf := source.Head().AsOf.UTC().Format(time.RFC3339Nano)
	if _, err := tx.ExecContext(ctx, "INSERT INTO load (as_of) VALUES (?)", asOf); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *Store) put(ctx context.Context, tx *sql.Tx, p extract.Person) error {
	for _, flag := range p.Flags {
		if !slices.Contains(s.Flags, flag) {
			return fmt.Errorf("flag %q is none that %s can set", flag, s.Organisation)
		}
	}
	for i, r := range p.Records {
		if !slices.Contains(s.Categories, r.Header.Category) {
			return fmt.Errorf("record %q: category %q is not held by %s", r.Header.Ref, r.Header.Category, s.Organisation)
		}
		p.Records[i].Header = r.Header.Normalised()
	}
	if err := s.Shape.Put(ctx, tx, p); err != nil {
		return err
	}
	kept, _, err := s.Shape.Person(ctx, tx, p.Ref)
	if err != nil {
		return err
	}
	for _, key := range keys(kept) { // by what the system keeps: what it has no place for must not be kept here either
		if _, err := tx.ExecContext(ctx, "INSERT INTO lookup_key (lookup, person) VALUES (?, ?)", key, p.Ref); err != nil {
			return err
		}
	}
	return nil
}

// clearAll empties every table. Foreign keys are held to at the commit, so that the order of the tables does not matter.
func clearAll(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
		return err
	}
	tables, err := column[string](ctx, tx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		return err
	}
	for _, table := range tables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	return nil
}

// column reads one column of a query, whole.
func column[T any](ctx context.Context, db Querier, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var value T
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, rows.Err()
}
