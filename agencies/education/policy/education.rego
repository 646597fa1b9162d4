# METADATA
# title: What schools decide themselves before anything leaves them
# description: >-
#   Decided on the organisation's side, after the warrant's constraints. It can only tighten: no contribution means no objection. It
#   repeats what the organisation would hold to under any hub's policy, so that a hub that loosens its own does not loosen this.
package mashgate.agency

# A school holds records of pupils, not of adults.
contributions contains {"effect": "deny", "reason": "not_applicable", "masks": [], "rule": "education.pupils_only"} if {
	input.record.about.child == false
}

# Who told the school is not shown where the log says so.
contributions contains {"effect": "redact", "reason": "informant", "masks": ["informant"], "rule": "education.informant"} if {
	input.record.category == "edu.safeguarding_log"
	"informant" in input.record.labels
}
