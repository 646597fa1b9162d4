package mashgate.lint.wider_test

import data.mashgate.lint.pack
import data.mashgate.lint.wider

base := {
	"bases": {"mash": {"consents": ["inbound"]}, "s47": {"consents": []}},
	"tiers": {
		"categories": {"a": [{"about": "anyone", "row": "A"}], "b": [{"about": "child", "row": "A"}, {"about": "adult", "row": "B"}]},
		"cells": {"A": {"mash": {"effect": "review"}, "s47": {"effect": "permit"}}, "B": {"mash": {"effect": "deny"}, "s47": {"effect": "review"}}},
		"exceptions": {"a": {"mash": {"effect": "deny"}}},
		"footnotes": {},
		"always_masked": {"a": ["location"]},
	},
	"windows": {"years": {"A": 2}, "whole_record": {"s47": ["C"]}, "none_about_a_child": ["a"], "none_with_label": "risk"},
	"labels": {"spent": {"by_basis": {"mash": "review"}}, "informant": {"effect": "redact", "masks": ["informant"]}},
	"flags": {},
	"gates": {"identity": {"lifted_by": []}, "triage": {"stages": ["triage"], "lifted_by": []}},
	"subjects": {"other_adults": {"by_basis": {"mash": {"effect": "deny"}}}, "not_applicable": [{"about": "adult", "categories": ["b"]}]},
}

paths(patch) := {pack.dotted(place.path) | some place in places} if {
	places := wider.places with input as {"base": base, "data": json.patch(base, patch)}
}

# What is looser is found, where a person would look for it.
test_looser if {
	every path, op in {
		"tiers.cells.A.mash": {"op": "replace", "path": "/tiers/cells/A/mash/effect", "value": "permit"},
		"tiers.exceptions.a.mash": {"op": "remove", "path": "/tiers/exceptions/a"},
		"tiers.categories.b": {"op": "replace", "path": "/tiers/categories/b", "value": [{"about": "anyone", "row": "A"}]},
		"tiers.footnotes.a.mash": {"op": "add", "path": "/tiers/footnotes/a", "value": {"mash": {"effect": "exist"}}},
		"tiers.always_masked.a": {"op": "remove", "path": "/tiers/always_masked/a"},
		"windows.years.A": {"op": "replace", "path": "/windows/years/A", "value": 3},
		"windows.whole_record.mash": {"op": "add", "path": "/windows/whole_record/mash", "value": ["A"]},
		"windows.none_about_a_child": {"op": "add", "path": "/windows/none_about_a_child/-", "value": "b"},
		"windows.none_with_label": {"op": "replace", "path": "/windows/none_with_label", "value": "opinion"},
		"labels.spent.by_basis.mash": {"op": "replace", "path": "/labels/spent/by_basis/mash", "value": "permit"},
		"labels.informant": {"op": "replace", "path": "/labels/informant/masks", "value": []},
		"gates.identity": {"op": "remove", "path": "/gates/identity"},
		"gates.identity.lifted_by": {"op": "add", "path": "/gates/identity/lifted_by/-", "value": "red"},
		"gates.identity.stages": {"op": "add", "path": "/gates/identity/stages", "value": ["triage"]},
		"bases.mash.consents": {"op": "replace", "path": "/bases/mash/consents", "value": []},
		"bases.mash.grounds": {"op": "add", "path": "/bases/mash/grounds", "value": true},
		"subjects.other_adults.by_basis.mash": {"op": "replace", "path": "/subjects/other_adults/by_basis/mash/effect", "value": "review"},
		"subjects.not_applicable": {"op": "replace", "path": "/subjects/not_applicable", "value": []},
	} {
		paths([op]) == {path}
	}
}

# What is the same, or tighter, is left in peace.
test_tighter if {
	every op in [
		{"op": "test", "path": "/windows/years/A", "value": 2},
		{"op": "replace", "path": "/tiers/cells/A/mash/effect", "value": "deny"},
		{"op": "add", "path": "/tiers/exceptions/b", "value": {"s47": {"effect": "deny"}}},
		{"op": "add", "path": "/tiers/always_masked/b", "value": ["risk"]},
		{"op": "replace", "path": "/windows/years/A", "value": 1},
		{"op": "replace", "path": "/windows/none_about_a_child", "value": []},
		{"op": "replace", "path": "/labels/spent/by_basis/mash", "value": "deny"},
		{"op": "add", "path": "/labels/informant/masks/-", "value": "risk"},
		{"op": "add", "path": "/gates/night", "value": {"lifted_by": []}},
		{"op": "remove", "path": "/gates/triage/stages"},
		{"op": "add", "path": "/bases/mash/consents/-", "value": "outbound"},
	] {
		paths([op]) == set()
	}
}
