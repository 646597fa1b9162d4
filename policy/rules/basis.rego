package mashgate.ask

# The basis is recorded on the episode, not derived; one that its facts do not support is refused (domain.md 4.2).

default basis_supported := false

basis_supported if {
	input.episode.basis == "s47"
	route == "safeguarding"
}

basis_supported if {
	input.episode.basis == "s47"
	input.episode.facts.s47_cause
}

basis_supported if {
	input.episode.basis == "mash"
	route == "mash_episode"
	input.episode.stage in {"mash_episode", "strategy_discussion"}
}

basis_supported if {
	input.episode.basis == "s17"
	route == "statutory"
}

basis_supported if {
	input.episode.basis == "s17"
	input.episode.facts.child_in_need
}

basis_supported if {
	input.episode.basis == "early_help"
	input.episode.level_of_need in {2, 3}
}

basis_supported if {
	input.episode.basis == "emergency"
	input.episode.facts.imminent_danger
	break_glass_in_force
}

# A rating is a route (domain.md section 1).
route := data.hub.ratings[input.episode.rating].route

# A break-glass is in force while it runs, in a named person's name, with a reason, and never longer than the hub allows.
break_glass_in_force if {
	glass := input.episode.break_glass
	said(glass.by)
	said(glass.reason)
	starts := time.parse_rfc3339_ns(glass.starts)
	expires := time.parse_rfc3339_ns(glass.expires)
	starts <= now
	now < expires
	expires - starts <= data.hub.break_glass.max_hours * nanoseconds_an_hour
}

nanoseconds_an_hour := 3600000000000

said(text) if trim_space(text) != ""

# Grounds to go on without consent (domain.md 4.2). Any one stands for the whole episode.

grounds contains input.episode.override.ground if {
	data.grounds[input.episode.override.ground]
	said(input.episode.override.reason)
	said(input.episode.override.by)
}

grounds contains "not_safe_to_seek" if {
	some subject in input.subjects
	subject.role in data.subjects.parents_and_carers
	some kind in data.consents.unsafe_is_a_ground
	standing[subject.id][kind].status == "not_safe_to_seek"
	said(standing[subject.id][kind].reason)
}

grounds contains "not_safe_to_seek" if not_relied_on

# The duty to share (Children Act 2004 s16LA): where it applies, no consent and no ground is a position to settle, not a refusal.
# none: it does not apply; unresolved: nobody has settled the position; settled: somebody has, once for the episode.

default duty := "none"

duty := "unresolved" if {
	duty_applies
	not position_settled
}

duty := "settled" if {
	duty_applies
	position_settled
}

duty_applies if {
	data.regimes[regime].duty
	data.bases[input.episode.basis].duty
}

position_settled if {
	said(input.episode.consent_position.by)
	said(input.episode.consent_position.reason)
}
