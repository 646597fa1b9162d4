package matching_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/person"
)

const (
	nhsA = "9434765919"
	nhsB = "9434765870"
	upnB = "X801200001002"
	upnA = "H801200001001"
)

func TestFixturesAreValid(t *testing.T) {
	if !person.ValidNHSNumber(nhsA) || !person.ValidNHSNumber(nhsB) || !person.ValidUPN(upnA) || !person.ValidUPN(upnB) {
		t.Fatal("the identifiers of these tests fail their own check digits")
	}
}

func who(given, family, born string, change ...func(*person.Identity)) person.Identity {
	i := person.Identity{GivenName: given, FamilyName: family, DateOfBirth: born}
	for _, c := range change {
		c(&i)
	}
	return i
}

func nhs(number string) func(*person.Identity) {
	return func(i *person.Identity) { i.NHSNumber = number }
}

func upn(number string) func(*person.Identity) { return func(i *person.Identity) { i.UPN = number } }

func also(names ...string) func(*person.Identity) {
	return func(i *person.Identity) { i.OtherNames = names }
}

func at(postcode string) func(*person.Identity) {
	return func(i *person.Identity) { i.Addresses = []person.Address{{Postcode: postcode}} }
}

func TestMatch(t *testing.T) {
	const born = "2014-02-03"
	mira := who("Mira", "Quill", born)
	tests := []struct {
		name    string
		asked   person.Identity
		held    []person.Identity
		outcome matching.Outcome
		// found is which of the held is matched, from 0, or how many are possible.
		found int
	}{
		{"name and date of birth", mira, []person.Identity{who("MIRA", "quill", "03/02/2014")}, matching.Matched, 0},
		{"accents and apostrophes", who("Zoë", "O’Brien-Łoś", born), []person.Identity{who("Zoe", "OBrien Los", born)}, matching.Matched, 0},
		{"another name held", mira, []person.Identity{who("Mira", "Penn", born, also("Mira Quill"))}, matching.Matched, 0},
		{"another name asked", who("Mira", "Penn", born, also("Mira Quill")), []person.Identity{mira}, matching.Matched, 0},
		{"a maiden name alone", who("Mira", "Penn", born, also("Quill")), []person.Identity{mira}, matching.Matched, 0},
		{"NHS number and date of birth, name changed", who("Mira", "Quill", born, nhs(nhsA)), []person.Identity{who("Ann", "Other", born, nhs(nhsA))}, matching.Matched, 0},
		{"UPN and date of birth", who("Mira", "Quill", born, upn(upnA)), []person.Identity{who("Mirah", "Quil", born, upn(upnA))}, matching.Matched, 0},
		{"NHS number alone asked", who("", "", "", nhs(nhsA)), []person.Identity{who("Mira", "Quill", born, nhs(nhsA))}, matching.Matched, 0},
		{"NHS number, another name, no date of birth", who("Mira", "Quill", "", nhs(nhsA)), []person.Identity{who("Ann", "Other", born, nhs(nhsA))}, matching.Ambiguous, 1},
		{"NHS number and name, no date of birth", who("Mira", "Quill", "", nhs(nhsA)), []person.Identity{who("Mira", "Quill", born, nhs(nhsA))}, matching.Matched, 0},
		{"the right twin", mira, []person.Identity{who("Tara", "Quill", born), mira}, matching.Matched, 1},

		{"nobody", mira, nil, matching.NoTrace, 0},
		{"somebody else", mira, []person.Identity{who("Tara", "Vole", "2012-02-03")}, matching.NoTrace, 0},
		{"a twin only", mira, []person.Identity{who("Tara", "Quill", born)}, matching.NoTrace, 0},
		{"same name, another day", mira, []person.Identity{who("Mira", "Quill", "2014-03-02")}, matching.NoTrace, 0},
		{"an unborn child is nobody who is born", who("Baby", "Quill", "unborn", at("CV1 1AA")), []person.Identity{who("Baby", "Quill", born, at("CV1 1AA"))}, matching.NoTrace, 0},

		{"two alike", mira, []person.Identity{mira, mira}, matching.Ambiguous, 2},
		{"same NHS number, another date of birth", who("Mira", "Quill", born, nhs(nhsA)), []person.Identity{who("Mira", "Quill", "2014-02-04", nhs(nhsA))}, matching.Ambiguous, 1},
		{"same UPN, another date of birth", who("Mira", "Quill", born, upn(upnA)), []person.Identity{who("Mira", "Quill", "2013-02-03", upn(upnA))}, matching.Ambiguous, 1},
		{"same NHS number, another UPN", who("Mira", "Quill", born, nhs(nhsA), upn(upnA)), []person.Identity{who("Mira", "Quill", born, nhs(nhsA), upn(upnB))}, matching.Ambiguous, 1},
		{"same name and date of birth, another NHS number", who("Mira", "Quill", born, nhs(nhsA)), []person.Identity{who("Mira", "Quill", born, nhs(nhsB))}, matching.Ambiguous, 1},
		{"NHS number points at one, name at another", who("Mira", "Quill", born, nhs(nhsA)), []person.Identity{who("Mira", "Quill", born), who("M", "Q", born, nhs(nhsA))}, matching.Ambiguous, 2},
		{"same name, date of birth not held", mira, []person.Identity{who("Mira", "Quill", "")}, matching.Ambiguous, 1},
		{"first name and family name only", who("Mira Jane", "Quill", born), []person.Identity{who("Mira Ann", "Quill", born)}, matching.Ambiguous, 1},
		{"match beside somebody it could be", mira, []person.Identity{mira, who("Mira", "Quill", "")}, matching.Ambiguous, 2},
		{"unborn, same family, moved", who("Baby", "Quill", "unborn", at("CV1 1AA")), []person.Identity{who("Baby", "Quill", "unborn", at("CV2 2AA"))}, matching.Ambiguous, 1},
		{"unborn at home", who("Baby", "Quill", "unborn", at("cv11aa")), []person.Identity{who("Baby", "Quill", "unborn", at("CV1 1AA"))}, matching.Matched, 0},

		{"no name, no number", who("", "", born), []person.Identity{mira}, matching.TooFewIdentifiers, 0},
		{"no date of birth", who("Mira", "Quill", ""), []person.Identity{mira}, matching.TooFewIdentifiers, 0},
		{"not a date of birth", who("Mira", "Quill", "2014"), []person.Identity{mira}, matching.TooFewIdentifiers, 0},
		{"no given name", who("", "Quill", born), []person.Identity{mira}, matching.TooFewIdentifiers, 0},
		{"an NHS number that fails its check", who("Mira", "Quill", "", nhs("9434765910")), []person.Identity{mira}, matching.TooFewIdentifiers, 0},
		{"unborn and nowhere", who("Baby", "Quill", "unborn"), []person.Identity{who("Baby", "Quill", "unborn")}, matching.TooFewIdentifiers, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var candidates []matching.Candidate
			for i, held := range test.held {
				candidates = append(candidates, matching.Candidate{Ref: strings.Repeat("p", i+1), Identity: held, Flags: []string{"safe_address"}})
			}
			got := matching.Match(test.asked, candidates)
			want := matching.Result{Outcome: test.outcome, With: got.With}
			switch test.outcome {
			case matching.Matched:
				want.Ref, want.Flags = strings.Repeat("p", test.found+1), []string{"safe_address"}
			case matching.Ambiguous:
				want.Possible, want.Flags = test.found, []string{"safe_address"}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if enough := matching.Enough(test.asked); enough == (test.outcome == matching.TooFewIdentifiers) || enough != (len(got.With) > 0) {
				t.Errorf("enough is %v for %s, looked up with %v", enough, got.Outcome, got.With)
			}
		})
	}
}

// TestPersonGivenTwice: a source may find one person by two of their names.
func TestPersonGivenTwice(t *testing.T) {
	mira := who("Mira", "Quill", "2014-02-03")
	got := matching.Match(mira, []matching.Candidate{
		{Ref: "p", Identity: who("Mira", "Penn", "2014-02-03"), Flags: []string{"adoption"}},
		{Ref: "p", Identity: mira, Flags: []string{"safe_address"}},
	})
	want := matching.Result{
		Outcome: matching.Matched, Ref: "p", Flags: []string{"adoption", "safe_address"}, With: []string{matching.ByName, matching.ByDateOfBirth},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzMatch: a person is found by their own identity or cannot be looked up, and never by an empty one.
func FuzzMatch(f *testing.F) {
	f.Add("Mira", "Quill", "2014-02-03", nhsA, upnA, "Mira Penn")
	f.Add("", "", "unborn", "", "", "")
	f.Add("Ł", "'", "1/2/2003", "1", "2", "-")
	f.Fuzz(func(t *testing.T, given, family, born, number, pupil, other string) {
		asked := who(given, family, born, nhs(number), upn(pupil), also(other), at("CV1 1AA"))
		own := matching.Match(asked, []matching.Candidate{{Ref: "p", Identity: asked}})
		if own.Outcome == matching.NoTrace || matching.Enough(asked) && own.Outcome != matching.Matched && own.Outcome != matching.Ambiguous {
			t.Errorf("a person is not found by their own identity: %s", own.Outcome)
		}
		if nobody := matching.Match(person.Identity{}, []matching.Candidate{{Ref: "p", Identity: asked}}); nobody.Outcome != matching.TooFewIdentifiers {
			t.Errorf("nobody in particular is %s", nobody.Outcome)
		}
	})
}
