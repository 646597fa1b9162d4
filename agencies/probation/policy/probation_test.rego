package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "probation", "category": "prb.supervision", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_limited_access if {
	agency.contributions == {{"effect": "exist", "reason": "limited_access", "masks": [], "rule": "probation.limited_access"}} with input as about({"labels": ["limited_access"]})
}

test_labels_unknown if {
	agency.contributions == {{"effect": "review", "reason": "labels_unknown", "masks": [], "rule": "probation.labels_unknown"}} with input as about({"labels_known": false})
}
