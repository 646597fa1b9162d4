package city

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// Options say which city is to be made. The same options always give the same bytes.
type Options struct {
	// Families is how many families are generated, besides the hand-made ones; at most 16,000, for which there are test NHS numbers.
	Families int
	Seed     uint64
	// Now is the day on which the city stands still: ages and dates are reckoned from it, and the extracts are complete as of it.
	Now time.Time
}

// Generate writes the city into dir: extract/<organisation>.ndjson for each organisation and truth/truth.json. Folders are made 0700
// and files 0600; what stood there before is replaced. One family is in memory at a time, besides the references that make sure that
// none is given twice.
func Generate(dir string, o Options) (err error) {
	if o.Families < 0 || o.Families > maxFamilies {
		return fmt.Errorf("city: families is %d: it must be between 0 and %d", o.Families, maxFamilies)
	}
	if o.Now.IsZero() {
		return errors.New("city: it needs a day on which it stands still")
	}
	o.Now = o.Now.UTC()
	out, err := openWriter(dir, o)
	if err != nil {
		return fmt.Errorf("city: opening the files: %w", err)
	}
	defer func() { err = errors.Join(err, out.close()) }()
	return eachFamily(o, out.write)
}

// eachFamily visits the hand-made families and then the generated ones.
func eachFamily(o Options, visit func(TruthFamily) error) error {
	made, err := LoadFamilies()
	if err != nil {
		return err
	}
	for _, f := range made {
		if err := visit(f.truth()); err != nil {
			return fmt.Errorf("city: writing %s: %w", f.Name, err)
		}
	}
	phrases, err := loadPhrases()
	if err != nil {
		return err
	}
	w := vocabulary()
	for i := range o.Families {
		if err := visit(generateFamily(newDraw(o, i, w), phrases)); err != nil {
			return fmt.Errorf("city: writing family %d: %w", i, err)
		}
	}
	return nil
}

// writer writes every file of a city side by side.
type writer struct {
	extracts map[string]*extract.Writer
	truth    *truthWriter
	closers  []func() error
}

func openWriter(dir string, o Options) (*writer, error) {
	w := &writer{extracts: map[string]*extract.Writer{}}
	for _, organisation := range Organisations() {
		file, err := w.create(filepath.Join(dir, "extract"), organisation+".ndjson")
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.extracts[organisation], err = extract.NewWriter(file, extract.Head{Organisation: organisation, AsOf: o.Now})
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	file, err := w.create(filepath.Join(dir, "truth"), "truth.json")
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.truth, err = newTruthWriter(file, TruthHead{Truth: TruthVersion, Seed: o.Seed, Families: o.Families, Now: o.Now})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *writer) create(dir, name string) (*bufio.Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	w.closers = append(w.closers, func() error { return errors.Join(buffered.Flush(), file.Close()) })
	return buffered, nil
}

func (w *writer) write(f TruthFamily) error {
	for _, organisation := range Organisations() {
		for _, p := range f.people(organisation) {
			if err := w.extracts[organisation].Write(p); err != nil {
				return err
			}
		}
	}
	return w.truth.write(f)
}

// close closes everything; the truth is only whole when it was opened.
func (w *writer) close() error {
	var problems []error
	if w.truth != nil {
		problems = append(problems, w.truth.close())
	}
	for _, closeFile := range w.closers {
		problems = append(problems, closeFile())
	}
	return errors.Join(problems...)
}

// people is what one organisation has of the family.
func (f TruthFamily) people(organisation string) []extract.Person {
	var people []extract.Person
	for _, p := range f.People {
		for _, h := range p.Held {
			if h.Organisation == organisation {
				people = append(people, extract.Person{
					Ref: h.Ref, Identity: h.Identity, Flags: h.Flags, Records: f.recordsOf(organisation, h.Ref),
				})
			}
		}
	}
	return people
}

func (f TruthFamily) recordsOf(organisation, holding string) []record.Record {
	var records []record.Record
	for _, r := range f.Records {
		if r.Header.Organisation == organisation && r.Holding == holding {
			header := r.Header
			header.Organisation = ""
			records = append(records, record.Record{Header: header, Fields: r.Fields})
		}
	}
	return records
}

// fullName is a person's name as one string.
func fullName(who person.Identity) string { return who.GivenName + " " + who.FamilyName }
