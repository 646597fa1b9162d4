// Package rules is the default policy pack: what a Multi-Agency Safeguarding Hub may ask of its partners and may be shown of what
// they answer, as Rego rules, data, schemas and scenarios. It stands beside the decision point, which reads it and trusts no part of
// it before it compiles strictly and passes its own tests. Everything a hub could decide otherwise is in these files, for its
// information-governance team to edit; README.md says where. A real hub must have its own information-governance lead sign the pack
// off before it is used.
package rules

import "embed"

// FS holds the pack as it lies in this folder: manifest.yaml and *.rego in the root with data, schemas and scenarios beside them.
//
//go:embed manifest.yaml *.rego data schemas scenarios
var FS embed.FS
