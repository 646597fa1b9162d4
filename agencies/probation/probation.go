// Package probation is the reference adapter of the probation service over a case index like nDelius: offenders by case reference number
// (CRN), orders with their requirements, and the risk-of-serious-harm summary of the assessment system, with exclusions and restrictions
// (limited access offenders) in a table of registrations. It stands on the agency's side of the path, under the adapter library. It trusts
// its own store and refuses an extract of another organisation, and whatever probation does not hold.
package probation

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

// Definition is the service's own system.
func Definition() (localstore.Definition, error) {
	rules, err := fs.Sub(files, "policy")
	return localstore.Definition{
		Organisation: "probation",
		Title:        "National Probation Service",
		LookedIn:     "Offender index",
		Categories:   []string{"prb.supervision", "prb.risk"},
		Flags:        []string{"safe_address", "limited_access"},
		MaxIndexAge:  24 * time.Hour,
		Tables:       tables,
		Shape:        localstore.Relational{People: offenders(), Tables: records()},
		Rules:        rules,
	}, err
}

func offenders() localstore.People {
	return localstore.People{
		Table: "OFFENDER", Key: "CRN",
		Columns: []localstore.PersonColumn{
			{Name: "SURNAME", Of: func(i *person.Identity) *string { return &i.FamilyName }},
			{Name: "FIRST_NAME", Of: func(i *person.Identity) *string { return &i.GivenName }},
			{Name: "DATE_OF_BIRTH_DATE", Of: func(i *person.Identity) *string { return &i.DateOfBirth }},
			{Name: "GENDER_CODE", Of: func(i *person.Identity) *string { return &i.Sex }, Codes: genders},
			{Name: "NHS_NUMBER", Of: func(i *person.Identity) *string { return &i.NHSNumber }},
			{Name: "LANGUAGE", Of: func(i *person.Identity) *string { return &i.Language }},
		},
		Lists: []localstore.PersonList{
			{Table: "ALIAS", Key: "CRN", Value: "ALIAS_NAME", Of: func(i *person.Identity) *[]string { return &i.OtherNames }},
			{Table: "OFFENDER_TELEPHONE", Key: "CRN", Value: "TELEPHONE_NUMBER", Of: func(i *person.Identity) *[]string { return &i.Phones }},
		},
		Addresses: localstore.AddressTable{Table: "OFFENDER_ADDRESS", Key: "CRN", Lines: "ADDRESS_TEXT", Postcode: "POSTCODE", Current: "MAIN_ADDRESS"},
		Flags:     localstore.FlagTable{Table: "REGISTRATION", Key: "CRN", Code: "REGISTER_TYPE", Codes: registers},
	}
}

func table(category, name string, columns []localstore.Column) localstore.Table {
	return localstore.Table{
		Category: category, Name: name, Ref: "EVENT_REF", Person: "CRN",
		Dates: localstore.Dates{Event: "REFERRAL_DATE", Until: "TERMINATION_DATE", Status: "ACTIVE_FLAG", Live: "1", Ended: "0", Layout: "02-01-2006"},
		Marks: localstore.Marks{
			Checked: "LAO_CHECKED", Codes: sensitivities,
			Beside: localstore.Beside{Table: "SENSITIVITY", Row: "EVENT_REF", Element: "COLUMN_NAME", Code: "SENSITIVITY_CODE"},
		},
		AddressOnly: "ADDRESS_EVENT", Columns: columns,
	}
}

func records() []localstore.Table {
	return []localstore.Table{
		table("prb.supervision", "DISPOSAL", []localstore.Column{
			{Field: "order", Name: "DISPOSAL_TYPE_CODE", Codes: disposals},
			{Field: "officer", Name: "OFFENDER_MANAGER"},
			{Field: "conditions", Name: "REQUIREMENTS"},
			{Field: "office", Name: "TEAM_LOCATION"},
		}),
		table("prb.risk", "ROSH_SUMMARY", []localstore.Column{
			{Field: "level", Name: "ROSH_LEVEL", Codes: levels},
			{Field: "to_whom", Name: "WHO_IS_AT_RISK"},
			{Field: "summary", Name: "NATURE_OF_RISK"},
			{Field: "victim", Name: "VICTIM_NAME"},
		}),
	}
}

var (
	genders = localstore.Codes{"male": "M", "female": "F", "other": "U", "": "N"}

	// registers are register types: an address that is kept apart, and a limited access offender.
	registers = localstore.Codes{"safe_address": "ADDR", "limited_access": "LAO"}

	sensitivities = localstore.Codes{
		"safe_address": "SA", "third_party": "TP", "limited_access": "LAO", "live_investigation": "LI", "informant": "IN", "adoption": "AD",
		"legally_restricted": "LR", "opinion": "OP", "spent": "SP", "risk_to_children": "RCHD",
	}

	disposals = localstore.Codes{
		"Community order": "307", "Suspended sentence order": "329", "Licence supervision": "330", "Post-sentence supervision": "331",
		"Youth rehabilitation order": "341",
	}

	// levels are those of the risk-of-serious-harm summary (OASys).
	levels = localstore.Codes{"Low": "L", "Medium": "M", "High": "H", "Very high": "V"}
)
