package police

import "github.com/mashgate/mashgate/agencies/localstore"

// dates: a force writes days as numbers, and an enquiry is open (L) or filed (F).
var dates = localstore.Dates{Event: "from_dt", Until: "filed_dt", Status: "state_cd", Live: "L", Ended: "F", Layout: "20060102"}

var marks = localstore.Marks{Checked: "handling_rvwd", Column: "handling_cds", Codes: handling}

// occurrence is a table of the force: the class code tells the categories apart.
func occurrence(category, class string, columns ...localstore.Column) localstore.Table {
	return localstore.Table{
		Category: category, Name: "occurrence", Ref: "urn", Person: "nominal_no", Class: localstore.Class{Column: "class_cd", Value: class},
		Dates: dates, Marks: marks, AddressOnly: "locn_only", Columns: columns,
	}
}

func ownTable(category, name string, columns ...localstore.Column) localstore.Table {
	return localstore.Table{
		Category: category, Name: name, Ref: "urn", Person: "nominal_no",
		Dates: dates, Marks: marks, AddressOnly: "locn_only", Columns: columns,
	}
}

func records() []localstore.Table {
	return []localstore.Table{
		occurrence("pol.involvement", "GEN",
			localstore.Column{Field: "contact_type", Name: "occ_type", Codes: contactTypes},
			localstore.Column{Field: "role", Name: "role_cd", Codes: roles},
			localstore.Column{Field: "risk", Name: "risk_cd", Codes: risks},
			localstore.Column{Field: "summary", Name: "mo_text"},
			localstore.Column{Field: "place", Name: "locn"},
			localstore.Column{Field: "reported_by", Name: "rptd_by"},
			localstore.Column{Field: "others_named", Name: "other_noms"}),
		occurrence("pol.missing", "MISPER",
			localstore.Column{Field: "outcome", Name: "result_cd", Codes: outcomes},
			localstore.Column{Field: "risk", Name: "risk_cd", Codes: risks},
			localstore.Column{Field: "return_interview", Name: "rhi_text"},
			localstore.Column{Field: "found_at", Name: "locn"},
			localstore.Column{Field: "found_with", Name: "other_noms"}),
		occurrence("pol.domestic_abuse", "DA",
			localstore.Column{Field: "incident", Name: "occ_type", Codes: contactTypes},
			localstore.Column{Field: "role", Name: "role_cd", Codes: roles},
			localstore.Column{Field: "risk", Name: "risk_cd", Codes: risks},
			localstore.Column{Field: "harm", Name: "injury_text"},
			localstore.Column{Field: "outcome", Name: "result_cd", Codes: outcomes},
			localstore.Column{Field: "summary", Name: "mo_text"},
			localstore.Column{Field: "place", Name: "locn"},
			localstore.Column{Field: "other_party", Name: "other_noms"},
			localstore.Column{Field: "reported_by", Name: "rptd_by"}),
		ownTable("pol.convictions", "disposal_history",
			localstore.Column{Field: "offence", Name: "offence_wording"},
			localstore.Column{Field: "disposal", Name: "disposal_cd", Codes: disposals},
			localstore.Column{Field: "court", Name: "court_name"},
			localstore.Column{Field: "victim", Name: "victim_name"}),
		ownTable("pol.intelligence", "intel_report",
			localstore.Column{Field: "grading", Name: "grading_cd", Codes: gradings},
			localstore.Column{Field: "intelligence", Name: "sanitised_text"},
			localstore.Column{Field: "source", Name: "source_ref"},
			localstore.Column{Field: "text", Name: "full_text"}),
		ownTable("pol.live_investigation", "operation_subject",
			localstore.Column{Field: "operation", Name: "op_name"},
			localstore.Column{Field: "officer", Name: "oic"},
			localstore.Column{Field: "detail", Name: "op_detail"}),
	}
}
