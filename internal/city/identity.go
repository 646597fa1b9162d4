package city

import (
	"fmt"

	"github.com/mashgate/mashgate/internal/person"
)

// knownTo is what an organisation's system has a place for: no police index holds an NHS number.
func knownTo(organisation string, truth person.Identity) person.Identity {
	known := person.Identity{
		GivenName: truth.GivenName, FamilyName: truth.FamilyName, OtherNames: truth.OtherNames, DateOfBirth: truth.DateOfBirth,
		Sex: truth.Sex, Addresses: truth.Addresses,
	}
	switch organisation {
	case "children_social_care":
		known.NHSNumber, known.UPN, known.Ethnicity, known.Language = truth.NHSNumber, truth.UPN, truth.Ethnicity, truth.Language
		known.Religion, known.Disability = truth.Religion, truth.Disability
	case "early_help":
		known.UPN, known.Phones = truth.UPN, truth.Phones
	case "education":
		known.UPN, known.School, known.Ethnicity, known.Language = truth.UPN, truth.School, truth.Ethnicity, truth.Language
	case "police":
		known.Phones = truth.Phones
	case "community_health", "mental_health":
		known.NHSNumber, known.GP = truth.NHSNumber, truth.GP
	}
	return known
}

// overlay puts what is known differently over an identity.
func overlay(who, different person.Identity) person.Identity {
	for _, field := range []struct {
		into *string
		from string
	}{
		{&who.GivenName, different.GivenName}, {&who.FamilyName, different.FamilyName}, {&who.DateOfBirth, different.DateOfBirth},
		{&who.Sex, different.Sex}, {&who.NHSNumber, different.NHSNumber}, {&who.UPN, different.UPN}, {&who.School, different.School},
		{&who.GP, different.GP}, {&who.Ethnicity, different.Ethnicity}, {&who.Language, different.Language},
		{&who.Religion, different.Religion}, {&who.Disability, different.Disability},
	} {
		if field.from != "" {
			*field.into = field.from
		}
	}
	if different.OtherNames != nil {
		who.OtherNames = different.OtherNames
	}
	if different.Addresses != nil {
		who.Addresses = different.Addresses
	}
	if different.Phones != nil {
		who.Phones = different.Phones
	}
	return who
}

// without takes out what an organisation does not have.
func without(who person.Identity, missing []string) (person.Identity, error) {
	for _, name := range missing {
		switch name {
		case "other_names":
			who.OtherNames = nil
		case "date_of_birth":
			who.DateOfBirth = ""
		case "addresses":
			who.Addresses = nil
		case "nhs_number":
			who.NHSNumber = ""
		case "upn":
			who.UPN = ""
		default:
			return who, fmt.Errorf("missing: %q is not something an organisation can lack", name)
		}
	}
	return who, nil
}
