package matching

import (
	"slices"
	"strings"

	"github.com/mashgate/mashgate/internal/person"
)

// strength is how well a candidate answers to the person asked about.
type strength int

const (
	different strength = iota
	couldBe
	same
)

// keys are what people are compared by: normalised, and only what is fit to compare. An identifier that fails its check digit is a
// slip of the pen that could be anybody's, so it is left out.
type keys struct {
	nhs, upn    string
	names       []string // every full name the person goes by
	short       string   // first given name and family name
	dateOfBirth string   // ISO day, person.Unborn, or ""
	postcodes   []string
}

func keysOf(who person.Identity) keys {
	var k keys
	if day, ok := person.NormaliseDate(who.DateOfBirth); ok {
		k.dateOfBirth = day
	}
	if person.ValidNHSNumber(who.NHSNumber) {
		k.nhs = who.NHSNumber
	}
	if person.ValidUPN(who.UPN) {
		k.upn = who.UPN
	}
	k.names, k.short = namesOf(who)
	for _, address := range who.Addresses {
		if postcode := person.NormalisePostcode(address.Postcode); postcode != "" {
			k.postcodes = append(k.postcodes, postcode)
		}
	}
	return k
}

// namesOf gives each name a person goes by. Another name of one word takes the place of the given or of the family name (a maiden
// name, a pet name); one of several words is a whole name.
func namesOf(who person.Identity) (names []string, short string) {
	given, family := person.NormaliseName(who.GivenName), person.NormaliseName(who.FamilyName)
	if given == "" || family == "" {
		return nil, ""
	}
	names = []string{given + " " + family}
	for _, other := range who.OtherNames {
		switch other = person.NormaliseName(other); {
		case other == "":
		case strings.Contains(other, " "):
			names = append(names, other)
		default:
			names = append(names, other+" "+family, given+" "+other)
		}
	}
	first, _, _ := strings.Cut(given, " ")
	return names, first + " " + family
}

// kinds are the kinds of identifier a look-up for these keys is made with; none means that it would find anybody. An unborn child
// has no date of birth to be told apart by, so where the family lives stands in for it.
func (k keys) kinds() []string {
	var kinds []string
	if k.nhs != "" {
		kinds = append(kinds, ByNHSNumber)
	}
	if k.upn != "" {
		kinds = append(kinds, ByUPN)
	}
	switch named := len(k.names) > 0; {
	case named && k.dateOfBirth == person.Unborn && len(k.postcodes) > 0:
		kinds = append(kinds, ByName, ByPostcode)
	case named && k.dateOfBirth != "" && k.dateOfBirth != person.Unborn:
		kinds = append(kinds, ByName, ByDateOfBirth)
	}
	return kinds
}

// compare says whether the candidate is the person asked about. The same identifier with another date of birth is never silently
// the same person, and the same name and date of birth with another identifier is neither.
func (k keys) compare(candidate keys) strength {
	hit, clash := k.identifiers(candidate)
	birth, name := k.births(candidate), k.name(candidate)
	switch {
	case hit:
		renamed := name == different && len(k.names) > 0 && len(candidate.names) > 0
		if clash || birth == different || birth == couldBe && renamed {
			return couldBe
		}
		return same
	case birth == same && clash:
		return min(name, couldBe)
	case birth == same:
		return name
	case birth == couldBe && name == same && !clash:
		return couldBe
	}
	return different
}

// identifiers tells whether an identifier that both have is the same, and whether one differs.
func (k keys) identifiers(other keys) (hit, clash bool) {
	for _, pair := range [][2]string{{k.nhs, other.nhs}, {k.upn, other.upn}} {
		if pair[0] == "" || pair[1] == "" {
			continue
		}
		hit = hit || pair[0] == pair[1]
		clash = clash || pair[0] != pair[1]
	}
	return hit, clash
}

// births compares dates of birth: couldBe where one is not known.
func (k keys) births(other keys) strength {
	switch {
	case k.dateOfBirth == "" || other.dateOfBirth == "":
		return couldBe
	case k.dateOfBirth != other.dateOfBirth:
		return different
	case k.dateOfBirth == person.Unborn && !slices.ContainsFunc(k.postcodes, func(p string) bool { return slices.Contains(other.postcodes, p) }):
		return couldBe
	}
	return same
}

// name compares names: couldBe where only the first given name and the family name agree, which twins may share with a cousin.
func (k keys) name(other keys) strength {
	switch {
	case slices.ContainsFunc(k.names, func(n string) bool { return slices.Contains(other.names, n) }):
		return same
	case k.short != "" && k.short == other.short:
		return couldBe
	}
	return different
}
