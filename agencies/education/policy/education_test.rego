package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "education", "category": "edu.attendance", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_pupils_only if {
	agency.contributions == {{"effect": "deny", "reason": "not_applicable", "masks": [], "rule": "education.pupils_only"}} with input as about({"about": {"role": "parent", "child": false}})
}

test_informant if {
	agency.contributions == {{"effect": "redact", "reason": "informant", "masks": ["informant"], "rule": "education.informant"}} with input as about({"category": "edu.safeguarding_log", "labels": ["informant"]})
}

test_informant_needs_both if {
	agency.contributions == set() with input as about({"category": "edu.safeguarding_log"})
	agency.contributions == set() with input as about({"labels": ["informant"]})
}
