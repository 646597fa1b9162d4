package mashgate.ask

# `safe_address` protects people, not records (domain.md 4.4): whoever set it, it covers the subject and every child living with
# them, and, where a child is protected, the adults living with that child except an alleged source of harm.

protected contains subject.id if some subject in flagged

protected contains id if some id in protected_children

protected contains subject.id if {
	some subject in input.subjects
	not child(subject)
	not subject.alleged_source_of_harm
	at_home(subject)
	some other in input.subjects
	at_home(other)
	child_is_protected(other)
}

protected_children contains subject.id if {
	some subject in input.subjects
	child(subject)
	some other in flagged
	at_home(subject)
	at_home(other)
}

# Nobody says with whom those live who are not at home. A child away from home may be where a flagged person away from home is.
protected_children contains subject.id if {
	some subject in input.subjects
	child(subject)
	some other in flagged
	not at_home(subject)
	not at_home(other)
}

child_is_protected(subject) if subject.id in protected_children

flagged contains subject if {
	some subject in input.subjects
	subject.safe_address
}

flagged contains subject if {
	some subject in input.subjects
	"safe_address" in flags_on(subject)
}

at_home(subject) if subject.role == "index_child"

at_home(subject) if subject.lives_with_index

# The protective flags that any organisation holds on a subject; sorted.
flags_on(subject) := sort({flag.flag | some flag in input.flags; flag.subject == subject.id})
