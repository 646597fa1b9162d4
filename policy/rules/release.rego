# METADATA
# title: May this record be shown to this requester?
# description: >-
#   Every rule that matches contributes its effect; the strictest wins and all masks are joined (domain.md section 4). Each rule is
#   a conjunction over the record's header, the facts of its subject (`input.record.about`) and the facts of the request
#   (`input.request`), in the fragment that can be compiled: no `not` over the header, no default, no else. A mask alone never
#   releases: rules that only mask or hold back speak about records that were asked for.
# scope: package
# schemas:
#   - input: schema.release_input
package mashgate.release

# METADATA
# title: Was this kind of record asked for, of this organisation?
asked if {
	input.record.category in input.request.categories
	input.record.organisation in input.request.organisations
}

# The request as a whole.

contributions contains {"effect": "deny", "reason": gate, "masks": [], "rule": "release.gate"} if {
	some gate in input.request.gates
}

contributions contains {"effect": "deny", "reason": "basis", "masks": [], "rule": "release.basis"} if {
	input.request.basis_supported == false
}

contributions contains {"effect": "deny", "reason": "not_requested", "masks": [], "rule": "release.not_requested"} if {
	some category, _ in data.tiers.categories
	input.record.category == category
	not category in input.request.categories
}

# Tier by basis (4.3).

contributions contains {"effect": cell.effect, "reason": cell.reason, "masks": [], "rule": "release.tier"} if {
	asked
	some category, entries in data.tiers.categories
	input.record.category == category
	some entry in entries
	not data.tiers.exceptions[category][input.request.basis]
	not data.tiers.footnotes[entry.row][input.request.basis]
	cell := data.tiers.cells[entry.row][input.request.basis]
	input.record.about[entry.about]
}

# A category named in the column itself.
contributions contains {"effect": cell.effect, "reason": cell.reason, "masks": [], "rule": "release.tier_exception"} if {
	asked
	some category, bases in data.tiers.exceptions
	input.record.category == category
	cell := bases[input.request.basis]
}

# A cell with a footnote, where the footnote does not apply …
contributions contains {"effect": cell.effect, "reason": cell.reason, "masks": [], "rule": "release.tier"} if {
	asked
	some category, bases in data.tiers.footnotes
	input.record.category == category
	footnote := bases[input.request.basis]
	cell := data.tiers.cells[category][input.request.basis]
	input.record.about[footnote.when] == false
}

# … and where it does: it replaces the cell.
contributions contains {"effect": note.effect, "reason": note.reason, "masks": note.masks, "rule": "release.footnote"} if {
	asked
	some category, bases in data.tiers.footnotes
	input.record.category == category
	note := bases[input.request.basis]
	input.record.about[note.when]
}

contributions contains {"effect": "redact", "reason": "placement_masked", "masks": masked, "rule": "release.placement"} if {
	asked
	some category, masked in data.tiers.always_masked
	input.record.category == category
}

# Consent (section 2, 4.2).

contributions contains {"effect": "deny", "reason": "consent_required", "masks": [], "rule": "release.consent"} if {
	input.request.duty == "none"
	input.record.about.consent == "refused"
}

# Bodies that the duty does not bind stay in the earlier regime.
contributions contains {"effect": "deny", "reason": "consent_required", "masks": [], "rule": "release.consent_unbound"} if {
	input.request.duty != "none"
	input.record.organisation in input.request.unbound
	input.record.about.consent == "refused"
}

contributions contains {"effect": "review", "reason": reason, "masks": [], "rule": "release.consent"} if {
	input.request.duty == "none"
	asked
	some consent, reason in unanswered
	input.record.about.consent == consent
}

contributions contains {"effect": "review", "reason": reason, "masks": [], "rule": "release.consent_unbound"} if {
	input.request.duty != "none"
	asked
	input.record.organisation in input.request.unbound
	some consent, reason in unanswered
	input.record.about.consent == consent
}

contributions contains {"effect": "review", "reason": reason, "masks": [], "rule": "release.consent_bound"} if {
	input.request.duty == "unresolved"
	asked
	input.record.organisation in input.request.bound
	some consent, reason in unanswered
	input.record.about.consent == consent
}

# Under the duty any consent that is not there is a position to settle; once settled, it no longer holds anything of a bound body.
contributions contains {"effect": "review", "reason": "consent_position_unresolved", "masks": [], "rule": "release.consent_position"} if {
	input.request.duty == "unresolved"
	asked
	input.record.organisation in input.request.bound
	some consent in ["refused", "missing", "disagree"]
	input.record.about.consent == consent
}

unanswered := {"missing": "own_answer_missing", "disagree": "parents_disagree"}

# Who it is about (4.1, 4.4).

contributions contains {"effect": "deny", "reason": "subject_not_identified", "masks": [], "rule": "release.left_out"} if {
	input.record.about.left_out
}

contributions contains {"effect": "review", "reason": "ambiguous", "masks": [], "rule": "release.ambiguous"} if {
	asked
	input.record.about.ambiguous
}

contributions contains {"effect": "deny", "reason": "not_applicable", "masks": [], "rule": "release.not_applicable"} if {
	some entry in data.subjects.not_applicable
	some category in entry.categories
	input.record.category == category
	input.record.about[entry.about]
}

contributions contains {"effect": cell.effect, "reason": cell.reason, "masks": [], "rule": "release.other_adult"} if {
	asked
	cell := data.subjects.other_adults.by_basis[input.request.basis]
	some category in data.subjects.other_adults.categories
	input.record.category == category
	input.record.about.other_adult
}

# How old it is (4.4). A standing fact is dated by the last day it applied, a current one is never outside.

contributions contains {"effect": "deny", "reason": "outside_window", "masks": [], "rule": "release.window"} if {
	some category, entries in data.tiers.categories
	input.record.category == category
	not category in data.windows.none_about_a_child
	some entry in entries
	input.record.about[entry.about]
	some dated in ["event_date", "until"]
	input.record[dated] != ""
	input.record[dated] < input.request[concat("_", ["window", entry.window])]
	data.windows.none_with_label in input.record.unlabelled
}

# The child's own social care history has no window; that of the adults has.
contributions contains {"effect": "deny", "reason": "outside_window", "masks": [], "rule": "release.window_adult"} if {
	some category in data.windows.none_about_a_child
	input.record.category == category
	some entry in data.tiers.categories[category]
	input.record.about[entry.about]
	input.record.about.child == false
	some dated in ["event_date", "until"]
	input.record[dated] != ""
	input.record[dated] < input.request[concat("_", ["window", entry.window])]
	data.windows.none_with_label in input.record.unlabelled
}

contributions contains {"effect": "review", "reason": "undated", "masks": [], "rule": "release.undated"} if {
	asked
	input.record.current == false
	input.record.event_date == ""
	input.record.until == ""
}

# What it is labelled (4.4).

contributions contains {"effect": "review", "reason": "labels_unknown", "masks": [], "rule": "release.labels_unknown"} if {
	asked
	input.record.labels_known == false
}

contributions contains {"effect": rule.effect, "reason": rule.reason, "masks": rule.masks, "rule": "release.label"} if {
	asked
	some label, rule in data.labels
	rule.effect
	label in input.record.labels
}

contributions contains {"effect": effect, "reason": rule.reason, "masks": rule.masks, "rule": "release.label"} if {
	asked
	some label, rule in data.labels
	effect := rule.by_basis[input.request.basis]
	label in input.record.labels
}

# A record that is only an address says nothing else.
contributions contains {"effect": rule.only_address, "reason": rule.reason, "masks": [], "rule": "release.label_only_address"} if {
	some label, rule in data.labels
	rule.only_address
	label in input.record.labels
	input.record.only_address
}

# Protective flags on people (4.4; design.md section 1).

contributions contains {"effect": rule.effect, "reason": rule.reason, "masks": rule.masks, "rule": "release.protected"} if {
	asked
	some rule in data.flags
	rule.scope == "people"
	input.record.about.protected
}

contributions contains {"effect": rule.only_address, "reason": rule.reason, "masks": [], "rule": "release.protected_only_address"} if {
	some rule in data.flags
	rule.scope == "people"
	input.record.about.protected
	input.record.only_address
}

# While an organisation that could set the flag has not answered, it is taken to be set on everybody.
contributions contains {"effect": rule.unknown.effect, "reason": rule.unknown.reason, "masks": rule.unknown.masks, "rule": "release.location_unknown"} if {
	asked
	input.request.location_unknown
	some rule in data.flags
	rule.scope == "people"
}

contributions contains {"effect": rule.unknown.only_address, "reason": rule.unknown.reason, "masks": [], "rule": "release.location_unknown_only_address"} if {
	input.request.location_unknown
	some rule in data.flags
	rule.scope == "people"
	input.record.only_address
}

contributions contains {"effect": rule.effect, "reason": rule.reason, "masks": rule.masks, "rule": "release.flag"} if {
	asked
	some flag, rule in data.flags
	rule.scope == "everyone"
	flag in input.record.about.flags
}

# The holder that set the flag knows what it holds; the others' records about the person are not touched by it.
contributions contains {"effect": rule.effect, "reason": rule.reason, "masks": rule.masks, "rule": "release.holder_flag"} if {
	asked
	some flag, rule in data.flags
	rule.scope == "holder"
	flag in input.record.holder_flags
}
