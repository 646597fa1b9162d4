// Package childrensocialcare is the reference adapter of a local authority's children's social care: a case system with one row a child,
// case status, case notes, assessments and placements, coded as the statutory returns code them (SSDA903, Children in Need census), and
// restrictions in a table of their own. It stands on the agency's side of the path, under the adapter library. It trusts its own store and
// refuses an extract of another organisation, and whatever children's social care does not hold.
package childrensocialcare

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

// Definition is the authority's own system.
func Definition() (localstore.Definition, error) {
	rules, err := fs.Sub(files, "policy")
	return localstore.Definition{
		Organisation: "children_social_care",
		Title:        "Coventry children's social care",
		LookedIn:     "Case system, person search",
		Categories:   []string{"csc.status", "csc.chronology", "csc.assessments", "csc.placement"},
		Flags:        []string{"safe_address", "limited_access", "adoption"},
		MaxIndexAge:  24 * time.Hour,
		Tables:       tables,
		Shape:        localstore.Relational{People: persons(), Tables: records()},
		Rules:        rules,
	}, err
}

func persons() localstore.People {
	return localstore.People{
		Table: "person", Key: "person_id",
		Columns: []localstore.PersonColumn{
			{Name: "last_name", Of: func(i *person.Identity) *string { return &i.FamilyName }},
			{Name: "first_name", Of: func(i *person.Identity) *string { return &i.GivenName }},
			{Name: "birth_or_expected", Of: func(i *person.Identity) *string { return &i.DateOfBirth }},
			{Name: "gender", Of: func(i *person.Identity) *string { return &i.Sex }, Codes: genders},
			{Name: "ethnic_origin", Of: func(i *person.Identity) *string { return &i.Ethnicity }, Codes: ethnicOrigins},
			{Name: "nhs_number", Of: func(i *person.Identity) *string { return &i.NHSNumber }},
			{Name: "upn", Of: func(i *person.Identity) *string { return &i.UPN }},
			{Name: "first_language", Of: func(i *person.Identity) *string { return &i.Language }},
			{Name: "religion", Of: func(i *person.Identity) *string { return &i.Religion }},
			{Name: "disability", Of: func(i *person.Identity) *string { return &i.Disability }},
			{Name: "school_name", Of: func(i *person.Identity) *string { return &i.School }},
			{Name: "gp_name", Of: func(i *person.Identity) *string { return &i.GP }},
		},
		Lists: []localstore.PersonList{
			{Table: "person_name", Key: "person_id", Value: "also_known_as", Of: func(i *person.Identity) *[]string { return &i.OtherNames }},
			{Table: "person_contact", Key: "person_id", Value: "telephone", Of: func(i *person.Identity) *[]string { return &i.Phones }},
		},
		Addresses: localstore.AddressTable{Table: "person_address", Key: "person_id", Lines: "address", Postcode: "postcode", Current: "is_current"},
		Flags:     localstore.FlagTable{Table: "person_alert", Key: "person_id", Code: "alert_type", Codes: alerts},
	}
}
