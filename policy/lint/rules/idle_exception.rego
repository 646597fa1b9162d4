# METADATA
# title: Every line of data/exceptions.yaml is about something
# description: A line for something that is no longer, or never was, looser than the default pack says more than is true.
# scope: package
# custom:
#   id: idle-exception
#   severity: warning
#   applies: [hub]
#   way_out: Take the line out, or correct its path.
package mashgate.lint.rules.idle_exception

import data.mashgate.lint.pack
import data.mashgate.lint.wider

findings contains {"path": ["exceptions", name], "message": sprintf("%s is not looser than in the default pack", [name])} if {
	some name, _ in input.data.exceptions
	places := {pack.dotted(found.path) | some found in wider.places}
	not name in places
}
