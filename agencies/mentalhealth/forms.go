package mentalhealth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// forms is the shape of the record: clients in columns, everything else in answers.
type forms struct{ clients localstore.People }

// Check holds the forms against the catalogue.
func (f forms) Check(d localstore.Definition, c *record.Catalogue) error {
	problems := []error{f.clients.Check(d), restrictions.Covers("restrictions", c.Labels)}
	for _, category := range d.Categories {
		form, err := formOf(category)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, field := range c.Categories[category].Fields {
			q, ok := form.question(field.Name)
			if !ok {
				problems = append(problems, fmt.Errorf("form %s has no question for field %q", form.code, field.Name))
			}
			problems = append(problems, q.answers.Check(form.code+"."+q.code))
		}
	}
	return errors.Join(problems...)
}

func formOf(category string) (form, error) {
	all := catalogueOfForms()
	at := slices.IndexFunc(all, func(f form) bool { return f.category == category })
	if at < 0 {
		return form{}, fmt.Errorf("there is no form for category %q", category)
	}
	return all[at], nil
}

func (f form) question(field string) (question, bool) {
	for _, q := range f.questions {
		if q.field == field {
			return q, true
		}
	}
	return question{}, false
}

// Person reads a client.
func (f forms) Person(ctx context.Context, db localstore.Querier, ref string) (person.Identity, []string, error) {
	return f.clients.Read(ctx, db, ref)
}

// Put writes a client and a form for each record.
func (f forms) Put(ctx context.Context, tx *sql.Tx, p extract.Person) error {
	if err := f.clients.Put(ctx, tx, p); err != nil {
		return err
	}
	for _, r := range p.Records {
		form, err := formOf(r.Header.Category)
		if err != nil {
			return err
		}
		if err := form.put(ctx, tx, p.Ref, r); err != nil {
			return fmt.Errorf("record %q: %w", r.Header.Ref, err)
		}
	}
	return nil
}

func (f form) put(ctx context.Context, tx *sql.Tx, client string, r record.Record) error {
	h := r.Header
	dated, date := datedBy(h)
	_, err := tx.ExecContext(ctx,
		"INSERT INTO form (form_id, client_id, form_cd, dated, date, consent_to_share, demographic_only) VALUES (?, ?, ?, ?, ?, ?, ?)",
		h.Ref, client, f.code, dated, date, h.LabelsKnown, h.OnlyAddress)
	if err != nil {
		return err
	}
	if err := restrict(ctx, tx, h.Ref, "", h.Labels); err != nil {
		return err
	}
	for _, field := range r.Fields {
		q, ok := f.question(field.Name)
		if !ok {
			return fmt.Errorf("field %q has no question", field.Name)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO answer (form_id, question_cd, answer) VALUES (?, ?, ?)", h.Ref, q.code, q.answers.Code(field.Value))
		if err != nil {
			return err
		}
		if err := restrict(ctx, tx, h.Ref, q.code, field.Labels); err != nil {
			return err
		}
	}
	return nil
}

func restrict(ctx context.Context, tx *sql.Tx, form, question string, labels []string) error {
	for _, label := range labels {
		code, err := restrictions.Closed(label)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO share_restriction (form_id, question_cd, restriction_cd) VALUES (?, ?, ?)", form, question, code)
		if err != nil {
			return err
		}
	}
	return nil
}

// datedBy says how a form is dated, and the day.
func datedBy(h record.Header) (dated, day string) {
	switch {
	case h.Current:
		return "O", ""
	case h.Until != "":
		return "D", h.Until
	case h.EventDate != "":
		return "S", h.EventDate
	}
	return "U", ""
}

// Records reads the forms of one kind, each with its answers.
func (f forms) Records(ctx context.Context, db *sql.DB, ref, category string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		form, err := formOf(category)
		if err != nil {
			yield(record.Record{}, err)
			return
		}
		headers, err := form.headers(ctx, db, ref)
		if err != nil {
			yield(record.Record{}, err)
			return
		}
		for _, h := range headers {
			r, err := form.read(ctx, db, h)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (f form) headers(ctx context.Context, db *sql.DB, client string) ([]record.Header, error) {
	rows, err := db.QueryContext(ctx,
		"SELECT form_id, dated, date, consent_to_share, demographic_only FROM form WHERE client_id = ? AND form_cd = ? ORDER BY form_id", client, f.code)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var headers []record.Header
	for rows.Next() {
		h := record.Header{Category: f.category, Labels: []string{}}
		var dated, day string
		if err := rows.Scan(&h.Ref, &dated, &day, &h.LabelsKnown, &h.OnlyAddress); err != nil {
			return nil, err
		}
		switch dated {
		case "O":
			h.Current = true
		case "D":
			h.Until = day
		case "S":
			h.EventDate = day
		}
		headers = append(headers, h)
	}
	return headers, rows.Err()
}

// read joins answers and restrictions to a form. A restriction on a question without an answer is an error: it would be lost in silence.
func (f form) read(ctx context.Context, db *sql.DB, h record.Header) (record.Record, error) {
	r := record.Record{Header: h}
	places := map[string]int{}
	err := pairs(ctx, db, "SELECT question_cd, answer FROM answer WHERE form_id = ? ORDER BY question_cd", h.Ref, func(code, answer string) error {
		at := slices.IndexFunc(f.questions, func(q question) bool { return q.code == code })
		if at < 0 {
			return fmt.Errorf("form %s has no question %s", f.code, code)
		}
		words, err := f.questions[at].answers.Words(answer)
		places[code] = len(r.Fields)
		r.Fields = append(r.Fields, record.Field{Name: f.questions[at].field, Value: words})
		return err
	})
	if err != nil {
		return r, err
	}
	err = pairs(ctx, db, "SELECT question_cd, restriction_cd FROM share_restriction WHERE form_id = ?", h.Ref, func(code, restriction string) error {
		label, err := restrictions.Words(restriction)
		if err != nil {
			return err
		}
		if code == "" {
			r.Header.Labels = append(r.Header.Labels, label)
			return nil
		}
		at, answered := places[code]
		if !answered {
			return fmt.Errorf("a restriction stands on question %s, which is not answered", code)
		}
		r.Fields[at].Labels = append(r.Fields[at].Labels, label)
		return nil
	})
	slices.Sort(r.Header.Labels)
	for _, field := range r.Fields {
		slices.Sort(field.Labels)
	}
	return r, err
}

// pairs reads two columns of one form's rows.
func pairs(ctx context.Context, db *sql.DB, query, form string, each func(a, b string) error) error {
	rows, err := db.QueryContext(ctx, query, form)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
		if err := each(a, b); err != nil {
			return err
		}
	}
	return rows.Err()
}
