# METADATA
# title: An exception that has ended is taken out
# description: >-
#   The rules read tables, not calendars: what was to end goes on until somebody takes it out. So a pack whose exception has ended does
#   not pass.
# scope: package
# custom:
#   id: exception-ended
#   severity: error
#   applies: [hub, agency]
#   way_out: Take out the exception and its line in data/exceptions.yaml, or agree a new end.
package mashgate.lint.rules.exception_ended

findings contains {"path": end.path, "message": sprintf("ended on %s", [end.day])} if {
	some end in ends
	end.day < input.today
}

# Every end day in the data, wherever it stands.
ends contains {"path": array.concat([root], below), "day": day} if {
	some root, tree in input.data
	some below, day
	walk(tree, [below, day])
	below[count(below) - 1] in {"until", "ends"}
	is_string(day)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, day)
}
