package mashgate.agency_test

import data.mashgate.agency

plain := {
	"organisation": "community_health", "category": "hlt.attendance", "subject": "s1", "event_date": "2026-01-02", "until": "",
	"current": false, "labels": [], "labels_known": true, "only_address": false, "about": {"role": "index_child", "child": true},
}

about(changes) := {"request": {"purpose": "safeguarding_children", "basis": "s47"}, "record": object.union(plain, changes)}

test_no_objection if {
	agency.contributions == set() with input as about({})
}

test_restricted if {
	agency.contributions == {{"effect": "deny", "reason": "restricted_category", "masks": [], "rule": "communityhealth.restricted"}} with input as about({"category": "hlt.restricted"})
}

test_sexual_health_adult if {
	agency.contributions == {{"effect": "deny", "reason": "restricted_category", "masks": [], "rule": "communityhealth.sexual_health_adult"}} with input as about({"category": "hlt.sexual_health", "about": {"role": "parent", "child": false}})
}

test_sexual_health_adult_needs_both if {
	agency.contributions == set() with input as about({"category": "hlt.sexual_health"})
	agency.contributions == set() with input as about({"about": {"role": "parent", "child": false}})
}
