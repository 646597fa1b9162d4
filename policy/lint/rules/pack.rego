# METADATA
# title: What the lints share
# description: The pack at hand in the words of its rules. Every lint stands in a file of its own and reads `input` and this.
# scope: package
package mashgate.lint.pack

rules := [rule | some module in input.modules; some rule in module.rules]

release_rules := [rule | some rule in rules; rule.package == "data.mashgate.release"]

# The rules whose heads are decisions on records.
contributions := [rule |
	some rule in rules
	rule.name == "contributions"
	rule.package in {"data.mashgate.release", "data.mashgate.agency"}
	rule.key
]

# The members of an object in a head that are constants.
constants(rule) := object.get(rule.key, "constant", {})

# Strictest first.
strictness := {"deny": 0, "review": 1, "exist": 2, "redact": 3, "permit": 4}

categories := {code | some code in input.catalogue.categories}

labels := {label | some label in input.catalogue.labels}

classes := {class | some class in input.catalogue.classes}

reasons := object.keys(object.get(input.data, "reasons", {}))

bases := object.keys(object.get(input.data, "bases", {}))

tiers := object.get(input.data, "tiers", {})

# Everything in the data that decides: an object with an effect, wherever it stands. What only explains is not looked at.
cells contains {"path": path, "cell": cell} if {
	some root, tree in input.data
	not root in {"explain", "reasons"}
	some below, cell
	walk(tree, [below, cell])
	is_object(cell)
	is_string(cell.effect)
	path := array.concat([root], below)
}

# Each list of masks in the data with its path.
mask_lists contains {"path": array.concat(entry.path, ["masks"]), "masks": entry.cell.masks} if {
	some entry in cells
	is_array(entry.cell.masks)
}

mask_lists contains {"path": ["tiers", "always_masked", category], "masks": masks} if {
	some category, masks in tiers.always_masked
}

# References to the header of a record.
of_header(refs) := [ref | some ref in refs; array.slice(ref.path, 0, 2) == ["input", "record"]]

# Variables of a rule that stand for something of the header.
from_header(rule) := {name |
	some expr in rule.body
	count(of_header(expr.refs)) > 0
	some name in expr.assigns
}

reads_header(_, facts) if count(of_header(facts.refs)) > 0

reads_header(rule, facts) if {
	some name in facts.vars
	name in from_header(rule)
}

# Rules of the release package that read the header, themselves or through others.
header_rules contains name if {
	some name, _ in calls_of
	some reached in graph.reachable(calls_of, {name})
	some rule in release_rules
	rule.name == reached
	some expr in rule.body
	count(of_header(expr.refs)) > 0
}

# Which rules of the release package mention which.
calls_of[name] := {other |
	some rule in release_rules
	rule.name == name
	some expr in rule.body
	some other in mentioned(expr)
} if {
	some name in {rule.name | some rule in release_rules}
}

mentioned(facts) := ({name | some name in facts.vars} | {call.operator | some call in facts.calls}) | {substring(ref.path[0], 1, -1) | some ref in facts.refs; startswith(ref.path[0], "$")}

dotted(path) := concat(".", [sprintf("%v", [part]) | some part in path])

list(items) := concat(", ", sort([sprintf("%v", [item]) | some item in items]))

at(rule) := {"file": rule.file, "line": rule.line}
