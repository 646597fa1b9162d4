# The facts of subjects, who is left out, and whom safe_address protects (domain.md 4.1, 4.4).
package mashgate.subjects_test

import data.mashgate.fixture

# Traits by birth, on 4 February 2026.
ages := [
	["2026-02-04", "index_child", {"child", "under_16", "under_13", "under_10", "index_child"}],
	["2016-02-05", "index_child", {"child", "under_16", "under_13", "under_10", "index_child"}],
	["2016-02-04", "sibling", {"child", "under_16", "under_13"}],
	["2013-02-05", "other_child", {"child", "under_16", "under_13"}],
	["2013-02-04", "other_child", {"child", "under_16"}],
	["2010-02-05", "sibling", {"child", "under_16"}],
	["2010-02-04", "sibling", {"child"}],
	["2010-02-04", "parent", {"child"}],
	["2008-02-05", "sibling", {"child"}],
	["2008-02-04", "sibling", {"adult", "other_adult"}],
	["2008-02-04", "other_child", {"adult", "other_adult"}],
	["2008-02-04", "index_child", {"adult", "index_child"}],
	["2008-02-04", "other_adult", {"adult", "other_adult"}],
	["2008-02-04", "parent", {"adult"}],
	["2008-02-04", "carer", {"adult"}],
	["unborn", "index_child", {"child", "under_16", "under_13", "under_10", "unborn", "index_child"}],
	["unborn", "sibling", {"child", "under_16", "under_13", "under_10", "unborn"}],
	["", "index_child", {"child", "under_16", "under_10", "index_child"}],
	["", "sibling", {"child", "under_16", "under_10"}],
	["", "other_child", {"child", "under_16", "under_10"}],
	["", "parent", {"adult"}],
	["", "carer", {"adult"}],
	["", "other_adult", {"adult", "other_adult"}],
]

traits_of(person, changes) := {name | some name, fact in facts; fact == true} if {
	facts := data.mashgate.ask.facts(person) with input as object.union(object.union(fixture.base, {"subjects": [person]}), changes)
}

test_traits_by_age_and_role if {
	every line in ages {
		traits_of(fixture.subject("somebody", line[1], line[0]), {}) == line[2] | {"anyone"}
	}
}

# Born on 29 February: the birthday of another year is 1 March.
test_leap_day if {
	grown := fixture.subject("somebody", "sibling", "2008-02-29")
	"child" in traits_of(grown, {"at": "2026-02-28T12:00:00Z"})
	"adult" in traits_of(grown, {"at": "2026-03-01T00:00:00Z"})
}

# Ages are London's: the birthday has begun there while it is still the day before in UTC.
test_birthday_in_summer_time if {
	teen := fixture.subject("somebody", "sibling", "2010-07-01")
	"under_16" in traits_of(teen, {"at": "2026-06-30T22:59:59Z"})
	not "under_16" in traits_of(teen, {"at": "2026-06-30T23:00:00Z"})
}

test_facts_are_total if {
	asked := fixture.ask({"subjects": [fixture.child, fixture.mother]}).subjects
	{name | some name, _ in asked.child} == {name | some name, _ in fixture.about_child}
	{name | some name, _ in asked.mother} == {name | some name, _ in fixture.about_child}
	[asked.child.role, asked.mother.role, asked.child.flags] == ["index_child", "parent", []]
}

test_pregnancy if {
	{status |
		some status in ["yes", "no", "unknown"]
		person := object.union(fixture.subject("somebody", "parent", "1990-01-01"), {"pregnant_or_postnatal": status})
		"known_not_pregnant" in traits_of(person, {})
	} == {"no"}
}

test_ambiguous if {
	{state |
		some state in ["yes", "no", "ambiguous"]
		person := object.union(fixture.subject("somebody", "index_child", "2016-01-01"), {"identified": state})
		"ambiguous" in traits_of(person, {})
	} == {"ambiguous"}
}

# Footnotes of 4.3.

footnote(trait, role, born) := {concern |
	some concern, _ in data.concerns.codes
	trait in traits_of(fixture.subject("somebody", role, born), {"episode": {"concerns": ["other", concern]}})
}

test_self_harm_of_index_child if {
	footnote("self_harm_of_index_child", "index_child", "2012-01-01") == {"self_harm_or_suicide"}
	footnote("self_harm_of_index_child", "sibling", "2012-01-01") == set()
	footnote("self_harm_of_index_child", "parent", "1990-01-01") == set()
}

test_sexual_harm_of_child if {
	always := {"sexual_abuse", "sexual_exploitation"}
	footnote("sexual_harm_of_child", "index_child", "2013-02-04") == always
	footnote("sexual_harm_of_child", "sibling", "2013-02-05") == always | {"underage_sexual_activity"}
	footnote("sexual_harm_of_child", "sibling", "") == always
	footnote("sexual_harm_of_child", "parent", "1990-01-01") == set()
	footnote("sexual_harm_of_child", "sibling", "2008-02-04") == set()
}

# Left out.

left_out(person, changes) := answer if {
	answer := data.mashgate.ask.left_out with input as object.union(object.union(fixture.base, {"subjects": [fixture.child, person]}), changes)
}

unknown(role, born) := object.union(fixture.subject("somebody", role, born), {"identified": "no"})

test_left_out if {
	why := {"somebody": {"code": "subject_not_identified", "rule": "ask.left_out"}}
	every role in ["parent", "carer", "other_adult", "sibling", "other_child"] {
		left_out(unknown(role, "1990-01-01"), {}) == why
		left_out(unknown(role, "2015-01-01"), {"episode": {"facts": {"uasc": true}}}) == why
		left_out(unknown(role, "1990-01-01"), {"episode": {"break_glass": fixture.glass}}) == why
	}
	left_out(unknown("sibling", "unborn"), {}) == {}
	left_out(unknown("index_child", "2015-01-01"), {}) == {}
	left_out(object.union(unknown("parent", "1990-01-01"), {"identified": "ambiguous"}), {}) == {}
	left_out(object.union(unknown("parent", "1990-01-01"), {"identified": "yes"}), {}) == {}
	fixture.fact({"subjects": [fixture.child, unknown("parent", "1990-01-01")]}, "somebody", "left_out")
}

# safe_address protects people.

person(id, role, born, home, more) := object.union(object.union(fixture.subject(id, role, born), {"lives_with_index": home}), more)

household := {
	"index": person("index", "index_child", "2016-01-01", false, {}),
	"sister": person("sister", "sibling", "2014-01-01", true, {}),
	"cousin": person("cousin", "other_child", "2014-01-01", false, {}),
	"mother": person("mother", "parent", "1990-01-01", true, {}),
	"gran": person("gran", "carer", "1960-01-01", true, {}),
	"brother": person("brother", "sibling", "2005-01-01", true, {}),
	"suspect": person("suspect", "parent", "1988-01-01", true, {"alleged_source_of_harm": true}),
	"away": person("away", "parent", "1988-01-01", false, {}),
}

set_on(id) := [object.union(subject, {"safe_address": subject.id == id}) | some subject in household]

protected(changes) := answer if {
	answer := data.mashgate.ask.protected with input as object.union(object.union(fixture.base, {"subjects": set_on("nobody")}), changes)
}

at_home := {"index", "sister", "mother", "gran", "brother"}

test_nobody_is_protected if protected({}) == set()

test_protected_at_home if {
	every id in ["index", "sister", "mother", "gran", "brother"] {
		protected({"subjects": set_on(id)}) == at_home
		protected({"flags": [{"subject": id, "flag": "safe_address", "organisation": "police"}]}) == at_home
	}
}

test_alleged_source_is_protected_only_himself if {
	protected({"subjects": set_on("suspect")}) == at_home | {"suspect"}
}

# A child away from home may be where a flagged person away from home is.
test_protected_away_from_home if {
	protected({"subjects": set_on("away")}) == {"away", "cousin"}
	protected({"subjects": set_on("cousin")}) == {"cousin"}
}

# Adults at home are not covered where no child is.
test_adults_are_covered_through_a_child if {
	adults := [household.mother, household.gran]
	flags := [{"subject": "mother", "flag": "safe_address", "organisation": "police"}]
	protected({"subjects": adults, "flags": flags}) == {"mother"}
}

test_other_flags_protect_nobody if {
	every flag in ["adoption", "limited_access", "live_investigation"] {
		changes := {"flags": [{"subject": "mother", "flag": flag, "organisation": "police"}]}
		protected(changes) == set()
		fixture.ask(changes).subjects.mother.flags == [flag]
		fixture.ask(changes).subjects.child.flags == []
	}
}

test_protected_is_a_fact if {
	changes := {"subjects": [fixture.child, object.union(fixture.mother, {"safe_address": true}), household.away]}
	fixture.fact(changes, "child", "protected")
	fixture.fact(changes, "mother", "protected")
	not fixture.fact(changes, "away", "protected")
}

test_flags_are_sorted_without_repeats if {
	flags := [
		{"subject": "mother", "flag": "limited_access", "organisation": "police"},
		{"subject": "mother", "flag": "adoption", "organisation": "police"},
		{"subject": "mother", "flag": "adoption", "organisation": "charity"},
	]
	fixture.fact({"flags": flags}, "mother", "flags") == ["adoption", "limited_access"]
}
