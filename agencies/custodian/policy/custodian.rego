# METADATA
# title: What a custodian decides itself before anything leaves its file
# description: >-
#   Decided on the custodian's side, after the warrant's constraints. It can only tighten: no contribution means no objection.
package mashgate.agency

# A record whose mapping does not vouch for its labels is looked at first.
contributions contains {"effect": "review", "reason": "labels_unknown", "masks": [], "rule": "custodian.labels_unknown"} if {
	input.record.labels_known == false
}

# What is about a relative is not shown as if it were about the child.
contributions contains {"effect": "redact", "reason": "third_party", "masks": ["third_party"], "rule": "custodian.third_party"} if {
	"third_party" in input.record.labels
}
