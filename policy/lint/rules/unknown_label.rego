# METADATA
# title: Every label is in the catalogue
# description: A label that the catalogue lacks is on no record, so what is said of it protects nothing.
# scope: package
# custom:
#   id: unknown-label
#   severity: error
#   applies: [hub, agency]
#   way_out: Correct the label, or ask for it to be added to the catalogue.
package mashgate.lint.rules.unknown_label

import data.mashgate.lint.pack

findings contains {"path": found.path, "message": sprintf("label %q is not in the catalogue", [found.label])} if {
	some found in named
	not found.label in pack.labels
}

findings contains {"file": rule.file, "line": expr.line, "message": sprintf("label %q is not in the catalogue", [label])} if {
	some rule in pack.rules
	some expr in rule.body
	some call in expr.calls
	some ref in call.refs
	ref.path in [["input", "record", "labels"], ["input", "record", "unlabelled"]]
	some label in call.strings
	not label in pack.labels
}

named contains {"path": ["labels", label], "label": label} if some label, _ in input.data.labels

named contains {"path": ["windows", "none_with_label"], "label": input.data.windows.none_with_label}

named contains {"path": ["refusals", "never_named", "labels", i], "label": label} if {
	some i, label in input.data.refusals.never_named.labels
}

findings contains {"path": ["flags", flag], "message": sprintf("flag %q is not in the catalogue", [flag])} if {
	some flag, _ in input.data.flags
	not flag in input.catalogue.flags
}
