# What the tests share: an episode in which everything is in order, and ways to change it.
package mashgate.fixture

# A MASH episode, AMBER, the mother's consent recorded: nothing stands in the way.
base := {
	"at": "2026-02-04T09:15:00Z",
	"hub": "coventry",
	"requester": {
		"role": "social_worker",
		"agency": "children_services",
		"hub": "coventry",
		"assigned": true,
		"relationships": [],
		"own_facts": [],
		"supported_facts": [],
	},
	"episode": {
		"stage": "mash_episode",
		"purpose": "safeguarding_children",
		"rating": "amber",
		"level_of_need": 4,
		"basis": "mash",
		"concerns": ["neglect"],
		"facts": {
			"imminent_danger": false,
			"has_social_worker": false,
			"information_only": false,
			"uasc": false,
			"out_of_area": false,
			"family_declined": false,
			"s47_cause": false,
			"child_in_need": false,
		},
		"expires": null,
		"override": null,
		"break_glass": null,
		"consent_position": null,
	},
	"subjects": [child, mother],
	"consents": [consent("agencies_share_with_us", "mother", "yes")],
	"categories": [],
	"organisations": [
		{"id": "police", "holders": ["police"], "categories": ["pol.involvement"], "bound_by_duty": true, "connected": true},
		{"id": "charity", "holders": ["early_help"], "categories": ["eh.plan"], "bound_by_duty": false, "connected": true},
	],
	"flags": [],
	"location_unknown": false,
}

child := subject("child", "index_child", "2016-04-02")

mother := subject("mother", "parent", "1990-06-01")

father := subject("father", "parent", "1988-03-03")

subject(id, role, born) := {
	"id": id,
	"role": role,
	"born": born,
	"identified": "yes",
	"gillick_competent": "unknown",
	"pregnant_or_postnatal": "unknown",
	"parental_responsibility": role == "parent",
	"lives_with_index": true,
	"alleged_source_of_harm": false,
	"safe_address": false,
}

consent(kind, by, status) := recorded(kind, by, status, "2026-01-01T09:00:00Z")

recorded(kind, by, status, at) := {"kind": kind, "by": by, "status": status, "reason": "", "recorded": at}

unsafe(kind, by, why) := {"kind": kind, "by": by, "status": "not_safe_to_seek", "reason": why, "recorded": "2026-01-01T09:00:00Z"}

all_three(by) := [
	consent("referral", by, "yes"),
	consent("share_with_agencies", by, "yes"),
	consent("agencies_share_with_us", by, "yes"),
]

# A break-glass in order at base.at.
glass := {"by": "t.manager", "reason": "child alone with the suspect", "starts": "2026-02-04T09:00:00Z", "expires": "2026-02-04T13:00:00Z"}

# METADATA
# description: The request decision on the base with changes; objects are merged, lists replaced.
ask(changes) := answer if {
	answer := data.mashgate.ask.decision with input as object.union(base, changes)
}

# METADATA
# description: The gates alone, without the rest of the decision.
gates(changes) := answer if {
	answer := {gate.code | some gate in data.mashgate.ask.gates} with input as object.union(base, changes)
}

# METADATA
# description: One fact of one subject, without the rest of the decision.
fact(changes, id, name) := answer if {
	given := object.union(base, changes)
	some subject in given.subjects
	subject.id == id
	answer := data.mashgate.ask.facts(subject)[name] with input as given
}

# A request and a record for the release rules.

request := {
	"gates": [],
	"basis": "s47",
	"basis_supported": true,
	"regime": "common_law_and_dpa2018",
	"duty": "none",
	"categories": [category | some category, _ in data.tiers.categories],
	"organisations": ["bound", "unbound"],
	"bound": ["bound"],
	"unbound": ["unbound"],
	"window_A": "2024-02-04",
	"window_B": "2020-02-04",
	"window_C": "2019-02-04",
	"window_D": "2018-02-04",
	"location_unknown": false,
}

about_child := {
	"role": "index_child",
	"anyone": true,
	"child": true,
	"adult": false,
	"under_16": false,
	"under_13": false,
	"under_10": false,
	"unborn": false,
	"index_child": true,
	"other_adult": false,
	"known_not_pregnant": false,
	"ambiguous": false,
	"left_out": false,
	"protected": false,
	"consent": "given",
	"flags": [],
	"self_harm_of_index_child": false,
	"sexual_harm_of_child": false,
}

about_parent := object.union(about_child, {"role": "parent", "child": false, "adult": true, "index_child": false})

record := {
	"organisation": "bound",
	"category": "csc.status",
	"subject": "child",
	"event_date": "",
	"until": "",
	"current": true,
	"labels": [],
	"unlabelled": labels,
	"labels_known": true,
	"only_address": false,
	"holder_flags": [],
	"about": about_child,
}

labels := [
	"adoption", "informant", "legally_restricted", "limited_access", "live_investigation", "opinion", "risk_to_children",
	"safe_address", "spent", "third_party",
]

labelled(given) := {"labels": given, "unlabelled": [label | some label in labels; not label in given]}

release(request_changes, record_changes) := answer if {
	answer := data.mashgate.release.contributions with input as {
		"request": object.union(request, request_changes),
		"record": object.union(record, record_changes),
	}
}

# What only the named rules contribute, without their names.
by_rules(request_changes, record_changes, rules) := {object.remove(contribution, ["rule"]) |
	some contribution in release(request_changes, record_changes)
	contribution.rule in rules
}
