package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "police", "category": "pol.missing", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_labels_unknown if {
	agency.contributions == {{"effect": "review", "reason": "labels_unknown", "masks": [], "rule": "custodian.labels_unknown"}} with input as about({"labels_known": false})
}

test_third_party if {
	agency.contributions == {{"effect": "redact", "reason": "third_party", "masks": ["third_party"], "rule": "custodian.third_party"}} with input as about({"labels": ["third_party"]})
}
