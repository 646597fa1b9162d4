# METADATA
# title: Release rules stay where they can be compiled
# description: >-
#   Compiled rules decide a record in a millionth of a second, interpreted ones in a few ten-thousandths. A rule that leaves the fragment of
#   design.md section 7 is decided rightly, but hundreds of times slower, and so is every other rule of its request.
# scope: package
# custom:
#   id: interpreted
#   severity: warning
#   applies: [hub]
#   way_out: "Write a conjunction of comparisons and memberships over the header, with a head whose parts are constants or from data."
package mashgate.lint.rules.interpreted

import data.mashgate.lint.pack

findings contains object.union(pack.at(rule), {"message": sprintf("%s will be interpreted, slower: default", [rule.name])}) if {
	some rule in pack.release_rules
	rule.default
}

findings contains object.union(pack.at(rule), {"message": sprintf("%s will be interpreted, slower: else", [rule.name])}) if {
	some rule in pack.release_rules
	rule["else"]
}

findings contains object.union(pack.at(rule), {"message": "will be interpreted, slower: the head takes a value from the record's header"}) if {
	some rule in pack.release_rules
	pack.reads_header(rule, rule.key)
}

findings contains {"file": rule.file, "line": expr.line, "message": sprintf("will be interpreted, slower: %s", [why])} if {
	some rule in pack.release_rules
	some expr in rule.body
	some part, why in {"every": "every", "with": "with", "comprehension": "a comprehension"}
	expr[part]
}

findings contains {"file": rule.file, "line": expr.line, "message": "will be interpreted, slower: it goes through a list of the header item by item"} if {
	some rule in pack.release_rules
	some expr in rule.body
	item_by_item(expr)
}

findings contains {"file": rule.file, "line": expr.line, "message": sprintf("will be interpreted, slower: %s over the record's header", [call.operator])} if {
	some rule in pack.release_rules
	some expr in rule.body
	some call in expr.calls
	pack.reads_header(rule, call)
	not call.operator in comparisons
}

# What is compiled (package policy, residual.go).
comparisons := {"eq", "equal", "assign", "neq", "lt", "lte", "gt", "gte", "internal.member_2"}

item_by_item(expr) if {
	count(expr.assigns) > 0
	some call in expr.calls
	startswith(call.operator, "internal.member_")
	count(pack.of_header(call.refs)) > 0
}

item_by_item(expr) if {
	some ref in pack.of_header(expr.refs)
	some part in ref.path
	startswith(part, "$$")
}
