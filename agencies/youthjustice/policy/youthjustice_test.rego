package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "youth_justice", "category": "yj.involvement", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_children_only if {
	agency.contributions == {{"effect": "deny", "reason": "not_applicable", "masks": [], "rule": "youthjustice.children_only"}} with input as about({"about": {"role": "parent", "child": false}})
}

test_spent if {
	agency.contributions == {{"effect": "review", "reason": "spent", "masks": [], "rule": "youthjustice.spent"}} with input as about({"labels": ["spent"]})
}
