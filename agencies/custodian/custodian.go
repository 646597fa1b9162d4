// Package custodian is the adapter of an organisation that hands its records over as a file: the custodian files of the Department for
// Education's single-unique-identifier pilots, mapped by a YAML mapping and not rewritten. It stands on the agency's side of the path,
// under the adapter library. It trusts a file only as far as its mapping goes: a record type or an attribute that the mapping does not
// account for, and whatever is not in the catalogue, are refused by name when the file is opened.
package custodian

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"slices"
	"time"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

//go:embed mappings
var mappings embed.FS

//go:embed policy
var files embed.FS

// Custodian is one custodian's file, open. It does not change while it is open; any number of goroutines may read it.
type Custodian struct {
	*Mapping

	asOf   time.Time
	people map[string]*held
}

// Options say which file to open and how to read it.
type Options struct {
	// File is the path of the custodian's file.
	File string
	// Mapping is the mapping to read it by; nil takes the one that is built in for the file's type of custodian.
	Mapping *Mapping
	// AsOf is the moment up to which the file is complete; the zero time takes the moment it was last written.
	AsOf time.Time
}

// Open reads a custodian's file whole, or not at all.
func Open(o Options) (*Custodian, error) {
	c, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("custodian: opening %s: %w", path.Base(o.File), err)
	}
	return c, nil
}

func open(o Options) (*Custodian, error) {
	data, err := os.ReadFile(o.File)
	if err != nil {
		return nil, err
	}
	f, err := parseFile(data)
	if err != nil {
		return nil, err
	}
	c := &Custodian{Mapping: o.Mapping, asOf: o.AsOf}
	if c.Mapping == nil {
		if c.Mapping, err = BuiltIn(f.OrgType); err != nil {
			return nil, err
		}
	}
	if c.asOf.IsZero() {
		info, err := os.Stat(o.File)
		if err != nil {
			return nil, err
		}
		c.asOf = info.ModTime()
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return nil, err
	}
	c.people, err = c.Mapping.people(f, catalogue)
	return c, err
}

// BuiltIn is the mapping that is built in for a type of custodian ("POLICE").
func BuiltIn(orgType string) (*Mapping, error) {
	names, err := fs.Glob(mappings, "mappings/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		source, err := mappings.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m, err := ParseMapping(source)
		if err != nil {
			return nil, err
		}
		if m.OrgType == orgType {
			return m, nil
		}
	}
	return nil, fmt.Errorf("there is no mapping for custodians of type %q", orgType)
}

// Config is the custodian's own part of an agency's configuration, with its policy compiled.
func (c *Custodian) Config(ctx context.Context) (agencies.Config, error) {
	rules, err := fs.Sub(files, "policy")
	if err != nil {
		return agencies.Config{}, err
	}
	own, err := policy.CompileAgency(ctx, rules)
	if err != nil {
		return agencies.Config{}, err
	}
	return agencies.Config{
		Organisation: c.Organisation, Title: c.Title, LookedIn: c.LookedIn, Categories: c.Categories(),
		MaxIndexAge: c.MaxIndexAge, Source: c, Policy: own,
	}, nil
}

// Candidates are all people of the file: it is small, and matching chooses. Somebody who is asked for without the number that people
// of whom the file gives no name are known by could be any of these: that the others are somebody else does not make it "no trace".
func (c *Custodian) Candidates(ctx context.Context, who person.Identity) ([]matching.Candidate, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := make([]matching.Candidate, 0, len(c.people))
	for _, ref := range slices.Sorted(maps.Keys(c.people)) {
		all = append(all, matching.Candidate{Ref: ref, Identity: c.people[ref].identity})
	}
	if who.NHSNumber == "" && c.unnamed() && matching.Match(who, all).Outcome == matching.NoTrace {
		return nil, &agencies.Failure{Code: "too_few_identifiers", Cause: errors.New("the file knows people by their number alone")}
	}
	return all, nil
}

// unnamed tells whether somebody in the file cannot be found by name and date of birth.
func (c *Custodian) unnamed() bool {
	for _, p := range c.people {
		if p.identity.GivenName == "" || p.identity.FamilyName == "" || p.identity.DateOfBirth == "" {
			return true
		}
	}
	return false
}

// Records are those the mapping made of one person in one category.
func (c *Custodian) Records(ctx context.Context, ref, category string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		if !slices.Contains(c.Categories(), category) {
			yield(record.Record{}, fmt.Errorf("custodian: category %q is not held by %s", category, c.Organisation))
			return
		}
		known := c.people[ref]
		if known == nil {
			return
		}
		for _, r := range known.records {
			if err := ctx.Err(); err != nil {
				yield(record.Record{}, err)
				return
			}
			if r.Header.Category == category && !yield(r, nil) {
				return
			}
		}
	}
}

// IndexAsOf is the moment up to which the file is complete.
func (c *Custodian) IndexAsOf(context.Context) (time.Time, error) { return c.asOf, nil }
