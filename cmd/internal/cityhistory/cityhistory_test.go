package cityhistory_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/cmd/internal/cityhistory"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
	"github.com/mashgate/mashgate/policy/simulate"
)

var options = city.Options{Families: 40, Seed: 3, Now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}

func compile(t *testing.T, data string) *policy.Revision {
	t.Helper()
	revision, err := policy.Compile(t.Context(), fstest.MapFS{
		"manifest.yaml":   {Data: []byte(`{name: draft, version: "2", hub: coventry, kind: hub, base: default, review_date: "2027-03-31"}`)},
		"data/tiers.json": {Data: []byte(data)},
	}, policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

// TestOneCellOverTheCity changes one cell, tier B under mash, from permit to review, and expects exactly the records of which that cell
// was what released them, counted from the decisions in force: whatever the cell permits and nothing else holds is held, and nothing
// else changes.
func TestOneCellOverTheCity(t *testing.T) {
	against, err := policy.Compile(t.Context(), rules.FS, policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	draft := compile(t, `{"cells": {"B": {"mash": {"effect": "review", "reason": "narrative_held"}}}}`)
	report, err := simulate.Run(t.Context(), simulate.Options{
		Kind: simulate.City, Against: against, Draft: draft,
		Records: simulate.FromCases(against.Vocabulary().Hub.Code, cityhistory.Cases(against.Vocabulary(), options)),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, row := range report.Runs[0].Changes {
		if row.Direction != simulate.Tighter || row.Now != policy.Review || row.Basis != "mash" {
			t.Errorf("%+v", row)
		}
		if row.What == simulate.Released {
			got[fmt.Sprint(row.Organisation, " ", row.Category, " ", row.Was)] += row.Count
		}
	}
	want := heldByTheCell(t, against)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records newly held (-want +got):\n%s", diff)
	}
	if len(want) < 3 || report.Widens() {
		t.Errorf("%d kinds of record are held: too few to tell; widens %v", len(want), report.Widens())
	}
}

// tierB is the row of the table, from domain.md section 3; attendance is of it about an adult.
var tierB = []string{
	"csc.chronology", "edu.exclusions", "edu.send", "edu.safeguarding_log", "pol.involvement", "pol.missing", "pol.domestic_abuse",
	"hlt.checks", "hlt.maternity", "hlt.mental_health_status", "hlt.substance_misuse", "prb.supervision", "yj.involvement",
}

func heldByTheCell(t *testing.T, against *policy.Revision) map[string]int64 {
	t.Helper()
	want := map[string]int64{}
	for c, err := range cityhistory.Cases(against.Vocabulary(), options) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Input.Episode.Basis != "mash" {
			continue
		}
		request, err := against.Open(t.Context(), c.Input)
		if err != nil {
			t.Fatal(err)
		}
		decisions, err := request.Release(t.Context(), c.Headers)
		if err != nil {
			t.Fatal(err)
		}
		adults := map[string]bool{}
		for _, s := range c.Input.Subjects {
			adults[s.ID] = s.Role == "parent" || s.Role == "carer" || s.Role == "other_adult" || s.Role == "sibling" && s.Born < "2008-11-23"
		}
		for i, h := range c.Headers {
			row := slices.Contains(tierB, h.Category) || h.Category == "hlt.attendance" && adults[h.Subject]
			released := decisions[i].Effect == policy.Permit || decisions[i].Effect == policy.Redact || decisions[i].Effect == policy.Exist
			if row && released {
				want[fmt.Sprint(h.Organisation, " ", h.Category, " ", decisions[i].Effect)]++
			}
		}
	}
	return want
}

// TestCases: the same city is told the same way, on every basis, and the pack's own codes alone are in it.
func TestCases(t *testing.T) {
	against, err := policy.Compile(t.Context(), rules.FS, policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bases := map[string]int{}
	var names []string
	for c, err := range cityhistory.Cases(against.Vocabulary(), options) {
		if err != nil {
			t.Fatal(err)
		}
		bases[c.Input.Episode.Basis]++
		names = append(names, c.Name)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(against.Vocabulary().Bases)), slices.Sorted(maps.Keys(bases))); diff != "" {
		t.Errorf("bases (-pack +city):\n%s", diff)
	}
	if len(names) != options.Families || len(slices.Compact(slices.Sorted(slices.Values(names)))) != options.Families {
		t.Errorf("%d names", len(names))
	}
	for _, err := range cityhistory.Cases(against.Vocabulary(), city.Options{Families: -1}) {
		if err == nil {
			t.Error("a city of -1 families was made")
		}
	}
}
