package mashgate.lint.pack_test

import data.mashgate.lint.pack

rule(name, body) := {
	"file": "a.rego", "line": 1, "package": "data.mashgate.release", "name": name, "args": [], "body": body,
}

expr(paths, vars) := {"refs": [{"line": 1, "path": path} | some path in paths], "vars": vars, "calls": [], "assigns": []}

modules(rules) := [{"file": "a.rego", "package": "data.mashgate.release", "rules": rules}]

# A rule that reads the header only through another one counts, and one that reads the request alone does not.
test_header_rules_are_found_through_others if {
	rules := [
		rule("direct", [expr([["input", "record", "labels"]], [])]),
		rule("indirect", [expr([], ["direct"])]),
		rule("twice", [expr([], ["indirect"])]),
		rule("other", [expr([["input", "request", "gates"]], [])]),
	]
	pack.header_rules == {"direct", "indirect", "twice"} with input as {"modules": modules(rules)}
}

test_a_variable_stands_for_the_header if {
	assigned := object.union(expr([["input", "record", "labels"]], ["known"]), {"assigns": ["known"]})
	pack.from_header(rule("r", [assigned])) == {"known"}
}

test_cells_are_found_wherever_they_stand if {
	found := pack.cells with input as {"data": {
		"reasons": {"a": {"effect": "no cell"}},
		"tiers": {"cells": {"A": {"s47": {"effect": "permit"}}}},
	}}
	found == {{"path": ["tiers", "cells", "A", "s47"], "cell": {"effect": "permit"}}}
}

test_dotted if pack.dotted(["tiers", "categories", "a.b", 0]) == "tiers.categories.a.b.0"
