package show_test

import (
	"strings"
	"testing"

	"github.com/mashgate/mashgate/cmd/internal/show"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

func TestExplanations(t *testing.T) {
	for name, c := range map[string]struct {
		answer *policyv1.ExplainResponse
		want   []string
	}{
		"nothing": {&policyv1.ExplainResponse{Revision: "r1"}, []string{"policy revision r1", "There is nothing that may be told."}},
		"a gate": {
			&policyv1.ExplainResponse{
				Gates:   []*mashgatev1.Reason{{Text: "You are not assigned.", Source: "Rules 4.1", Rule: "ask.requester"}},
				Changes: []*policyv1.NearestChange{{Text: "Had the requester been assigned to the episode: nothing would have stood in the way."}},
			},
			[]string{"• nobody was asked: You are not assigned.", "→ Had the requester been assigned"},
		},
		"a decision": {
			&policyv1.ExplainResponse{Explanations: []*policyv1.Explanation{
				{
					Organisation: "police", Subject: "s2", Category: "pol.convictions", Effect: mashgatev1.Effect_EFFECT_REVIEW, Masks: []string{"location"},
					Reasons:       []*mashgatev1.Reason{{Text: "A person decides.", Rule: "release.tier"}},
					RuleLocations: []string{"release.rego:38"}, Inputs: []*policyv1.InputRead{{Path: "request.basis", Value: `"mash"`}},
					Changes: []*policyv1.NearestChange{{Text: "Had the basis been s47: permit."}},
				},
				{Organisation: "police", Subject: "s2", Effect: mashgatev1.Effect_EFFECT_EXIST},
			}},
			[]string{
				"police about s2, pol.convictions: review, masked: location", "• A person decides.", "rules at release.rego:38",
				`they read request.basis = "mash"`, "→ Had the basis been s47: permit.", "something of a category that is not told",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := show.Explanations(&out, c.answer); err != nil {
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
