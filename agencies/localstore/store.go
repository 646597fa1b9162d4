// Package localstore is the plumbing that the reference adapters share: opening an organisation's own SQLite store, loading an extract
// into it whole or not at all, and finding the people somebody might be. How people and records are kept is the adapter's (Shape): each
// has its own tables, names, dates and codes, as real systems have. It stands on the agency's side of the path, under the adapter
// library, which verifies the warrant and decides what leaves; it trusts its own organisation's data only as far as the catalogue goes,
// and refuses a category, field, label or flag that is not the organisation's.
package localstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/mashgate/mashgate/internal/record"
)

// Definition is what one organisation's adapter is made of.
type Definition struct {
	// Organisation is its id ("police"); Title its name for people; LookedIn the name of its index for people ("Nominal index").
	Organisation, Title, LookedIn string
	// Categories are the codes it holds, Flags the protective flags it can set.
	Categories, Flags []string
	// MaxIndexAge is how old its index may be before finding nobody means nothing.
	MaxIndexAge time.Duration
	// Tables is the SQL that makes its store.
	Tables string
	// Shape is how it keeps people and records.
	Shape Shape
	// Rules is its own policy pack.
	Rules fs.FS
}

// Store is an organisation's own system, open. Any number of goroutines may read it; one Import at a time replaces what it holds.
type Store struct {
	Definition

	db        *sql.DB
	catalogue *record.Catalogue
}

// plumbing is kept beside the organisation's own tables: the keys people are found by, and what was loaded when.
const plumbing = `
CREATE TABLE IF NOT EXISTS lookup_key (lookup TEXT NOT NULL, person TEXT NOT NULL, PRIMARY KEY (lookup, person)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS load (as_of TEXT NOT NULL);
`

// Open opens, or makes, the organisation's store in a folder. The folder and the file are its owner's alone.
func Open(ctx context.Context, folder string, d Definition) (*Store, error) {
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return nil, err
	}
	if err := d.check(catalogue); err != nil {
		return nil, fmt.Errorf("localstore: %s: %w", d.Organisation, err)
	}
	db, err := openFile(ctx, filepath.Join(folder, d.Organisation+".db"), plumbing+d.Tables)
	if err != nil {
		return nil, fmt.Errorf("localstore: opening the store of %s: %w", d.Organisation, err)
	}
	return &Store{Definition: d, db: db, catalogue: catalogue}, nil
}

// check refuses a definition that could lose a field or a label without saying so.
func (d Definition) check(catalogue *record.Catalogue) error {
	var problems []error
	for _, category := range d.Categories {
		if _, ok := catalogue.Categories[category]; !ok {
			problems = append(problems, fmt.Errorf("category %q is not in the catalogue", category))
		}
	}
	for _, flag := range d.Flags {
		if !slices.Contains(catalogue.Flags, flag) {
			problems = append(problems, fmt.Errorf("flag %q is not in the catalogue", flag))
		}
	}
	if d.Shape == nil || d.Rules == nil || d.Title == "" || d.LookedIn == "" || d.MaxIndexAge <= 0 || len(d.Categories) == 0 {
		return errors.Join(append(problems, errors.New("title, looked in, categories, index age, shape and rules are needed"))...)
	}
	return errors.Join(append(problems, d.Shape.Check(d, catalogue))...)
}

func openFile(ctx context.Context, path, tables string) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	options := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+options.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	if _, err := db.ExecContext(ctx, tables); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }
