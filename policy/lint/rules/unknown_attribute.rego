# METADATA
# title: Rules read only what they are given
# description: >-
#   An attribute that nobody gives is undefined: the rule that reads it never speaks, and what it should hold back is not held back. A
#   hub's rules are held to their schemas by the compiler.
# scope: package
# custom:
#   id: unknown-attribute
#   severity: error
#   applies: [agency]
#   way_out: Use one of what an agency is told; policy/lint/rules/limits.yaml lists it.
package mashgate.lint.rules.unknown_attribute

import data.mashgate.lint.pack

findings contains {"file": rule.file, "line": ref.line, "message": sprintf("nobody gives %s", [concat(".", array.slice(ref.path, 0, i + 2))])} if {
	some rule in pack.rules
	rule.package == "data.mashgate.agency"
	some facts in array.concat(rule.body, [rule[part] | some part in ["key", "value"]; rule[part]])
	some ref in facts.refs
	ref.path[0] == "input"
	names := array.slice(ref.path, 1, count(ref.path))
	some i, name in names
	absent(data.limits.agency_input, names, i, name)
}

absent(schema, names, i, name) if {
	before := [part | some outer in array.slice(names, 0, i); some part in ["properties", outer]]
	parent := object.get(schema, before, {})
	parent.properties
	not startswith(name, "$")
	not parent.properties[name]
	not is_object(object.get(parent, "additionalProperties", false))
}
