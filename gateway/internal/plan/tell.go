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
	// Asks are the decisions of every revision that has a say; each must allow what is told. With none, nothing is allowed.
	Asks []policy.Ask
	// LocationUnknown is true while an organisation that could set safe_address has not answered, or has failed to.
	LocationUnknown bool
}

// LogValue keeps people and narrative out of logs.
func (t Telling) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Told is all that one organisation is told in asking whom it knows.
type Told struct {
	Purpose string
	Basis   string
	People  []Person
}

// LogValue keeps people out of logs.
func (t Told) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Tell is what one leg's organisation is told in Locate: only the subjects it is asked about, and of them only what it matches on.
func Tell(leg Leg, t Telling) Told {
	told := Told{Purpose: t.Purpose, Basis: t.Basis}
	for _, p := range t.People {
		if slices.Contains(leg.Subjects, p.ID) {
			p.Identity = identity(p.Identity, t.hides(p.ID))
			told.People = append(told.People, p)
		}
	}
	return told
}

// Narrative is what an organisation is told of the concern when it is asked for records; "" where policy keeps it here. It is masked
// like a record (domain.md section 4). It is free text throughout, so a safe address of anybody in the episode masks the whole of it;
// and the words of a neighbour or relative tell who is speaking, so with an informant it stays here. It is not for Locate, before
// which nobody knows whom the flags protect.
func Narrative(t Telling) string {
	held := func(ask policy.Ask) bool { return ask.Tell != policy.TellNarrative || len(ask.Protected) > 0 }
	if len(t.Asks) == 0 || slices.ContainsFunc(t.Asks, held) || t.LocationUnknown || t.WordsOfInformant {
		return ""
	}
	return t.Narrative
}

// hides tells whether the whereabouts of a person must not be told.
func (t Telling) hides(id string) bool {
	return t.LocationUnknown || len(t.Asks) == 0 || slices.ContainsFunc(t.Asks, func(ask policy.Ask) bool { return ask.Protected[id] })
}

// identity keeps what an organisation matches on and nothing else: no school, GP, telephone, faith or health. A postcode is matched on
// only where there is no number and no day of birth, which is an unborn child's case; of everybody else it would be told for nothing.
func identity(of person.Identity, hidden bool) person.Identity {
	told := person.Identity{
		GivenName: of.GivenName, FamilyName: of.FamilyName, OtherNames: of.OtherNames, DateOfBirth: of.DateOfBirth, Sex: of.Sex,
		NHSNumber: of.NHSNumber, UPN: of.UPN,
	}
	if hidden || !foundByPlace(of) {
		return told
	}
	for _, address := range of.Addresses {
		if address.Postcode != "" {
			told.Addresses = append(told.Addresses, person.Address{Postcode: address.Postcode, Current: address.Current})
		}
	}
	return told
}

func foundByPlace(of person.Identity) bool {
	return of.DateOfBirth == person.Unborn && !person.ValidNHSNumber(of.NHSNumber) && !person.ValidUPN(of.UPN)
}
