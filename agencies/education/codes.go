package education

import "github.com/mashgate/mashgate/agencies/localstore"

var (
	sexes     = localstore.Codes{"female": "F", "male": "M", "other": "O", "": "U"}
	languages = localstore.Codes{"English": "ENG", "Polish": "POL", "Urdu": "URD", "Panjabi": "PNJ", "Romanian": "RUM", "Arabic": "ARA", "": "NOT"}
	notes     = localstore.Codes{"safe_address": "CA", "limited_access": "LA"}

	// markings are written in the row's own column, each on the row or on one of its columns.
	markings = localstore.Codes{
		"safe_address": "ADDR", "third_party": "3P", "limited_access": "DSL", "live_investigation": "POL", "informant": "CONF",
		"adoption": "ADPT", "legally_restricted": "LEGAL", "opinion": "VIEW", "spent": "OLD", "risk_to_children": "RTC",
	}

	// yearGroups are national curriculum years.
	yearGroups = localstore.Codes{
		"Nursery": "N2", "Reception": "R", "Year 1": "1", "Year 2": "2", "Year 3": "3", "Year 4": "4", "Year 5": "5", "Year 6": "6",
		"Year 7": "7", "Year 8": "8", "Year 9": "9", "Year 10": "10", "Year 11": "11", "Year 12": "12", "Year 13": "13",
	}

	// exclusionKinds and the two lists of special needs are code sets of the school census (Common Basic Data Set).
	exclusionKinds = localstore.Codes{"Suspension": "SUSP", "Permanent exclusion": "PERM", "Lunchtime suspension": "LNCH"}
	provisions     = localstore.Codes{"No special need": "N", "SEN support": "K", "Education, health and care plan": "E"}
	needs          = localstore.Codes{
		"Specific learning difficulty": "SPLD", "Moderate learning difficulty": "MLD", "Severe learning difficulty": "SLD",
		"Social, emotional and mental health": "SEMH", "Speech, language and communication": "SLCN", "Autistic spectrum disorder": "ASD",
		"Hearing impairment": "HI", "Visual impairment": "VI", "Physical disability": "PD",
	}
)
