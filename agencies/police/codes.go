package police

import "github.com/mashgate/mashgate/agencies/localstore"

var (
	sexes = localstore.Codes{"female": "2", "male": "1", "other": "9", "": "0"}

	// markers are warning markers on a nominal.
	markers = localstore.Codes{"safe_address": "SA", "limited_access": "RA", "live_investigation": "OP"}

	// handling are the handling codes on a row or on one of its columns.
	handling = localstore.Codes{
		"safe_address": "SAD", "third_party": "TPI", "limited_access": "RST", "live_investigation": "LIV", "informant": "SRC",
		"adoption": "ADO", "legally_restricted": "STA", "opinion": "OPN", "spent": "SPT", "risk_to_children": "CHR",
	}

	// Home Office counting rules are finer than this: a force codes what it needs most and writes the rest out.
	contactTypes = localstore.Codes{
		"Attended a quarrel": "INC-DOM-V", "Attended address": "INC-ATT", "Welfare check": "INC-WEL", "Stop and search": "STS",
		"Arrest": "ARR", "Voluntary interview": "VOL", "Protection notification": "PPN",
	}
	roles = localstore.Codes{
		"Victim": "VIC", "Suspect": "SUS", "Witness": "WIT", "Other party": "OTP", "Child present": "CHP", "Missing person": "MIS",
		"Person reporting": "PRP",
	}
	risks     = localstore.Codes{"High": "H", "Medium": "M", "Standard": "S", "Low": "L", "No apparent risk": "N"}
	outcomes  = localstore.Codes{"Found safe": "FS", "Returned of own accord": "RO", "No complaint made": "NC", "Charged": "CH", "No further action": "NFA"}
	disposals = localstore.Codes{"Caution": "1049", "Conditional caution": "1050", "Fine": "1015", "Conditional discharge": "1081", "Absolute discharge": "1080"}

	// gradings are source and information of the 3x5x2 model (College of Policing, Authorised Professional Practice).
	gradings = localstore.Codes{
		"A1": "1A", "B1": "2A", "B2": "2B", "B3": "2C", "C2": "3B", "C3": "3C", "D2": "3D", "E4": "3E",
	}
)
