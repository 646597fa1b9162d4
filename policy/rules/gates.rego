package mashgate.ask

# Gates (domain.md 4.1): any one of them means that nobody is asked. Every gate that holds is given. When a gate is met stands
# here; at which stages it is looked at and what lifts it is data.gates.

gates contains {"code": code, "rule": concat(".", ["ask.gate", code])} if {
	some code, _ in data.gates
	met[code]
	looked_at(code)
	not lifted(code)
}

looked_at(code) if not data.gates[code].stages

looked_at(code) if input.episode.stage in data.gates[code].stages

lifted(code) if {
	some circumstance in data.gates[code].lifted_by
	circumstances[circumstance]
}

# What can lift a gate.

circumstances contains "break_glass" if break_glass_in_force

circumstances contains "red" if route == "safeguarding"

circumstances contains "green" if route == "statutory"

circumstances contains "s47_cause" if input.episode.facts.s47_cause

circumstances contains "consented_early_help" if {
	input.episode.basis == "early_help"
	early_help_agreed
}

circumstances contains "basis_s47" if input.episode.basis == "s47"

circumstances contains "basis_emergency" if input.episode.basis == "emergency"

# Purpose and episode.

met contains "purpose" if input.episode.purpose != "safeguarding_children"

met contains "episode" if input.episode.stage == "closed"

# What expires at a moment is over at that moment.
met contains "episode" if {
	input.episode.expires != null
	time.parse_rfc3339_ns(input.episode.expires) <= now
}

# The requester: a worker looking up their own family is the first of the threats (domain.md section 5).

met contains "requester" if not data.roles.roles[input.requester.role].may_request

met contains "requester" if input.requester.hub != input.hub

met contains "requester" if not input.requester.assigned

met contains "requester" if {
	some relationship in input.requester.relationships
	not relationship.kind in data.roles.harmless_relations
}

# Identity: below the minimum partners cannot check their systems.

met contains "identity" if index_not_identified

met contains "unidentified" if index_not_identified

index_not_identified if {
	some subject in input.subjects
	subject.role == "index_child"
	below_minimum(subject)
}

index_not_identified if {
	every subject in input.subjects {
		subject.role != "index_child"
	}
}

# Referrals that need not be triaged (S2), each told to the referrer.

met contains "information_only" if input.episode.facts.information_only

met contains "has_social_worker" if input.episode.facts.has_social_worker

# E3: recorded as not sought, by nobody answered, and with no risk in asking.
met contains "consent_not_sought" if {
	some subject in input.subjects
	answer(subject.id, "referral") == "not_sought"
	not referral_answered
	not risk_in_asking
}

# The answer of an alleged source of harm is an answer for nobody but themselves.
referral_answered if {
	some subject in input.subjects
	not subject.alleged_source_of_harm
	answer(subject.id, "referral") in {"yes", "no"}
}

risk_in_asking if {
	some ground in data.gates.consent_not_sought.risk_in_asking
	grounds[ground]
}

risk_in_asking if {
	some subject in input.subjects
	answer(subject.id, "referral") == "not_safe_to_seek"
}

met contains "no_episode_yet"

# S2: a family that declines at level 2 or 3 is not referred on, unless level 4 is now evidenced.
met contains "declined_below_level_4" if {
	input.episode.level_of_need in data.gates.declined_below_level_4.levels
	family_declined
}

family_declined if input.episode.facts.family_declined

family_declined if {
	some subject in index_children
	answers_about(subject, "service") == {"no"}
}

# S2: early help is voluntary.
met contains "consent_required" if {
	input.episode.basis == "early_help"
	not early_help_agreed
}

early_help_agreed if {
	count(index_children) > 0
	every subject in index_children {
		every kind in data.bases.early_help.consents {
			position(subject, kind) == "yes"
		}
	}
}

met contains "break_glass_ended" if {
	input.episode.basis == "emergency"
	not break_glass_in_force
}

met contains "out_of_area" if input.episode.facts.out_of_area
