# Tables that no rule reads but people act on, copied out by hand, and what must fit together.
package mashgate.data_test

# Who decides what is held (domain.md 4.6): [decider, who, who out of hours].
deciders := {
	"consent_position_unresolved": ["hub", "team_manager", "edt_lead"],
	"own_answer_missing": ["hub", "team_manager", "edt_lead"],
	"parents_disagree": ["hub", "team_manager", "edt_lead"],
	"ambiguous": ["hub", "team_manager", "edt_lead"],
	"more_than_in_need": ["hub", "team_manager", "edt_lead"],
	"other_adult_health_held": ["holder", "named_person", "on_call"],
	"narrative_held": ["holder", "named_person", "on_call"],
	"clinical_detail_held": ["holder", "named_person", "on_call"],
	"intelligence_held": ["holder", "named_person", "on_call"],
	"sexual_harm_held": ["holder", "caldicott_guardian", "on_call"],
	"undated": ["holder", "named_person", "on_call"],
	"limited_access": ["holder", "named_person", "on_call"],
	"spent": ["holder", "named_person", "on_call"],
	"labels_unknown": ["holder", "named_person", "on_call"],
	"emergency_tightening": ["holder", "named_person", "on_call"],
}

test_who_decides if {
	{code: [reason.decider, reason.who, reason.who_out_of_hours] | some code, reason in data.reasons; reason.decider != ""} == deciders
	every reason in data.reasons {
		count([word | some word in [reason.decider, reason.who, reason.who_out_of_hours]; word == ""]) in {0, 3}
	}
}

# What is never named, counted or given as a reason to a requester (domain.md 4.4).
test_what_a_refusal_tells if {
	{code | some code, reason in data.reasons; not reason.tellable} == {
		"restricted_category", "sexual_harm_held", "sexual_harm_only", "informant", "adoption", "legally_restricted",
	}
	data.refusals.never_named == {
		"categories": ["hlt.restricted", "hlt.sexual_health"],
		"labels": ["legally_restricted", "informant", "adoption"],
	}
	data.refusals.told_as == "nothing_to_share"
	data.refusals.answers == [
		"records", "no_trace", "nothing_to_share", "not_asked", "ambiguous", "withheld", "refused", "not_answered", "error",
	]
}

test_reasons_that_oblige if {
	{code: reason.obligations | some code, reason in data.reasons; count(reason.obligations) > 0} == {
		"live_enquiry": ["not_to_family"],
		"live_investigation": ["not_to_family"],
	}
}

test_every_reason_has_words_and_a_source if {
	every reason in data.reasons {
		count(reason.text) > 10
		count(reason.source) > 3
	}
}

test_every_gate_has_words if {
	every gate, _ in data.gates {
		data.reasons[gate].tellable
	}
}

obligations := {
	"record_why_consent_not_sought", "record_public_task", "record_category_reason", "record_withdrawal", "tell_holders_of_refusal",
	"do_not_ask_family", "not_to_family", "second_person_within_24h", "alert_ig_officer", "break_glass_review_within_24h",
	"relationship_not_checked", "tell_referrer", "pass_to_social_worker", "forward_to_home_authority",
}

test_obligations if {
	{code | some code, _ in data.obligations} == obligations
	every obligation in data.obligations {
		count(obligation.text) > 10
		count(obligation.source) > 3
	}
}

# The hub (domain.md section 1).
test_hub if {
	data.hub.code == "coventry"
	data.hub.timezone == "Europe/London"
	data.hub.hours == {
		"monday": {"opens": "08:30", "closes": "17:00"},
		"tuesday": {"opens": "08:30", "closes": "17:00"},
		"wednesday": {"opens": "08:30", "closes": "17:00"},
		"thursday": {"opens": "08:30", "closes": "17:00"},
		"friday": {"opens": "08:30", "closes": "16:30"},
	}
	data.hub.decision_clock == {"default": "hours_24", "hours_24": {"hours": 24}, "one_working_day": {"working_days": 1}}
	data.hub.break_glass == {"max_hours": 4, "review_within_hours": 24}
	data.hub.second_person == {"within_hours": 24}
	data.hub.advice_line.phone == "024 7678 8555"
	data.hub.out_of_hours.phone == "024 7683 2222"
	data.hub.immediate_danger.phone == "999"
	{code: rating.clock.working_hours | some code, rating in data.hub.other_schemes.london} == {"red": 4, "amber": 24, "green": 72}
	{code: rating.route | some code, rating in data.hub.other_schemes.london} == {"red": "safeguarding", "amber": "mash_episode", "green": "statutory"}
}

organisations := {
	"children_social_care": [["children_services"], ["csc.status", "csc.chronology", "csc.assessments", "csc.placement"], true],
	"early_help": [["early_help"], ["eh.plan"], true],
	"education": [["education"], ["edu.enrolment", "edu.attendance", "edu.exclusions", "edu.send", "edu.safeguarding_log"], true],
	"police": [
		["police"],
		["pol.involvement", "pol.missing", "pol.domestic_abuse", "pol.convictions", "pol.intelligence", "pol.live_investigation"],
		true,
	],
	"community_health": [
		["health"],
		["hlt.registration", "hlt.attendance", "hlt.checks", "hlt.maternity", "hlt.sexual_health", "hlt.restricted"],
		true,
	],
	"mental_health": [
		["health"],
		["hlt.mental_health_status", "hlt.mental_health_detail", "hlt.substance_misuse", "hlt.attendance"],
		true,
	],
	"probation": [["probation"], ["prb.supervision", "prb.risk"], true],
	"youth_justice": [["youth_justice"], ["yj.involvement"], true],
	"hospital": [["health"], ["hlt.attendance", "hlt.maternity"], false],
}

test_organisations if {
	{o.id: [o.holders, o.categories, o.connected] | some o in data.organisations} == organisations
	count(data.organisations) == count(organisations)
	every organisation in data.organisations {
		organisation.bound_by_duty
		count(organisation.safeguarding_desk.phone) > 2
	}
}

test_every_category_has_a_holder if {
	held := {category | some organisation in data.organisations; some category in organisation.categories}
	held == {category | some category, _ in data.tiers.categories}
}

# The concern × category table; `always` goes with each.
concerns := {
	"physical_abuse": "csc.chronology csc.assessments edu.safeguarding_log pol.domestic_abuse pol.convictions pol.intelligence pol.live_investigation hlt.attendance hlt.checks prb.supervision prb.risk",
	"sexual_abuse": "csc.chronology csc.assessments edu.safeguarding_log pol.convictions pol.intelligence pol.live_investigation hlt.attendance hlt.sexual_health prb.supervision prb.risk",
	"sexual_exploitation": "csc.chronology csc.assessments edu.attendance edu.safeguarding_log pol.missing pol.convictions pol.intelligence pol.live_investigation hlt.attendance hlt.sexual_health prb.risk yj.involvement",
	"underage_sexual_activity": "csc.chronology edu.safeguarding_log hlt.attendance hlt.sexual_health",
	"emotional_abuse": "csc.chronology csc.assessments edu.attendance edu.safeguarding_log pol.domestic_abuse hlt.attendance hlt.mental_health_status",
	"neglect": "csc.chronology csc.assessments edu.attendance edu.safeguarding_log hlt.attendance hlt.checks hlt.substance_misuse hlt.mental_health_status",
	"domestic_abuse": "csc.chronology edu.attendance edu.safeguarding_log pol.domestic_abuse pol.convictions hlt.attendance hlt.maternity hlt.substance_misuse prb.supervision prb.risk",
	"self_harm_or_suicide": "csc.chronology edu.attendance edu.safeguarding_log hlt.attendance hlt.mental_health_status hlt.mental_health_detail",
	"parental_mental_health": "csc.chronology edu.attendance hlt.attendance hlt.maternity hlt.mental_health_status hlt.mental_health_detail",
	"parental_substance_misuse": "csc.chronology edu.attendance pol.convictions hlt.attendance hlt.maternity hlt.substance_misuse prb.supervision",
	"homelessness": "edu.attendance yj.involvement",
	"disability_need": "csc.assessments edu.attendance edu.send hlt.attendance hlt.checks",
	"unborn_at_risk": "csc.chronology csc.assessments pol.domestic_abuse pol.convictions hlt.attendance hlt.maternity hlt.mental_health_status hlt.substance_misuse prb.supervision prb.risk",
	"missing": "csc.chronology edu.attendance edu.safeguarding_log pol.missing pol.intelligence hlt.attendance yj.involvement",
	"criminal_exploitation": "csc.chronology edu.attendance edu.exclusions edu.safeguarding_log pol.missing pol.intelligence pol.live_investigation hlt.attendance yj.involvement",
	"fgm": "csc.chronology edu.attendance edu.safeguarding_log pol.intelligence hlt.attendance hlt.maternity",
	"honour_based_abuse": "csc.chronology edu.attendance edu.safeguarding_log pol.missing pol.domestic_abuse pol.intelligence pol.live_investigation",
	"forced_marriage": "csc.chronology edu.attendance edu.safeguarding_log pol.missing pol.intelligence pol.live_investigation",
	"fabricated_illness": "csc.chronology csc.assessments edu.attendance edu.safeguarding_log hlt.attendance hlt.checks hlt.mental_health_status",
	"radicalisation": "csc.chronology edu.attendance edu.safeguarding_log pol.intelligence pol.live_investigation yj.involvement",
	"attendance": "edu.attendance edu.exclusions edu.send",
	"health_access": "edu.attendance hlt.attendance hlt.checks hlt.maternity",
	"other": "",
}

test_concerns if {
	{code: concat(" ", concern.categories) | some code, concern in data.concerns.codes} == concerns
	data.concerns.always == ["csc.status", "eh.plan", "edu.enrolment", "hlt.registration", "pol.involvement"]
}

# The threshold table (S2), by the number of its lines, and S1's forced marriage.
lines := {
	"child_developmental_needs": [10, 14, 15, 17],
	"parenting": [12, 13, 9, 21],
	"family_and_environment": [6, 9, 8, 16],
}

count_of(domain, level) := count([code | some code, indicator in data.indicators.indicators; indicator.domain == domain; indicator.level == level])

test_indicators if {
	every domain, counts in lines {
		[count_of(domain, level) | some level in [1, 2, 3, 4]] == counts
	}
	data.indicators.indicators.at_risk_of_forced_marriage.level == 4
	startswith(data.indicators.indicators.at_risk_of_forced_marriage.source, "Coventry MASH slides")
	{code | some code, indicator in data.indicators.indicators; not startswith(indicator.source, "Effective Support for Children and Families in Coventry")} == {"at_risk_of_forced_marriage"}
	{domain | some domain, _ in data.indicators.domains} == {domain | some domain, _ in lines}
	data.indicators.levels == {"universal": 1, "early_help": 2, "targeted_early_help": 3, "statutory": 4}
}

test_exclusions if {
	{code: exclusion.gate | some code, exclusion in data.exclusions} == {
		"E1": "information_only",
		"E2": "unidentified",
		"E3": "consent_not_sought",
		"E4": "has_social_worker",
	}
	{gate.exclusion: code | some code, gate in data.gates} == {code: exclusion.gate | some code, exclusion in data.exclusions}
	every exclusion in data.exclusions {
		count(exclusion.tell) > 40
	}
}

test_outcomes if {
	{code | some code, _ in data.outcomes.triage} == {
		"not_triaged", "no_further_action", "information_and_advice", "early_help", "mash_episode", "statutory",
	}
	{code | some code, _ in data.outcomes.mash} == {"no_further_action", "early_help", "referral_to_childrens_services"}
	data.outcomes.strategy_discussion.quorum == ["children_services", "education", "police", "health"]
}

# Questions and statuses of consent.
test_consents if {
	{code: kind.short | some code, kind in data.consents.kinds} == {
		"referral": "C1",
		"share_with_agencies": "C2",
		"agencies_share_with_us": "C3",
		"service": "C4",
	}
	data.consents.reason_needed == ["not_sought", "not_safe_to_seek"]
}

# Which organisations could set a flag, by holder kind.
every_holder := ["children_services", "early_help", "education", "police", "health", "probation", "youth_justice"]

test_who_may_set_flags if {
	{flag: rule.may_set | some flag, rule in data.flags} == {
		"safe_address": every_holder,
		"adoption": ["children_services"],
		"limited_access": every_holder,
		"live_investigation": ["police"],
	}
	{flag: rule.scope | some flag, rule in data.flags} == {
		"safe_address": "people",
		"adoption": "everyone",
		"limited_access": "holder",
		"live_investigation": "holder",
	}
}

test_bases_have_titles_and_sources if {
	{basis | some basis, _ in data.bases} == {"s47", "mash", "s17", "early_help", "emergency"}
	every basis in data.bases {
		count(basis.title) > 5
		count(basis.source) > 5
	}
}

# Why the policy in force may be changed: code -> what for.
test_changes if {
	{code: change.for | some code, change in data.changes} == {
		"new_agreement": ["activate"],
		"change_of_law": ["activate"],
		"new_partner": ["activate"],
		"learning_review": ["activate", "tighten", "roll_back"],
		"practice_need": ["activate"],
		"correction": ["activate", "tighten", "roll_back"],
		"review": ["activate"],
		"unexpected_effect": ["roll_back", "tighten"],
		"suspected_breach": ["roll_back", "tighten"],
		"partner_request": ["tighten"],
		"incident_over": ["lift"],
		"covered_by_policy": ["lift"],
		"report_unacceptable": ["reject"],
		"no_agreement": ["reject"],
		"withdrawn_by_author": ["reject"],
	}
	every change in data.changes {
		count(change.text) > 10
	}
}

# Recorded decisions outlast every look-back window: what was decided about the oldest record can be looked into.
test_retention if {
	data.retention == {"decisions": {"days": 2557}, "findings": {"days": 2557}}
	every years in data.windows.years {
		years * 365 < data.retention.decisions.days
	}
}

# What is never released is denied on every basis, without exception or footnote.
test_never_released if {
	data.tiers.never_released == ["hlt.restricted"]
	every category in data.tiers.never_released {
		every entry in data.tiers.categories[category] {
			{cell.effect | some cell in data.tiers.cells[entry.row]} == {"deny"}
			not data.tiers.footnotes[entry.row]
		}
		not data.tiers.exceptions[category]
	}
}

# What an explanation may alter, with the values it tries, and who is told every reason. No protective flag, age or label is among them.
test_explain if {
	data.explain.limit == 5
	data.explain.told_everything == ["ig_officer", "auditor"]
	[[fact.fact, object.get(fact, "values", [])] | some fact in data.explain.facts] == [
		["consent", ["yes", "not_safe_to_seek", "no"]],
		["consent_position", []],
		["override", []],
		["break_glass", []],
		["basis", []],
		["rating", []],
		["stage", ["triage", "mash_episode", "strategy_discussion"]],
		["level_of_need", ["2", "3", "4"]],
		["purpose", ["safeguarding_children"]],
		["expiry", []],
		["finding", [
			"imminent_danger", "has_social_worker", "information_only", "uasc", "out_of_area", "family_declined", "s47_cause",
			"child_in_need",
		]],
		["concern", ["self_harm_or_suicide"]],
		["identified", ["yes"]],
		["assigned", []],
		["relationship", []],
		["role", []],
		["category", []],
	]
}
