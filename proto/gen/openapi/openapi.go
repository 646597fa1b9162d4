// Package openapi holds the OpenAPI descriptions that are generated from the contracts, one a service, for the gateway to join and
// serve. It is the one file in this folder that is written by hand.
package openapi

import "embed"

// FS holds mashgate/**/*.openapi.json.
//
//go:embed mashgate
var FS embed.FS
