package mashgate.release

import data.mashgate.emergency

# METADATA
# title: Emergency tightening
# description: What the hub holds back at once, on one person's word; lifting it needs two.
contributions contains {"effect": rule.effect, "reason": rule.reason, "masks": rule.masks, "rule": "emergency.tightening"} if {
	some rule in data.emergency
	emergency.speaks(rule)
}
