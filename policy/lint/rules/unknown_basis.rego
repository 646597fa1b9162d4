# METADATA
# title: Every basis is one of data/bases.yaml
# description: A table with a column for a basis that no episode has decides nothing there.
# scope: package
# custom:
#   id: unknown-basis
#   severity: error
#   applies: [hub]
#   way_out: Correct the code, or add the basis to data/bases.yaml with what it needs.
package mashgate.lint.rules.unknown_basis

import data.mashgate.lint.pack

findings contains {"path": array.concat(table.path, [basis]), "message": sprintf("basis %q is not in data/bases.yaml", [basis])} if {
	some table in tables
	some basis, _ in table.by_basis
	not basis in pack.bases
}

tables contains {"path": ["tiers", part, row], "by_basis": by_basis} if {
	some part in ["cells", "exceptions", "footnotes"]
	some row, by_basis in pack.tiers[part]
}

tables contains {"path": ["labels", label, "by_basis"], "by_basis": rule.by_basis} if some label, rule in input.data.labels

tables contains {"path": ["subjects", "other_adults", "by_basis"], "by_basis": input.data.subjects.other_adults.by_basis}

tables contains {"path": ["windows", "whole_record"], "by_basis": input.data.windows.whole_record}
