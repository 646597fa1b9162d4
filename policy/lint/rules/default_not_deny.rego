# METADATA
# title: Whatever is not allowed is denied
# description: >-
#   The default is deny. A default, an else or a rule without a condition that lets something through would let through everything
#   nobody has thought of.
# scope: package
# custom:
#   id: default-not-deny
#   severity: error
#   applies: [hub, agency]
#   way_out: "Turn it round: let the default refuse, and write the conditions under which it does not."
package mashgate.lint.rules.default_not_deny

import data.mashgate.lint.pack

ours(rule) if startswith(rule.package, "data.mashgate.")

findings contains object.union(pack.at(rule), {"message": sprintf("the default of %s lets through: %v", [rule.name, rule.value.constant])}) if {
	some rule in pack.rules
	ours(rule)
	rule.default
	lets_through(rule.value.constant)
}

findings contains object.union(pack.at(rule), {"message": sprintf("%s lets through without a condition: %v", [rule.name, rule.value.constant])}) if {
	some rule in pack.rules
	ours(rule)
	not rule.default
	rule.always
	count(rule.args) == 0
	answers(rule.value.constant)
}

findings contains object.union(pack.at(rule), {"message": "a rule permits every record without a condition"}) if {
	some rule in pack.contributions
	rule.package == "data.mashgate.release"
	rule.always
	pack.constants(rule).effect == "permit"
}

lets_through(value) if value == true

lets_through(value) if value in {"permit", "allow", "with_narrative"}

lets_through(value) if answers(value)

# An answer to a call or about a record.
answers(value) if value.allow == true

answers(value) if value.effect == "permit"
