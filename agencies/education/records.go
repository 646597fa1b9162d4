package education

import "github.com/mashgate/mashgate/agencies/localstore"

// table is what every table of records has in common: a row is on roll (Y) or not (N), days are ISO.
func table(category, name string, columns []localstore.Column) localstore.Table {
	return localstore.Table{
		Category: category, Name: name, Ref: "rec_id", Person: "adm_no",
		Dates:       localstore.Dates{Event: "on_date", Until: "left_date", Status: "now", Live: "Y", Ended: "N", Layout: "2006-01-02"},
		Marks:       localstore.Marks{Checked: "marked_by_dsl", Column: "markings", Codes: markings},
		AddressOnly: "home_only", Columns: columns,
	}
}

func records() []localstore.Table {
	return []localstore.Table{
		table("edu.enrolment", "school_place", []localstore.Column{
			{Field: "school", Name: "school"},
			{Field: "school_phone", Name: "school_tel"},
			{Field: "year_group", Name: "nc_year", Codes: yearGroups},
			{Field: "sen_unit", Name: "sen_unit"},
			{Field: "recorded_date_of_birth", Name: "dob_held"},
			{Field: "recorded_address", Name: "home_held"},
			{Field: "emergency_contact", Name: "priority_1_contact"},
		}),
		table("edu.attendance", "attendance_summary", []localstore.Column{
			{Field: "period", Name: "term"},
			{Field: "attendance", Name: "present_pct"},
			{Field: "unauthorised", Name: "code_o"},
			{Field: "reason", Name: "comment"},
			{Field: "school", Name: "school"},
		}),
		table("edu.exclusions", "exclusion", []localstore.Column{
			{Field: "kind", Name: "category", Codes: exclusionKinds},
			{Field: "sessions", Name: "sessions"},
			{Field: "reason", Name: "reason"},
			{Field: "school", Name: "school"},
		}),
		table("edu.send", "sen_history", []localstore.Column{
			{Field: "provision", Name: "sen_provision", Codes: provisions},
			{Field: "need", Name: "sen_type_rank1", Codes: needs},
			{Field: "school", Name: "school"},
		}),
		table("edu.safeguarding_log", "cp_log", []localstore.Column{
			{Field: "concern", Name: "concern"},
			{Field: "disclosure", Name: "child_words"},
			{Field: "action", Name: "action"},
			{Field: "recorded_by", Name: "staff"},
			{Field: "reported_by", Name: "told_by"},
			{Field: "others_named", Name: "others"},
			{Field: "notes", Name: "free_note"},
			{Field: "school", Name: "school"},
		}),
	}
}
