package youthjustice

import (
	"context"
	"database/sql"
	"encoding/xml"
	"errors"
	"fmt"
	"iter"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// caseFiles is the shape of the store: a document a child.
type caseFiles struct{}

// Check holds the document against the catalogue.
func (caseFiles) Check(d localstore.Definition, c *record.Catalogue) error {
	problems := []error{sexes.Check("sex"), alerts.Covers("alerts", d.Flags), markers.Covers("markers", c.Labels)}
	for _, field := range c.Categories[category].Fields {
		named, ok := entryNames[field.Name]
		if !ok {
			problems = append(problems, fmt.Errorf("a case file has no entry for field %q", field.Name))
		}
		problems = append(problems, named.codes.Check(named.name))
	}
	return errors.Join(problems...)
}

// Put writes a case file.
func (caseFiles) Put(ctx context.Context, tx *sql.Tx, p extract.Person) error {
	file, err := toCaseFile(p)
	if err != nil {
		return err
	}
	document, err := xml.Marshal(file)
	if err != nil {
		return fmt.Errorf("writing a case file: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO case_file (urn, document) VALUES (?, ?)", p.Ref, string(document)); err != nil {
		return fmt.Errorf("writing a case file: %w", err)
	}
	return nil
}

func open(ctx context.Context, db localstore.Querier, ref string) (caseFile, error) {
	var document []byte
	if err := db.QueryRowContext(ctx, "SELECT document FROM case_file WHERE urn = ?", ref).Scan(&document); err != nil {
		return caseFile{}, err
	}
	var file caseFile
	if err := xml.Unmarshal(document, &file); err != nil {
		return caseFile{}, errors.New("a case file cannot be read")
	}
	return file, nil
}

// Person reads who a case file is about.
func (caseFiles) Person(ctx context.Context, db localstore.Querier, ref string) (person.Identity, []string, error) {
	file, err := open(ctx, db, ref)
	if err != nil {
		return person.Identity{}, nil, err
	}
	identity, err := file.identity()
	if err != nil {
		return person.Identity{}, nil, err
	}
	flags, err := alerts.WordsAll(file.Alerts)
	return identity, flags, err
}

// Records reads the interventions of a case file; nobody's file is nobody's interventions.
func (caseFiles) Records(ctx context.Context, db *sql.DB, ref, _ string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		file, err := open(ctx, db, ref)
		if errors.Is(err, sql.ErrNoRows) {
			return
		}
		if err != nil {
			yield(record.Record{}, err)
			return
		}
		for _, one := range file.Interventions {
			r, err := one.record()
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}
