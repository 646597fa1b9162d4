# METADATA
# title: When does a rule of the emergency overlay speak?
# description: >-
#   The engine's own, added to every hub's pack. It reads data.emergency, which no pack may give and no pack's rule may read. What a
#   rule leaves empty matches everything.
# scope: package
package mashgate.emergency

speaks(rule) if {
	of_basis(rule)
	of_category(rule)
	of_organisation(rule)
	of_label(rule)
}

of_basis(rule) if count(rule.bases) == 0

of_basis(rule) if input.request.basis in rule.bases

of_category(rule) if count(rule.categories) == 0

of_category(rule) if input.record.category in rule.categories

of_organisation(rule) if count(rule.organisations) == 0

of_organisation(rule) if input.record.organisation in rule.organisations

of_label(rule) if count(rule.labels) == 0

of_label(rule) if {
	some label in rule.labels
	label in input.record.labels
}
