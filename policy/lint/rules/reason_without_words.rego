# METADATA
# title: Every reason has its words and its source
# description: >-
#   A decision is told to a practitioner with its reason and with where the reason comes from. A code without either lets a record
#   out, or holds it back, and nobody can say why.
# scope: package
# custom:
#   id: reason-without-words
#   severity: error
#   applies: [hub, agency]
#   way_out: Write the text a practitioner should read and the Act, guidance or agreement it rests on, in data/reasons.yaml.
package mashgate.lint.rules.reason_without_words

findings contains {"path": ["reasons", code], "message": message} if {
	some code, words in input.data.reasons
	some part in ["text", "source"]
	trim_space(object.get(words, part, "")) == ""
	message := sprintf("reason %q has no %s", [code, part])
}
