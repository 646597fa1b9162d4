package custodian_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/person"
)

// The child of the four files of the Department for Education. Nobody on this project made them up.
var octavia = person.Identity{GivenName: "Octavia", FamilyName: "Chislett", DateOfBirth: "2008-09-20", NHSNumber: "9691292211"}

func TestOneChildIsAnsweredForByAllFourCustodians(t *testing.T) {
	folder := os.Getenv("MASHGATE_EXTERNAL_DATA")
	if folder == "" {
		t.Skip("NOT RUN: set MASHGATE_EXTERNAL_DATA to the folder of external data to run the custodian adapter on the real files")
	}
	tests := map[string]map[string]int{
		"education-01":       {"edu.enrolment": 2, "edu.attendance": 2, "edu.exclusions": 2, "edu.send": 1},
		"health-01":          {"hlt.registration": 1, "hlt.attendance": 4, "hlt.mental_health_status": 1},
		"local-authority-01": {"csc.status": 2, "csc.chronology": 5, "csc.assessments": 2},
		"police-01":          {"pol.missing": 1, "pol.involvement": 11},
	}
	for name, records := range tests {
		t.Run(name, func(t *testing.T) {
			agencytest.Run(t, func(t *testing.T) agencytest.Adapter {
				config, err := open(t, filepath.Join(folder, "dfe-custodians", name+".custodian.json")).Config(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return agencytest.Adapter{
					Config: config, Now: adaptertest.AsOf.Add(time.Hour),
					Known: []agencytest.Known{{Identity: octavia, Records: records}}, Stranger: stranger,
				}
			})
		})
	}
}
