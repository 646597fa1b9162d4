# METADATA
# title: Every category is in the catalogue
# description: A category that the catalogue lacks matches no record. The rule or the line of the table that names it holds nothing.
# scope: package
# custom:
#   id: unknown-category
#   severity: error
#   applies: [hub, agency]
#   way_out: Correct the code; data/tiers.yaml of the default pack has a line for every category there is.
package mashgate.lint.rules.unknown_category

import data.mashgate.lint.pack

findings contains {"path": found.path, "message": sprintf("category %q is not in the catalogue", [found.code])} if {
	some found in named
	not found.code in pack.categories
}

findings contains {"file": rule.file, "line": expr.line, "message": sprintf("category %q is not in the catalogue", [code])} if {
	some rule in pack.rules
	some expr in rule.body
	some call in expr.calls
	call.operator in {"eq", "equal", "neq", "internal.member_2"}
	some ref in call.refs
	ref.path in [["input", "record", "category"], ["input", "request", "categories"]]
	some code in call.strings
	not code in pack.categories
}

named contains {"path": ["tiers", table, code], "code": code} if {
	some table in ["categories", "exceptions", "footnotes", "always_masked"]
	some code, _ in pack.tiers[table]
}

named contains {"path": ["tiers", "never_released", i], "code": code} if some i, code in pack.tiers.never_released

named contains {"path": ["concerns", "always", i], "code": code} if some i, code in input.data.concerns.always

named contains {"path": ["concerns", "codes", concern, "categories", i], "code": code} if {
	some concern, entry in input.data.concerns.codes
	some i, code in entry.categories
}

named contains {"path": ["organisations", n, "categories", i], "code": code} if {
	some n, organisation in input.data.organisations
	some i, code in organisation.categories
}

named contains {"path": ["subjects", "not_applicable", n, "categories", i], "code": code} if {
	some n, entry in input.data.subjects.not_applicable
	some i, code in entry.categories
}

named contains {"path": ["subjects", "other_adults", "categories", i], "code": code} if {
	some i, code in input.data.subjects.other_adults.categories
}

named contains {"path": ["refusals", "never_named", "categories", i], "code": code} if {
	some i, code in input.data.refusals.never_named.categories
}

named contains {"path": ["windows", "none_about_a_child", i], "code": code} if {
	some i, code in input.data.windows.none_about_a_child
}

named contains {"path": ["retention", "kept_years", code], "code": code} if {
	some code, _ in input.data.retention.kept_years
}
