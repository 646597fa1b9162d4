// Package mentalhealth is the reference adapter of a mental health trust over an electronic patient record built of forms: clients, and
// for everything else a form with its answers, one row an answer, by the trust's question codes. Sharing restrictions are answers of their
// own. It stands on the agency's side of the path, under the adapter library. It trusts its own store as far as it can read it: an answer to
// a question that the form does not have is an error and never left out.
package mentalhealth

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

// Definition is the trust's own system.
func Definition() (localstore.Definition, error) {
	rules, err := fs.Sub(files, "policy")
	return localstore.Definition{
		Organisation: "mental_health",
		Title:        "Coventry and Warwickshire Partnership NHS Trust",
		LookedIn:     "Client index",
		Categories:   []string{"hlt.mental_health_status", "hlt.mental_health_detail", "hlt.substance_misuse", "hlt.attendance"},
		Flags:        []string{"safe_address", "limited_access"},
		MaxIndexAge:  24 * time.Hour,
		Tables:       tables,
		Shape:        forms{clients()},
		Rules:        rules,
	}, err
}

func clients() localstore.People {
	return localstore.People{
		Table: "client", Key: "client_id",
		Columns: []localstore.PersonColumn{
			{Name: "nhs_no", Of: func(i *person.Identity) *string { return &i.NHSNumber }},
			{Name: "fam", Of: func(i *person.Identity) *string { return &i.FamilyName }},
			{Name: "giv", Of: func(i *person.Identity) *string { return &i.GivenName }},
			{Name: "dob", Of: func(i *person.Identity) *string { return &i.DateOfBirth }},
			{Name: "stated_gender", Of: func(i *person.Identity) *string { return &i.Sex }, Codes: genders},
			{Name: "gp", Of: func(i *person.Identity) *string { return &i.GP }},
			{Name: "ethnic_category", Of: func(i *person.Identity) *string { return &i.Ethnicity }},
			{Name: "language", Of: func(i *person.Identity) *string { return &i.Language }},
		},
		Lists: []localstore.PersonList{
			{Table: "client_alias", Key: "client_id", Value: "alias", Of: func(i *person.Identity) *[]string { return &i.OtherNames }},
			{Table: "client_phone", Key: "client_id", Value: "phone", Of: func(i *person.Identity) *[]string { return &i.Phones }},
		},
		Addresses: localstore.AddressTable{Table: "client_address", Key: "client_id", Lines: "address", Postcode: "postcode", Current: "primary_yn"},
		Flags:     localstore.FlagTable{Table: "client_alert", Key: "client_id", Code: "alert_cd", Codes: alerts},
	}
}
