package plan

import (
	"log/slog"
	"slices"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
)

// Person is a subject of the episode with the identity that organisations match on.
type Person struct {
	ID       string
	Role     string
	Identity person.Identity
}

// LogValue keeps the identity out of logs.
func (p Person) LogValue() slog.Value { return slog.StringValue(p.ID) }

// Telling is all that could be told in asking, and what policy says of it.
type Telling struct {
	Purpose string
	Basis   string
	People  []Person
	// Narrative is the concern in words.
	Narrative string
	// WordsOfInformant is true where the narrative is in the words of a referrer who is not a professional.
	WordsOfInformant bool
	Ask              policy.Ask
	// LocationUnknown is true while an organisation that could set safe_address has failed to answer.
	LocationUnknown bool
}

// LogValue keeps people and narrative out of logs.
func (t Telling) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Told is all that one organisation is told in asking.
type Told struct {
	Purpose   string
	Basis     string
	People    []Person
	Narrative string
}

// LogValue keeps people and narrative out of logs.
func (t Told) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Tell is what one leg's organisation is told: only the subjects it is asked about; of a protected person no postcode; the narrative
// only where policy lets it go out.
func Tell(leg Leg, t Telling) Told {
	told := Told{Purpose: t.Purpose, Basis: t.Basis, Narrative: narrative(t)}
	for _, p := range t.People {
		if slices.Contains(leg.Subjects, p.ID) {
			p.Identity = identity(p.Identity, t.LocationUnknown || t.Ask.Protected[p.ID])
			told.People = append(told.People, p)
		}
	}
	return told
}

// narrative is masked like a record (domain.md section 4). It is free text throughout, so a safe address of anybody in the episode
// masks the whole of it; and the words of a neighbour or relative tell who is speaking, so with an informant it stays here.
func narrative(t Telling) string {
	if t.Ask.Tell != policy.TellNarrative || t.LocationUnknown || t.WordsOfInformant || len(t.Ask.Protected) > 0 {
		return ""
	}
	return t.Narrative
}

// identity keeps what an organisation matches on and nothing else (no school, GP, telephone, faith or health); of a protected
// person it also leaves out where they are.
func identity(of person.Identity, protected bool) person.Identity {
	told := person.Identity{
		GivenName: of.GivenName, FamilyName: of.FamilyName, OtherNames: of.OtherNames, DateOfBirth: of.DateOfBirth, Sex: of.Sex,
		NHSNumber: of.NHSNumber, UPN: of.UPN,
	}
	if protected {
		return told
	}
	for _, address := range of.Addresses {
		if address.Postcode != "" {
			told.Addresses = append(told.Addresses, person.Address{Postcode: address.Postcode, Current: address.Current})
		}
	}
	return told
}
