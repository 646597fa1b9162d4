# METADATA
# title: Every obligation is one of data/obligations.yaml
# description: An obligation that nobody has words for cannot be carried out, and what cannot be carried out is denied.
# scope: package
# custom:
#   id: unknown-obligation
#   severity: error
#   applies: [hub]
#   way_out: Add the code with its text and source to data/obligations.yaml, or use one that is there.
package mashgate.lint.rules.unknown_obligation

import data.mashgate.lint.pack

findings contains {"path": found.path, "message": message(found.code)} if {
	some found in named
	not input.data.obligations[found.code]
}

findings contains object.union(pack.at(rule), {"message": message(code)}) if {
	some rule in pack.rules
	rule.package == "data.mashgate.ask"
	rule.name == "obligations"
	code := rule.key.constant
	is_string(code)
	not input.data.obligations[code]
}

message(code) := sprintf("obligation %q is not in data.obligations", [code])

named contains {"path": [table, code, "obligations", i], "code": obligation} if {
	some table in ["reasons", "flags"]
	some code, entry in input.data[table]
	some i, obligation in entry.obligations
}
