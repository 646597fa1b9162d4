# METADATA
# title: What a police force decides itself before anything leaves it
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# Intelligence goes through the intelligence unit, whatever its grading and whatever the hub's own policy says.
contributions contains {"effect": "review", "reason": "intelligence_held", "masks": [], "rule": "police.intelligence"} if {
	input.record.category == "pol.intelligence"
}

# A live enquiry is never described.
contributions contains {"effect": "exist", "reason": "live_enquiry", "masks": [], "rule": "police.live_enquiry"} if {
	input.record.category == "pol.live_investigation"
}

# Nor is anything else that would show it.
contributions contains {"effect": "exist", "reason": "live_investigation", "masks": [], "rule": "police.live_label"} if {
	"live_investigation" in input.record.labels
}

# The source of a report stays with the force.
contributions contains {"effect": "redact", "reason": "informant", "masks": ["informant"], "rule": "police.informant"} if {
	"informant" in input.record.labels
}
