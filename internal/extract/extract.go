// Package extract is the neutral form in which an organisation's own system is loaded: one JSON object a line, first a head, then one
// person with all their records a line. It stands outside the path of a request, between whoever makes the data (the synthetic city,
// or an export of a real system) and the adapter that puts it into the organisation's own shape. It trusts nobody: an unknown
// attribute, category, field, label or flag, a header that is not total, and a reference given twice are refused with the line that
// holds them.
package extract

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// Version is the only version of the form.
const Version = 1

// maxLine is the longest line that is read (bytes): one person with every record about them.
const maxLine = 16 << 20

// Head says whose data it is and as of when it was complete.
type Head struct {
	// Organisation is the id of the organisation that holds the data ("police").
	Organisation string
	// AsOf is the moment up to which the extract is complete; it becomes the age of the organisation's index.
	AsOf time.Time
}

// Person is one person as the organisation knows them, with everything it holds on them.
type Person struct {
	// Ref is the organisation's own reference for the person.
	Ref      string
	Identity person.Identity
	// Flags are protective flags of the catalogue that the organisation has set on the person.
	Flags []string
	// Records carry neither organisation nor subject: the first is the head's, the second belongs to an episode.
	Records []record.Record
}

// LogValue keeps the person out of logs.
func (p Person) LogValue() slog.Value { return slog.GroupValue(slog.Int("records", len(p.Records))) }

// String keeps the person out of formatted text.
func (p Person) String() string { return fmt.Sprintf("extract.Person{%d records}", len(p.Records)) }

// GoString keeps the person out of formatted text.
func (p Person) GoString() string { return p.String() }

var (
	refPattern          = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	organisationPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`)
)

func (h Head) check() error {
	if !organisationPattern.MatchString(h.Organisation) {
		return fmt.Errorf("organisation %q is not the id of an organisation", h.Organisation)
	}
	if h.AsOf.IsZero() {
		return errors.New("as_of is missing: an index without an age can never say that it found nobody")
	}
	return nil
}

// checker holds people against the catalogue and against one another.
type checker struct {
	catalogue *record.Catalogue
	people    map[string]bool
	records   map[string]bool
}

func newChecker() (*checker, error) {
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return nil, err
	}
	return &checker{catalogue: catalogue, people: map[string]bool{}, records: map[string]bool{}}, nil
}

func (c *checker) person(p Person) error {
	if !refPattern.MatchString(p.Ref) {
		return fmt.Errorf("ref %q is not a reference ([A-Za-z0-9_-], at most 64)", p.Ref)
	}
	if c.people[p.Ref] {
		return fmt.Errorf("ref %q stands for two people", p.Ref)
	}
	c.people[p.Ref] = true
	for i, flag := range p.Flags {
		if !slices.Contains(c.catalogue.Flags, flag) {
			return fmt.Errorf("flag %q is not in the catalogue", flag)
		}
		if slices.Contains(p.Flags[:i], flag) {
			return fmt.Errorf("flag %q is given twice", flag)
		}
	}
	for _, r := range p.Records {
		if err := c.record(r); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) record(r record.Record) error {
	if !refPattern.MatchString(r.Header.Ref) {
		return fmt.Errorf("record ref %q is not a reference ([A-Za-z0-9_-], at most 64)", r.Header.Ref)
	}
	if c.records[r.Header.Ref] {
		return fmt.Errorf("record ref %q is given twice", r.Header.Ref)
	}
	c.records[r.Header.Ref] = true
	if r.Header.Organisation != "" || r.Header.Subject != "" {
		return fmt.Errorf("record %q names an organisation or a subject: neither is the holder's to say", r.Header.Ref)
	}
	if err := c.catalogue.Check(r); err != nil {
		return fmt.Errorf("record %q: %w", r.Header.Ref, named(err))
	}
	return nil
}
