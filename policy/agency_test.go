package policy_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

const agencyRules = `package mashgate.agency

contributions contains {"effect": "review", "reason": "force_intelligence", "masks": [], "rule": "agency.intelligence"} if {
	input.record.category == "pol.intelligence"
	input.record.about.child
}

contributions contains {"effect": input.request.basis, "reason": "force_intelligence", "masks": [], "rule": "agency.broken"} if {
	input.record.category == "pol.missing"
}
`

const agencyManifest = "{name: police, version: \"1\", hub: coventry, kind: agency, organisation: police, review_date: \"2026-09-30\"}"

const agencyReasons = `force_intelligence: {text: Held by the force's own policy., source: "Force policy 12", tellable: true}`

func agencyPack(rego, reasons string) fstest.MapFS {
	return fstest.MapFS{
		"manifest.yaml": {Data: []byte(agencyManifest)}, "agency.rego": {Data: []byte(rego)}, "data/reasons.yaml": {Data: []byte(reasons)},
	}
}

func TestAnAgencyCanOnlyTighten(t *testing.T) {
	agency, err := policy.CompileAgency(context.Background(), agencyPack(agencyRules, agencyReasons))
	if err != nil {
		t.Fatal(err)
	}
	header := func(category string) policy.AgencyHeader {
		return policy.AgencyHeader{
			Request: policy.AgencyRequest{Purpose: "safeguarding_children", Basis: "s47"},
			Header:  record.Header{Organisation: "police", Category: category, Subject: "s", Current: true, LabelsKnown: true},
			About:   policy.AgencyAbout{Role: "sibling", Child: true},
		}
	}
	got, err := agency.Decide(context.Background(), []policy.AgencyHeader{
		header("pol.involvement"), header("pol.intelligence"), header("pol.missing"), header("pol.nothing"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var effects []policy.Effect
	for _, decision := range got {
		effects = append(effects, decision.Effect)
	}
	if diff := cmp.Diff([]policy.Effect{policy.Permit, policy.Review, policy.Deny, policy.Deny}, effects); diff != "" {
		t.Errorf("no objection, held, broken, malformed (-want +got):\n%s", diff)
	}
	if got[0].Err != "" || len(got[0].Reasons) != 0 || got[1].Reasons[0].Source != "Force policy 12" || got[2].Err == "" || got[3].Err == "" {
		t.Errorf("got %+v", got)
	}
}

func TestAnAgencyPackIsChecked(t *testing.T) {
	tests := map[string]struct{ rego, reasons, want string }{
		"no entry":       {"package mashgate.agency\n\nother := 1\n", agencyReasons, "is not defined"},
		"unknown reason": {agencyRules, "other: {text: t, source: s}", "force_intelligence"},
		"the network":    {agencyRules + "\nx := http.send({})\n", agencyReasons, "http.send"},
	}
	for name, test := range tests {
		if _, err := policy.CompileAgency(context.Background(), agencyPack(test.rego, test.reasons)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}

// TestWhatAnAgencyReads: every attribute of the contract is there, under its name, and nothing of the reference is.
func TestWhatAnAgencyReads(t *testing.T) {
	const want = `{
	"request": {"purpose": "safeguarding_children", "basis": "s47"},
	"record": {
		"organisation": "police", "category": "pol.missing", "subject": "s", "event_date": "2026-01-02", "until": "", "current": false,
		"labels": ["opinion", "third_party"], "labels_known": true, "only_address": true, "about": {"role": "sibling", "child": true},
	},
}`
	rules := "package mashgate.agency\n\n" +
		`contributions contains {"effect": "review", "reason": "force_intelligence", "masks": [], "rule": "agency.all"} if input == ` + want + "\n"
	agency, err := policy.CompileAgency(t.Context(), agencyPack(rules, agencyReasons))
	if err != nil {
		t.Fatal(err)
	}
	got, err := agency.Decide(t.Context(), []policy.AgencyHeader{{
		Request: policy.AgencyRequest{Purpose: "safeguarding_children", Basis: "s47"},
		Header: record.Header{
			Ref: "r", Organisation: "police", Category: "pol.missing", Subject: "s", EventDate: "2026-01-02",
			Labels: []string{"third_party", "opinion"}, LabelsKnown: true, OnlyAddress: true,
		},
		About: policy.AgencyAbout{Role: "sibling", Child: true},
	}})
	if err != nil || got[0].Effect != policy.Review {
		t.Errorf("the rules read something else: %+v, %v", got, err)
	}
}
