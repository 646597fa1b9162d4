# METADATA
# title: Who may call which RPC
# description: >-
#   The table data.roles.rpc: method -> kind of caller -> roles. What is not in it is denied: an unknown method, another case, a
#   missing slash, another kind of caller, another hub's person.
# scope: package
# schemas:
#   - input: schema.rpc_input
package mashgate.rpc

# METADATA
# title: The answer to one call, with its reason
# description: Allowed where everything holds; else what was in the way, from the last thing looked at to the first.
# entrypoint: true
decision := {"allow": true, "reason": "call_allowed"} if {
	role_may_call
	at_home
} else := {"allow": false, "reason": "wrong_hub"} if {
	role_may_call
} else := {"allow": false, "reason": "wrong_role"} if {
	data.roles.rpc[input.method][input.principal.kind]
} else := {"allow": false, "reason": "wrong_principal"} if {
	data.roles.rpc[input.method]
} else := {"allow": false, "reason": "unknown_method"}

role_may_call if "any" in data.roles.rpc[input.method][input.principal.kind]

role_may_call if {
	input.principal.role in data.roles.rpc[input.method][input.principal.kind]
	data.roles.roles[input.principal.role]
}

# What belongs to no hub is open to every hub's callers.
at_home if input.resource_hub == ""

at_home if input.resource_hub == input.principal.hub
