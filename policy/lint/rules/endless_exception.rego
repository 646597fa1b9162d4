# METADATA
# title: Every exception ends, within sight
# description: >-
#   A date so far away that nobody who wrote it will see it is no end. The longest a hub may take is in limits.yaml.
# scope: package
# custom:
#   id: endless-exception
#   severity: error
#   applies: [hub, agency]
#   way_out: Give a day within the next ten years, or name the agreement the exception rests on.
package mashgate.lint.rules.endless_exception

import data.mashgate.lint.rules.exception_ended.ends

findings contains {"path": end.path, "message": sprintf("ends on %s, more than %d years from now", [end.day, years])} if {
	some end in ends
	years := data.limits.longest_exception_years
	end.day > sprintf("%04d%s", [to_number(substring(input.today, 0, 4)) + years, substring(input.today, 4, -1)])
}
