package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
)

// The kinds of relation that the gate reads (domain.md 4.1, requester).
const (
	RelationOwnRecord  = "own_record"
	RelationDeclared   = "declared"
	RelationSameHome   = "same_surname_and_address"
	RelationNamed      = "named_relative"
	RelationNotChecked = "directory_data_missing"
)

// Relations compares a person with the subjects of an episode and returns only the kinds of relation found. Where the directory lacks what
// the comparison needs, it says so for each subject: absent data is its own reason, not "unrelated".
func (d *Directory) Relations(ctx context.Context, p Person, subjects []RelationSubject) ([]policy.Relationship, error) {
	row, err := d.row(ctx, p.Hub, p.ID)
	if err != nil {
		return nil, err
	}
	body, err := d.openBody(row)
	if err != nil {
		return nil, err
	}
	found := []policy.Relationship{}
	for _, s := range subjects {
		for _, kind := range body.Particulars.relationsTo(s.Identity) {
			found = append(found, policy.Relationship{Subject: s.ID, Kind: kind})
		}
	}
	return found, nil
}

// relationsTo is every kind of relation between the person with these particulars and somebody else.
func (p Particulars) relationsTo(other person.Identity) []string {
	kinds := []string{}
	if names := p.names(); p.DateOfBirth != "" && sameDay(p.DateOfBirth, other.DateOfBirth) && intersects(names, namesOf(other)) {
		kinds = append(kinds, RelationOwnRecord)
	}
	if p.sharesHome(other) {
		kinds = append(kinds, RelationSameHome)
	}
	for _, r := range p.Relatives {
		if kind := r.relationTo(other); kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if p.GivenName == "" || p.FamilyName == "" || p.DateOfBirth == "" || p.Postcode == "" {
		kinds = append(kinds, RelationNotChecked)
	}
	return kinds
}

// relationTo is declared where name and date of birth agree, and named_relative where the name does and nothing is known of the day.
func (r Relative) relationTo(other person.Identity) string {
	if !slices.Contains(namesOf(other), whole(r.GivenName, r.FamilyName)) {
		return ""
	}
	switch {
	case r.DateOfBirth == "" || other.DateOfBirth == "":
		return RelationNamed
	case sameDay(r.DateOfBirth, other.DateOfBirth):
		return RelationDeclared
	}
	return ""
}

func (p Particulars) sharesHome(other person.Identity) bool {
	home := person.NormalisePostcode(p.Postcode)
	if home == "" || !intersects(surnames(p.FamilyName, p.OtherNames), surnames(other.FamilyName, other.OtherNames)) {
		return false
	}
	return slices.ContainsFunc(other.Addresses, func(a person.Address) bool { return person.NormalisePostcode(a.Postcode) == home })
}

func (p Particulars) names() []string {
	return namesOf(person.Identity{GivenName: p.GivenName, FamilyName: p.FamilyName, OtherNames: p.OtherNames})
}

// namesOf is every whole name of a person, normalised.
func namesOf(id person.Identity) []string {
	names := []string{}
	if name := whole(id.GivenName, id.FamilyName); name != "" {
		names = append(names, name)
	}
	for _, other := range id.OtherNames {
		if name := person.NormaliseName(other); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// surnames is the family name and the last word of every other name: those before marriage or adoption.
func surnames(family string, others []string) []string {
	var names []string
	if name := person.NormaliseName(family); name != "" {
		names = append(names, name)
	}
	for _, other := range others {
		if words := strings.Fields(person.NormaliseName(other)); len(words) > 1 {
			names = append(names, words[len(words)-1])
		}
	}
	return names
}

// whole is a name with both its parts; a part alone is no name to compare.
func whole(givenName, familyName string) string {
	given, family := person.NormaliseName(givenName), person.NormaliseName(familyName)
	if given == "" || family == "" {
		return ""
	}
	return given + " " + family
}

func sameDay(a, b string) bool {
	day, ok := person.NormaliseDate(a)
	other, okOther := person.NormaliseDate(b)
	return ok && okOther && day == other
}

func intersects(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
