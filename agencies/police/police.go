// Package police is the reference adapter of a police force: a nominal index with warning markers, occurrences of several classes in
// one table, convictions, intelligence reports and operations, in a force's own codes. It stands on the agency's side of the path, under
// the adapter library. It trusts its own store and refuses an extract of another organisation, and whatever the force does not hold.
package police

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

// Definition is the force's own system.
func Definition() (localstore.Definition, error) {
	rules, err := fs.Sub(files, "policy")
	return localstore.Definition{
		Organisation: "police",
		Title:        "West Midlands Police",
		LookedIn:     "Nominal index",
		Categories: []string{
			"pol.involvement", "pol.missing", "pol.domestic_abuse", "pol.convictions", "pol.intelligence", "pol.live_investigation",
		},
		Flags:       []string{"safe_address", "limited_access", "live_investigation"},
		MaxIndexAge: 48 * time.Hour,
		Tables:      tables,
		Shape:       localstore.Relational{People: nominals(), Tables: records()},
		Rules:       rules,
	}, err
}

func nominals() localstore.People {
	return localstore.People{
		Table: "nominal", Key: "nominal_no",
		Columns: []localstore.PersonColumn{
			{Name: "surname", Of: func(i *person.Identity) *string { return &i.FamilyName }},
			{Name: "forenames", Of: func(i *person.Identity) *string { return &i.GivenName }},
			{Name: "dob", Of: func(i *person.Identity) *string { return &i.DateOfBirth }},
			{Name: "sex_cd", Of: func(i *person.Identity) *string { return &i.Sex }, Codes: sexes},
			{Name: "ea_text", Of: func(i *person.Identity) *string { return &i.Ethnicity }},
		},
		Lists: []localstore.PersonList{
			{Table: "nominal_alias", Key: "nominal_no", Value: "alias", Of: func(i *person.Identity) *[]string { return &i.OtherNames }},
			{Table: "nominal_phone", Key: "nominal_no", Value: "telno", Of: func(i *person.Identity) *[]string { return &i.Phones }},
		},
		Addresses: localstore.AddressTable{Table: "nominal_address", Key: "nominal_no", Lines: "premises", Postcode: "pcode", Current: "curr_ind"},
		Flags:     localstore.FlagTable{Table: "warning_marker", Key: "nominal_no", Code: "marker_cd", Codes: markers},
	}
}
