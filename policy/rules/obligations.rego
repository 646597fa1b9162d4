package mashgate.ask

# What goes with the request (data.obligations). What must be recorded is an obligation, never a condition that holds help up
# (domain.md section 4).

# s47 and emergency: consent is not needed; why it was not sought is recorded.
obligations contains "record_why_consent_not_sought" if {
	count(needed) == 0
	not why_recorded
}

why_recorded if {
	some subject in input.subjects
	standing[subject.id].agencies_share_with_us.status in {"yes", "no", "withdrawn"}
}

why_recorded if {
	some subject in input.subjects
	said(standing[subject.id].agencies_share_with_us.reason)
}

obligations contains "record_public_task" if {
	some subject in input.subjects
	other_adult(subject)
}

obligations contains "record_category_reason" if {
	some category in input.categories
	not category.code in from_table
	not said(category.reason)
}

# Under s47, emergency or a standing ground a withdrawal is recorded and release goes on.
obligations contains "record_withdrawal" if {
	withdrawn
	count(needed) == 0
}

obligations contains "record_withdrawal" if {
	withdrawn
	ground_stands
}

withdrawn if {
	some subject in input.subjects
	standing[subject.id].agencies_share_with_us.status == "withdrawn"
}

# A settled position takes the refusal to each holder, for its own test of relevance and detriment.
obligations contains "tell_holders_of_refusal" if {
	duty == "settled"
	some subject in input.subjects
	not consent(subject) in {"given", "ground"}
}

obligations contains "do_not_ask_family" if not_relied_on

obligations contains obligation if {
	some flag in input.flags
	some obligation in data.flags[flag.flag].obligations
}

obligations contains "relationship_not_checked" if {
	some relationship in input.requester.relationships
	relationship.kind in data.roles.harmless_relations
}

obligations contains "break_glass_review_within_24h" if break_glass_in_force

# A request that rests only on what the requester alone has recorded goes on, and a second person looks at it.

obligations contains "second_person_within_24h" if rests_on_requester_alone

obligations contains "alert_ig_officer" if rests_on_requester_alone

rests_on_requester_alone if {
	some fact in data.roles.rests_on[input.episode.basis]
	fact in input.requester.own_facts
	not supported_by_another(data.roles.rests_on[input.episode.basis])
}

rests_on_requester_alone if {
	some fact in {"override", "break_glass"}
	fact in input.requester.own_facts
	not supported_by_another([fact])
}

rests_on_requester_alone if {
	count(input.requester.own_facts) > 0
	count(input.requester.supported_facts) == 0
}

supported_by_another(candidates) if {
	some fact in candidates
	fact in input.requester.supported_facts
}

# What a gate that holds obliges to.

obligations contains "tell_referrer" if {
	some gate in gates
	data.gates[gate.code].exclusion
}

obligations contains "pass_to_social_worker" if {
	some gate in gates
	gate.code == "has_social_worker"
}

obligations contains "forward_to_home_authority" if {
	some gate in gates
	gate.code == "out_of_area"
}
