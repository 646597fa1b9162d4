# Whose answer counts (domain.md section 2).
package mashgate.consent_test

import data.mashgate.fixture

c2 := "share_with_agencies"

c3 := "agencies_share_with_us"

say(by, status) := fixture.consent(c3, by, status)

also(by, status) := fixture.consent(c2, by, status)

person(id, role, born, changes) := object.union(fixture.subject(id, role, born), changes)

people := {
	"child": fixture.child,
	"sixteen": fixture.subject("sixteen", "sibling", "2010-02-04"),
	"fifteen": fixture.subject("fifteen", "sibling", "2010-02-05"),
	"gillick": person("gillick", "sibling", "2012-01-01", {"gillick_competent": "yes"}),
	"not_gillick": person("not_gillick", "other_child", "2012-01-01", {"gillick_competent": "no"}),
	"ageless": fixture.subject("ageless", "other_child", ""),
	"unborn": fixture.subject("unborn", "sibling", "unborn"),
	"grown": fixture.subject("grown", "sibling", "2008-02-04"),
	"mother": fixture.mother,
	"father": fixture.father,
	"suspect": person("suspect", "parent", "1985-01-01", {"alleged_source_of_harm": true}),
	"absent": person("absent", "parent", "1985-01-01", {"parental_responsibility": false}),
	"step": fixture.subject("step", "carer", "1985-01-01"),
	"guardian": person("guardian", "carer", "1960-01-01", {"parental_responsibility": true}),
	"lodger": fixture.subject("lodger", "other_adult", "1985-01-01"),
}

everybody := [person | some person in people]

consents(changes, answers) := {id: facts.consent |
	some id, facts in fixture.ask(object.union({"subjects": everybody, "consents": answers}, changes)).subjects
}

# One person's alone, which costs less.
consent_of(id, changes, answers) := code if {
	given := object.union(object.union(fixture.base, {"subjects": everybody, "consents": answers}), changes)
	code := data.mashgate.ask.consent(people[id]) with input as given
}

children_below := {"child", "fifteen", "gillick", "not_gillick", "ageless", "unborn"}

with_standing(standing, code) := {id | some id, given in standing; given == code}

test_nobody_answers if {
	got := consents({}, [])
	with_standing(got, "refused") == children_below | {"sixteen", "grown", "lodger"}
	with_standing(got, "missing") == {"mother", "father", "suspect", "absent", "step", "guardian"}
}

test_one_parent_says_yes if {
	got := consents({}, [say("mother", "yes")])
	with_standing(got, "given") == children_below | {"mother", "lodger", "grown"}
	with_standing(got, "refused") == {"sixteen"}
	with_standing(got, "missing") == {"father", "suspect", "absent", "step", "guardian"}
}

test_parents_disagree if {
	got := consents({}, [say("mother", "yes"), say("father", "withdrawn")])
	with_standing(got, "disagree") == children_below
	with_standing(got, "refused") == {"sixteen", "father"}
	with_standing(got, "given") == {"mother", "lodger", "grown"}
}

# Silence is not an answer, nor are not_sought and unknown.
test_what_is_no_answer if {
	every status in ["not_sought", "unknown", "not_safe_to_seek", "maybe"] {
		with_standing(consents({}, [say("mother", "yes"), say("father", status)]), "given") == children_below | {"mother", "lodger", "grown"}
	}
	consent_of("mother", {}, [say("mother", "unknown")]) == "missing"
	consent_of("mother", {}, [say("mother", "maybe")]) == "missing"
	consent_of("mother", {}, [say("mother", "not_sought")]) == "refused"
	consent_of("mother", {}, [say("mother", "not_safe_to_seek")]) == "refused"
	consent_of("mother", {}, [say("mother", "withdrawn")]) == "refused"
	consent_of("mother", {}, [say("mother", "no")]) == "refused"
}

# Who counts about a child below sixteen: a parent or carer with parental responsibility, who is not the alleged source of harm.
test_who_counts_about_a_child if {
	{id |
		some id, person in people
		person.role in {"parent", "carer", "other_adult"}
		consent_of("child", {}, [say(id, "yes")]) == "given"
	} == {"mother", "father", "guardian"}
	consent_of("child", {}, [say("mother", "yes"), say("suspect", "no")]) == "given"
	consent_of("child", {}, [say("mother", "yes"), say("absent", "no")]) == "given"
	consent_of("child", {}, [say("child", "yes")]) == "refused"
	consent_of("child", {}, [say("sixteen", "yes")]) == "refused"
	consent_of("suspect", {}, [say("suspect", "yes")]) == "given"
	consent_of("absent", {}, [say("absent", "yes")]) == "given"
}

test_sixteen_and_over if {
	consent_of("sixteen", {}, [say("sixteen", "yes"), say("mother", "no")]) == "given"
	consent_of("sixteen", {}, [say("sixteen", "no"), say("mother", "yes")]) == "refused"
	consent_of("fifteen", {}, [say("fifteen", "yes"), say("mother", "no")]) == "refused"
	consents({"subjects": array.concat(everybody, [person("accused", "sibling", "2009-01-01", {"alleged_source_of_harm": true})])}, [say("accused", "yes")]).accused == "given"
}

test_gillick if {
	consent_of("gillick", {}, [say("gillick", "yes"), say("mother", "no")]) == "given"
	consent_of("gillick", {}, [say("gillick", "no"), say("mother", "yes")]) == "refused"
	consent_of("gillick", {}, [say("gillick", "not_sought"), say("mother", "yes")]) == "given"
	consent_of("not_gillick", {}, [say("not_gillick", "yes"), say("mother", "no")]) == "refused"
	consent_of("not_gillick", {}, [say("not_gillick", "no"), say("mother", "yes")]) == "given"
	consent_of("child", {}, [say("child", "no"), say("mother", "yes")]) == "given"
}

# Nobody consents for another adult; a parent's yes, or that of an index child who answers for themselves, lets the request go on.
test_other_adults if {
	{id | some id, _ in people; consent_of("lodger", {}, [say(id, "yes")]) == "given"} == {"mother", "father", "guardian"}
	consent_of("lodger", {}, [say("lodger", "no"), say("mother", "yes")]) == "given"
	own := object.union(fixture.child, {"born": "2009-01-01"})
	consent_of("lodger", {"subjects": [own, fixture.father, people.lodger]}, [say("child", "yes"), say("father", "no")]) == "given"
	consent_of("lodger", {"subjects": [own, fixture.father, people.lodger]}, [say("child", "no"), say("father", "no")]) == "refused"
}

at(status, when) := fixture.recorded(c3, "mother", status, when)

# The latest answer, as recorded at the moment of deciding; of two recorded at once, the later in the list.
test_latest_answer if {
	consent_of("mother", {}, [at("yes", "2026-01-02T00:00:00Z"), at("no", "2026-01-01T00:00:00Z")]) == "given"
	consent_of("mother", {}, [at("yes", "2026-01-02T00:00:00Z"), at("no", "2026-01-02T00:00:00Z")]) == "refused"
	consent_of("mother", {}, [at("yes", "2026-01-02T00:00:00Z"), at("withdrawn", "2026-02-04T09:15:00Z")]) == "refused"
	consent_of("mother", {}, [at("yes", "2026-01-02T00:00:00Z"), at("withdrawn", "2026-02-04T09:15:01Z")]) == "given"
	consent_of("mother", {}, [at("yes", "2026-01-02T12:00:00+01:00"), at("no", "2026-01-02T11:30:00Z")]) == "refused"
}

# A requester outside children's services needs C2 as well.

partner := {"requester": {"role": "partner_representative", "agency": "police"}}

test_requester_outside if {
	consent_of("child", partner, [say("mother", "yes")]) == "refused"
	consent_of("mother", partner, [say("mother", "yes")]) == "missing"
	consent_of("lodger", partner, [say("mother", "yes")]) == "refused"
	consent_of("child", partner, [say("mother", "yes"), also("mother", "yes")]) == "given"
	consent_of("mother", partner, [say("mother", "yes"), also("mother", "yes")]) == "given"
	consent_of("lodger", partner, [say("mother", "yes"), also("mother", "yes")]) == "given"
	consent_of("mother", partner, [say("mother", "yes"), also("mother", "no")]) == "refused"
	consent_of("child", partner, [also("mother", "yes")]) == "refused"
	consent_of("child", partner, [say("mother", "yes"), also("mother", "yes"), also("father", "no")]) == "disagree"
	consent_of("child", {}, [say("mother", "yes"), also("mother", "no")]) == "given"
	consent_of("child", object.union(partner, {"episode": {"basis": "s47"}}), []) == "not_needed"
	consent_of("child", object.union(partner, {"episode": {"basis": "s17"}}), [say("mother", "yes")]) == "refused"
}

# What each basis needs.
test_by_basis if {
	yes := [say("mother", "yes")]
	[consents({"episode": {"basis": basis}}, yes).child | some basis in ["s47", "mash", "s17", "early_help", "emergency", "none"]] == [
		"not_needed", "given", "given", "refused", "not_needed", "not_needed",
	]
	consent_of("child", {"episode": {"basis": "early_help"}}, fixture.all_three("mother")) == "given"
	consent_of("father", {"episode": {"basis": "early_help"}}, fixture.all_three("mother")) == "missing"
}

# In early help a disagreement is a refusal, about each of the three.
test_disagreement_in_early_help if {
	every kind in ["referral", "share_with_agencies", "agencies_share_with_us"] {
		answers := array.concat(fixture.all_three("mother"), [fixture.consent(kind, "father", "no")])
		got := consents({"episode": {"basis": "early_help"}}, answers)
		[got.child, got.mother, got.father, got.lodger] == ["refused", "given", "refused", "given"]
	}
}

# What those who count say, in a word each: nobody is left without one.
position_of(id, answers) := position if {
	given := object.union(fixture.base, {"subjects": everybody, "consents": answers})
	position := data.mashgate.ask.position(people[id], c3) with input as given
}

test_positions if {
	answers := [say("mother", "yes"), say("father", "no"), say("sixteen", "yes"), say("gillick", "no")]
	{id: position_of(id, answers) | some id, _ in people} == {
		"child": "disagree",
		"sixteen": "yes",
		"fifteen": "disagree",
		"gillick": "no",
		"not_gillick": "disagree",
		"ageless": "disagree",
		"unborn": "disagree",
		"grown": "yes",
		"mother": "yes",
		"father": "no",
		"suspect": "missing",
		"absent": "missing",
		"step": "missing",
		"guardian": "missing",
		"lodger": "yes",
	}
	[position_of("lodger", [say("mother", "no")]), position_of("child", [])] == ["no", "no"]
}
