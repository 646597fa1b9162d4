package childrensocialcare

import "github.com/mashgate/mashgate/agencies/localstore"

var (
	genders = localstore.Codes{"male": "1", "female": "2", "other": "9", "": "0"}

	// ethnicOrigins are the main codes of the statutory returns.
	ethnicOrigins = localstore.Codes{
		"White British": "WBRI", "White Irish": "WIRI", "Traveller of Irish heritage": "WIRT", "Gypsy or Roma": "WROM", "Indian": "AIND",
		"Pakistani": "APKN", "Bangladeshi": "ABAN", "Black Caribbean": "BCRB", "Black African": "BAFR", "Chinese": "CHNE", "": "NOBT",
	}

	alerts = localstore.Codes{"safe_address": "CONFIDENTIAL_ADDRESS", "limited_access": "RESTRICTED_CASE", "adoption": "ADOPTION_FILE"}

	restrictions = localstore.Codes{
		"safe_address": "R01", "third_party": "R02", "limited_access": "R03", "live_investigation": "R04", "informant": "R05",
		"adoption": "R06", "legally_restricted": "R07", "opinion": "R08", "spent": "R09", "risk_to_children": "R10",
	}

	caseStatuses = localstore.Codes{
		"Open": "O", "Closed": "C", "Not known": "N", "Referral": "R", "Looked after": "LAC", "Care leaver": "CL",
		"Child in need": "CIN", "Child protection plan": "CPP",
	}

	// legalStatuses are the SSDA903 codes, and N1 for a child who has none of them.
	legalStatuses = localstore.Codes{
		"None": "N1", "Interim care order": "C1", "Full care order": "C2", "Accommodated under section 20": "V2",
		"Placement order": "E1", "Police protection": "L1", "Emergency protection order": "L2",
	}

	assessments = localstore.Codes{
		"Child and family assessment": "CFA", "Initial assessment": "IA", "Core assessment": "CA", "Pre-birth assessment": "PBA",
		"Section 47 enquiry": "S47", "Parenting assessment": "PAR",
	}

	// placementTypes are the SSDA903 codes.
	placementTypes = localstore.Codes{
		"Foster placement": "U6", "Foster placement with relative": "U3", "Children's home": "K2", "Secure unit": "K1",
		"Placed with own parents": "P1", "Independent living": "P2", "Placed for adoption": "A3",
	}
)
