# METADATA
# title: What an organisation is told has a default, the narrowest
# description: >-
#   Where no rule says how much an organisation may be told in asking, it is told identifiers and purpose. Without the default the
#   question has no answer and every request fails.
# scope: package
# custom:
#   id: no-default
#   severity: error
#   applies: [hub]
#   way_out: "Keep `default tell := \"identifiers_and_purpose\"` and `default basis_supported := false` in package mashgate.ask."
package mashgate.lint.rules.no_default

import data.mashgate.lint.pack

findings contains {"file": place[0], "line": place[1], "message": sprintf("%s has no default", [name])} if {
	some name in ["tell", "basis_supported"]
	defaults := [rule | some rule in ask; rule.name == name; rule.default]
	count(defaults) == 0
	place := min([[rule.file, rule.line] | some rule in ask; rule.name == name])
}

ask := [rule | some rule in pack.rules; rule.package == "data.mashgate.ask"]
