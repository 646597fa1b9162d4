# METADATA
# title: What children's social care decides itself before anything leaves it
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# Where a child is placed, and with whom, is not told in a lateral check.
contributions contains {"effect": "redact", "reason": "placement_masked", "masks": ["free_text", "location"], "rule": "childrensocialcare.placement"} if {
	input.record.category == "csc.placement"
}

# Nor what could lead from an adopted child to the birth family, or back.
contributions contains {"effect": "redact", "reason": "adoption", "masks": ["identity_link"], "rule": "childrensocialcare.adoption"} if {
	"adoption" in input.record.labels
}
