# METADATA
# title: What probation decides itself before anything leaves it
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# A limited-access offender's record is released by the named manager only.
contributions contains {"effect": "exist", "reason": "limited_access", "masks": [], "rule": "probation.limited_access"} if {
	"limited_access" in input.record.labels
}

# Where it is not known whether a limitation applies, nothing is assumed.
contributions contains {"effect": "review", "reason": "labels_unknown", "masks": [], "rule": "probation.labels_unknown"} if {
	input.record.labels_known == false
}
