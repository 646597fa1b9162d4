# METADATA
# title: What the early help service decides itself before anything leaves it
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# A family plan names the whole family: what is marked as somebody else's is not shown.
contributions contains {"effect": "redact", "reason": "third_party", "masks": ["third_party"], "rule": "earlyhelp.third_party"} if {
	"third_party" in input.record.labels
}

# A plan whose restrictions nobody went through is looked at first.
contributions contains {"effect": "review", "reason": "labels_unknown", "masks": [], "rule": "earlyhelp.labels_unknown"} if {
	input.record.labels_known == false
}
