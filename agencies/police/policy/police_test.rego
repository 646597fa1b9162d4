package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "police", "category": "pol.involvement", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_intelligence if {
	agency.contributions == {{"effect": "review", "reason": "intelligence_held", "masks": [], "rule": "police.intelligence"}} with input as about({"category": "pol.intelligence"})
}

test_live_enquiry if {
	agency.contributions == {{"effect": "exist", "reason": "live_enquiry", "masks": [], "rule": "police.live_enquiry"}} with input as about({"category": "pol.live_investigation"})
}

test_live_label if {
	agency.contributions == {{"effect": "exist", "reason": "live_investigation", "masks": [], "rule": "police.live_label"}} with input as about({"labels": ["live_investigation"]})
}

test_informant if {
	agency.contributions == {{"effect": "redact", "reason": "informant", "masks": ["informant"], "rule": "police.informant"}} with input as about({"labels": ["informant"]})
}
