# METADATA
# title: Every rule is reached by a test or a scenario
# description: A rule that nothing reaches has never been seen to work. Whoever changes it learns from a child's case whether it does.
# scope: package
# custom:
#   id: unreached-rule
#   severity: error
#   applies: [hub, agency]
#   way_out: Write a scenario or a Rego test that needs the rule; `mashctl policy test` shows the lines that are not run.
package mashgate.lint.rules.unreached_rule

import data.mashgate.lint.pack

findings contains object.union(pack.at(rule), {"message": sprintf("no test and no scenario reaches %s", [rule.name])}) if {
	some rule in pack.rules
	[rule.file, rule.line] in {[line.file, line.line] | some line in input.unreached}
}
