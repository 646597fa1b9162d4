package communityhealth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// resources is the shape of the store: JSON documents.
type resources struct{}

// Check holds the profiles against the catalogue.
func (resources) Check(d localstore.Definition, c *record.Catalogue) error {
	problems := []error{genders.Check("gender"), flags.Covers("flags", d.Flags), security.Covers("security labels", c.Labels)}
	for _, category := range d.Categories {
		p, err := profileOf(category)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, field := range c.Categories[category].Fields {
			if _, ok := p.element(field.Name); !ok {
				problems = append(problems, fmt.Errorf("profile %s has no element for field %q", p.name, field.Name))
			}
		}
		for _, e := range p.elements {
			problems = append(problems, e.codes.Check(p.name+"."+e.path))
		}
	}
	return errors.Join(problems...)
}

func profileOf(category string) (profile, error) {
	all := profiles()
	at := slices.IndexFunc(all, func(p profile) bool { return p.category == category })
	if at < 0 {
		return profile{}, fmt.Errorf("there is no profile for category %q", category)
	}
	return all[at], nil
}

// Put writes a Patient, a Flag for each flag, and a resource for each record.
func (resources) Put(ctx context.Context, tx *sql.Tx, p extract.Person) error {
	if err := store(ctx, tx, row{id: p.Ref, kind: "Patient", patient: p.Ref, body: toPatient(p)}); err != nil {
		return err
	}
	for _, flag := range p.Flags {
		code, err := flags.Closed(flag)
		if err != nil {
			return err
		}
		body := document{
			"resourceType": "Flag", "status": "active", "code": codeText{code}, "subject": map[string]string{"reference": "Patient/" + p.Ref},
		}
		if err := store(ctx, tx, row{id: p.Ref + "." + code, kind: "Flag", patient: p.Ref, profile: code, body: body}); err != nil {
			return err
		}
	}
	for _, r := range p.Records {
		profile, err := profileOf(r.Header.Category)
		if err != nil {
			return err
		}
		body, err := profile.encode(r, p.Ref)
		if err != nil {
			return fmt.Errorf("record %q: %w", r.Header.Ref, err)
		}
		if err := store(ctx, tx, row{id: r.Header.Ref, kind: profile.resourceType, patient: p.Ref, profile: profile.name, body: body}); err != nil {
			return err
		}
	}
	return nil
}

type row struct {
	id, kind, patient, profile string
	body                       any
}

func store(ctx context.Context, tx *sql.Tx, r row) error {
	body, err := json.Marshal(r.body)
	if err != nil {
		return fmt.Errorf("writing a %s: %w", r.kind, err)
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO resource (id, type, patient, profile, body) VALUES (?, ?, ?, ?, ?)", r.id, r.kind, r.patient, r.profile, string(body))
	if err != nil {
		return fmt.Errorf("writing a %s: %w", r.kind, err)
	}
	return nil
}

// Person reads a Patient and the Flags on them.
func (resources) Person(ctx context.Context, db localstore.Querier, ref string) (person.Identity, []string, error) {
	var body []byte
	if err := db.QueryRowContext(ctx, "SELECT body FROM resource WHERE type = 'Patient' AND id = ?", ref).Scan(&body); err != nil {
		return person.Identity{}, nil, err
	}
	var p patient
	if err := json.Unmarshal(body, &p); err != nil {
		return person.Identity{}, nil, errors.New("a Patient cannot be read")
	}
	identity, err := p.identity()
	if err != nil {
		return person.Identity{}, nil, err
	}
	set, err := flagsOn(ctx, db, ref)
	return identity, set, err
}

func flagsOn(ctx context.Context, db localstore.Querier, ref string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT body ->> '$.code.text' FROM resource WHERE type = 'Flag' AND patient = ? ORDER BY id", ref)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var set []string
	for rows.Next() {
		var code string
		if err := rows.Scan(&code); err != nil {
			return nil, err
		}
		flag, err := flags.Words(code)
		if err != nil {
			return nil, err
		}
		set = append(set, flag)
	}
	return set, rows.Err()
}

// Records reads the resources of one profile.
func (resources) Records(ctx context.Context, db *sql.DB, ref, category string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		p, err := profileOf(category)
		if err != nil {
			yield(record.Record{}, err)
			return
		}
		rows, err := db.QueryContext(ctx, "SELECT body FROM resource WHERE patient = ? AND profile = ? ORDER BY id", ref, p.name)
		if err != nil {
			yield(record.Record{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			r, err := p.read(rows)
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(record.Record{}, err)
		}
	}
}

func (p profile) read(rows *sql.Rows) (record.Record, error) {
	var body []byte
	if err := rows.Scan(&body); err != nil {
		return record.Record{}, err
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return record.Record{}, fmt.Errorf("a %s cannot be read", p.resourceType)
	}
	return p.decode(d)
}
