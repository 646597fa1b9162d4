# METADATA
# title: What a hub releases beyond the default pack ends, or rests on an agreement
# description: >-
#   A cell, a window, a mask, a gate or a consent that is looser than in the pack it lies over stands in data/exceptions.yaml under its
#   path ("tiers.cells.B.s17") with why, and with either the day it ends or the reference of an agreement in the manifest. So the list
#   of everything a hub does more than the default is one page long and kept by a machine.
# scope: package
# custom:
#   id: widening-without-end
#   severity: error
#   applies: [hub]
#   way_out: "Add the path to data/exceptions.yaml: PATH: {agreement: REFERENCE, why: …} or PATH: {until: \"2027-03-31\", why: …}."
package mashgate.lint.rules.widening_without_end

import data.mashgate.lint.pack
import data.mashgate.lint.wider

register := object.get(input.data, "exceptions", {})

references := {agreement.reference | some agreement in input.manifest.agreements}

findings contains {"path": path, "message": message} if {
	some path, changes in ways
	name := pack.dotted(path)
	not accounted(object.get(register, name, {}))
	message := sprintf("%s is looser than in the default pack (%s), and data/exceptions.yaml does not say until when or by which agreement", [name, brief(changes)])
}

# What is looser in each place, in words.
ways[path] := sort([found.how | some found in wider.places; found.path == path]) if {
	some place in wider.places
	path := place.path
}

# A cell decides many categories: the first few say enough.
brief(changes) := concat("; ", changes) if count(changes) <= 3

brief(changes) := sprintf("%s; and %d more", [concat("; ", array.slice(changes, 0, 2)), count(changes) - 2]) if count(changes) > 3

accounted(entry) if is_string(entry.until)

accounted(entry) if is_string(entry.agreement)

findings contains {"path": ["exceptions", name, "agreement"], "message": sprintf("agreement %q is not in the manifest", [entry.agreement])} if {
	some name, entry in register
	entry.agreement
	not entry.agreement in references
}

findings contains {"path": ["exceptions", name], "message": sprintf("%s does not say why", [name])} if {
	some name, entry in register
	trim_space(object.get(entry, "why", "")) == ""
}
