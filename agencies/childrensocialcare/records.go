package childrensocialcare

import "github.com/mashgate/mashgate/agencies/localstore"

// table is what every table of records of the case system has in common.
func table(category, name string, columns []localstore.Column) localstore.Table {
	return localstore.Table{
		Category: category, Name: name, Ref: "record_id", Person: "person_id",
		Dates: localstore.Dates{Event: "start_date", Until: "end_date", Status: "open_closed", Live: "OPEN", Ended: "CLOSED", Layout: "02/01/2006"},
		Marks: localstore.Marks{
			Checked: "restrictions_checked", Codes: restrictions,
			Beside: localstore.Beside{Table: "restriction", Row: "record_id", Element: "column_name", Code: "reason_code"},
		},
		AddressOnly: "address_record", Columns: columns,
	}
}

func records() []localstore.Table {
	return []localstore.Table{
		table("csc.status", "case_status", []localstore.Column{
			{Field: "status", Name: "status_code", Codes: caseStatuses},
			{Field: "legal_status", Name: "legal_status", Codes: legalStatuses},
			{Field: "allocated_worker", Name: "key_worker"},
			{Field: "team", Name: "team_name"},
			{Field: "recorded_date_of_birth", Name: "dob_on_file"},
			{Field: "recorded_address", Name: "address_on_file"},
			{Field: "household_with", Name: "lives_with"},
		}),
		table("csc.chronology", "case_note", []localstore.Column{
			{Field: "event", Name: "significant_event"},
			{Field: "outcome", Name: "outcome_text"},
			{Field: "harm", Name: "harm_text"},
			{Field: "risk", Name: "worry_text"},
			{Field: "strengths", Name: "working_well"},
			{Field: "place", Name: "location"},
			{Field: "reported_by", Name: "contact_from"},
			{Field: "notes", Name: "note"},
		}),
		table("csc.assessments", "assessment", []localstore.Column{
			{Field: "assessment", Name: "assessment_type", Codes: assessments},
			{Field: "analysis", Name: "analysis"},
			{Field: "harm", Name: "sos_past_harm"},
			{Field: "danger", Name: "sos_danger"},
			{Field: "strengths", Name: "sos_strengths"},
			{Field: "safety", Name: "sos_safety"},
			{Field: "goals", Name: "sos_goals"},
			{Field: "next_steps", Name: "sos_next"},
			{Field: "scale", Name: "sos_scale"},
			{Field: "scaled_by", Name: "sos_scaled_by"},
			{Field: "other_people", Name: "others_in_report"},
			{Field: "birth_family", Name: "birth_family"},
		}),
		table("csc.placement", "placement", []localstore.Column{
			{Field: "placement_type", Name: "placement_code", Codes: placementTypes},
			{Field: "placement_address", Name: "placed_at"},
			{Field: "carer", Name: "carer_name"},
			{Field: "carer_phone", Name: "carer_telephone"},
			{Field: "notes", Name: "matching_note"},
		}),
	}
}
