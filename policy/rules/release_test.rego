package mashgate.release_test

import data.mashgate.fixture

# The request as a whole.

test_gates_deny_with_their_reasons if {
	fixture.by_rules({"gates": ["episode", "purpose"]}, {}, {"release.gate"}) == {
		{"effect": "deny", "reason": "episode", "masks": []},
		{"effect": "deny", "reason": "purpose", "masks": []},
	}
	fixture.by_rules({}, {}, {"release.gate"}) == set()
}

test_unsupported_basis_denies if {
	fixture.by_rules({"basis_supported": false}, {}, {"release.basis"}) == {{"effect": "deny", "reason": "basis", "masks": []}}
	fixture.by_rules({}, {}, {"release.basis"}) == set()
}

test_what_was_not_asked_for_is_denied if {
	fixture.release({"categories": ["csc.status"]}, {"category": "csc.chronology"}) == {{
		"effect": "deny",
		"reason": "not_requested",
		"masks": [],
		"rule": "release.not_requested",
	}}
	fixture.by_rules({"categories": ["csc.status"]}, {"category": "csc.status"}, {"release.not_requested"}) == set()
}

# A mask, a hold or a review alone never releases: of what was not asked for, nothing is said at all.
everything_at_once := object.union(fixture.labelled(fixture.labels), {
	"current": false,
	"labels_known": false,
	"only_address": false,
	"holder_flags": ["limited_access", "live_investigation"],
	"about": {"ambiguous": true, "protected": true, "other_adult": true, "flags": ["adoption"], "consent": "missing"},
})

test_unknown_organisation_is_silence if {
	fixture.release(
		{"location_unknown": true},
		object.union(everything_at_once, {"organisation": "somebody_else", "category": "hlt.attendance"}),
	) == set()
	fixture.release(
		{"location_unknown": true, "duty": "unresolved"},
		object.union(everything_at_once, {"organisation": "somebody_else", "category": "csc.placement"}),
	) == set()
}

test_unknown_category_is_silence if {
	fixture.release({"location_unknown": true}, object.union(everything_at_once, {"category": "csc.gossip"})) == set()
	fixture.release({"location_unknown": true, "duty": "unresolved"}, object.union(everything_at_once, {"category": "csc.gossip"})) == set()
}

# A bound or unbound body that was not asked still has nothing to say.
test_unasked_bodies_hold_nothing if {
	every duty in ["none", "unresolved", "settled"] {
		every organisation in ["bound", "unbound"] {
			every consent in ["missing", "disagree"] {
				fixture.release(
					{"duty": duty, "organisations": []},
					{"organisation": organisation, "about": {"consent": consent}},
				) == set()
			}
		}
	}
	fixture.release({"duty": "unresolved", "organisations": []}, {"about": {"consent": "refused"}}) == set()
}

# Consent (section 2, 4.2): what each standing does, by duty and by body.

consent_rules := {"release.consent", "release.consent_bound", "release.consent_unbound", "release.consent_position"}

refused := {"effect": "deny", "reason": "consent_required", "masks": []}

missing := {"effect": "review", "reason": "own_answer_missing", "masks": []}

disagree := {"effect": "review", "reason": "parents_disagree", "masks": []}

unresolved := {"effect": "review", "reason": "consent_position_unresolved", "masks": []}

nothing := set()

consent_table := {
	"none": {
		"bound": {"refused": {refused}, "missing": {missing}, "disagree": {disagree}},
		"unbound": {"refused": {refused}, "missing": {missing}, "disagree": {disagree}},
	},
	"unresolved": {
		"bound": {"refused": {unresolved}, "missing": {missing, unresolved}, "disagree": {disagree, unresolved}},
		"unbound": {"refused": {refused}, "missing": {missing}, "disagree": {disagree}},
	},
	"settled": {
		"bound": {"refused": nothing, "missing": nothing, "disagree": nothing},
		"unbound": {"refused": {refused}, "missing": {missing}, "disagree": {disagree}},
	},
}

test_consent if {
	every duty, bodies in consent_table {
		every organisation, standings in bodies {
			every standing, expected in standings {
				fixture.by_rules(
					{"duty": duty},
					{"organisation": organisation, "about": {"consent": standing}},
					consent_rules,
				) == expected
			}
			every standing in ["given", "ground", "not_needed"] {
				fixture.by_rules(
					{"duty": duty},
					{"organisation": organisation, "about": {"consent": standing}},
					consent_rules,
				) == nothing
			}
		}
	}
}

# Who it is about (4.1, 4.4).

test_left_out if {
	fixture.by_rules({}, {"about": {"left_out": true}}, {"release.left_out"}) == {{
		"effect": "deny",
		"reason": "subject_not_identified",
		"masks": [],
	}}
	fixture.by_rules({}, {}, {"release.left_out"}) == set()
}

test_ambiguous if {
	fixture.by_rules({}, {"about": {"ambiguous": true}}, {"release.ambiguous"}) == {{
		"effect": "review",
		"reason": "ambiguous",
		"masks": [],
	}}
	fixture.by_rules({}, {}, {"release.ambiguous"}) == set()
}

not_applicable := {
	"under_16": {"prb.supervision", "prb.risk"},
	"adult": {"edu.enrolment", "edu.attendance", "edu.exclusions", "edu.send", "edu.safeguarding_log", "yj.involvement"},
	"under_10": {"yj.involvement"},
	"known_not_pregnant": {"hlt.maternity"},
}

test_not_applicable if {
	every fact, categories in not_applicable {
		categories == {category |
			some category in fixture.request.categories
			fixture.by_rules({}, {"category": category, "about": {fact: true}}, {"release.not_applicable"}) == {{
				"effect": "deny",
				"reason": "not_applicable",
				"masks": [],
			}}
		}
	}
}

test_everything_applies_to_an_index_child_of_sixteen if {
	every category in fixture.request.categories {
		fixture.by_rules({}, {"category": category}, {"release.not_applicable"}) == set()
	}
}

health := {
	"hlt.registration", "hlt.attendance", "hlt.checks", "hlt.maternity", "hlt.mental_health_status", "hlt.mental_health_detail",
	"hlt.substance_misuse", "hlt.sexual_health", "hlt.restricted",
}

other_adult_by_basis := {
	"early_help": {"effect": "deny", "reason": "other_adult_health", "masks": []},
	"s17": {"effect": "deny", "reason": "other_adult_health", "masks": []},
	"mash": {"effect": "deny", "reason": "other_adult_health", "masks": []},
	"s47": {"effect": "review", "reason": "other_adult_health_held", "masks": []},
	"emergency": {"effect": "deny", "reason": "other_adult_health", "masks": []},
}

test_health_about_other_adults if {
	every basis, contribution in other_adult_by_basis {
		health == {category |
			some category in fixture.request.categories
			fixture.by_rules({"basis": basis}, {"category": category, "about": {"other_adult": true}}, {"release.other_adult"}) == {contribution}
		}
		every category in fixture.request.categories {
			fixture.by_rules({"basis": basis}, {"category": category}, {"release.other_adult"}) == set()
		}
	}
}

# Protective flags on people (4.4).

test_protected_people_are_masked if {
	fixture.by_rules({}, {"about": {"protected": true}}, {"release.protected"}) == {{
		"effect": "redact",
		"reason": "safe_address",
		"masks": ["location", "free_text"],
	}}
	fixture.by_rules({}, {}, {"release.protected"}) == set()
}

test_an_address_of_protected_people_is_denied if {
	rules := {"release.protected_only_address"}
	fixture.by_rules({}, {"only_address": true, "about": {"protected": true}}, rules) == {{
		"effect": "deny",
		"reason": "safe_address",
		"masks": [],
	}}
	fixture.by_rules({}, {"only_address": true}, rules) == set()
	fixture.by_rules({}, {"about": {"protected": true}}, rules) == set()
}

test_unknown_location_masks_everybody if {
	fixture.by_rules({"location_unknown": true}, {}, {"release.location_unknown"}) == {{
		"effect": "redact",
		"reason": "location_unknown",
		"masks": ["location", "free_text"],
	}}
	fixture.by_rules({}, {}, {"release.location_unknown"}) == set()
}

test_an_address_while_location_is_unknown_is_denied if {
	rules := {"release.location_unknown_only_address"}
	fixture.by_rules({"location_unknown": true}, {"only_address": true}, rules) == {{
		"effect": "deny",
		"reason": "location_unknown",
		"masks": [],
	}}
	fixture.by_rules({}, {"only_address": true}, rules) == set()
	fixture.by_rules({"location_unknown": true}, {}, rules) == set()
}

flags := ["safe_address", "adoption", "limited_access", "live_investigation"]

# Flags on a person that hold on every organisation's records.
test_flags_for_everyone if {
	fixture.by_rules({}, {"about": {"flags": flags}}, {"release.flag"}) == {{
		"effect": "redact",
		"reason": "adoption",
		"masks": ["identity_link"],
	}}
	fixture.by_rules({}, {}, {"release.flag"}) == set()
}

# Flags that hold on the records of the organisation that set them.
test_flags_of_the_holder if {
	fixture.by_rules({}, {"holder_flags": flags}, {"release.holder_flag"}) == {
		{"effect": "exist", "reason": "limited_access", "masks": []},
		{"effect": "exist", "reason": "live_investigation", "masks": []},
	}
	fixture.by_rules({}, {"about": {"flags": flags}}, {"release.holder_flag"}) == set()
}
