# METADATA
# title: Every effect is one of the five
# description: The effects are deny, review, exist, redact and permit. Any other word is taken for deny when a record is decided.
# scope: package
# custom:
#   id: unknown-effect
#   severity: error
#   applies: [hub, agency]
#   way_out: "Use one of the five: deny, review, exist, redact, permit."
package mashgate.lint.rules.unknown_effect

import data.mashgate.lint.pack

findings contains object.union(pack.at(rule), {"message": sprintf("%q is not an effect", [effect])}) if {
	some rule in pack.contributions
	effect := pack.constants(rule).effect
	not pack.strictness[effect]
}

findings contains {"path": found.path, "message": sprintf("%q is not an effect", [found.effect])} if {
	some found in in_data
	not pack.strictness[found.effect]
}

in_data contains {"path": array.concat(entry.path, [key]), "effect": entry.cell[key]} if {
	some entry in pack.cells
	some key in ["effect", "only_address"]
}

in_data contains {"path": ["labels", label, "by_basis", basis], "effect": effect} if {
	some label, rule in input.data.labels
	some basis, effect in rule.by_basis
}
