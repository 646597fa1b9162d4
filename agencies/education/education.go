// Package education is the reference adapter of an education service over its schools' management information: pupils by their unique
// pupil number, school places, attendance, exclusions, special needs and the child-protection log, with the codes of the school census.
// It stands on the agency's side of the path, under the adapter library. It trusts its own store and refuses an extract of another
// organisation, and whatever schools do not hold.
package education

import (
	"embed"
	"io/fs"
	"time"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/internal/person"
)

//go:embed schema.sql
var tables string

//go:embed policy
var files embed.FS

// Definition is the education service's own system.
func Definition() (localstore.Definition, error) {
	rules, err := fs.Sub(files, "policy")
	return localstore.Definition{
		Organisation: "education",
		Title:        "Coventry education services",
		LookedIn:     "Pupil database",
		Categories:   []string{"edu.enrolment", "edu.attendance", "edu.exclusions", "edu.send", "edu.safeguarding_log"},
		Flags:        []string{"safe_address", "limited_access"},
		MaxIndexAge:  7 * 24 * time.Hour,
		Tables:       tables,
		Shape:        localstore.Relational{People: pupils(), Tables: records()},
		Rules:        rules,
	}, err
}

func pupils() localstore.People {
	return localstore.People{
		Table: "pupil", Key: "adm_no",
		Columns: []localstore.PersonColumn{
			{Name: "upn", Of: func(i *person.Identity) *string { return &i.UPN }},
			{Name: "legal_surname", Of: func(i *person.Identity) *string { return &i.FamilyName }},
			{Name: "legal_forename", Of: func(i *person.Identity) *string { return &i.GivenName }},
			{Name: "dob", Of: func(i *person.Identity) *string { return &i.DateOfBirth }},
			{Name: "sex", Of: func(i *person.Identity) *string { return &i.Sex }, Codes: sexes},
			{Name: "ethnicity", Of: func(i *person.Identity) *string { return &i.Ethnicity }},
			{Name: "first_lang", Of: func(i *person.Identity) *string { return &i.Language }, Codes: languages},
			{Name: "on_roll_at", Of: func(i *person.Identity) *string { return &i.School }},
		},
		Lists: []localstore.PersonList{
			{Table: "pupil_chosen_name", Key: "adm_no", Value: "name", Of: func(i *person.Identity) *[]string { return &i.OtherNames }},
			{Table: "parent_telephone", Key: "adm_no", Value: "number", Of: func(i *person.Identity) *[]string { return &i.Phones }},
		},
		Addresses: localstore.AddressTable{Table: "pupil_home", Key: "adm_no", Lines: "home", Postcode: "pcode", Current: "current"},
		Flags:     localstore.FlagTable{Table: "pupil_note", Key: "adm_no", Code: "note_type", Codes: notes},
	}
}
