package localstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/internal/record"
)

// Marks says how a system writes labels down: as codes in a column of the row itself ("TP INF@rptd_by"), or a row each in a table
// beside it. A code marks the whole row, or after an @ one column of it.
type Marks struct {
	// Checked is the column that holds 1 where somebody went through the labels; else nobody can tell which apply.
	Checked string
	// Column holds the codes in the row itself. It is empty where Beside is used.
	Column string
	// Beside is the table of codes.
	Beside Beside
	Codes  Codes
}

// Beside is a table with a row for each mark: Row names the marked row, Element the marked column ("" for all of it).
type Beside struct{ Table, Row, Element, Code string }

// markedRow is one row on its way into a table.
type markedRow struct {
	table  Table
	record record.Record
	names  []string
	values []any
}

// mark is one code on a row or on one column of it.
type mark struct{ code, element string }

func (m Marks) put(ctx context.Context, tx *sql.Tx, row markedRow) error {
	marks, err := m.of(row)
	if err != nil {
		return err
	}
	if m.Column != "" {
		tokens := make([]string, 0, len(marks))
		for _, mark := range marks {
			tokens = append(tokens, strings.TrimSuffix(mark.code+"@"+mark.element, "@"))
		}
		row.names, row.values = append(row.names, m.Column), append(row.values, strings.Join(tokens, " "))
	}
	if err := insert(ctx, tx, row.table.Name, row.names, row.values); err != nil || m.Column != "" {
		return err
	}
	for _, mark := range marks {
		columns, values := []string{m.Beside.Row, m.Beside.Element, m.Beside.Code}, []any{row.record.Header.Ref, mark.element, mark.code}
		if err := insert(ctx, tx, m.Beside.Table, columns, values); err != nil {
			return err
		}
	}
	return nil
}

// of lists the marks of a row: its labels, then those of each field.
func (m Marks) of(row markedRow) ([]mark, error) {
	var marks []mark
	add := func(labels []string, element string) error {
		codes, err := m.Codes.ClosedAll(labels)
		for _, code := range codes {
			marks = append(marks, mark{code, element})
		}
		return err
	}
	err := add(row.record.Header.Labels, "")
	for _, field := range row.record.Fields {
		column, _ := row.table.column(field.Name)
		err = errors.Join(err, add(field.Labels, column.Name))
	}
	return marks, err
}

// expression selects the codes of a row as one text.
func (m Marks) expression(t Table) string {
	if m.Column != "" {
		return m.Column
	}
	b := m.Beside
	return fmt.Sprintf("(SELECT group_concat(%s || iif(%s = '', '', '@' || %s), ' ') FROM %s WHERE %s.%s = %s.%s)",
		b.Code, b.Element, b.Element, b.Table, b.Table, b.Row, t.Name, t.Ref)
}

// read puts the labels on the record. A mark on a column that is empty is an error: it would be lost in silence.
func (m Marks) read(t Table, tokens string, r *record.Record) error {
	r.Header.Labels = []string{}
	for token := range strings.FieldsSeq(tokens) {
		code, element, _ := strings.Cut(token, "@")
		label, err := m.Codes.Words(code)
		if err != nil {
			return err
		}
		into := &r.Header.Labels
		if element != "" {
			at := slices.IndexFunc(r.Fields, func(f record.Field) bool {
				column, _ := t.column(f.Name)
				return column.Name == element
			})
			if at < 0 {
				return fmt.Errorf("a mark stands on %s, which is empty", element)
			}
			into = &r.Fields[at].Labels
		}
		*into = append(*into, label)
	}
	slices.Sort(r.Header.Labels)
	for _, field := range r.Fields {
		slices.Sort(field.Labels)
	}
	return nil
}
