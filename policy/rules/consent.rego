package mashgate.ask

# Whose answer counts (domain.md section 2). The questions are never merged: each is looked at on its own.

# METADATA
# title: The answer that stands
# description: The latest of a giver to a question, as recorded at the moment of deciding. Of two recorded at once, the later in the list.
standing[by][kind] := consent if {
	some by in {consent.by | some consent in input.consents}
	some kind, _ in data.consents.kinds
	recorded := [[at, i] |
		some i, consent in input.consents
		consent.by == by
		consent.kind == kind
		at := time.parse_rfc3339_ns(consent.recorded)
		at <= now
	]
	consent := input.consents[max(recorded)[1]]
}

# METADATA
# title: What a person has answered to a question
# description: yes, no, or the worker's note that there is no answer. Withdrawn acts as no; silence is unknown.
answer(by, kind) := "not_safe_to_seek" if {
	not_relied_on
} else := "yes" if {
	standing[by][kind].status in data.consents.means_yes
} else := "no" if {
	standing[by][kind].status in data.consents.means_no
} else := standing[by][kind].status if {
	standing[by][kind].status in data.consents.not_an_answer
} else := "unknown"

# Honour-based concerns and fabricated illness: family answers are not relied on, and the worker is warned not to ask.
not_relied_on if {
	some concern in input.episode.concerns
	concern in data.consents.not_relied_on
}

# METADATA
# title: What those who count say about a subject
# description: yes, no, disagree (a child's parents), or missing (a parent's or carer's own answer).
position(subject, kind) := own_position(answer(subject.id, kind)) if {
	subject.role in data.subjects.parents_and_carers
}

# Nobody consents for another adult; a parent's yes lets the request go on.
position(subject, kind) := "yes" if {
	other_adult(subject)
	goes_on(kind)
}

position(subject, kind) := "no" if {
	other_adult(subject)
	not goes_on(kind)
}

position(subject, kind) := joint_position(answers_about(subject, kind)) if {
	not subject.role in data.subjects.parents_and_carers
	not other_adult(subject)
}

own_position("yes") := "yes"

own_position("unknown") := "missing"

own_position(said) := "no" if not said in {"yes", "unknown"}

joint_position(said) := "yes" if said == {"yes"}

joint_position(said) := "disagree" if said == {"yes", "no"}

joint_position(said) := "no" if not "yes" in said

# METADATA
# title: The answers that count about a child; silence is not one
answers_about(subject, kind) := {"yes", "no"} & {answer(id, kind) | some id in counting(subject, kind)}

# At 16 and over their own only.
counting(subject, _) := {subject.id} if aged(subject, data.consents.own_only_from_age)

# Below, a Gillick-competent child's own if given.
counting(subject, kind) := {subject.id} if {
	not aged(subject, data.consents.own_only_from_age)
	own_given(subject, kind)
}

# Else a parent or carer with parental responsibility.
counting(subject, kind) := guardians if {
	not aged(subject, data.consents.own_only_from_age)
	not own_given(subject, kind)
}

own_given(subject, kind) if {
	subject.gillick_competent == "yes"
	answer(subject.id, kind) in {"yes", "no"}
}

# The answer of an alleged source of harm counts for nobody but themselves.
guardians contains subject.id if {
	some subject in input.subjects
	subject.role in data.subjects.parents_and_carers
	subject.parental_responsibility
	not subject.alleged_source_of_harm
}

goes_on(kind) if {
	some id in guardians
	answer(id, kind) == "yes"
}

# Where the index child's own answer is the one that counts, it lets the request go on as a parent's does.
goes_on(kind) if {
	some subject in index_children
	answers_about(subject, kind) == {"yes"}
}

# The consents that are needed: those of the basis, and more for a requester outside children's services.

needed contains kind if some kind in data.bases[input.episode.basis].consents

needed contains kind if {
	count(data.bases[input.episode.basis].consents) > 0
	not input.requester.agency in data.consents.inside_children_services
	some kind in data.consents.outside_also_needs
}

ground_stands if {
	data.bases[input.episode.basis].grounds
	count(grounds) > 0
}

# METADATA
# title: Where consent stands about a subject
# description: >-
#   not_needed, ground, given, or what is in the way: an own answer missing, parents who disagree, or refused, which is also what
#   nobody has said. In early help a disagreement is a refusal.
consent(subject) := "not_needed" if {
	count(needed) == 0
} else := "ground" if {
	ground_stands
} else := "given" if {
	all_stand(subject, {"yes"})
} else := "missing" if {
	all_stand(subject, {"yes", "missing"})
} else := "disagree" if {
	input.episode.basis != "early_help"
	all_stand(subject, {"yes", "disagree"})
} else := "refused"

all_stand(subject, positions) if {
	every kind in needed {
		position(subject, kind) in positions
	}
}
