# METADATA
# title: Every mask is a class of the catalogue
# description: Masks name classes of fields. A word that is no class masks nothing, so the decision is refused and the record denied.
# scope: package
# custom:
#   id: unknown-mask
#   severity: error
#   applies: [hub, agency]
#   way_out: Use the classes of the catalogue. The message lists them.
package mashgate.lint.rules.unknown_mask

import data.mashgate.lint.pack

findings contains object.union(pack.at(rule), {"message": not_a_class(mask)}) if {
	some rule in pack.contributions
	some mask in pack.constants(rule).masks
	not mask in pack.classes
}

findings contains {"path": array.concat(entry.path, [i]), "message": not_a_class(mask)} if {
	some entry in pack.mask_lists
	some i, mask in entry.masks
	not mask in pack.classes
}

not_a_class(mask) := sprintf("mask %q is no class of the catalogue (%s)", [mask, pack.list(pack.classes)])
