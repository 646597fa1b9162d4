package localstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// Relational is the shape of a system that keeps people and records in tables of columns, described by which column holds what.
type Relational struct {
	People People
	Tables []Table
}

// Check holds the description against the catalogue: every field of every category, every label and every flag has exactly one place.
func (r Relational) Check(d Definition, c *record.Catalogue) error {
	problems := []error{r.People.Check(d)}
	for _, category := range d.Categories {
		table, err := r.table(category)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		problems = append(problems, table.check(c))
	}
	if len(r.Tables) != len(d.Categories) {
		problems = append(problems, fmt.Errorf("%d tables for %d categories", len(r.Tables), len(d.Categories)))
	}
	return errors.Join(problems...)
}

func (r Relational) table(category string) (Table, error) {
	at := slices.IndexFunc(r.Tables, func(t Table) bool { return t.Category == category })
	if at < 0 {
		return Table{}, fmt.Errorf("there is no table for category %q", category)
	}
	return r.Tables[at], nil
}

// Put writes a person and every record.
func (r Relational) Put(ctx context.Context, tx *sql.Tx, p extract.Person) error {
	if err := r.People.Put(ctx, tx, p); err != nil {
		return err
	}
	for _, rec := range p.Records {
		table, err := r.table(rec.Header.Category)
		if err != nil {
			return err
		}
		if err := table.put(ctx, tx, p.Ref, rec); err != nil {
			return fmt.Errorf("record %q: %w", rec.Header.Ref, err)
		}
	}
	return nil
}

// Person reads one person.
func (r Relational) Person(ctx context.Context, db Querier, ref string) (person.Identity, []string, error) {
	return r.People.Read(ctx, db, ref)
}

// Records reads one category of one person.
func (r Relational) Records(ctx context.Context, db *sql.DB, ref, category string) iter.Seq2[record.Record, error] {
	table, err := r.table(category)
	if err != nil {
		return func(yield func(record.Record, error) bool) { yield(record.Record{}, err) }
	}
	return table.read(ctx, db, ref)
}
