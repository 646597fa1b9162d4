# METADATA
# title: May anybody be asked, and what may they be told?
# description: >-
#   Decided once for a request (domain.md section 4). It gives every gate that holds, what an agency may be told, what the request
#   obliges to, who is left out and who is protected; and it works out the small closed set of facts that the release rules read.
# scope: package
# schemas:
#   - input: schema.ask_input
package mashgate.ask

# METADATA
# title: The request decision
# entrypoint: true
decision := {
	"gates": [gate | some gate in gates],
	"tell": tell,
	"obligations": [code | some code in obligations],
	"left_out": left_out,
	"protected": [id | some id in protected],
	"categories": categories,
	"shape": shape,
	"subjects": {subject.id: facts(subject) | some subject in input.subjects},
	"windows": windows,
}

# What the release rules know about the request. Nothing in it names a person.
shape := object.union(windows_of_request, {
	"gates": sort([gate.code | some gate in gates]),
	"basis": input.episode.basis,
	"basis_supported": basis_supported,
	"regime": data.regimes[regime].code,
	"duty": duty,
	"categories": categories,
	"organisations": sort([organisation.id | some organisation in input.organisations]),
	"bound": sort([organisation.id | some organisation in input.organisations; organisation.bound_by_duty]),
	"unbound": sort([organisation.id | some organisation in input.organisations; not organisation.bound_by_duty]),
	"location_unknown": input.location_unknown,
})

# The cutoff of each window as a fact of its own: window_A and so on.
windows_of_request[concat("_", ["window", window])] := cutoff if some window, cutoff in cutoffs

# The categories in play: those the requester names, or what the hub's table takes to be relevant to the concerns.
categories := sort([category.code | some category in input.categories]) if {
	count(input.categories) > 0
} else := sort(from_table)

from_table contains category if some category in data.concerns.always

from_table contains category if {
	some concern in input.episode.concerns
	some category in data.concerns.codes[concern].categories
}
