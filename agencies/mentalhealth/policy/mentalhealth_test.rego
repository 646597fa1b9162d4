package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "mental_health", "category": "hlt.mental_health_detail", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_adult_detail if {
	agency.contributions == {{"effect": "review", "reason": "clinical_detail_held", "masks": [], "rule": "mentalhealth.adult_detail"}} with input as about({"category": "hlt.mental_health_detail", "about": {"role": "carer", "child": false}})
}

test_third_party if {
	agency.contributions == {{"effect": "redact", "reason": "third_party", "masks": ["third_party"], "rule": "mentalhealth.third_party"}} with input as about({"labels": ["third_party"]})
}

test_adult_detail_needs_both if {
	agency.contributions == set() with input as about({"category": "hlt.mental_health_detail"})
	agency.contributions == set() with input as about({"category": "hlt.mental_health_status", "about": {"role": "parent", "child": false}})
}
