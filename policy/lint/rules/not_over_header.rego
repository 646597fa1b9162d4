# METADATA
# title: No release rule negates something of the header
# description: >-
#   An attribute that is missing under `not` makes a rule silently not hold, and differently when rules are compiled than when they are
#   interpreted (design.md section 7). So `not` stands over facts of the request and the tables only.
# scope: package
# custom:
#   id: not-over-header
#   severity: error
#   applies: [hub]
#   way_out: "Say it without not: `input.record.current == false`, `\"label\" in input.record.unlabelled`, `!=` for a known value."
package mashgate.lint.rules.not_over_header

import data.mashgate.lint.pack

findings contains {"file": rule.file, "line": expr.line, "message": "`not` over something of the record's header"} if {
	some rule in pack.release_rules
	some expr in rule.body
	expr.negated
	negates_header(rule, expr)
}

negates_header(rule, expr) if pack.reads_header(rule, expr)

negates_header(_, expr) if {
	some name in pack.mentioned(expr)
	name in pack.header_rules
}
