// Package adaptertest is what every reference adapter is held to, whatever the shape of its store: what is loaded comes back as the
// same records, what is not the organisation's is refused by name, people are found by every name and identifier they go by, and its
// own policy passes its own tests. It stands beside agencies/agencytest, which holds any agency to the contract on the wire.
package adaptertest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// AsOf is the age of every extract that the suite loads.
var AsOf = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// Run runs the whole suite.
func Run(t *testing.T, d localstore.Definition) {
	t.Run("round trip", func(t *testing.T) { roundTrip(t, d) })
	t.Run("every field and label", func(t *testing.T) { everyField(t, d) })
	t.Run("refusals", func(t *testing.T) { refusals(t, d) })
	t.Run("a failed load changes nothing", func(t *testing.T) { failedLoad(t, d) })
	t.Run("people are found", func(t *testing.T) { found(t, d) })
	t.Run("rules", func(t *testing.T) { Rules(t, d.Rules) })
	t.Run("conformance", func(t *testing.T) { conformance(t, d) })
}

func open(t testing.TB, d localstore.Definition) *localstore.Store {
	t.Helper()
	store, err := localstore.Open(context.Background(), t.TempDir(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// written is an extract of the people, as an organisation would hand it over.
func written(t fataler, organisation string, people ...extract.Person) string {
	t.Helper()
	var b bytes.Buffer
	w, err := extract.NewWriter(&b, extract.Head{Organisation: organisation, AsOf: AsOf})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func load(t fataler, store *localstore.Store, people ...extract.Person) {
	t.Helper()
	if err := store.Import(context.Background(), strings.NewReader(written(t, store.Organisation, people...))); err != nil {
		t.Fatal(err)
	}
}

// held reads everything back about one person.
func held(t fataler, store *localstore.Store, ref string) []record.Record {
	t.Helper()
	var all []record.Record
	for _, category := range store.Categories {
		for r, err := range store.Records(context.Background(), ref, category) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
	}
	return all
}

// same compares records, their fields and their labels, whatever the order of records and fields.
func same(t fataler, want, got []record.Record) {
	t.Helper()
	options := cmp.Options{
		cmpopts.EquateEmpty(),
		cmpopts.SortSlices(func(a, b record.Record) bool { return a.Header.Ref < b.Header.Ref }),
		cmpopts.SortSlices(func(a, b record.Field) bool { return a.Name < b.Name }),
		cmpopts.SortSlices(func(a, b string) bool { return a < b }),
	}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Fatalf("records (-loaded +read):\n%s", diff)
	}
}

func roundTrip(t *testing.T, d localstore.Definition) {
	store := open(t, d)
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		people := drawPeople(t, d, catalogue)
		load(t, store, people...)
		for _, p := range people {
			same(t, p.Records, held(t, store, p.Ref))
		}
	})
}

// everyField loads one record of each category that has every field, every label on the record and on each field, with values that could be mistaken for codes.
func everyField(t *testing.T, d localstore.Definition) {
	store := open(t, d)
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"", "Other", "OTHER: please state", "1", "High", "No further action", "a@b c|d;e\nf", "ünïcödé 🙂 <b>&amp;</b>"} {
		p := extract.Person{Ref: "P1", Identity: person.Identity{GivenName: "Mira", FamilyName: "Quill"}}
		for i, category := range d.Categories {
			r := record.Record{Header: record.Header{Ref: "R" + string(rune('a'+i)), Category: category, Labels: catalogue.Labels, LabelsKnown: true, OnlyAddress: true}}
			for _, field := range catalogue.Categories[category].Fields {
				r.Fields = append(r.Fields, record.Field{Name: field.Name, Value: value, Labels: catalogue.Labels})
			}
			p.Records = append(p.Records, r)
		}
		load(t, store, p)
		same(t, p.Records, held(t, store, "P1"))
	}
}

func refusals(t *testing.T, d localstore.Definition) {
	store := open(t, d)
	p := somebody(d)
	good := written(t, d.Organisation, p)
	foreign := foreignCategory(t, d)
	tests := map[string]struct{ text, want string }{
		"another organisation": {strings.Replace(good, `"organisation":"`+d.Organisation, `"organisation":"fire_service`, 1), `"fire_service"`},
		"unknown category":     {strings.Replace(good, d.Categories[0], "abc.nonsense", 1), `"abc.nonsense"`},
		"foreign category":     {written(t, d.Organisation, withCategory(p, foreign)), `"` + foreign + `"`},
		"unknown field":        {strings.Replace(good, `"fields":[]`, `"fields":[{"name":"shoe_size","value":""}]`, 1), `"shoe_size"`},
		"unknown label":        {strings.Replace(good, `"labels":[]`, `"labels":["hearsay"]`, 1), `"hearsay"`},
		"unknown flag":         {strings.Replace(good, `"flags":[]`, `"flags":["spicy"]`, 1), `"spicy"`},
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range catalogue.Flags {
		if !slices.Contains(d.Flags, flag) {
			tests["flag it cannot set: "+flag] = struct{ text, want string }{strings.Replace(good, `"flags":[]`, `"flags":["`+flag+`"]`, 1), `"` + flag + `"`}
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.text == good {
				t.Fatal("the case changes nothing")
			}
			err := store.Import(t.Context(), strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that names %s", err, test.want)
			}
		})
	}
	for _, err := range store.Records(t.Context(), p.Ref, foreign) {
		if err == nil || !strings.Contains(err.Error(), foreign) {
			t.Errorf("records of another organisation's category: error is %v", err)
		}
	}
}

func foreignCategory(t *testing.T, d localstore.Definition) string {
	for _, category := range []string{"hlt.restricted", "pol.involvement"} {
		if !slices.Contains(d.Categories, category) {
			return category
		}
	}
	t.Fatal("the organisation holds everything")
	return ""
}

func withCategory(p extract.Person, category string) extract.Person {
	p.Records = slices.Clone(p.Records)
	p.Records[0].Header.Category = category
	p.Records[0].Fields = nil
	return p
}

func failedLoad(t *testing.T, d localstore.Definition) {
	store := open(t, d)
	if _, err := store.IndexAsOf(t.Context()); err == nil {
		t.Error("a store that was never loaded says how old its index is")
	}
	p := somebody(d)
	load(t, store, p)
	bad := written(t, d.Organisation, p) + "{"
	if err := store.Import(t.Context(), strings.NewReader(bad)); err == nil {
		t.Fatal("half an extract was loaded")
	}
	same(t, p.Records, held(t, store, p.Ref))
	asOf, err := store.IndexAsOf(t.Context())
	if err != nil || !asOf.Equal(AsOf) {
		t.Errorf("the index is as of %v (%v), want %v", asOf, err, AsOf)
	}
}

func found(t *testing.T, d localstore.Definition) {
	store := open(t, d)
	p := somebody(d)
	p.Flags = d.Flags
	load(t, store, p, extract.Person{Ref: "P2", Identity: person.Identity{GivenName: "Osric", FamilyName: "Babble", DateOfBirth: "1971-01-01"}})
	asked := map[string]person.Identity{
		"name":          {GivenName: "MIRA", FamilyName: "Quíll"},
		"other name":    {GivenName: "Mira", FamilyName: "Penn"},
		"date of birth": {GivenName: "M", FamilyName: "Q", DateOfBirth: p.Identity.DateOfBirth},
	}
	for name, who := range asked {
		t.Run(name, func(t *testing.T) {
			candidates, err := store.Candidates(t.Context(), who)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(candidates, func(c matching.Candidate) bool { return c.Ref == p.Ref }) {
				t.Fatal("the person is not among the candidates")
			}
			if slices.ContainsFunc(candidates, func(c matching.Candidate) bool { return c.Ref == "P2" }) {
				t.Error("somebody who shares nothing is among the candidates")
			}
			if diff := cmp.Diff(d.Flags, candidates[0].Flags, cmpopts.SortSlices(strings.Compare)); diff != "" {
				t.Errorf("flags (-set +read):\n%s", diff)
			}
		})
	}
	nobody, err := store.Candidates(t.Context(), person.Identity{GivenName: "Tilly", FamilyName: "Merrow", DateOfBirth: "2001-09-09"})
	if err != nil || len(nobody) != 0 {
		t.Errorf("a stranger has %d candidates, error %v", len(nobody), err)
	}
}
