# Tier by basis (domain.md 4.3), copied out by hand: columns early_help, s17, mash, s47, emergency.
package mashgate.tier_test

import data.mashgate.fixture

columns := ["early_help", "s17", "mash", "s47", "emergency"]

legend := {
	"P": {"effect": "permit", "reason": "tier_permits"},
	"-": {"effect": "deny", "reason": "not_on_this_basis"},
	"x": {"effect": "deny", "reason": "restricted_category"},
	"N": {"effect": "review", "reason": "more_than_in_need"},
	"H": {"effect": "review", "reason": "narrative_held"},
	"C": {"effect": "review", "reason": "clinical_detail_held"},
	"I": {"effect": "review", "reason": "intelligence_held"},
	"E": {"effect": "exist", "reason": "live_enquiry"},
	"K": {"effect": "exist", "reason": "risk_known"},
}

about_a_child := {
	"csc.status": "PPPPP",
	"csc.chronology": "-NPP-",
	"csc.assessments": "--HP-",
	"csc.placement": "--HP-",
	"eh.plan": "PPPP-",
	"edu.enrolment": "PPPPP",
	"edu.attendance": "PPPP-",
	"edu.exclusions": "-NPP-",
	"edu.send": "-NPP-",
	"edu.safeguarding_log": "-NPP-",
	"pol.involvement": "-NPPP",
	"pol.missing": "-NPPP",
	"pol.domestic_abuse": "-NPPP",
	"pol.convictions": "--HP-",
	"pol.intelligence": "--II-",
	"pol.live_investigation": "--IE-",
	"hlt.registration": "PPPPP",
	"hlt.attendance": "PPPP-",
	"hlt.checks": "-NPP-",
	"hlt.maternity": "-NPP-",
	"hlt.mental_health_status": "-NPP-",
	"hlt.mental_health_detail": "--CC-",
	"hlt.substance_misuse": "-NPP-",
	"hlt.sexual_health": "xxxxx",
	"hlt.restricted": "xxxxx",
	"prb.supervision": "-NPP-",
	"prb.risk": "--HPK",
	"yj.involvement": "-NPP-",
}

about_an_adult := object.union(about_a_child, {"hlt.attendance": "-NPP-"})

table_rules := {"release.tier", "release.tier_exception", "release.footnote"}

given(basis, category, about) := fixture.by_rules({"basis": basis}, {"category": category, "about": about}, table_rules)

expected(letter) := {object.union(legend[letter], {"masks": []})}

wrong(table, about) := {[category, basis] |
	some category, row in table
	some i, basis in columns
	given(basis, category, about) != expected(substring(row, i, 1))
}

test_every_cell_about_a_child if wrong(about_a_child, fixture.about_child) == set()

test_every_cell_about_an_adult if wrong(about_an_adult, fixture.about_parent) == set()

test_every_category_is_in_the_table if {
	{category | some category, _ in data.tiers.categories} == {category | some category, _ in about_a_child}
}

# Footnotes replace their cell, and only theirs.

but_risk := ["location", "free_text", "third_party", "identity_link", "informant", "harm", "other"]

but_harm := ["location", "free_text", "third_party", "identity_link", "informant", "risk", "other"]

footnotes := {
	"self_harm_of_index_child": {"hlt.mental_health_detail": {
		"mash": {"effect": "redact", "reason": "self_harm_risk_only", "masks": but_risk},
		"s47": {"effect": "redact", "reason": "self_harm_risk_only", "masks": but_risk},
	}},
	"sexual_harm_of_child": {"hlt.sexual_health": {
		"mash": {"effect": "review", "reason": "sexual_harm_held", "masks": []},
		"s47": {"effect": "redact", "reason": "sexual_harm_only", "masks": but_harm},
	}},
}

cell_with(fact, category, basis, _) := {footnotes[fact][category][basis]}

cell_with(fact, category, basis, letter) := expected(letter) if not footnotes[fact][category][basis]

test_footnotes if {
	every fact, _ in footnotes {
		about := object.union(fixture.about_child, {fact: true})
		every category, row in about_a_child {
			every i, basis in columns {
				given(basis, category, about) == cell_with(fact, category, basis, substring(row, i, 1))
			}
		}
	}
}

# The tier that a category is shown with (domain.md section 3).
tiers := {
	"A": ["csc.status", "edu.attendance", "edu.enrolment", "eh.plan", "hlt.registration"],
	"B": [
		"csc.chronology", "edu.exclusions", "edu.safeguarding_log", "edu.send", "hlt.checks", "hlt.maternity",
		"hlt.mental_health_status", "hlt.substance_misuse", "pol.domestic_abuse", "pol.involvement", "pol.missing",
		"prb.supervision", "yj.involvement",
	],
	"C": ["csc.assessments", "csc.placement", "hlt.mental_health_detail", "pol.convictions", "prb.risk"],
	"D": ["hlt.restricted", "hlt.sexual_health", "pol.intelligence", "pol.live_investigation"],
}

in_tier(tier) := sort([category | some category, entries in data.tiers.categories; entries[0].about == "anyone"; entries[0].tier == tier])

test_tiers if {
	every tier, categories in tiers {
		in_tier(tier) == categories
	}
	[[entry.about, entry.tier] | some entry in data.tiers.categories["hlt.attendance"]] == [["child", "A"], ["adult", "B"]]
}

# csc.placement: location and free text always masked, nothing else of any category.
test_always_masked if {
	every category, _ in about_a_child {
		fixture.by_rules({}, {"category": category}, {"release.placement"}) == placement(category)
	}
}

placement(category) := {{"effect": "redact", "reason": "placement_masked", "masks": ["location", "free_text"]}} if category == "csc.placement"

placement(category) := set() if category != "csc.placement"
