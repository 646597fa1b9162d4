# METADATA
# title: What the youth justice service decides itself before anything leaves it
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# The service works with children.
contributions contains {"effect": "deny", "reason": "not_applicable", "masks": [], "rule": "youthjustice.children_only"} if {
	input.record.about.child == false
}

# A spent disposal is looked at by a manager first.
contributions contains {"effect": "review", "reason": "spent", "masks": [], "rule": "youthjustice.spent"} if {
	"spent" in input.record.labels
}
