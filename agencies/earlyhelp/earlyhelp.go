// Package earlyhelp is the reference adapter of an early help service and its Early Help Module (EHM): members of families, and one
// episode of help a row with the plan, the offer and what the family decided. It stands on the agency's side of the path, under the adapter
// library. It trusts its own store and refuses an extract of another organisation, and whatever early help does not hold.
package earlyhelp

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
		Organisation: "early_help",
		Title:        "Early Help Module, Coventry",
		LookedIn:     "Early Help Module",
		Categories:   []string{"eh.plan"},
		Flags:        []string{"safe_address", "limited_access"},
		MaxIndexAge:  48 * time.Hour,
		Tables:       tables,
		Shape:        localstore.Relational{People: members(), Tables: episodes()},
		Rules:        rules,
	}, err
}

func members() localstore.People {
	return localstore.People{
		Table: "FamilyMember", Key: "MemberId",
		Columns: []localstore.PersonColumn{
			{Name: "FirstName", Of: func(i *person.Identity) *string { return &i.GivenName }},
			{Name: "LastName", Of: func(i *person.Identity) *string { return &i.FamilyName }},
			{Name: "DateOfBirth", Of: func(i *person.Identity) *string { return &i.DateOfBirth }},
			{Name: "Gender", Of: func(i *person.Identity) *string { return &i.Sex }, Codes: genders},
			{Name: "School", Of: func(i *person.Identity) *string { return &i.School }},
			{Name: "Upn", Of: func(i *person.Identity) *string { return &i.UPN }},
			{Name: "SpokenLanguage", Of: func(i *person.Identity) *string { return &i.Language }},
		},
		Lists: []localstore.PersonList{
			{Table: "FamilyMemberAlias", Key: "MemberId", Value: "Alias", Of: func(i *person.Identity) *[]string { return &i.OtherNames }},
			{Table: "FamilyMemberPhone", Key: "MemberId", Value: "Phone", Of: func(i *person.Identity) *[]string { return &i.Phones }},
		},
		Addresses: localstore.AddressTable{Table: "FamilyAddress", Key: "MemberId", Lines: "AddressLines", Postcode: "PostCode", Current: "IsCurrent"},
		Flags:     localstore.FlagTable{Table: "FamilyMemberHazard", Key: "MemberId", Code: "HazardType", Codes: hazards},
	}
}

func episodes() []localstore.Table {
	return []localstore.Table{{
		Category: "eh.plan", Name: "EhmEpisode", Ref: "EpisodeRef", Person: "MemberId",
		Dates: localstore.Dates{
			Event: "AssessedOn", Until: "ClosedOn", Status: "Stage", Live: "Active", Ended: "Ended", Layout: "2 January 2006",
		},
		Marks:       localstore.Marks{Checked: "SharingReviewed", Column: "SharingNotes", Codes: sharing},
		AddressOnly: "AddressNoteOnly",
		Columns: []localstore.Column{
			{Field: "episode", Name: "EpisodeType", Codes: episodeTypes},
			{Field: "offer", Name: "OfferMade"},
			{Field: "family_decision", Name: "FamilyDecision", Codes: decisions},
			{Field: "strengths", Name: "WorkingWell"},
			{Field: "next_steps", Name: "NextSteps"},
			{Field: "lead_practitioner", Name: "LeadPractitioner"},
			{Field: "family_hub", Name: "FamilyHub"},
			{Field: "notes", Name: "CaseNotes"},
		},
	}}
}

var (
	genders = localstore.Codes{"female": "Female", "male": "Male", "other": "Other gender", "": "Not recorded"}
	hazards = localstore.Codes{"safe_address": "ConfidentialAddress", "limited_access": "Restricted"}

	// sharing are the sharing notes on an episode or on one of its columns.
	sharing = localstore.Codes{
		"safe_address": "HideAddress", "third_party": "OtherPerson", "limited_access": "Restricted", "live_investigation": "PoliceHold",
		"informant": "HideSource", "adoption": "Adoption", "legally_restricted": "Legal", "opinion": "WorkerView", "spent": "Spent",
		"risk_to_children": "RiskToChildren",
	}

	episodeTypes = localstore.Codes{"Early help plan": "EHP", "Early help assessment": "EHA", "Family support": "FS", "Parenting programme": "PP"}
	decisions    = localstore.Codes{"Accepted": "ACC", "Declined": "DEC", "Withdrew": "WDR", "Waiting for an answer": "PEN"}
)
