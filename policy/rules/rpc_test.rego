# Who may call which RPC, copied out by hand.
package mashgate.rpc_test

work := ["triage_worker", "social_worker", "team_manager"]

asking := ["triage_worker", "social_worker", "team_manager", "partner_representative"]

staff := ["triage_worker", "social_worker", "team_manager", "partner_representative", "ig_officer", "auditor", "administrator"]

people := [
	"triage_worker", "social_worker", "team_manager", "partner_representative", "referrer", "ig_officer", "auditor", "administrator",
]

referring := ["triage_worker", "social_worker", "team_manager", "partner_representative", "referrer"]

directory := ["team_manager", "ig_officer", "administrator"]

governance := ["ig_officer", "auditor"]

keepers := ["ig_officer", "auditor", "administrator"]

approvers := ["ig_officer", "team_manager"]

by_person := {
	"/mashgate.v1.EpisodeService/": {
		"SubmitReferral": referring,
		"GetReferral": referring,
		"ListReferrals": asking,
		"TriageReferral": work,
		"OpenEpisode": work,
		"GetEpisode": asking,
		"ListEpisodes": asking,
		"AssignEpisode": ["team_manager"],
		"RateEpisode": work,
		"RecordConsent": work,
		"WithdrawConsent": work,
		"AddSubject": work,
		"UpdateSubject": work,
		"OverrideEpisode": ["social_worker", "team_manager"],
		"EndOverride": ["social_worker", "team_manager"],
		"SettleConsentPosition": ["social_worker", "team_manager"],
		"BreakGlass": asking,
		"EndBreakGlass": asking,
		"RecordOutcome": work,
		"CloseEpisode": ["social_worker", "team_manager"],
	},
	"/mashgate.v1.InformationService/": {
		"RequestInformation": asking,
		"GetInformationRequest": asking,
		"ListInformationRequests": asking,
		"WatchInformationRequest": asking,
		"GetPicture": asking,
		"CancelInformationRequest": asking,
	},
	"/mashgate.v1.DirectoryService/": {
		"GetHub": staff,
		"ListOrganisations": staff,
		"GetOrganisation": staff,
		"ListPeople": directory,
		"GetPerson": directory,
		"ListCategories": people,
		"ListIndicators": people,
		"WhoAmI": people,
	},
	"/mashgate.ledger.v1.LedgerService/": {
		"ListEntries": governance,
		"GetEntry": governance,
		"ListDisclosures": governance,
	},
	"/mashgate.policy.v1.PolicyService/": {
		"GetRevision": keepers,
		"ListRevisions": keepers,
		"ListActivations": keepers,
		"RollBack": ["ig_officer"],
		"ApproveActivation": approvers,
		"CreateDraft": ["ig_officer"],
		"GetDraft": array.concat(["team_manager"], keepers),
		"ListDrafts": array.concat(["team_manager"], keepers),
		"CheckDraft": ["ig_officer"],
		"TestDraft": ["ig_officer"],
		"Simulate": ["ig_officer"],
		"ListDraftAsks": ["ig_officer"],
		"ApproveDraft": approvers,
		"RejectDraft": ["ig_officer"],
		"GetDraftBundle": ["ig_officer", "administrator"],
		"SignDraft": ["ig_officer", "administrator"],
		"ActivateDraft": ["ig_officer"],
		"Tighten": approvers,
		"LiftTightening": approvers,
		"ListTightenings": array.concat(["team_manager"], keepers),
		"ListReplicas": keepers,
		"Explain": array.concat(["triage_worker", "social_worker", "team_manager", "partner_representative"], governance),
		"Replay": governance,
		"ListRecheckFindings": governance,
	},
	"/mashgate.agency.v1.AgencyService/": {"Describe": [], "Locate": [], "Collect": []},
	"/grpc.health.v1.Health/": {"Check": people, "List": people, "Watch": people},
	"/grpc.reflection.v1.ServerReflection/": {"ServerReflectionInfo": people},
	"/grpc.reflection.v1alpha.ServerReflection/": {"ServerReflectionInfo": people},
}

by_others := {
	"service": {
		"/mashgate.v1.DirectoryService/GetHub", "/mashgate.v1.DirectoryService/ListOrganisations",
		"/mashgate.v1.DirectoryService/GetOrganisation", "/mashgate.v1.DirectoryService/ListCategories",
		"/mashgate.v1.DirectoryService/ListIndicators", "/mashgate.v1.DirectoryService/WhoAmI",
		"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
	},
	"agency": {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch"},
	"none": {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch"},
	"ghost": set(),
}

decide(method, kind, role, hub, resource_hub) := answer if {
	answer := data.mashgate.rpc.decision with input as {
		"method": method,
		"principal": {"kind": kind, "role": role, "hub": hub, "id": "somebody"},
		"resource_hub": resource_hub,
	}
}

allowed := {"allow": true, "reason": "call_allowed"}

methods := {concat("", [service, name]): roles |
	some service, calls in by_person
	some name, roles in calls
}

test_every_person_and_role if {
	every method, roles in methods {
		{role | some role in people; decide(method, "person", role, "coventry", "coventry") == allowed} == {role | some role in roles}
	}
}

test_no_other_method_is_in_the_table if {
	{method | some method, _ in data.roles.rpc} == {method | some method, _ in methods}
}

test_other_kinds_of_caller if {
	every kind, may in by_others {
		{method | some method, _ in methods; decide(method, kind, "", "coventry", "") == allowed} == may
	}
}

test_why_not if {
	get := "/mashgate.v1.EpisodeService/GetEpisode"
	decide(get, "person", "auditor", "coventry", "coventry") == {"allow": false, "reason": "wrong_role"}
	decide(get, "service", "social_worker", "coventry", "coventry") == {"allow": false, "reason": "wrong_principal"}
	decide(get, "", "social_worker", "coventry", "coventry") == {"allow": false, "reason": "wrong_principal"}
	decide(get, "person", "social_worker", "coventry", "solihull") == {"allow": false, "reason": "wrong_hub"}
	decide(get, "person", "social_worker", "", "coventry") == {"allow": false, "reason": "wrong_hub"}
	decide(get, "person", "social_worker", "coventry", "") == allowed
	every method in [
		"", "mashgate.v1.EpisodeService/GetEpisode", "/mashgate.v1.EpisodeService/getepisode",
		"/mashgate.v1.episodeservice/GetEpisode", "/mashgate.v1.EpisodeService/GetEpisode/", "/mashgate.v1.EpisodeService/",
		"/mashgate.v1.EpisodeService/DropAll", "any",
	] {
		decide(method, "person", "social_worker", "coventry", "coventry") == {"allow": false, "reason": "unknown_method"}
	}
}

# `any` is a word of the table, not a role that somebody could claim.
test_any_is_no_role if {
	decide("/mashgate.v1.EpisodeService/GetEpisode", "person", "any", "coventry", "coventry") == {"allow": false, "reason": "wrong_role"}
	decide("/grpc.health.v1.Health/Check", "none", "", "", "") == allowed
}
