package mashgate.ask

# METADATA
# title: What the release rules know about a subject
# description: >-
#   Total: every fact is always given, so that no rule is silent because one is missing. An unknown age counts as whatever keeps
#   more back.
facts(subject) := object.union(
	{trait: held | some trait in traits; held := subject.id in holds[trait]},
	{"role": subject.role, "consent": consent(subject), "flags": flags_on(subject)},
)

traits := {
	"anyone", "child", "adult", "under_16", "under_13", "under_10", "unborn", "index_child", "other_adult", "known_not_pregnant",
	"ambiguous", "left_out", "protected", "self_harm_of_index_child", "sexual_harm_of_child",
}

holds.anyone contains subject.id if some subject in input.subjects

holds.child contains subject.id if {
	some subject in input.subjects
	child(subject)
}

holds.adult contains subject.id if {
	some subject in input.subjects
	not child(subject)
}

holds.under_16 contains subject.id if {
	some subject in input.subjects
	may_be_under(subject, 16)
}

holds.under_13 contains subject.id if {
	some subject in input.subjects
	known_under(subject, 13)
}

holds.under_10 contains subject.id if {
	some subject in input.subjects
	may_be_under(subject, 10)
}

holds.unborn contains subject.id if {
	some subject in input.subjects
	subject.born == "unborn"
}

holds.index_child contains subject.id if some subject in index_children

holds.other_adult contains subject.id if {
	some subject in input.subjects
	other_adult(subject)
}

holds.known_not_pregnant contains subject.id if {
	some subject in input.subjects
	subject.pregnant_or_postnatal == "no"
}

# Matched only ambiguously: not a gate, but never released (domain.md 4.1).
holds.ambiguous contains subject.id if {
	some subject in input.subjects
	subject.identified == "ambiguous"
}

holds.left_out contains id if some id, _ in left_out

holds.protected contains id if some id in protected

# What makes the footnotes of domain.md 4.3 apply.

holds.self_harm_of_index_child contains subject.id if {
	some subject in index_children
	some concern in data.tiers.facts.self_harm_of_index_child.concerns
	concern in input.episode.concerns
}

holds.sexual_harm_of_child contains subject.id if {
	some subject in input.subjects
	child(subject)
	some concern in data.tiers.facts.sexual_harm_of_child.concerns
	concern in input.episode.concerns
}

holds.sexual_harm_of_child contains subject.id if {
	some subject in input.subjects
	known_under(subject, 13)
	some concern in data.tiers.facts.sexual_harm_of_child.concerns_under_13
	concern in input.episode.concerns
}

index_children contains subject if {
	some subject in input.subjects
	subject.role == "index_child"
}

# Age.

child(subject) if known_under(subject, data.subjects.child_under)

child(subject) if {
	subject.born == ""
	subject.role in data.subjects.child_roles
}

known_under(subject, _) if subject.born == "unborn"

known_under(subject, age) if {
	born_on_a_day(subject)
	not aged(subject, age)
}

may_be_under(subject, age) if known_under(subject, age)

may_be_under(subject, _) if {
	subject.born == ""
	child(subject)
}

aged(subject, age) if {
	born_on_a_day(subject)
	birthday(subject.born, age) <= today
}

born_on_a_day(subject) if not subject.born in {"", "unborn"}

# Other adults are neither parents nor carers; a grown-up sibling is one (domain.md 4.1).
other_adult(subject) if {
	subject.role in data.subjects.other_adult_roles
	not child(subject)
}

# Identity (domain.md section 2, 4.1): any subject but the index child that is below the minimum is left out, and the rest goes on.

left_out[subject.id] := {"code": "subject_not_identified", "rule": "ask.left_out"} if {
	some subject in input.subjects
	subject.role != "index_child"
	below_minimum(subject)
}

below_minimum(subject) if {
	not subject.identified in {"yes", "ambiguous"}
	not excepted(subject)
}

excepted(subject) if {
	"unborn" in data.subjects.identity_excepted
	subject.born == "unborn"
}

excepted(subject) if {
	"uasc" in data.subjects.identity_excepted
	subject.role == "index_child"
	input.episode.facts.uasc
}
