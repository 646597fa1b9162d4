// Package communityhealth is the reference adapter of a community health trust: a store of FHIR-like resources (Patient, Flag, Encounter,
// Observation, …) kept as JSON documents, coded with the trust's code systems, with security labels in each resource's meta. It stands on
// the agency's side of the path, under the adapter library. It trusts its own store as far as it can read it: a resource with an unknown
// code, or with a label on an element that is not there, is an error and never half an answer.
package communityhealth

import (
	"embed"
	"io/fs"
	"time"

	"github.com/mashgate/mashgate/agencies/localstore"
)

//go:embed schema.sql
var tables string

//go:embed policy
var files embed.FS

// Definition is the trust's own system.
func Definition() (localstore.Definition, error) {
	rules, err := fs.Sub(files, "policy")
	return localstore.Definition{
		Organisation: "community_health",
		Title:        "South Warwickshire University NHS Foundation Trust",
		LookedIn:     "Patient index",
		Categories: []string{
			"hlt.registration", "hlt.attendance", "hlt.checks", "hlt.maternity", "hlt.sexual_health", "hlt.restricted",
		},
		Flags:       []string{"safe_address", "limited_access"},
		MaxIndexAge: 24 * time.Hour,
		Tables:      tables,
		Shape:       resources{},
		Rules:       rules,
	}, err
}
