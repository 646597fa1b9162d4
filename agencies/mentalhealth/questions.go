package mentalhealth

import "github.com/mashgate/mashgate/agencies/localstore"

// form is one kind of form and the questions it asks.
type form struct {
	category, code string
	questions      []question
}

// question is the trust's code for a question and the field that its answer is.
type question struct {
	field, code string
	answers     localstore.Codes
}

func catalogueOfForms() []form {
	return []form{
		{"hlt.mental_health_status", "REFERRAL", []question{
			{"known", "REF01", known},
			{"risk_level", "REF07", riskLevels},
			{"care_coordinator", "REF11", nil},
			{"team", "REF12", nil},
		}},
		{"hlt.mental_health_detail", "CORE_ASSESSMENT", []question{
			{"diagnosis", "CA20", nil},
			{"risk_summary", "CA31", nil},
			{"treatment", "CA40", nil},
			{"formulation", "CA50", nil},
			{"family_named", "CA61", nil},
		}},
		{"hlt.substance_misuse", "TOP", []question{
			{"treatment_status", "TOP01", treatments},
			{"substance", "TOP05", substances},
			{"service", "TOP09", nil},
		}},
		{"hlt.attendance", "CONTACT", []question{
			{"kind", "CON01", contacts},
			{"presenting", "CON03", nil},
			{"risk", "CON04", nil},
			{"outcome", "CON08", nil},
			{"place", "CON10", nil},
			{"accompanied_by", "CON11", nil},
			{"notes", "CON99", nil},
		}},
	}
}

var (
	genders = localstore.Codes{"male": "1", "female": "2", "other": "4", "": "X"}
	alerts  = localstore.Codes{"safe_address": "SAFEADD", "limited_access": "RESTR"}

	restrictions = localstore.Codes{
		"safe_address": "01", "third_party": "02", "limited_access": "03", "live_investigation": "04", "informant": "05", "adoption": "06",
		"legally_restricted": "07", "opinion": "08", "spent": "09", "risk_to_children": "10",
	}

	known      = localstore.Codes{"Open to services": "1", "Discharged": "2", "Waiting list": "3", "Not known": "4"}
	riskLevels = localstore.Codes{"Low": "1", "Medium": "2", "High": "3", "Not assessed yet": "9"}
	treatments = localstore.Codes{"In treatment": "T1", "Completed": "T2", "Dropped out": "T3", "Referred": "T0"}
	substances = localstore.Codes{"Alcohol": "7", "Heroin": "1", "Crack cocaine": "2", "Cannabis": "6"}
	contacts   = localstore.Codes{"Crisis line call": "CRL", "Outpatient appointment": "OPA", "Home treatment": "HTT", "Did not attend": "DNA"}
)
