# Labels (domain.md 4.4), copied out by hand.
package mashgate.label_test

import data.mashgate.fixture

bases := ["early_help", "s17", "mash", "s47", "emergency"]

on_every_basis := {
	"safe_address": {{"effect": "redact", "reason": "safe_address", "masks": ["location", "free_text"]}},
	"third_party": {{"effect": "redact", "reason": "third_party", "masks": ["third_party"]}},
	"limited_access": {{"effect": "exist", "reason": "limited_access", "masks": []}},
	"live_investigation": {{"effect": "exist", "reason": "live_investigation", "masks": []}},
	"informant": {{"effect": "redact", "reason": "informant", "masks": ["informant"]}},
	"adoption": {{"effect": "redact", "reason": "adoption", "masks": ["identity_link"]}},
	"legally_restricted": {{"effect": "deny", "reason": "legally_restricted", "masks": []}},
	"opinion": set(),
	"risk_to_children": set(),
}

spent := {
	"early_help": "deny",
	"s17": "deny",
	"mash": "review",
	"s47": "review",
	"emergency": "deny",
}

given(basis, labels) := fixture.by_rules({"basis": basis}, fixture.labelled(labels), {"release.label"})

test_labels if {
	every basis in bases {
		every label, contributions in on_every_basis {
			given(basis, [label]) == contributions
		}
		given(basis, []) == set()
	}
}

test_spent if {
	every basis, effect in spent {
		given(basis, ["spent"]) == {{"effect": effect, "reason": "spent", "masks": []}}
	}
}

test_labels_join if {
	given("s47", fixture.labels) == union({{{"effect": "review", "reason": "spent", "masks": []}}} | {set | some set in on_every_basis})
}

test_every_label_is_here if {
	{label | some label, _ in data.labels} == {label | some label in fixture.labels}
	{label | some label, _ in data.labels} == {label | some label, _ in on_every_basis} | {"spent"}
}

test_only_an_address if {
	every label in fixture.labels {
		fixture.by_rules({}, object.union(fixture.labelled([label]), {"only_address": true}), {"release.label_only_address"}) == address(label)
		fixture.by_rules({}, fixture.labelled([label]), {"release.label_only_address"}) == set()
	}
}

address(label) := {{"effect": "deny", "reason": "safe_address", "masks": []}} if label == "safe_address"

address(label) := set() if label != "safe_address"

test_labels_unknown if {
	fixture.by_rules({}, {"labels_known": false}, {"release.labels_unknown"}) == {{
		"effect": "review",
		"reason": "labels_unknown",
		"masks": [],
	}}
	fixture.by_rules({}, {}, {"release.labels_unknown"}) == set()
}

test_how_labels_are_shown if {
	{label: how | some label, rule in data.labels; how := rule.shown_as} == {"opinion": "opinion"}
}
