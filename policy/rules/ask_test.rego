# The request decision: what may be told, obligations, categories in play, the facts of the request.
package mashgate.ask_test

import data.mashgate.fixture

# What an agency may be told (domain.md section 4): the narrative with C2, any ground, s47 or emergency.

tell(changes) := answer if {
	answer := data.mashgate.ask.tell with input as object.union(fixture.base, changes)
}

with_narrative(changes) if tell(changes) == "with_narrative"

only_identifiers(changes) if tell(changes) == "identifiers_and_purpose"

says(by, status) := fixture.consent("share_with_agencies", by, status)

emergency := {"basis": "emergency", "break_glass": fixture.glass, "facts": {"imminent_danger": true}}

test_narrative_with_c2 if {
	only_identifiers({})
	with_narrative({"consents": [says("mother", "yes")]})
	only_identifiers({"consents": [says("mother", "no")]})
	only_identifiers({"consents": [says("mother", "withdrawn")]})
	family := [fixture.child, fixture.mother, fixture.father]
	only_identifiers({"subjects": family, "consents": [says("mother", "yes"), says("father", "no")]})
	suspect := object.union(fixture.father, {"alleged_source_of_harm": true})
	only_identifiers({"subjects": [fixture.child, fixture.mother, suspect], "consents": [says("father", "yes")]})
	with_narrative({"subjects": [fixture.child, fixture.mother, suspect], "consents": [says("mother", "yes"), says("father", "no")]})
	only_identifiers({"subjects": [fixture.mother], "consents": [says("mother", "yes")]})
	two := [fixture.child, fixture.subject("teen", "index_child", "2009-01-01"), fixture.mother]
	only_identifiers({"subjects": two, "consents": [says("mother", "yes")]})
}

test_narrative_with_a_ground if {
	with_narrative({"episode": {"override": {"ground": "delay", "reason": "because", "by": "s.worker"}}})
	with_narrative({"episode": {"concerns": ["fgm"]}})
	with_narrative({"consents": [fixture.unsafe("share_with_agencies", "mother", "he reads her letters")]})
}

test_no_narrative_where_nobody_is_asked if {
	only_identifiers({"consents": [says("mother", "yes")], "requester": {"assigned": false}})
	only_identifiers({"episode": {"basis": "s47", "rating": "red", "purpose": "other"}})
}

test_narrative_by_basis if {
	with_narrative({"episode": {"basis": "s47", "rating": "red"}})
	with_narrative({"episode": emergency})
	only_identifiers({"episode": {"basis": "s47"}})
	only_identifiers({"episode": {"basis": "emergency"}})
	only_identifiers({"episode": {"basis": "s17", "rating": "green"}})
	only_identifiers({"at": "2026-11-10T09:00:00Z", "episode": {"consent_position": {"by": "s.worker", "reason": "because"}}})
}

# Categories in play.

codes(changes) := {code | some code in fixture.ask(changes).categories}

always := {"csc.status", "eh.plan", "edu.enrolment", "hlt.registration", "pol.involvement"}

test_categories_from_the_table if {
	codes({"episode": {"concerns": []}}) == always
	codes({"episode": {"concerns": ["other"]}}) == always
	codes({"episode": {"concerns": ["attendance", "homelessness"]}}) == always | {
		"edu.attendance", "edu.exclusions", "edu.send", "yj.involvement",
	}
	fixture.ask({"episode": {"concerns": ["attendance"]}}).categories == [
		"csc.status", "edu.attendance", "edu.enrolment", "edu.exclusions", "edu.send", "eh.plan", "hlt.registration",
		"pol.involvement",
	]
}

test_categories_named_by_the_requester if {
	changes := {"categories": [{"code": "prb.risk", "reason": "known to probation"}, {"code": "csc.status", "reason": ""}]}
	fixture.ask(changes).categories == ["csc.status", "prb.risk"]
	fixture.ask(changes).shape.categories == ["csc.status", "prb.risk"]
}

# The whole answer carries what the parts say.
test_decision if {
	answer := fixture.ask({"episode": {"purpose": "other", "concerns": ["fgm"]}})
	answer.gates == [{"code": "purpose", "rule": "ask.gate.purpose"}]
	answer.tell == "identifiers_and_purpose"
	answer.obligations == ["do_not_ask_family"]
	fixture.ask({"consents": [says("mother", "yes")]}).tell == "with_narrative"
	unknown := object.union(fixture.mother, {"identified": "no", "safe_address": true})
	whole := fixture.ask({"subjects": [fixture.child, unknown]})
	whole.left_out == {"mother": {"code": "subject_not_identified", "rule": "ask.left_out"}}
	{id | some id in whole.protected} == {"child", "mother"}
	whole.subjects.mother.left_out
	whole.subjects.child.protected
	whole.categories == whole.shape.categories
}

# The facts of the request.
test_shape if {
	fixture.ask({"categories": [{"code": "csc.status", "reason": ""}], "location_unknown": true, "episode": {"stage": "closed", "purpose": "other"}}).shape == {
		"gates": ["episode", "purpose"],
		"basis": "mash",
		"basis_supported": false,
		"regime": "common_law_and_dpa2018",
		"duty": "none",
		"categories": ["csc.status"],
		"organisations": ["charity", "police"],
		"bound": ["police"],
		"unbound": ["charity"],
		"window_A": "2024-02-04",
		"window_B": "2020-02-04",
		"window_C": "2020-02-04",
		"window_D": "2020-02-04",
		"location_unknown": true,
	}
	fixture.ask({}).shape.location_unknown == false
}

# Obligations.

obliged(changes) := answer if {
	answer := data.mashgate.ask.obligations with input as object.union(fixture.base, changes)
}

test_nothing_is_obliged if obliged({}) == set()

test_record_why_consent_not_sought if {
	code := "record_why_consent_not_sought"
	s47 := {"episode": {"basis": "s47", "rating": "red"}}
	code in obliged(object.union(s47, {"consents": []}))
	code in obliged(object.union(s47, {"consents": [fixture.consent("agencies_share_with_us", "mother", "not_sought")]}))
	code in obliged(object.union(s47, {"consents": [fixture.consent("referral", "mother", "yes")]}))
	every status in ["yes", "no", "withdrawn"] {
		not code in obliged(object.union(s47, {"consents": [fixture.consent("agencies_share_with_us", "mother", status)]}))
	}
	not code in obliged(object.union(s47, {"consents": [fixture.unsafe("agencies_share_with_us", "mother", "he would flee")]}))
	not code in obliged({"consents": []})
}

test_record_public_task if {
	lodger := fixture.subject("lodger", "other_adult", "1985-01-01")
	obliged({"subjects": [fixture.child, fixture.mother, lodger]}) == {"record_public_task"}
}

test_record_category_reason if {
	obliged({"categories": [{"code": "prb.risk", "reason": " "}]}) == {"record_category_reason"}
	obliged({"categories": [{"code": "prb.risk", "reason": "known to probation"}]}) == set()
	obliged({"categories": [{"code": "csc.status", "reason": ""}]}) == set()
	obliged({"categories": [{"code": "hlt.checks", "reason": ""}]}) == set()
}

test_record_withdrawal if {
	code := "record_withdrawal"
	withdrawn := {"consents": [fixture.consent("agencies_share_with_us", "mother", "withdrawn")]}
	obliged(object.union(withdrawn, {"episode": {"basis": "s47", "rating": "red"}})) == {code}
	obliged(object.union(withdrawn, {"episode": {"override": {"ground": "delay", "reason": "because", "by": "s.worker"}}})) == {code}
	obliged(withdrawn) == set()
	not code in obliged({"episode": {"basis": "s47", "rating": "red"}})
	not code in obliged({"episode": {"override": {"ground": "delay", "reason": "because", "by": "s.worker"}}})
}

test_tell_holders_of_refusal if {
	settled := {"at": "2026-11-10T09:00:00Z", "episode": {"consent_position": {"by": "s.worker", "reason": "because"}}}
	refused := {"consents": [fixture.consent("agencies_share_with_us", "mother", "no")]}
	obliged(object.union(settled, refused)) == {"tell_holders_of_refusal"}
	obliged(settled) == set()
	obliged(object.union(refused, {"at": "2026-11-10T09:00:00Z"})) == set()
	obliged(object.union(settled, object.union(refused, {"episode": {"override": {"ground": "delay", "reason": "because", "by": "s.worker"}}}))) == set()
}

test_do_not_ask_family if obliged({"episode": {"concerns": ["forced_marriage"]}}) == {"do_not_ask_family"}

test_flags_oblige if {
	expected := {"safe_address": set(), "adoption": set(), "limited_access": set(), "live_investigation": {"not_to_family"}}
	every flag, codes in expected {
		obliged({"flags": [{"subject": "mother", "flag": flag, "organisation": "police"}]}) == codes
	}
}

test_relationship_not_checked if {
	obliged({"requester": {"relationships": [{"subject": "mother", "kind": "directory_data_missing"}]}}) == {"relationship_not_checked"}
	obliged({"requester": {"relationships": [{"subject": "mother", "kind": "declared"}]}}) == set()
}

test_break_glass_is_reviewed if {
	obliged({"episode": {"break_glass": fixture.glass}}) == {"break_glass_review_within_24h"}
	obliged({"episode": {"break_glass": object.union(fixture.glass, {"expires": "2026-02-04T09:15:00Z"})}}) == set()
}

test_what_gates_oblige_to if {
	triage := {"stage": "triage", "rating": "none"}
	every fact in ["information_only", "has_social_worker"] {
		"tell_referrer" in obliged({"episode": object.union(triage, {"facts": {fact: true}})})
	}
	"tell_referrer" in obliged({"episode": triage, "consents": [fixture.consent("referral", "mother", "not_sought")]})
	"tell_referrer" in obliged({"episode": triage, "subjects": [object.union(fixture.child, {"identified": "no"})]})
	obliged({"episode": object.union(triage, {"facts": {"has_social_worker": true}})}) == {"tell_referrer", "pass_to_social_worker"}
	obliged({"episode": object.union(triage, {"facts": {"information_only": true}})}) == {"tell_referrer"}
	obliged({"episode": {"facts": {"out_of_area": true}}}) == {"forward_to_home_authority"}
	obliged({"episode": triage}) == set()
}

# Second person (domain.md 4.4).

alone(basis, own, supported) if {
	changes := {"episode": {"basis": basis}, "requester": {"own_facts": own, "supported_facts": supported}}
	count(obliged(changes) & {"second_person_within_24h", "alert_ig_officer"}) == 2
}

not_alone(basis, own, supported) if {
	changes := {"episode": {"basis": basis}, "requester": {"own_facts": own, "supported_facts": supported}}
	count(obliged(changes) & {"second_person_within_24h", "alert_ig_officer"}) == 0
}

rests_on := {
	"s47": ["rating", "s47_cause"],
	"mash": ["referral", "rating"],
	"s17": ["referral", "rating"],
	"early_help": ["referral"],
	"emergency": ["break_glass"],
}

kinds := ["referral", "rating", "s47_cause", "override", "break_glass"]

test_second_person if {
	every basis, facts in rests_on {
		not_alone(basis, [], [])
		not_alone(basis, [], kinds)
		not_alone(basis, kinds, kinds)
		alone(basis, kinds, [])
		every fact in kinds {
			alone(basis, [fact], [])
		}
		every fact in facts {
			alone(basis, [fact], ["override", "something_else"])
			not_alone(basis, facts, array.concat([fact], ["override"]))
		}
		every fact in ["override", "break_glass"] {
			alone(basis, [fact], ["referral", "rating", "s47_cause"])
			not_alone(basis, [fact], array.concat(facts, [fact]))
		}
	}
	not_alone("s47", ["referral"], ["rating"])
	alone("s47", ["rating", "s47_cause"], ["referral"])
	not_alone("mash", ["rating"], ["referral"])
	not_alone("none", [], [])
}
