# Gates (domain.md 4.1): each, what lifts it and what does not, copied out by hand.
package mashgate.gates_test

import data.mashgate.fixture

glass := {"episode": {"break_glass": fixture.glass}}

red := {"episode": {"rating": "red", "basis": "s47"}}

green := {"episode": {"rating": "green", "basis": "s17"}}

cause := {"episode": {"basis": "s47", "facts": {"s47_cause": true}}}

emergency := {"episode": {"basis": "emergency", "facts": {"imminent_danger": true}, "break_glass": fixture.glass}}

early_help := {"episode": {"basis": "early_help", "level_of_need": 3, "rating": "none"}, "consents": fixture.all_three("mother")}

triage := {"episode": {"stage": "triage", "rating": "none"}}

nobody := object.union(fixture.child, {"identified": "no"})

both(a, b) := object.union(a, b)

test_nothing_stands_in_the_way if fixture.gates({}) == set()

# What sets each gate off, at its own stage.
set_off := {
	"purpose": {"episode": {"purpose": "benefits_check"}},
	"episode": {"episode": {"stage": "closed"}},
	"requester": {"requester": {"assigned": false}},
	"identity": {"subjects": [nobody, fixture.mother]},
	"information_only": both(triage, {"episode": {"facts": {"information_only": true}}}),
	"unidentified": both(triage, {"subjects": [nobody, fixture.mother]}),
	"consent_not_sought": both(triage, {"consents": [fixture.consent("referral", "mother", "not_sought")]}),
	"has_social_worker": both(triage, {"episode": {"facts": {"has_social_worker": true}}}),
	"no_episode_yet": triage,
	"declined_below_level_4": {"episode": {"level_of_need": 3, "facts": {"family_declined": true}}},
	"consent_required": {"episode": {"basis": "early_help", "level_of_need": 3}},
	"break_glass_ended": {"episode": {"basis": "emergency"}},
	"out_of_area": {"episode": {"facts": {"out_of_area": true}}},
}

# Which of these circumstances lift it. A break-glass lifts all but purpose, episode and requester; what is over is not in force.
lifting := {
	"purpose": set(),
	"episode": set(),
	"requester": set(),
	"identity": {"glass", "emergency"},
	"information_only": {"glass", "emergency", "red", "cause"},
	"unidentified": {"glass", "emergency", "red", "cause"},
	"consent_not_sought": {"glass", "emergency", "red", "cause"},
	"has_social_worker": {"glass", "emergency", "red", "cause"},
	"no_episode_yet": {"glass", "emergency", "red", "cause", "green", "early_help"},
	"declined_below_level_4": {"glass", "emergency", "red", "cause"},
	"consent_required": {"glass"},
	"break_glass_ended": {"glass", "emergency"},
	"out_of_area": {"glass", "emergency", "red", "cause"},
}

circumstances := {"glass": glass, "emergency": emergency, "red": red, "cause": cause, "green": green, "early_help": early_help}

# A circumstance that changes the basis, or brings the consents, takes away what set the gate off.
moot := {
	"consent_required": {"red", "cause", "green", "emergency", "early_help"},
	"consent_not_sought": {"early_help"},
	"break_glass_ended": {"red", "cause", "green", "early_help"},
}

test_each_gate_and_what_lifts_it if {
	{gate | some gate, _ in set_off} == {gate | some gate, _ in data.gates}
	every gate, changes in set_off {
		gate in fixture.gates(changes)
		{name | some name, more in circumstances; lifted(gate, both(changes, more))} == expected_lifting(gate)
	}
}

expected_lifting(gate) := lifting[gate] | object.get(moot, gate, set())

lifted(gate, changes) if count(fixture.gates(changes) & {gate}) == 0

test_every_gate_that_holds_is_given if {
	fixture.gates(both(set_off.information_only, both(set_off.has_social_worker, set_off.unidentified))) == {
		"information_only", "has_social_worker", "unidentified", "identity", "no_episode_yet",
	}
	{gate | some gate in fixture.ask(set_off.out_of_area).gates} == {{"code": "out_of_area", "rule": "ask.gate.out_of_area"}}
}

# The four exclusions and the missing episode are looked at in triage only.
test_stages if {
	every stage in ["mash_episode", "strategy_discussion"] {
		every gate in ["information_only", "unidentified", "consent_not_sought", "has_social_worker", "no_episode_yet"] {
			not gate in fixture.gates(both(set_off[gate], {"episode": {"stage": stage}}))
		}
		"declined_below_level_4" in fixture.gates(both(set_off.declined_below_level_4, {"episode": {"stage": stage}}))
	}
	"declined_below_level_4" in fixture.gates(both(set_off.declined_below_level_4, triage))
}

# AMBER lifts nothing at triage.
test_amber_at_triage if fixture.gates({"episode": {"stage": "triage"}}) == {"no_episode_yet"}

# Early help that is not consented does not open the way at triage.
test_early_help_without_consent_at_triage if {
	fixture.gates(both(triage, both(early_help, {"consents": []}))) == {"no_episode_yet", "consent_required"}
	fixture.gates(both(early_help, {"episode": {"stage": "triage", "basis": "mash"}})) == {"no_episode_yet"}
}

test_an_episode_is_over_at_the_moment_it_expires if {
	fixture.gates({"episode": {"expires": "2026-02-04T09:15:00Z"}}) == {"episode"}
	fixture.gates({"episode": {"expires": "2026-02-04T09:14:59Z"}}) == {"episode"}
	fixture.gates({"episode": {"expires": "2026-02-04T09:15:01Z"}}) == set()
}

# Requester.

test_roles_that_may_request if {
	{role |
		some role, _ in data.roles.roles
		fixture.gates({"requester": {"role": role}}) == set()
	} == {"triage_worker", "social_worker", "team_manager", "partner_representative"}
	{role | some role, _ in data.roles.roles} == {
		"triage_worker", "social_worker", "team_manager", "partner_representative", "referrer", "ig_officer", "auditor", "administrator",
	}
	fixture.gates({"requester": {"role": "head_of_everything"}}) == {"requester"}
}

test_another_hub if fixture.gates({"requester": {"hub": "solihull"}}) == {"requester"}

test_relations if {
	every kind in ["own_record", "declared", "same_surname_and_address", "named_relative", "something_new"] {
		fixture.gates({"requester": {"relationships": [{"subject": "mother", "kind": kind}]}}) == {"requester"}
	}
	fixture.gates({"requester": {"relationships": [{"subject": "mother", "kind": "directory_data_missing"}]}}) == set()
}

# Identity.

test_identity if {
	fixture.gates({"subjects": [nobody, fixture.mother]}) == {"identity"}
	fixture.gates({"subjects": [object.union(nobody, {"identified": ""}), fixture.mother]}) == {"identity"}
	fixture.gates({"subjects": [object.union(nobody, {"born": "unborn"}), fixture.mother]}) == set()
	fixture.gates({"subjects": [nobody, fixture.mother], "episode": {"facts": {"uasc": true}}}) == set()
	fixture.gates({"subjects": [object.union(nobody, {"identified": "ambiguous"}), fixture.mother]}) == set()
	fixture.gates({"subjects": [fixture.child, object.union(fixture.mother, {"identified": "no"})]}) == set()
	fixture.gates({"subjects": [fixture.mother]}) == {"identity"}
	fixture.gates(both(triage, {"subjects": [nobody], "episode": {"facts": {"uasc": true}}})) == {"no_episode_yet"}
}

# E3: recorded as not sought, answered by nobody who counts, and no risk in asking.

not_sought(more) := both(triage, {"consents": array.concat([fixture.consent("referral", "mother", "not_sought")], more)})

parents := {"subjects": [fixture.child, fixture.mother, fixture.father]}

harmful_father := {"subjects": [fixture.child, fixture.mother, object.union(fixture.father, {"alleged_source_of_harm": true})]}

e3(changes) if "consent_not_sought" in fixture.gates(changes)

test_consent_not_sought if {
	e3(both(parents, not_sought([])))
	not e3(both(parents, not_sought([fixture.consent("referral", "father", "yes")])))
	not e3(both(parents, not_sought([fixture.consent("referral", "father", "no")])))
	not e3(both(parents, not_sought([fixture.consent("referral", "father", "withdrawn")])))
	e3(both(harmful_father, not_sought([fixture.consent("referral", "father", "yes")])))
	e3(both(parents, not_sought([fixture.consent("referral", "father", "unknown")])))
	e3(both(parents, not_sought([fixture.consent("agencies_share_with_us", "father", "yes")])))
	not e3(both(triage, {"consents": [fixture.consent("referral", "mother", "unknown")]}))
	not e3(both(triage, {"consents": [fixture.consent("share_with_agencies", "mother", "not_sought")]}))
	not e3(triage)
}

test_consent_not_sought_with_risk_in_asking if {
	not e3(both(parents, not_sought([fixture.consent("referral", "father", "not_safe_to_seek")])))
	not e3(both(parents, not_sought([fixture.unsafe("agencies_share_with_us", "father", "he would flee")])))
	not e3(both(not_sought([]), {"episode": {"concerns": ["fgm"]}}))
	{ground |
		some ground, _ in data.grounds
		not e3(both(not_sought([]), {"episode": {"override": {"ground": ground, "reason": "because", "by": "s.worker"}}}))
	} == {"not_safe_to_seek", "delay"}
}

# A family that declined at level 2 or 3.

declined(level, consents) := {"episode": {"level_of_need": level}, "consents": consents}

test_declined if {
	every level in [2, 3] {
		fixture.gates(declined(level, [fixture.consent("service", "mother", "no")])) == {"declined_below_level_4"}
	}
	every level in [1, 4] {
		fixture.gates(declined(level, [fixture.consent("service", "mother", "no")])) == set()
		fixture.gates({"episode": {"level_of_need": level, "facts": {"family_declined": true}}}) == set()
	}
	fixture.gates(declined(3, [fixture.consent("service", "mother", "withdrawn")])) == {"declined_below_level_4"}
	fixture.gates(declined(3, [fixture.consent("service", "mother", "not_sought")])) == set()
	fixture.gates(declined(3, [fixture.consent("service", "mother", "yes")])) == set()
	fixture.gates(declined(3, [])) == set()
	fixture.gates(both(parents, declined(3, [
		fixture.consent("service", "mother", "yes"),
		fixture.consent("service", "father", "no"),
	]))) == set()
	fixture.gates(both(harmful_father, declined(3, [fixture.consent("service", "father", "no")]))) == set()
}

# Early help: all three, by those who count.

test_early_help_needs_all_three if {
	fixture.gates(early_help) == set()
	every kind in ["referral", "share_with_agencies", "agencies_share_with_us"] {
		without := [answer | some answer in fixture.all_three("mother"); answer.kind != kind]
		fixture.gates(both(early_help, {"consents": without})) == {"consent_required"}
		refused := array.concat(without, [fixture.consent(kind, "mother", "no")])
		fixture.gates(both(early_help, {"consents": refused})) == {"consent_required"}
		disputed := array.concat(fixture.all_three("mother"), [fixture.consent(kind, "father", "no")])
		fixture.gates(both(early_help, both(parents, {"consents": disputed}))) == {"consent_required"}
		fixture.gates(both(early_help, both(harmful_father, {"consents": disputed}))) == set()
	}
	fixture.gates(both(early_help, {"episode": {"concerns": ["honour_based_abuse"]}})) == {"consent_required"}
	fixture.gates(both(early_help, {"subjects": [fixture.mother]})) == {"consent_required", "identity"}
}

# Break-glass.

emergency_with(changes) := both(emergency, {"episode": {"break_glass": changes}})

test_break_glass_ended if {
	fixture.gates(emergency) == set()
	fixture.gates(emergency_with({"by": " "})) == {"break_glass_ended"}
	fixture.gates(emergency_with({"reason": ""})) == {"break_glass_ended"}
	fixture.gates(emergency_with({"expires": "2026-02-04T09:15:00Z"})) == {"break_glass_ended"}
	fixture.gates(emergency_with({"expires": "2026-02-04T09:15:01Z"})) == set()
	fixture.gates(emergency_with({"expires": "2026-02-04T13:00:01Z"})) == {"break_glass_ended"}
	fixture.gates(emergency_with({"starts": "2026-02-04T09:15:01Z"})) == {"break_glass_ended"}
	fixture.gates(emergency_with({"starts": "2026-02-04T09:15:00Z"})) == set()
	fixture.gates({"episode": {"basis": "emergency"}}) == {"break_glass_ended"}
	fixture.gates(glass) == set()
}

# One that is not in force lifts nothing.
test_break_glass_over_lifts_nothing if {
	over := {"episode": {"break_glass": object.union(fixture.glass, {"expires": "2026-02-04T09:15:00Z"})}}
	every gate in ["identity", "no_episode_yet", "out_of_area", "declined_below_level_4", "consent_required"] {
		gate in fixture.gates(both(set_off[gate], over))
	}
}

# Under s47 and emergency the area does not matter; a cause recorded under another basis does not lift it.
test_out_of_area_by_basis if {
	there := {"facts": {"out_of_area": true}}
	fixture.gates({"episode": object.union(there, {"basis": "s47"})}) == set()
	fixture.gates({"episode": object.union(there, {"basis": "emergency"})}) == {"break_glass_ended"}
	fixture.gates({"episode": object.union(there, {"basis": "s17"})}) == {"out_of_area"}
	fixture.gates({"episode": {"facts": {"out_of_area": true, "s47_cause": true}}}) == {"out_of_area"}
	fixture.gates({"episode": object.union(there, {"rating": "red"})}) == {"out_of_area"}
}
