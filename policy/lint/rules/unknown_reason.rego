# METADATA
# title: Every reason code has an entry in data/reasons.yaml
# description: A decision whose reason nobody can read is refused when it is made, and the record is denied for a slip of the pen.
# scope: package
# custom:
#   id: unknown-reason
#   severity: error
#   applies: [hub, agency]
#   way_out: Add the code with its text and source to data/reasons.yaml, or use one that is there.
package mashgate.lint.rules.unknown_reason

import data.mashgate.lint.pack

findings contains object.union(pack.at(rule), {"message": sprintf("reason %q is not in data/reasons.yaml", [code])}) if {
	some rule in pack.contributions
	code := pack.constants(rule).reason
	not code in pack.reasons
	trim_space(code) != ""
}

# A gate's code is its reason.
findings contains {"path": ["gates", code], "message": sprintf("gate %q is not in data/reasons.yaml", [code])} if {
	some code, _ in input.data.gates
	not code in pack.reasons
}

findings contains object.union(pack.at(rule), {"message": sprintf("gate %q is not in data/gates.yaml, so it never holds", [code])}) if {
	some rule in pack.rules
	rule.package == "data.mashgate.ask"
	rule.name == "met"
	code := rule.key.constant
	not input.data.gates[code]
}

# The answers of the call table.
findings contains object.union(pack.at(rule), {"message": sprintf("reason %q is not in data/reasons.yaml", [code])}) if {
	some rule in pack.rules
	rule.package == "data.mashgate.rpc"
	rule.name == "decision"
	code := rule.value.constant.reason
	not code in pack.reasons
}

findings contains {"path": array.concat(entry.path, ["reason"]), "message": message} if {
	some entry in pack.cells
	code := entry.cell.reason
	not code in pack.reasons
	trim_space(code) != ""
	message := sprintf("reason %q is not in data/reasons.yaml", [code])
}
