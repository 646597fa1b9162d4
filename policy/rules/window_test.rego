# Look-back windows (domain.md 4.4), copied out by hand.
package mashgate.window_test

import data.mashgate.fixture

# The window of each category, about a child and about an adult; "-" is none.
windows := {
	"csc.status": "-A",
	"csc.chronology": "-B",
	"csc.assessments": "-C",
	"csc.placement": "-C",
	"eh.plan": "AA",
	"edu.enrolment": "AA",
	"edu.attendance": "AA",
	"edu.exclusions": "BB",
	"edu.send": "BB",
	"edu.safeguarding_log": "BB",
	"pol.involvement": "BB",
	"pol.missing": "BB",
	"pol.domestic_abuse": "BB",
	"pol.convictions": "CC",
	"pol.intelligence": "DD",
	"pol.live_investigation": "DD",
	"hlt.registration": "AA",
	"hlt.attendance": "AB",
	"hlt.checks": "BB",
	"hlt.maternity": "BB",
	"hlt.mental_health_status": "BB",
	"hlt.mental_health_detail": "CC",
	"hlt.substance_misuse": "BB",
	"hlt.sexual_health": "DD",
	"hlt.restricted": "DD",
	"prb.supervision": "BB",
	"prb.risk": "CC",
	"yj.involvement": "BB",
}

edges := {
	"A": {"in": "2024-02-04", "out": "2024-02-03"},
	"B": {"in": "2020-02-04", "out": "2020-02-03"},
	"C": {"in": "2019-02-04", "out": "2019-02-03"},
	"D": {"in": "2018-02-04", "out": "2018-02-03"},
}

people := [fixture.about_child, fixture.about_parent]

dated(category, about, record) := fixture.by_rules(
	{},
	object.union({"category": category, "about": about, "current": false}, record),
	{"release.window", "release.window_adult"},
)

outside := {{"effect": "deny", "reason": "outside_window", "masks": []}}

test_every_category_has_its_row if {
	{category | some category, _ in windows} == {category | some category, _ in data.tiers.categories}
}

test_edges_of_events_and_standing_facts if {
	every category, row in windows {
		every i, about in people {
			window := substring(row, i, 1)
			every date in ["event_date", "until"] {
				edge_holds(window, category, about, date)
			}
		}
	}
}

edge_holds("-", category, about, date) if dated(category, about, {date: "1990-01-01"}) == set()

edge_holds(window, category, about, date) if {
	dated(category, about, {date: edges[window].in}) == set()
	dated(category, about, {date: edges[window].out}) == outside
}

test_risk_to_children_has_no_window if {
	every category, _ in windows {
		every about in people {
			dated(category, about, object.union(fixture.labelled(["risk_to_children"]), {"event_date": "1990-01-01"})) == set()
		}
	}
	{label |
		some label in fixture.labels
		dated("pol.involvement", fixture.about_parent, object.union(fixture.labelled([label]), {"event_date": "1990-01-01"})) == set()
	} == {"risk_to_children"}
}

test_current_and_whole_record if {
	every category, _ in windows {
		every about in people {
			dated(category, about, {"current": true}) == set()
			whole := fixture.by_rules(
				{"window_A": "", "window_B": "", "window_C": "", "window_D": ""},
				{"category": category, "about": about, "current": false, "event_date": "1990-01-01"},
				{"release.window", "release.window_adult"},
			)
			whole == set()
		}
	}
}

test_undated_is_for_a_person if {
	undated := {{"effect": "review", "reason": "undated", "masks": []}}
	fixture.by_rules({}, {"current": false}, {"release.undated"}) == undated
	fixture.by_rules({}, {"current": true}, {"release.undated"}) == set()
	fixture.by_rules({}, {"current": false, "until": "2025-01-01"}, {"release.undated"}) == set()
	fixture.by_rules({}, {"current": false, "event_date": "2025-01-01"}, {"release.undated"}) == set()
}

# The cutoffs of a request on 4 February 2026: 2 years for A, 6 for B, the whole record of C and D under s47, else 6.
cutoffs := {
	"early_help": ["2024-02-04", "2020-02-04", "2020-02-04", "2020-02-04"],
	"s17": ["2024-02-04", "2020-02-04", "2020-02-04", "2020-02-04"],
	"mash": ["2024-02-04", "2020-02-04", "2020-02-04", "2020-02-04"],
	"s47": ["2024-02-04", "2020-02-04", "", ""],
	"emergency": ["2024-02-04", "2020-02-04", "2020-02-04", "2020-02-04"],
	"none": ["2024-02-04", "2020-02-04", "2020-02-04", "2020-02-04"],
}

test_cutoffs if {
	every basis, days in cutoffs {
		shape := fixture.ask({"episode": {"basis": basis}}).shape
		[shape.window_A, shape.window_B, shape.window_C, shape.window_D] == days
	}
}

test_cutoffs_are_londons if {
	fixture.ask({"at": "2026-06-30T23:30:00Z"}).shape.window_A == "2024-07-01"
	fixture.ask({"at": "2026-01-31T23:59:59Z"}).shape.window_A == "2024-01-31"
	fixture.ask({"at": "2028-02-29T12:00:00Z"}).shape.window_A == "2026-03-01"
}

test_windows_by_category_and_subject if {
	codes := ["csc.status", "hlt.attendance", "pol.convictions"]
	got := fixture.ask({"categories": [{"code": code, "reason": "needed"} | some code in codes]}).windows
	got == {
		"csc.status": {"child": "", "mother": "2024-02-04"},
		"hlt.attendance": {"child": "2024-02-04", "mother": "2020-02-04"},
		"pol.convictions": {"child": "2020-02-04", "mother": "2020-02-04"},
	}
}
