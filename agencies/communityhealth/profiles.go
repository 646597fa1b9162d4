package communityhealth

import "github.com/mashgate/mashgate/agencies/localstore"

// profile says which resource holds one category, and in which element each field stands.
type profile struct {
	category, name, resourceType string
	// active and completed are the resource's statuses while it applies and else.
	active, completed string
	elements          []element
}

// element is the path of one field in the resource; a number is a place in a list.
type element struct {
	field, path string
	codes       localstore.Codes
}

const profileRoot = "https://trust.example/fhir/StructureDefinition/"

func profiles() []profile {
	return []profile{
		{"hlt.registration", "registration", "EpisodeOfCare", "active", "finished", []element{
			{"gp_surgery", "managingOrganization.display", nil},
			{"gp_phone", "managingOrganization.telecom.0.value", nil},
			{"health_visitor", "careManager.display", nil},
			{"midwife", "midwife.display", nil},
			{"recorded_date_of_birth", "recordedBirthDate", nil},
			{"recorded_address", "recordedAddress.text", nil},
		}},
		{"hlt.attendance", "attendance", "Encounter", "in-progress", "finished", []element{
			{"kind", "class.code", attendances},
			{"presenting", "reasonCode.0.text", nil},
			{"risk", "risk.text", nil},
			{"outcome", "hospitalization.dischargeDisposition.text", nil},
			{"place", "location.0.location.display", nil},
			{"accompanied_by", "participant.0.individual.display", nil},
			{"notes", "text.div", nil},
		}},
		{"hlt.checks", "child-health-check", "Observation", "preliminary", "final", []element{
			{"check", "code.coding.0.code", checks},
			{"result", "valueString", nil},
			{"clinic", "performer.0.display", nil},
		}},
		{"hlt.maternity", "maternity", "CarePlan", "active", "completed", []element{
			{"booking", "title", nil},
			{"appointments", "activity.0.progress.0.text", nil},
			{"risk", "addresses.0.display", nil},
			{"midwife", "author.display", nil},
			{"clinic", "careTeam.0.display", nil},
			{"notes", "note.0.text", nil},
		}},
		{"hlt.sexual_health", "sexual-health", "Encounter", "in-progress", "finished", []element{
			{"attendance", "type.0.text", nil},
			{"harm", "diagnosis.0.condition.display", nil},
			{"clinic", "serviceProvider.display", nil},
			{"notes", "text.div", nil},
		}},
		{"hlt.restricted", "legally-restricted", "DocumentReference", "current", "superseded", []element{
			{"record", "content.0.attachment.title", nil},
		}},
	}
}

var (
	// attendances are codes of HL7 ActEncounterCode where there is one.
	attendances = localstore.Codes{
		"Emergency department": "EMER", "Inpatient": "IMP", "Home visit": "HH", "Walk-in centre": "AMB-WIC", "GP appointment": "AMB-GP",
		"Did not attend": "DNA", "Was not brought": "WNB",
	}
	// checks are the trust's codes for the reviews of the Healthy Child Programme.
	checks = localstore.Codes{"New birth visit": "NBV", "6 to 8 week review": "R6W", "12 month review": "R12M", "2 to 2½ year review": "R24M"}

	genders = localstore.Codes{"female": "female", "male": "male", "other": "other", "": "unknown"}
	flags   = localstore.Codes{"safe_address": "confidential-address", "limited_access": "restricted-record"}

	// security are codes of HL7 Confidentiality and ActCode sensitivities, and the trust's own in lower case where there is none.
	security = localstore.Codes{
		"safe_address": "LOCIS", "third_party": "third-party", "limited_access": "R", "live_investigation": "police-hold", "informant": "INFO",
		"adoption": "adoption", "legally_restricted": "V", "opinion": "opinion", "spent": "spent", "risk_to_children": "child-risk",
	}
)
