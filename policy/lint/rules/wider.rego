# METADATA
# title: Where an overlay is looser than what it lies over
# description: Compared by what each table comes to, not by its text. A pack without a base has nothing to be looser than.
# scope: package
package mashgate.lint.wider

import data.mashgate.lint.pack

now := input.data

was := input.base

looser(new, old) if pack.strictness[new] > pack.strictness[old]

# Tiers: what each category comes to on each basis.

places contains {"path": where(category, entry, basis), "how": sprintf("%s about %s goes from %s to %s", [category, entry.about, old, new])} if {
	some category, entries in now.tiers.categories
	some entry in entries
	some basis in pack.bases
	some before in object.get(was.tiers.categories, category, [])
	overlap(entry.about, before.about)
	new := effect(now, category, entry.row, basis)
	old := effect(was, category, before.row, basis)
	looser(new, old)
}

overlap(a, b) if a == b

overlap("anyone", _)

overlap(_, "anyone")

effect(data_of, category, row, basis) := found if {
	found := data_of.tiers.exceptions[category][basis].effect
} else := data_of.tiers.cells[row][basis].effect

# The path a person would look for: the exception, the cell, or the line that moved the category to another row.
where(category, entry, basis) := ["tiers", "exceptions", category, basis] if {
	exception(now, category, basis) != exception(was, category, basis)
} else := ["tiers", "cells", entry.row, basis] if {
	cell(now, entry.row, basis) != cell(was, entry.row, basis)
} else := ["tiers", "categories", category]

exception(data_of, category, basis) := object.get(data_of, ["tiers", "exceptions", category, basis], null)

cell(data_of, row, basis) := object.get(data_of, ["tiers", "cells", row, basis], null)

# A footnote replaces its cell.
places contains {"path": ["tiers", "footnotes", category, basis], "how": sprintf("the footnote now gives %s", [note.effect])} if {
	some category, by_basis in now.tiers.footnotes
	some basis, note in by_basis
	old := object.get(was, ["tiers", "footnotes", category, basis], object.get(was, ["tiers", "cells", category, basis], {"effect": "deny"}))
	opened(note, old)
}

places contains {"path": ["tiers", "footnotes", category, basis], "how": "the footnote that held more back is gone"} if {
	some category, by_basis in was.tiers.footnotes
	some basis, note in by_basis
	not now.tiers.footnotes[category][basis]
	opened(now.tiers.cells[category][basis], note)
}

# Tables of rules that hold back or mask.
places contains {"path": [table, name], "how": "it holds back or masks less"} if {
	some table in ["labels", "flags"]
	some name, old in was[table]
	opened(object.get(now[table], name, {"effect": "permit"}), old)
}

places contains {"path": ["labels", label, "by_basis", basis], "how": "it holds back less"} if {
	some label, rule in was.labels
	some basis, old in rule.by_basis
	looser(object.get(now, ["labels", label, "by_basis", basis], "permit"), old)
}

places contains {"path": ["subjects", "other_adults", "by_basis", basis], "how": "more is released about other adults"} if {
	some basis, old in was.subjects.other_adults.by_basis
	opened(object.get(now, ["subjects", "other_adults", "by_basis", basis], {"effect": "permit"}), old)
}

opened(new, old) if looser(new.effect, old.effect)

opened(new, old) if {
	old.effect == new.effect
	some mask in old.masks
	not mask in object.get(new, "masks", [])
}

opened(new, old) if {
	old.effect
	not new.effect
}

opened(new, old) if looser(object.get(new, "only_address", "permit"), old.only_address)

opened(new, old) if opened_unknown(object.get(new, "unknown", {"effect": "permit"}), old.unknown)

opened_unknown(new, old) if looser(object.get(new, "effect", "permit"), old.effect)

opened_unknown(new, old) if {
	some mask in old.masks
	not mask in object.get(new, "masks", [])
}

places contains {"path": ["tiers", "always_masked", category], "how": "it masks less"} if {
	some category, masks in was.tiers.always_masked
	some mask in masks
	not mask in object.get(now, ["tiers", "always_masked", category], [])
}

# Windows.

places contains {"path": ["windows", "years", window], "how": sprintf("it looks back %v years, the default pack %v", [years, old])} if {
	some window, years in now.windows.years
	old := was.windows.years[window]
	years > old
}

places contains {"path": ["windows", "whole_record", basis], "how": sprintf("window %s is lifted", [window])} if {
	some basis, windows in now.windows.whole_record
	some window in windows
	not window in object.get(was, ["windows", "whole_record", basis], [])
}

places contains {"path": ["windows", "none_about_a_child"], "how": sprintf("%s has no window", [category])} if {
	some category in now.windows.none_about_a_child
	not category in object.get(was.windows, "none_about_a_child", [])
}

places contains {"path": ["windows", "none_with_label"], "how": "another label lifts the window"} if {
	now.windows.none_with_label != was.windows.none_with_label
}

# Gates and consents.

places contains {"path": ["gates", gate], "how": "the gate is gone"} if {
	some gate, _ in was.gates
	not now.gates[gate]
}

places contains {"path": ["gates", gate, "lifted_by"], "how": sprintf("%s lifts it", [circumstance])} if {
	some gate, entry in now.gates
	some circumstance in entry.lifted_by
	was.gates[gate]
	not circumstance in object.get(was.gates[gate], "lifted_by", [])
}

places contains {"path": ["gates", gate, "stages"], "how": "it is looked at at fewer stages"} if {
	some gate, entry in now.gates
	entry.stages
	was.gates[gate]
	some stage in object.get(was.gates[gate], "stages", ["every other stage"])
	not stage in entry.stages
}

places contains {"path": ["bases", basis, "consents"], "how": sprintf("consent %s is not needed", [kind])} if {
	some basis, entry in was.bases
	some kind in entry.consents
	not kind in object.get(now, ["bases", basis, "consents"], [])
}

places contains {"path": ["bases", basis, "grounds"], "how": "a ground stands in for consent"} if {
	some basis, entry in now.bases
	entry.grounds
	was.bases[basis]
	not was.bases[basis].grounds
}

places contains {"path": ["subjects", "not_applicable"], "how": sprintf("%s about %s is no longer kept out", [category, entry.about])} if {
	some entry in was.subjects.not_applicable
	some category in entry.categories
	kept := {[about, code] | some line in now.subjects.not_applicable; about := line.about; some code in line.categories}
	not [entry.about, category] in kept
}
