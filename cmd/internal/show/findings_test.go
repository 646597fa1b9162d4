package show_test

import (
	"strings"
	"testing"

	"github.com/mashgate/mashgate/cmd/internal/show"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		list *policyv1.ListRecheckFindingsResponse
		want []string
	}{
		"none": {&policyv1.ListRecheckFindingsResponse{}, []string{"Nothing that anybody has seen would be held back now."}},
		"one": {
			&policyv1.ListRecheckFindingsResponse{Findings: []*policyv1.RecheckFinding{{
				Cause: "consent_withdrawn", Organisation: "police", Subject: "s1", Category: "pol.involvement", Records: 3, Was: "permit", Now: "review",
				Reasons: []string{"consent_position_unresolved"}, SeenBy: []string{"hubs/h/people/p1"}, LedgerEntries: []int64{4, 7},
			}}},
			[]string{
				"consent was withdrawn", "3 records of pol.involvement from police about s1 would be held until a named person decides now.",
				"Why: consent position unresolved", "Seen by: hubs/h/people/p1", "Ledger entries: 4, 7",
			},
		},
		"a cause of tomorrow": {
			&policyv1.ListRecheckFindingsResponse{Findings: []*policyv1.RecheckFinding{{Cause: "new_law", Records: 1, Now: "hidden"}}},
			[]string{"new law", "1 record", "hidden now."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := show.Findings(&out, c.list); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q does not stand in\n%s", want, out.String())
				}
			}
		})
	}
}
