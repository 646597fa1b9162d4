# METADATA
# title: Every review has somebody who decides it
# description: A record that is held for a person is held for ever where the reason names nobody who decides.
# scope: package
# custom:
#   id: review-without-decider
#   severity: error
#   applies: [hub]
#   way_out: "Give the reason in data/reasons.yaml a decider (hub or holder) and who decides, in and out of hours."
package mashgate.lint.rules.review_without_decider

import data.mashgate.lint.pack

findings contains {"path": ["reasons", code], "message": sprintf("a review is held with reason %q, which names nobody who decides", [code])} if {
	some code in reviews
	words := input.data.reasons[code]
	some part in ["decider", "who", "who_out_of_hours"]
	object.get(words, part, "") == ""
}

reviews contains entry.cell.reason if {
	some entry in pack.cells
	entry.cell.effect == "review"
}

reviews contains pack.constants(rule).reason if {
	some rule in pack.contributions
	pack.constants(rule).effect == "review"
}

reviews contains rule.reason if {
	some rule in input.data.labels
	some effect in rule.by_basis
	effect == "review"
}
