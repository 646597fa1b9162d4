# METADATA
# title: What the mental health trust decides itself before anything leaves it
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# The Caldicott Guardian decides on an adult's clinical detail.
contributions contains {"effect": "review", "reason": "clinical_detail_held", "masks": [], "rule": "mentalhealth.adult_detail"} if {
	input.record.category == "hlt.mental_health_detail"
	input.record.about.child == false
}

# Family members named in confidence are not shown.
contributions contains {"effect": "redact", "reason": "third_party", "masks": ["third_party"], "rule": "mentalhealth.third_party"} if {
	"third_party" in input.record.labels
}
