# METADATA
# title: Whatever decides says why
# description: A rule or a cell of a table that gives an effect without a reason would decide without a word to the practitioner.
# scope: package
# custom:
#   id: contribution-without-reason
#   severity: error
#   applies: [hub, agency]
#   way_out: Give it a reason code of data/reasons.yaml.
package mashgate.lint.rules.contribution_without_reason

import data.mashgate.lint.pack

findings contains object.union(pack.at(rule), {"message": "a rule contributes to the decision without a reason"}) if {
	some rule in pack.contributions
	not "reason" in rule.key.keys
	count(rule.key.keys) > 0
}

findings contains object.union(pack.at(rule), {"message": "a rule contributes to the decision with an empty reason"}) if {
	some rule in pack.contributions
	trim_space(pack.constants(rule).reason) == ""
}

findings contains {"path": entry.path, "message": message} if {
	some entry in pack.cells
	not said(object.get(entry.cell, "reason", ""))
	message := sprintf("%s gives effect %q without a reason", [pack.dotted(entry.path), entry.cell.effect])
}

said(reason) if trim_space(reason) != ""
