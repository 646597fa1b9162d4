# METADATA
# title: Every scenario expects something
# description: A case without an expectation holds whatever the rules say.
# scope: package
# custom:
#   id: idle-scenario
#   severity: error
#   applies: [hub]
#   way_out: "Say under expect what should come of it: ask, reasons, decisions."
package mashgate.lint.rules.idle_scenario

findings contains {"file": case.file, "line": 1, "message": "the scenario expects nothing"} if {
	some case in input.scenarios
	count(object.get(case, "expect", {})) == 0
}
