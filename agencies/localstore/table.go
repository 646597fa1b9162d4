package localstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/mashgate/mashgate/internal/record"
)

// Table says in which table and columns a system keeps one category of record. Several categories may share a table.
type Table struct {
	Category, Name string
	// Ref and Person are the columns for the record's and the person's reference.
	Ref, Person string
	// Class tells the categories of a shared table apart; its zero value is a table of one category.
	Class Class
	Dates Dates
	Marks Marks
	// AddressOnly is the column that holds 1 where the row says nothing but where somebody is.
	AddressOnly string
	Columns     []Column
}

// Class is a column with the value that it has in the rows of one category.
type Class struct{ Column, Value string }

// Column is a column and the field of the catalogue that it holds; NULL where the record does not have the field.
type Column struct {
	Field, Name string
	Codes       Codes
}

// Dates are the columns that date a row. A date is written in the system's own layout; NULL is no date.
type Dates struct {
	// Event is the day it happened; Until the last day on which it applied.
	Event, Until string
	// Status holds the code Live while it applies today, else Ended.
	Status, Live, Ended string
	// Layout is how the system writes a day ("02/01/2006").
	Layout string
}

func (t Table) check(c *record.Catalogue) error {
	var problems []error
	fields := map[string]bool{}
	for _, column := range t.Columns {
		if _, ok := c.Categories[t.Category].Field(column.Field); !ok || fields[column.Field] {
			problems = append(problems, fmt.Errorf("table %s: %q is no field of %s, or has two columns", t.Name, column.Field, t.Category))
		}
		fields[column.Field] = true
		problems = append(problems, column.Codes.Check(t.Name+"."+column.Name))
	}
	for _, field := range c.Categories[t.Category].Fields {
		if !fields[field.Name] {
			problems = append(problems, fmt.Errorf("table %s: there is no column for field %q of %s", t.Name, field.Name, t.Category))
		}
	}
	return errors.Join(append(problems, t.Marks.Codes.Covers("marks of "+t.Name, c.Labels))...)
}

func (t Table) put(ctx context.Context, tx *sql.Tx, person string, r record.Record) error {
	h := r.Header
	status := t.Dates.Ended
	if h.Current {
		status = t.Dates.Live
	}
	event, err := day(h.EventDate, time.DateOnly, t.Dates.Layout)
	if err != nil {
		return err
	}
	until, err := day(h.Until, time.DateOnly, t.Dates.Layout)
	if err != nil {
		return err
	}
	names := []string{t.Ref, t.Person, t.Dates.Event, t.Dates.Until, t.Dates.Status, t.AddressOnly, t.Marks.Checked}
	values := []any{h.Ref, person, null(event), null(until), status, h.OnlyAddress, h.LabelsKnown}
	if t.Class.Column != "" {
		names, values = append(names, t.Class.Column), append(values, t.Class.Value)
	}
	for _, field := range r.Fields {
		column, ok := t.column(field.Name)
		if !ok {
			return fmt.Errorf("field %q has no column", field.Name)
		}
		names, values = append(names, column.Name), append(values, column.Codes.Code(field.Value))
	}
	return t.Marks.put(ctx, tx, markedRow{table: t, record: r, names: names, values: values})
}

func (t Table) column(field string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Field == field {
			return c, true
		}
	}
	return Column{}, false
}

func (t Table) read(ctx context.Context, db *sql.DB, person string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		query, args := t.query(person)
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(record.Record{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			r, err := t.row(rows)
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(record.Record{}, err)
		}
	}
}

func (t Table) query(person string) (string, []any) {
	names := []string{t.Ref, t.Dates.Event, t.Dates.Until, t.Dates.Status, t.AddressOnly, t.Marks.Checked, t.Marks.expression(t)}
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s = ?", strings.Join(names, ", "), t.Name, t.Person)
	args := []any{person}
	if t.Class.Column != "" {
		query, args = query+fmt.Sprintf(" AND %s = ?", t.Class.Column), append(args, t.Class.Value)
	}
	return query + " ORDER BY " + t.Ref, args
}

func (t Table) row(rows *sql.Rows) (record.Record, error) {
	h := record.Header{Category: t.Category}
	var event, until, marks sql.NullString
	var status string
	cells := make([]sql.NullString, len(t.Columns))
	targets := []any{&h.Ref, &event, &until, &status, &h.OnlyAddress, &h.LabelsKnown, &marks}
	for i := range cells {
		targets = append(targets, &cells[i])
	}
	if err := rows.Scan(targets...); err != nil {
		return record.Record{}, err
	}
	if err := t.Dates.read(&h, event.String, until.String, status); err != nil {
		return record.Record{}, err
	}
	r := record.Record{Header: h}
	for i, column := range t.Columns {
		if !cells[i].Valid {
			continue
		}
		words, err := column.Codes.Words(cells[i].String)
		if err != nil {
			return record.Record{}, fmt.Errorf("column %s: %w", column.Name, err)
		}
		r.Fields = append(r.Fields, record.Field{Name: column.Field, Value: words})
	}
	return r, t.Marks.read(t, marks.String, &r)
}

func (d Dates) read(h *record.Header, event, until, status string) (err error) {
	if h.EventDate, err = day(event, d.Layout, time.DateOnly); err != nil {
		return fmt.Errorf("column %s: %w", d.Event, err)
	}
	if h.Until, err = day(until, d.Layout, time.DateOnly); err != nil {
		return fmt.Errorf("column %s: %w", d.Until, err)
	}
	if status != d.Live && status != d.Ended {
		return fmt.Errorf("column %s: its code is neither live nor ended", d.Status)
	}
	h.Current = status == d.Live
	return nil
}

// errDay does not repeat the day: it is somebody's.
var errDay = errors.New("a day is not written as the system writes days")

// day writes a day in another layout; no day stays none.
func day(s, from, to string) (string, error) {
	if s == "" {
		return "", nil
	}
	t, err := time.Parse(from, s)
	if err != nil {
		return "", errDay
	}
	return t.Format(to), nil
}

func null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
