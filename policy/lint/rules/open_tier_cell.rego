# METADATA
# title: No cell of the tier table is left open
# description: >-
#   Every category has its tier, its row and its window, about everybody it can be about, and every row says something for every
#   basis. An open cell is a deny without a reason, and an open window is no window.
# scope: package
# custom:
#   id: open-tier-cell
#   severity: error
#   applies: [hub]
#   way_out: Fill the cell in data/tiers.yaml with an effect and a reason, and name the window in data/windows.yaml.
package mashgate.lint.rules.open_tier_cell

import data.mashgate.lint.pack

findings contains {"path": ["tiers", "categories", category], "message": sprintf("category %q has no line in the tier table", [category])} if {
	some category in pack.categories
	count(object.get(pack.tiers.categories, category, [])) == 0
}

findings contains {"path": ["tiers", "categories", category, i], "message": sprintf("category %q names no %s", [category, part])} if {
	some category, entries in pack.tiers.categories
	some i, entry in entries
	some part in ["tier", "row", "window", "about"]
	object.get(entry, part, "") == ""
}

findings contains {"path": ["tiers", "categories", category, i], "message": sprintf("row %q of category %q is not in the table", [entry.row, category])} if {
	some category, entries in pack.tiers.categories
	some i, entry in entries
	not pack.tiers.cells[entry.row]
}

findings contains {"path": ["tiers", "categories", category, i], "message": sprintf("window %q of category %q is not in data/windows.yaml", [entry.window, category])} if {
	some category, entries in pack.tiers.categories
	some i, entry in entries
	not is_number(object.get(input.data, ["windows", "years", entry.window], null))
}

findings contains {"path": ["tiers", "cells", row], "message": sprintf("row %q says nothing on basis %q", [row, basis])} if {
	some row, by_basis in pack.tiers.cells
	some basis in pack.bases
	not by_basis[basis].effect
}

findings contains {"path": ["tiers", "categories", category], "message": sprintf("category %q says nothing about %s", [category, who])} if {
	some category, entries in pack.tiers.categories
	spoken := {entry.about | some entry in entries}
	not "anyone" in spoken
	some who, fact in {"children": "child", "adults": "adult"}
	not fact in spoken
}
