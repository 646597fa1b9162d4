// Package youthjustice is the reference adapter of a youth justice service that keeps a case file a child: one XML document with who the
// child is, alerts, and every intervention, in the service's own terms. It stands on the agency's side of the path, under the adapter
// library. It trusts its own files as far as it can read them: an element or code it does not know is an error and never left out.
package youthjustice

import (
	"embed"
	"io/fs"
	"time"

	"github.com/mashgate/mashgate/agencies/localstore"
)

//go:embed policy
var files embed.FS

const tables = `
-- One case file a child, whole.
CREATE TABLE IF NOT EXISTS case_file (urn TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
`

// Definition is the service's own system.
func Definition() (localstore.Definition, error) {
	rules, err := fs.Sub(files, "policy")
	return localstore.Definition{
		Organisation: "youth_justice",
		Title:        "Coventry youth justice service",
		LookedIn:     "Case files",
		Categories:   []string{category},
		Flags:        []string{"safe_address", "limited_access"},
		MaxIndexAge:  48 * time.Hour,
		Tables:       tables,
		Shape:        caseFiles{},
		Rules:        rules,
	}, err
}

// category is the one kind of record the service holds.
const category = "yj.involvement"

var (
	sexes   = localstore.Codes{"female": "Female", "male": "Male", "other": "Other", "": "Not stated"}
	alerts  = localstore.Codes{"safe_address": "AddressNotToBeDisclosed", "limited_access": "RestrictedFile"}
	markers = localstore.Codes{
		"safe_address": "AddressNotToBeDisclosed", "third_party": "ThirdParty", "limited_access": "RestrictedFile", "live_investigation": "LivePolice",
		"informant": "Source", "adoption": "Adoption", "legally_restricted": "CourtRestricted", "opinion": "ProfessionalView", "spent": "Spent",
		"risk_to_children": "RiskToChildren",
	}

	// interventions and ratings follow the terms of the youth justice case-level return.
	interventions = localstore.Codes{
		"Out-of-court disposal": "OOCD", "Youth caution": "YC", "Youth conditional caution": "YCC", "Referral order": "RO",
		"Youth rehabilitation order": "YRO", "Detention and training order": "DTO", "Prevention": "PREV",
	}
	ratings = localstore.Codes{"Low": "L", "Medium": "M", "High": "H", "Very high": "VH"}
)
