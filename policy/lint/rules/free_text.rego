# METADATA
# title: Rules do not read free text
# description: >-
#   What a worker wrote may name people, and a decision that hangs on words cannot be replayed or explained. Rules may only ask whether
#   something was said, through `said`.
# scope: package
# custom:
#   id: free-text
#   severity: error
#   applies: [hub, agency]
#   way_out: "Ask only whether something was written: `said(category.reason)`."
package mashgate.lint.rules.free_text

import data.mashgate.lint.pack

findings contains {"file": rule.file, "line": ref.line, "message": sprintf("reads what a worker wrote: %s", [concat(".", [trim_left(part, "$") | some part in ref.path])])} if {
	some rule in pack.rules
	rule.package == "data.mashgate.ask"
	some expr in array.concat(rule.body, heads(rule))
	some ref in expr.refs
	written(rule, ref.path)
	not only_asked(expr, ref)
}

heads(rule) := [term | some part in ["key", "value"]; term := rule[part]]

# A reason is what a worker wrote wherever the input or one of its objects is read; under data it is a code.
written(rule, path) if {
	path[count(path) - 1] == "reason"
	not from_data(rule, path[0])
}

written(rule, path) if {
	path[count(path) - 1] == "by"
	named_person(rule, path)
}

from_data(_, "data")

from_data(rule, name) if {
	some expr in rule.body
	trim_prefix(name, "$") in expr.assigns
	some ref in expr.refs
	ref.path[0] == "data"
}

# Who gave a consent is a subject's id; who recorded something on the episode is a person.
named_person(_, path) if array.slice(path, 0, 2) == ["input", "episode"]

named_person(rule, path) if {
	some expr in rule.body
	trim_prefix(path[0], "$") in expr.assigns
	some ref in expr.refs
	array.slice(ref.path, 0, 2) == ["input", "episode"]
}

only_asked(expr, ref) if {
	some call in expr.calls
	call.operator == "said"
	ref in call.refs
}

# `said` itself may compare with nothing but silence.
findings contains {"file": rule.file, "line": expr.line, "message": "`said` looks for words, where it may only ask whether there are any"} if {
	some rule in pack.rules
	rule.package == "data.mashgate.ask"
	rule.name == "said"
	some expr in rule.body
	some call in expr.calls
	not harmless(call)
}

harmless(call) if {
	call.operator in {"trim_space", "neq", "equal", "eq", "is_string", "assign"}
	every text in call.strings { text == "" }
}

# Fields are never in a header, so a rule that names one has mistaken where it stands.
findings contains {"file": rule.file, "line": ref.line, "message": sprintf("reads field %q, which holds free text", [name])} if {
	some rule in pack.rules
	some expr in rule.body
	some ref in expr.refs
	array.slice(ref.path, 0, 2) == ["input", "record"]
	name := ref.path[count(ref.path) - 1]
	name in input.catalogue.free_text_fields
	not name in {"reason", "by"}
}
