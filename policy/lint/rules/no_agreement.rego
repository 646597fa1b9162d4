# METADATA
# title: The pack rests on an information-sharing agreement
# description: What partners have agreed is what the rules carry out. Without a reference nobody can hold one against the other.
# scope: package
# custom:
#   id: no-agreement
#   severity: error
#   applies: [hub]
#   way_out: Name the information-sharing agreement in agreements of manifest.yaml, with its reference.
package mashgate.lint.rules.no_agreement

findings contains {"path": ["manifest", "agreements"], "message": "the manifest names no information-sharing agreement"} if {
	count(object.get(input.manifest, "agreements", [])) == 0
}

findings contains {"path": ["manifest", "agreements", i], "message": sprintf("agreement %q has no reference", [agreement.title])} if {
	some i, agreement in input.manifest.agreements
	trim_space(object.get(agreement, "reference", "")) == ""
}
