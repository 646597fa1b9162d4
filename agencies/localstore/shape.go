package localstore

import (
	"context"
	"database/sql"
	"iter"

	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// Shape is an organisation's own way of keeping people and records, in its own tables.
type Shape interface {
	// Check refuses, before the store is opened, a shape that has no place for a field, a label or a flag of the organisation.
	Check(d Definition, c *record.Catalogue) error
	// Put writes one person with every record. All of it is of the organisation's categories and in the catalogue.
	Put(ctx context.Context, tx *sql.Tx, p extract.Person) error
	// Person reads who a reference stands for and the flags set on them.
	Person(ctx context.Context, db Querier, ref string) (person.Identity, []string, error)
	// Records yields every record of one category about one person, with total headers. After an error it yields nothing more.
	Records(ctx context.Context, db *sql.DB, ref, category string) iter.Seq2[record.Record, error]
}

// Querier is a *sql.DB or a *sql.Tx.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
