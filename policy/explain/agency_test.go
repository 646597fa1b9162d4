package explain_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
)

const own = `package mashgate.agency

contributions contains {"effect": "review", "reason": "held", "masks": [], "rule": "agency.held"} if {
	serious
	input.record.category == "pol.involvement"
}

serious if input.request.basis != "s47"
`

func TestAgencyExplained(t *testing.T) {
	agency, err := policy.CompileAgency(t.Context(), fstest.MapFS{
		"manifest.yaml":     {Data: []byte(`{name: police-own, version: "1", hub: coventry, kind: agency, organisation: police, review_date: "2026-09-30"}`)},
		"police.rego":       {Data: []byte(own)},
		"data/reasons.yaml": {Data: []byte(`held: {text: "Held by the force.", source: "Force policy 7", tellable: true, decider: holder, who: named_person}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	header := policy.AgencyHeader{
		Request: policy.AgencyRequest{Purpose: "safeguarding_children", Basis: "mash"}, Header: involvement(), About: policy.AgencyAbout{Role: "parent"},
	}
	got, err := explain.ExplainAgency(t.Context(), explain.AgencyQuestion{
		Policy: agency, Header: header, Bases: map[string]policy.Titled{"s47": {Title: "Section 47"}, "s17": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "Held for review, because:\n  Held by the force. (Force policy 7) [agency.held: review, police.rego:3]\n" +
		"It read:\n  record.category = \"pol.involvement\"\n  request.basis = \"mash\"\n" +
		"Had the basis been Section 47: permit.\nPolicy revision " + agency.ID() + ".\n"
	if diff := cmp.Diff(want, got.Text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
