# METADATA
# title: Every category can be released to somebody, or is listed as never released
# description: >-
#   A category that every basis denies is never asked for, whatever it holds. Where that is meant, tiers.never_released says so; where it
#   is not, a line was forgotten.
# scope: package
# custom:
#   id: never-released
#   severity: error
#   applies: [hub]
#   way_out: Open a cell for it in data/tiers.yaml, or add the category to never_released there.
package mashgate.lint.rules.never_released

import data.mashgate.lint.pack
import data.mashgate.lint.wider

findings contains {"path": ["tiers", "categories", category], "message": sprintf("category %q is denied on every basis", [category])} if {
	some category, _ in pack.tiers.categories
	not category in released
	not category in object.get(pack.tiers, "never_released", [])
}

findings contains {"path": ["tiers", "never_released", i], "message": sprintf("category %q is listed as never released, and a cell releases it", [category])} if {
	some i, category in pack.tiers.never_released
	category in released
}

released contains category if {
	some category, entries in pack.tiers.categories
	some entry in entries
	some basis in pack.bases
	wider.effect(input.data, category, entry.row, basis) != "deny"
}

released contains category if {
	some category, by_basis in pack.tiers.footnotes
	some note in by_basis
	note.effect != "deny"
}
