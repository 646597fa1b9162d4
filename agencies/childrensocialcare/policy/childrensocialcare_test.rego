package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "children_social_care", "category": "csc.chronology", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_placement if {
	agency.contributions == {{"effect": "redact", "reason": "placement_masked", "masks": ["free_text", "location"], "rule": "childrensocialcare.placement"}} with input as about({"category": "csc.placement"})
}

test_adoption if {
	agency.contributions == {{"effect": "redact", "reason": "adoption", "masks": ["identity_link"], "rule": "childrensocialcare.adoption"}} with input as about({"labels": ["adoption"]})
}
