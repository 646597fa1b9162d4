# METADATA
# title: Redact masks something, and permit masks nothing
# description: A redact without a mask, or a permit with one, cannot be carried out, so the record would be denied.
# scope: package
# custom:
#   id: unfit-masks
#   severity: error
#   applies: [hub, agency]
#   way_out: Name the classes to mask with redact, or take them away from permit.
package mashgate.lint.rules.unfit_masks

import data.mashgate.lint.pack

findings contains {"path": entry.path, "message": message} if {
	some entry in pack.cells
	message := unfit(entry.cell.effect, object.get(entry.cell, "masks", []))
}

findings contains object.union(pack.at(rule), {"message": message}) if {
	some rule in pack.contributions
	constants := pack.constants(rule)
	message := unfit(constants.effect, constants.masks)
}

unfit("redact", []) := "redact without a mask"

unfit("permit", masks) := "permit with a mask" if count(masks) > 0
