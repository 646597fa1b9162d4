package agencytest_test

import (
	"testing"
	"time"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// TestConformance shows that the suite passes an honest adapter, which is also the shortest one there is.
func TestConformance(t *testing.T) {
	agencytest.Run(t, func(t *testing.T) agencytest.Adapter {
		catalogue, err := record.LoadCatalogue()
		if err != nil {
			t.Fatal(err)
		}
		known := person.Identity{GivenName: "Mira", FamilyName: "Quill", DateOfBirth: "2014-02-03"}
		word := func(string) string { return "word" }
		return agencytest.Adapter{
			Now: now, Stranger: person.Identity{GivenName: "Nobody", FamilyName: "Atall", DateOfBirth: "2001-01-01"},
			Known: []agencytest.Known{{Identity: known, Flags: []string{"safe_address"}, Records: map[string]int{"pol.involvement": 2}}},
			Config: agencies.Config{
				Organisation: "police", Title: "Police", LookedIn: "Nominal index", MaxIndexAge: 24 * time.Hour,
				Categories: []string{"pol.involvement", "pol.missing"}, Flags: []string{"safe_address"}, Policy: agencytest.Policy(t, ""),
				Source: &agencytest.Memory{AsOf: now.Add(-time.Hour), People: []agencytest.Person{{
					Ref: "N1", Identity: known, Flags: []string{"safe_address"},
					Records: []record.Record{
						agencytest.Record(catalogue, "r1", "pol.involvement", "2026-01-02", word),
						agencytest.Record(catalogue, "r2", "pol.involvement", "2026-01-03", word),
					},
				}}},
			},
		}
	})
}
