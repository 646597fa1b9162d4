// Package reference is the one visible switch between the reference adapters: which organisations there are, and how each opens its own
// system. It stands between cmd and the adapters and refuses an organisation it does not know.
package reference

import (
	"context"
	"fmt"

	"github.com/mashgate/mashgate/agencies/childrensocialcare"
	"github.com/mashgate/mashgate/agencies/communityhealth"
	"github.com/mashgate/mashgate/agencies/earlyhelp"
	"github.com/mashgate/mashgate/agencies/education"
	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/agencies/mentalhealth"
	"github.com/mashgate/mashgate/agencies/police"
	"github.com/mashgate/mashgate/agencies/probation"
	"github.com/mashgate/mashgate/agencies/youthjustice"
)

// Organisations are the ids of the organisations that have a reference adapter, in the order in which people read them.
func Organisations() []string {
	return []string{
		"children_social_care", "early_help", "education", "police", "community_health", "mental_health", "probation", "youth_justice",
	}
}

// Definition is what one organisation's adapter is made of.
func Definition(organisation string) (localstore.Definition, error) {
	switch organisation {
	case "children_social_care":
		return childrensocialcare.Definition()
	case "early_help":
		return earlyhelp.Definition()
	case "education":
		return education.Definition()
	case "police":
		return police.Definition()
	case "community_health":
		return communityhealth.Definition()
	case "mental_health":
		return mentalhealth.Definition()
	case "probation":
		return probation.Definition()
	case "youth_justice":
		return youthjustice.Definition()
	}
	return localstore.Definition{}, fmt.Errorf("reference: there is no adapter for %q (there is one for each of %v)", organisation, Organisations())
}

// Open opens, or makes, one organisation's own store in a folder. Load it with Import, serve it with the Config it gives, Close it last.
func Open(ctx context.Context, organisation, folder string) (*localstore.Store, error) {
	d, err := Definition(organisation)
	if err != nil {
		return nil, err
	}
	return localstore.Open(ctx, folder, d)
}
