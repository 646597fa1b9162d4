package localstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
)

// People says in which tables and columns a system keeps who people are. What it has no column for, it does not keep.
type People struct {
	// Table has one row a person; Key is its column for the system's own reference.
	Table, Key string
	Columns    []PersonColumn
	// Lists are tables with one row for each further name or telephone.
	Lists []PersonList
	// Addresses is the table of addresses.
	Addresses AddressTable
	// Flags is the table of protective flags.
	Flags FlagTable
}

// PersonColumn is a column of the people table and the part of the identity that it holds.
type PersonColumn struct {
	Name  string
	Of    func(*person.Identity) *string
	Codes Codes
}

// PersonList is a table with a row for each of several values.
type PersonList struct {
	Table, Key, Value string
	Of                func(*person.Identity) *[]string
}

// AddressTable keeps addresses: the lines in one column (a line each), the postcode, and 1 where the person lives there now.
type AddressTable struct{ Table, Key, Lines, Postcode, Current string }

// FlagTable keeps protective flags by the system's own codes.
type FlagTable struct {
	Table, Key, Code string
	Codes            Codes
}

// Check refuses code lists that could lose something, and a flag without a code.
func (p People) Check(d Definition) error {
	for _, c := range p.Columns {
		if err := c.Codes.Check(c.Name); err != nil {
			return err
		}
	}
	return p.Flags.Codes.Covers(p.Flags.Table, d.Flags)
}

// Put writes who a person is.
func (p People) Put(ctx context.Context, tx *sql.Tx, who extract.Person) error {
	names, values := []string{p.Key}, []any{who.Ref}
	for _, c := range p.Columns {
		names, values = append(names, c.Name), append(values, c.Codes.Code(*c.Of(&who.Identity)))
	}
	if err := insert(ctx, tx, p.Table, names, values); err != nil {
		return err
	}
	for _, list := range p.Lists {
		for _, value := range *list.Of(&who.Identity) {
			if err := insert(ctx, tx, list.Table, []string{list.Key, list.Value}, []any{who.Ref, value}); err != nil {
				return err
			}
		}
	}
	if err := p.Addresses.put(ctx, tx, who); err != nil {
		return err
	}
	return p.Flags.put(ctx, tx, who)
}

func (t AddressTable) put(ctx context.Context, tx *sql.Tx, who extract.Person) error {
	for _, a := range who.Identity.Addresses {
		values := []any{who.Ref, strings.Join(a.Lines, "\n"), a.Postcode, a.Current}
		if err := insert(ctx, tx, t.Table, []string{t.Key, t.Lines, t.Postcode, t.Current}, values); err != nil {
			return err
		}
	}
	return nil
}

func (t FlagTable) put(ctx context.Context, tx *sql.Tx, who extract.Person) error {
	for _, flag := range who.Flags {
		code, err := t.Codes.Closed(flag)
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, t.Table, []string{t.Key, t.Code}, []any{who.Ref, code}); err != nil {
			return err
		}
	}
	return nil
}

// Read reads who a reference stands for and the flags set on them.
func (p People) Read(ctx context.Context, db Querier, ref string) (identity person.Identity, flags []string, err error) {
	if err := p.readColumns(ctx, db, ref, &identity); err != nil {
		return identity, nil, err
	}
	for _, list := range p.Lists {
		query := fmt.Sprintf("SELECT %s FROM %s WHERE %s = ? ORDER BY rowid", list.Value, list.Table, list.Key)
		if *list.Of(&identity), err = column[string](ctx, db, query, ref); err != nil {
			return identity, nil, err
		}
	}
	if identity.Addresses, err = p.Addresses.read(ctx, db, ref); err != nil {
		return identity, nil, err
	}
	codes, err := column[string](ctx, db, fmt.Sprintf("SELECT %s FROM %s WHERE %s = ?", p.Flags.Code, p.Flags.Table, p.Flags.Key), ref)
	if err != nil {
		return identity, nil, err
	}
	flags, err = p.Flags.Codes.WordsAll(codes)
	return identity, flags, err
}

func (p People) readColumns(ctx context.Context, db Querier, ref string, into *person.Identity) error {
	names, targets := make([]string, len(p.Columns)), make([]any, len(p.Columns))
	for i, c := range p.Columns {
		names[i], targets[i] = c.Name, c.Of(into)
	}
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s = ?", strings.Join(names, ", "), p.Table, p.Key)
	if err := db.QueryRowContext(ctx, query, ref).Scan(targets...); err != nil {
		return err
	}
	for _, c := range p.Columns {
		words, err := c.Codes.Words(*c.Of(into))
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		*c.Of(into) = words
	}
	return nil
}

func (t AddressTable) read(ctx context.Context, db Querier, ref string) ([]person.Address, error) {
	query := fmt.Sprintf("SELECT %s, %s, %s FROM %s WHERE %s = ? ORDER BY rowid", t.Lines, t.Postcode, t.Current, t.Table, t.Key)
	rows, err := db.QueryContext(ctx, query, ref)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []person.Address
	for rows.Next() {
		var lines string
		var a person.Address
		if err := rows.Scan(&lines, &a.Postcode, &a.Current); err != nil {
			return nil, err
		}
		if lines != "" {
			a.Lines = strings.Split(lines, "\n")
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// insert writes one row. Table and columns come from an adapter's own description, never from data.
func insert(ctx context.Context, tx *sql.Tx, table string, columns []string, values []any) error {
	places := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(columns, ", "), places)
	if _, err := tx.ExecContext(ctx, query, values...); err != nil {
		return fmt.Errorf("writing to %s: %w", table, err)
	}
	return nil
}
