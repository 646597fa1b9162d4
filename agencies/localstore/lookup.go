package localstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// Candidates yields everybody who shares an identifier, a whole name or a date of birth with the person asked about: a cheap superset,
// from which matching chooses. It is never cut short, because a cut list could turn two possible people into one.
func (s *Store) Candidates(ctx context.Context, who person.Identity) ([]matching.Candidate, error) {
	refs := map[string]bool{}
	for _, key := range keys(who) {
		found, err := column[string](ctx, s.db, "SELECT person FROM lookup_key WHERE lookup = ?", key)
		if err != nil {
			return nil, fmt.Errorf("localstore: looking up in %s: %w", s.Organisation, err)
		}
		for _, ref := range found {
			refs[ref] = true
		}
	}
	return s.candidates(ctx, refs)
}

func (s *Store) candidates(ctx context.Context, refs map[string]bool) ([]matching.Candidate, error) {
	found := make([]matching.Candidate, 0, len(refs))
	for ref := range refs {
		identity, flags, err := s.Shape.Person(ctx, s.db, ref)
		if err != nil {
			return nil, fmt.Errorf("localstore: reading a person of %s: %w", s.Organisation, err)
		}
		found = append(found, matching.Candidate{Ref: ref, Identity: identity, Flags: flags})
	}
	slices.SortFunc(found, func(a, b matching.Candidate) int { return strings.Compare(a.Ref, b.Ref) })
	return found, nil
}

// Records yields all of one person in one category. The catalogue is asked about each once more, because a store can be changed by others.
func (s *Store) Records(ctx context.Context, ref, category string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		if !slices.Contains(s.Categories, category) {
			yield(record.Record{}, fmt.Errorf("localstore: category %q is not held by %s", category, s.Organisation))
			return
		}
		for r, err := range s.Shape.Records(ctx, s.db, ref, category) {
			if err == nil {
				err = s.catalogue.Check(r)
			}
			if err != nil {
				yield(record.Record{}, fmt.Errorf("localstore: reading %s of %s: %w", category, s.Organisation, err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// errNeverLoaded is what a store without an extract answers: it cannot say that it knows nobody.
var errNeverLoaded = errors.New("nothing was ever loaded")

// IndexAsOf is the moment up to which the loaded extract was complete.
func (s *Store) IndexAsOf(ctx context.Context) (time.Time, error) {
	loads, err := column[string](ctx, s.db, "SELECT as_of FROM load")
	if err == nil && len(loads) != 1 {
		err = errNeverLoaded
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("localstore: the index of %s: %w", s.Organisation, err)
	}
	return time.Parse(time.RFC3339Nano, loads[0])
}

// keys are what a person can be found by. They are the same for the person asked about and the person held, so that one shared key is
// enough; a different spelling in one of them does not hide the person behind the others.
func keys(i person.Identity) []string {
	var all []string
	add := func(kind, value string) {
		if value != "" {
			all = append(all, kind+":"+value)
		}
	}
	add("nhs", digits(i.NHSNumber))
	add("upn", strings.ToUpper(strings.ReplaceAll(i.UPN, " ", "")))
	add("born", born(i.DateOfBirth))
	first, _, _ := strings.Cut(person.NormaliseName(i.GivenName), " ")
	add("name", person.NormaliseName(first+" "+i.FamilyName))
	add("name", person.NormaliseName(i.GivenName+" "+i.FamilyName))
	for _, other := range i.OtherNames {
		add("name", person.NormaliseName(other))
		add("name", person.NormaliseName(other+" "+i.FamilyName))
		add("name", person.NormaliseName(i.GivenName+" "+other))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// born is the day of birth; "unborn" and what is no day are not something to find people by.
func born(s string) string {
	day, ok := person.NormaliseDate(s)
	if !ok || day == person.Unborn {
		return ""
	}
	return day
}
