# METADATA
# title: Somebody answers for the pack
# description: Whoever is denied a record, or doubts a rule, has somebody to write to.
# scope: package
# custom:
#   id: no-contact
#   severity: error
#   applies: [hub, agency]
#   way_out: "Name a desk in contacts of manifest.yaml, by its role and address, never a person's name."
package mashgate.lint.rules.no_contact

findings contains {"path": ["manifest", "contacts"], "message": "the manifest names no contact"} if {
	count(object.get(input.manifest, "contacts", [])) == 0
}
