# METADATA
# title: A rule's name stands in one file
# description: An explanation names the rule. Where two files use one name, nobody can tell which of them spoke.
# scope: package
# custom:
#   id: shared-rule-name
#   severity: warning
#   applies: [hub, agency]
#   way_out: Give the newer rule a name of its own, after its file.
package mashgate.lint.rules.shared_rule_name

import data.mashgate.lint.pack

findings contains object.union(pack.at(rule), {"message": sprintf("the name %q is also given in %s", [name, other.file])}) if {
	some rule in pack.contributions
	name := pack.constants(rule).rule
	some other in pack.contributions
	pack.constants(other).rule == name
	other.file < rule.file
}
