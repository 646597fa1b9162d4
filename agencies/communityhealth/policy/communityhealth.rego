# METADATA
# title: What the community health trust decides itself before anything leaves it
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# What the law restricts never leaves through a lateral check.
contributions contains {"effect": "deny", "reason": "restricted_category", "masks": [], "rule": "communityhealth.restricted"} if {
	input.record.category == "hlt.restricted"
}

# Nor does an adult's sexual-health record.
contributions contains {"effect": "deny", "reason": "restricted_category", "masks": [], "rule": "communityhealth.sexual_health_adult"} if {
	input.record.category == "hlt.sexual_health"
	input.record.about.child == false
}
