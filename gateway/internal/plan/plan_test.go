package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mashgate/mashgate/gateway/internal/plan"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
)

func why(code string, tellable bool) []policy.Reason {
	return []policy.Reason{{Code: code, Effect: policy.Deny, Tellable: tellable}}
}

// TestEveryPairOnce: whatever policy says, each organisation and subject meet exactly once, in a leg or in an answer.
func TestEveryPairOnce(t *testing.T) {
	subjects := []string{"s1", "s2", "s3"}
	categories := []string{"pol.missing", "pol.involvement", "hlt.sexual_health"}
	rapid.Check(t, func(t *rapid.T) {
		r := plan.Request{Subjects: subjects, NeverNamed: []string{"hlt.sexual_health"}}
		for _, id := range []string{"police", "education", "hospital"} {
			o := plan.Organisation{ID: id, Connected: rapid.Bool().Draw(t, "connected")}
			for _, s := range subjects {
				for _, c := range categories {
					switch rapid.IntRange(0, 3).Draw(t, "verdict") {
					case 0:
						o.Constraints = append(o.Constraints, policy.Constraint{Category: c, Subject: s})
					case 1:
						o.NotAsked = append(o.NotAsked, policy.NotAsked{Category: c, Subject: s, Effect: policy.Deny, Reasons: why("no", rapid.Bool().Draw(t, "tellable"))})
					case 2:
						o.NotAsked = append(o.NotAsked, policy.NotAsked{Category: c, Subject: s, Effect: policy.Review, Reasons: why("review", true)})
					}
				}
			}
			r.Organisations = append(r.Organisations, o)
		}
		p := plan.Make(r)
		seen := map[[2]string]int{}
		for _, leg := range p.Legs {
			for _, s := range leg.Subjects {
				seen[[2]string{leg.Organisation, s}]++
			}
		}
		for _, u := range p.Unasked {
			seen[[2]string{u.Organisation, u.Subject}]++
			if len(u.Reasons) == 0 {
				t.Fatal("not asked without a reason")
			}
			tellable(t, u.Reasons)
		}
		for _, h := range p.Held {
			tellable(t, h.Reasons)
			if h.Category == "hlt.sexual_health" {
				t.Fatal("a category that is never named is named")
			}
		}
		if len(seen) != 9 {
			t.Fatalf("%d pairs, want 9", len(seen))
		}
		for pair, times := range seen {
			if times != 1 {
				t.Fatalf("%v: %d times", pair, times)
			}
		}
	})
}

func tellable(t *rapid.T, reasons []policy.Reason) {
	if slices.ContainsFunc(reasons, func(r policy.Reason) bool { return !r.Tellable }) {
		t.Fatal("a reason that may not be told")
	}
}

// TestHeld: what is not asked for, beside what is, without what does not apply to the person.
func TestHeld(t *testing.T) {
	p := plan.Make(plan.Request{Subjects: []string{"s1"}, Organisations: []plan.Organisation{{
		ID: "police", Connected: true, Constraints: []policy.Constraint{{Category: "pol.missing", Subject: "s1"}},
		NotAsked: []policy.NotAsked{
			{Category: "pol.convictions", Subject: "s1", Effect: policy.Deny, Reasons: why("not_on_this_basis", true)},
			{Category: "pol.intelligence", Subject: "s1", Effect: policy.Deny, Reasons: why("not_applicable", true)},
			{Category: "pol.involvement", Subject: "s1", Effect: policy.Review, Reasons: why("own_answer_missing", true)},
		},
	}}})
	var got []string
	for _, h := range p.Held {
		got = append(got, h.Category)
	}
	if diff := cmp.Diff([]string{"pol.convictions", "pol.involvement"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestUnasked: the reasons for not asking, as the requester may be told them.
func TestUnasked(t *testing.T) {
	p := plan.Make(plan.Request{Subjects: []string{"s1"}, NeverNamed: []string{"hlt.restricted"}, Organisations: []plan.Organisation{
		{ID: "hospital", NotAsked: []policy.NotAsked{{Category: "hlt.attendance", Subject: "s1", Reasons: why("not_on_this_basis", true)}}},
		{ID: "education", Connected: true, NotAsked: []policy.NotAsked{{Category: "edu.send", Subject: "s1", Reasons: why("not_applicable", true)}}},
		{ID: "health", Connected: true, NotAsked: []policy.NotAsked{{Category: "hlt.restricted", Subject: "s1", Reasons: why("restricted_category", false)}}},
		{ID: "police", Connected: true, Constraints: []policy.Constraint{{Category: "pol.missing", Subject: "s1"}}},
	}})
	got := map[string]string{}
	for _, u := range p.Unasked {
		got[u.Organisation] = u.Reasons[0].Code
	}
	want := map[string]string{"hospital": "not_connected", "education": "not_applicable", "health": "nothing_to_ask"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(p.Legs) != 1 || p.Legs[0].Organisation != "police" {
		t.Errorf("legs = %v, want the police alone", p.Legs)
	}
}

var (
	school = person.Identity{
		GivenName: "Ann", FamilyName: "Lee", DateOfBirth: "2015-01-02", NHSNumber: "9434765919", School: "St Anne", GP: "Dr Who",
		Phones: []string{"07700900123"}, Religion: "none", Addresses: []person.Address{{Lines: []string{"1 High St"}, Postcode: "CV1 1AA", Current: true}},
	}
	unborn = person.Identity{
		GivenName: "Baby", FamilyName: "Lee", DateOfBirth: person.Unborn, School: "St Anne", GP: "Dr Who",
		Addresses: []person.Address{{Lines: []string{"1 High St"}, Postcode: "CV1 1AA", Current: true}},
	}
)

func telling() plan.Telling {
	ask := policy.Ask{Tell: policy.TellNarrative, Protected: map[string]bool{}}
	return plan.Telling{
		Purpose: "safeguarding_children", Basis: "s47", Narrative: "what happened",
		People: []plan.Person{{ID: "s1", Role: "index_child", Identity: school}, {ID: "s2", Role: "sibling", Identity: unborn}},
		Asks:   []policy.Ask{ask, ask},
	}
}

// TestTell: an organisation is told of whom it is asked about, what it matches on, and nothing else: where somebody lives is matched on
// only for an unborn child.
func TestTell(t *testing.T) {
	told := plan.Tell(plan.Leg{Subjects: []string{"s1"}}, telling())
	if len(told.People) != 1 || told.People[0].ID != "s1" || told.Purpose == "" || told.Basis == "" {
		t.Fatalf("%d people, purpose %q, basis %q", len(told.People), told.Purpose, told.Basis)
	}
	want := person.Identity{GivenName: "Ann", FamilyName: "Lee", DateOfBirth: "2015-01-02", NHSNumber: "9434765919"}
	if diff := cmp.Diff(want, told.People[0].Identity); diff != "" {
		t.Errorf("a child (-want +told):\n%s", diff)
	}
	told = plan.Tell(plan.Leg{Subjects: []string{"s2"}}, telling())
	want = person.Identity{
		GivenName: "Baby", FamilyName: "Lee", DateOfBirth: person.Unborn, Addresses: []person.Address{{Postcode: "CV1 1AA", Current: true}},
	}
	if diff := cmp.Diff(want, told.People[0].Identity); diff != "" {
		t.Errorf("an unborn child (-want +told):\n%s", diff)
	}
}

// TestTellProtects: what would give a protected place or an informant away stays here.
func TestTellProtects(t *testing.T) {
	tests := []struct {
		name                string
		change              func(*plan.Telling)
		narrative, postcode bool
	}{
		{"nothing to protect", func(*plan.Telling) {}, true, true},
		{"identifiers only", func(t *plan.Telling) { t.Asks[0].Tell = policy.TellIdentifiers }, false, true},
		{"identifiers only by now", func(t *plan.Telling) { t.Asks[1].Tell = policy.TellIdentifiers }, false, true},
		{"the person is protected", func(t *plan.Telling) { t.Asks[0].Protected = map[string]bool{"s2": true} }, false, false},
		{"the person is protected by now", func(t *plan.Telling) { t.Asks[1].Protected = map[string]bool{"s2": true} }, false, false},
		{"somebody else is protected", func(t *plan.Telling) { t.Asks[0].Protected = map[string]bool{"s1": true} }, false, true},
		{"location unknown", func(t *plan.Telling) { t.LocationUnknown = true }, false, false},
		{"the words of an informant", func(t *plan.Telling) { t.WordsOfInformant = true }, false, true},
		{"a policy that failed", func(t *plan.Telling) { t.Asks[0] = policy.Ask{} }, false, true},
		{"no policy", func(t *plan.Telling) { t.Asks = nil }, false, false},
		{"a number to look up by", func(t *plan.Telling) { t.People[1].Identity.NHSNumber = "9434765919" }, true, false},
		{"a number that is none", func(t *plan.Telling) { t.People[1].Identity.NHSNumber = "9434765910" }, true, true},
		{"a date of birth", func(t *plan.Telling) { t.People[1].Identity.DateOfBirth = "2026-11-20" }, true, false},
		{"nothing that a postcode would help", func(t *plan.Telling) { t.People[1].Identity.DateOfBirth = "" }, true, false},
	}
	for _, test := range tests {
		of := telling()
		test.change(&of)
		postcode := len(plan.Tell(plan.Leg{Subjects: []string{"s2"}}, of).People[0].Identity.Addresses) > 0
		if narrative := plan.Narrative(of) != ""; narrative != test.narrative || postcode != test.postcode {
			t.Errorf("%s: narrative %t, postcode %t", test.name, narrative, postcode)
		}
	}
}
