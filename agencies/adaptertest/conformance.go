package adaptertest

import (
	"slices"
	"testing"
	"time"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// conformance serves the adapter as an agency and holds it to the contract on the wire.
func conformance(t *testing.T, d localstore.Definition) {
	agencytest.Run(t, func(t *testing.T) agencytest.Adapter {
		store := open(t, d)
		config, err := store.Config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := somebody(d)
		p.Flags = d.Flags
		p.Records = slices.DeleteFunc(p.Records, func(r record.Record) bool { return denied(t, config.Policy, r.Header) })
		load(t, store, p)
		known := agencytest.Known{Identity: p.Identity, Flags: p.Flags, Records: map[string]int{}}
		for _, r := range p.Records {
			known.Records[r.Header.Category]++
		}
		return agencytest.Adapter{
			Config: config, Now: AsOf.Add(time.Hour), Known: []agencytest.Known{known},
			Stranger: person.Identity{GivenName: "Tilly", FamilyName: "Merrow", DateOfBirth: "2001-09-09"},
		}
	})
}

// denied tells whether the organisation's own policy never lets such a record out: what is denied without a word cannot be told from what
// is not there, which is what the kit looks for.
func denied(t *testing.T, own *policy.AgencyPolicy, h record.Header) bool {
	t.Helper()
	decisions, err := own.Decide(t.Context(), []policy.AgencyHeader{{
		Request: policy.AgencyRequest{Purpose: "safeguarding_children", Basis: "s47"}, Header: h, About: policy.AgencyAbout{Role: "index_child", Child: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return decisions[0].Effect == policy.Deny
}
