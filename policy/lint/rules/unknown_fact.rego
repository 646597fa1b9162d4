# METADATA
# title: Every fact about a subject is one that the rules work out
# description: >-
#   A line of a table for a fact that is never worked out never applies, so what it should hold back is not held back, and nobody sees it.
# scope: package
# custom:
#   id: unknown-fact
#   severity: error
#   applies: [hub]
#   way_out: Use a fact of `record.about` in schemas/release_input.json. A new one is worked out in subjects.rego and added to the schema.
package mashgate.lint.rules.unknown_fact

import data.mashgate.lint.pack

known := object.keys(input.schemas.release_input.properties.record.properties.about.properties)

findings contains {"path": found.path, "message": sprintf("%q is not a fact of a subject", [found.fact])} if {
	some found in named
	not found.fact in known
}

named contains {"path": ["tiers", "categories", category, i, "about"], "fact": entry.about} if {
	some category, entries in pack.tiers.categories
	some i, entry in entries
}

named contains {"path": ["tiers", "footnotes", category, basis, "when"], "fact": note.when} if {
	some category, by_basis in pack.tiers.footnotes
	some basis, note in by_basis
}

named contains {"path": ["subjects", "not_applicable", i, "about"], "fact": entry.about} if {
	some i, entry in input.data.subjects.not_applicable
}
