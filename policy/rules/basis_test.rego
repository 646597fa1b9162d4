# What supports a basis, grounds, regimes and the duty to share (domain.md 4.2), copied out by hand.
package mashgate.basis_test

import data.mashgate.fixture

supported(changes) := answer if {
	answer := data.mashgate.ask.basis_supported with input as object.union(fixture.base, {"episode": changes})
}

test_s47 if {
	supported({"basis": "s47", "rating": "red"})
	supported({"basis": "s47", "rating": "none", "facts": {"s47_cause": true}})
	every rating in ["amber", "green", "none", "purple"] {
		not supported({"basis": "s47", "rating": rating})
	}
}

test_mash if {
	supported({"stage": "mash_episode"})
	supported({"stage": "strategy_discussion"})
	not supported({"stage": "triage"})
	not supported({"stage": "closed"})
	every rating in ["red", "green", "none", "purple"] {
		not supported({"rating": rating})
	}
}

test_s17 if {
	supported({"basis": "s17", "rating": "green"})
	supported({"basis": "s17", "rating": "none", "facts": {"child_in_need": true}})
	every rating in ["amber", "red", "none", "purple"] {
		not supported({"basis": "s17", "rating": rating})
	}
}

test_early_help if {
	[supported({"basis": "early_help", "level_of_need": level}) | some level in [0, 1, 2, 3, 4]] == [false, false, true, true, false]
}

test_emergency if {
	in_force := {"basis": "emergency", "break_glass": fixture.glass}
	supported(object.union(in_force, {"facts": {"imminent_danger": true}}))
	not supported(in_force)
	not supported({"basis": "emergency", "facts": {"imminent_danger": true}})
}

test_no_basis if {
	every basis in ["none", "", "hunch"] {
		not supported({"basis": basis, "rating": "red", "facts": {"s47_cause": true, "child_in_need": true}})
	}
}

# Ratings are routes.
test_ratings if {
	{code: rating.route | some code, rating in data.hub.ratings} == {
		"red": "safeguarding",
		"amber": "mash_episode",
		"green": "statutory",
		"none": "none",
	}
	{code: rating.clock | some code, rating in data.hub.ratings} == {
		"red": {"hours": 0},
		"amber": {"hours": 24},
		"green": {"hours": 24},
		"none": {"hours": 24},
	}
}

# Grounds: any one, recorded with a reason by a named person. Seen here by what they let go on.

refused := {"consents": [fixture.consent("agencies_share_with_us", "mother", "no")]}

standing(changes) := fixture.fact(object.union(refused, changes), "child", "consent")

override(ground, reason, by) := {"episode": {"override": {"ground": ground, "reason": reason, "by": by}}}

test_grounds if {
	{ground | some ground, _ in data.grounds} == {
		"not_safe_to_seek", "delay", "loss_of_evidence", "serious_harm_to_adult", "prejudice_to_crime", "cannot_be_obtained",
		"best_interests",
	}
	every ground, _ in data.grounds {
		standing(override(ground, "because", "s.worker")) == "ground"
	}
	standing(override("convenience", "because", "s.worker")) == "refused"
	standing(override("delay", " ", "s.worker")) == "refused"
	standing(override("delay", "because", "")) == "refused"
	standing({}) == "refused"
}

test_ground_counts_where_consent_is_needed if {
	with_ground := override("delay", "because", "s.worker")
	standing(object.union(with_ground, {"episode": {"basis": "s17"}})) == "ground"
	standing(object.union(with_ground, {"episode": {"basis": "early_help"}})) == "refused"
	standing(object.union(with_ground, {"episode": {"basis": "s47"}})) == "not_needed"
	standing(object.union(with_ground, {"episode": {"basis": "emergency"}})) == "not_needed"
}

# not_safe_to_seek, of C2 or C3, with a reason, by whichever parent or carer, for the whole episode.

unsafe(kind, by, why) := {
	"subjects": [
		fixture.child,
		fixture.mother,
		object.union(fixture.father, {"alleged_source_of_harm": true, "parental_responsibility": false}),
		fixture.subject("step", "carer", "1985-01-01"),
		fixture.subject("lodger", "other_adult", "1985-01-01"),
	],
	"consents": [fixture.consent("agencies_share_with_us", "mother", "no"), fixture.unsafe(kind, by, why)],
}

given_unsafe(kind, by, why) := fixture.fact(unsafe(kind, by, why), "child", "consent")

test_not_safe_to_seek if {
	every kind in ["share_with_agencies", "agencies_share_with_us"] {
		every by in ["father", "step"] {
			given_unsafe(kind, by, "he would flee") == "ground"
			given_unsafe(kind, by, " ") == "refused"
		}
		given_unsafe(kind, "lodger", "he would flee") == "refused"
		given_unsafe(kind, "child", "he would flee") == "refused"
	}
	given_unsafe("referral", "father", "he would flee") == "refused"
	given_unsafe("service", "father", "he would flee") == "refused"
}

test_family_answers_not_relied_on if {
	{concern |
		some concern, _ in data.concerns.codes
		standing({"episode": {"concerns": [concern]}}) == "ground"
	} == {"honour_based_abuse", "fgm", "forced_marriage", "fabricated_illness"}
}

# Regimes by the day in London, and the duty by basis.

shape(at, basis, more) := answer if {
	answer := data.mashgate.ask.shape with input as object.union(
		fixture.base,
		{"at": at, "episode": object.union({"basis": basis}, more)},
	)
}

before := "2026-09-29T22:59:59Z"

from := "2026-09-29T23:00:00Z"

test_regimes if {
	shape(before, "mash", {}).regime == "common_law_and_dpa2018"
	shape(from, "mash", {}).regime == "children_act_2004_s16LA"
	shape("2018-05-25T00:00:00Z", "mash", {}).regime == "common_law_and_dpa2018"
	[[regime.code, regime.from, regime.duty] | some regime in data.regimes] == [
		["common_law_and_dpa2018", "2018-05-25", false],
		["children_act_2004_s16LA", "2026-09-30", true],
	]
}

test_duty if {
	duties := {"s47": "none", "mash": "unresolved", "s17": "unresolved", "early_help": "none", "emergency": "none", "none": "none"}
	every basis, duty in duties {
		shape(from, basis, {}).duty == duty
		shape(before, basis, {}).duty == "none"
	}
}

test_position_settled if {
	every basis in ["mash", "s17"] {
		shape(from, basis, {"consent_position": {"by": "s.worker", "reason": "because"}}).duty == "settled"
		shape(from, basis, {"consent_position": {"by": "", "reason": "because"}}).duty == "unresolved"
		shape(from, basis, {"consent_position": {"by": "s.worker", "reason": " "}}).duty == "unresolved"
		shape(before, basis, {"consent_position": {"by": "s.worker", "reason": "because"}}).duty == "none"
	}
	shape(from, "s47", {"consent_position": {"by": "s.worker", "reason": "because"}}).duty == "none"
}
