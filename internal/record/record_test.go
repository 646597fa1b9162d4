package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func catalogue(t testing.TB) *Catalogue {
	t.Helper()
	c, err := LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func header() Header {
	return Header{
		Ref: "r1", Organisation: "police", Category: "pol.domestic_abuse", Subject: "s1", EventDate: "2026-01-02",
		Labels: []string{"third_party"}, LabelsKnown: true,
	}
}

func TestTheCatalogueListsEveryCategoryOfTheDomain(t *testing.T) {
	want := []string{
		"csc.assessments", "csc.chronology", "csc.placement", "csc.status", "edu.attendance", "edu.enrolment", "edu.exclusions",
		"edu.safeguarding_log", "edu.send", "eh.plan", "hlt.attendance", "hlt.checks", "hlt.maternity", "hlt.mental_health_detail",
		"hlt.mental_health_status", "hlt.registration", "hlt.restricted", "hlt.sexual_health", "hlt.substance_misuse",
		"pol.convictions", "pol.domestic_abuse", "pol.intelligence", "pol.involvement", "pol.live_investigation", "pol.missing",
		"prb.risk", "prb.supervision", "yj.involvement",
	}
	c := catalogue(t)
	if diff := cmp.Diff(want, c.Codes()); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
	first := c.Categories["pol.domestic_abuse"].Fields[2]
	if diff := cmp.Diff(FieldSpec{Name: "risk", Title: "DASH risk", Class: "risk", SignsOfSafety: "danger_statements"}, first); diff != "" {
		t.Errorf("fields keep the file's order (-want +got):\n%s", diff)
	}
}

func TestACatalogueThatContradictsItselfIsRefused(t *testing.T) {
	tests := map[string]string{
		"class":      `class: other, sos: harm`,
		"sos":        `class: risk, sos: weather`,
		"attribute":  `class: risk, attribute: shoe_size`,
		"unknownkey": `class: risk, colour: red`,
		"twice":      `class: risk, class: risk`,
	}
	for name, field := range tests {
		source := fmt.Sprintf("categories: {a.b: {title: T, holder: h, fields: {f: {title: F, %s}}}}\nlabels: [l]\nclasses: [risk]\n", field)
		if _, err := parseCatalogue([]byte(source)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := parseCatalogue([]byte("labels: []")); err == nil {
		t.Error("an empty catalogue was accepted")
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	tests := map[string]struct {
		change func(*Record)
		want   string
	}{
		"category":       {func(r *Record) { r.Header.Category = "pol.SECRET" }, "category is not in the catalogue"},
		"label":          {func(r *Record) { r.Header.Labels = []string{"SECRET"} }, "labels has a label that is not"},
		"label twice":    {func(r *Record) { r.Header.Labels = []string{"spent", "spent"} }, "labels has a label twice"},
		"date":           {func(r *Record) { r.Header.EventDate = "SECRET" }, "event_date is not an ISO day"},
		"no such day":    {func(r *Record) { r.Header.EventDate = "2026-02-30" }, "event_date is not an ISO day"},
		"until":          {func(r *Record) { r.Header.EventDate, r.Header.Until = "", "02/01/2026" }, "until is not an ISO day"},
		"dated twice":    {func(r *Record) { r.Header.Until = "2026-01-03" }, "dated in one way"},
		"dated, current": {func(r *Record) { r.Header.Current = true }, "dated in one way"},
		"field":          {func(r *Record) { r.Fields[1].Name = "SECRET" }, "field 2 is not in the catalogue"},
		"other category": {func(r *Record) { r.Fields[1].Name = "gp_surgery" }, "field 2 is not in the catalogue"},
		"field twice":    {func(r *Record) { r.Fields[1].Name = "incident" }, "field 2 is given twice"},
		"field label":    {func(r *Record) { r.Fields[0].Labels = []string{"SECRET"} }, "field 1 has a label that is not"},
	}
	c := catalogue(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := Record{Header: header(), Fields: []Field{{Name: "incident", Value: "v"}, {Name: "place", Value: "v"}}}
			test.change(&r)
			err := c.Check(r)
			var malformed *Malformed
			if !errors.As(err, &malformed) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want a *Malformed with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the text repeats what the holder wrote: %v", err)
			}
		})
	}
	if err := c.Check(Record{Header: header()}); err != nil {
		t.Errorf("a sound record was refused: %v", err)
	}
}

func TestMaskReleasesOnlyListedUnmaskedFields(t *testing.T) {
	full := Record{Header: header(), Fields: []Field{
		{Name: "incident", Value: "i"}, {Name: "risk", Value: "high"}, {Name: "place", Value: "p"}, {Name: "summary", Value: "s"},
		{Name: "outcome", Value: "o", Labels: []string{"safe_address"}}, {Name: "role", Value: "r", Labels: []string{"opinion"}},
		{Name: "smuggled", Value: "x"},
	}}
	hides := func(label string) bool { return label == "safe_address" }
	c := catalogue(t)
	got, redacted := c.Mask(full, []string{"location", "free_text"}, hides)
	if diff := cmp.Diff([]string{"incident", "risk", "role"}, names(got)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Redacted{Classes: []string{"free_text", "location", "other"}, Unlisted: 1}, redacted); diff != "" {
		t.Errorf("redacted (-want +got):\n%s", diff)
	}
	if len(full.Fields) != 7 {
		t.Error("the record given was changed")
	}
	if unknowing, _ := c.Mask(full, nil, nil); slices.Contains(names(unknowing), "role") {
		t.Error("a labelled field was released without anybody knowing what its label hides")
	}
	full.Header.Category = "no.such"
	if none, _ := c.Mask(full, nil, hides); len(none.Fields) != 0 {
		t.Errorf("released of an unknown category: %v", names(none))
	}
}

func names(r Record) []string {
	var out []string
	for _, f := range r.Fields {
		out = append(out, f.Name)
	}
	return out
}

func TestAHeaderIsTotal(t *testing.T) {
	whole, err := json.Marshal(header())
	if err != nil {
		t.Fatal(err)
	}
	var back Header
	if err := json.Unmarshal(whole, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(header(), back); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	for _, key := range headerKeys {
		var attributes map[string]any
		if err := json.Unmarshal(whole, &attributes); err != nil {
			t.Fatal(err)
		}
		delete(attributes, key)
		part, err := json.Marshal(attributes)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(part, &back); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s: got %v, want an error that names it", key, err)
		}
	}
	for _, bad := range []string{`[]`, strings.Replace(string(whole), `"ref"`, `"x":1,"ref"`, 1), strings.Replace(string(whole), `"ref"`, `"REF":"x","ref"`, 1), strings.Replace(string(whole), `false`, `"no"`, 1)} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("accepted %s", bad)
		}
	}
}

func TestNormalisedSortsLabelsAndLeavesTheRest(t *testing.T) {
	h := header()
	h.Labels = []string{"spent", "informant", "spent"}
	if diff := cmp.Diff([]string{"informant", "spent"}, h.Normalised().Labels); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if h.Labels[0] != "spent" {
		t.Error("the header given was changed")
	}
	if (Header{}).Normalised().Labels == nil {
		t.Error("no labels must be written as an empty list")
	}
}

func TestChunksHoldAtMost64RecordsInOrder(t *testing.T) {
	records := make([]Record, 2*MaxChunk+1)
	for i := range records {
		records[i].Header.Ref = fmt.Sprint(i)
	}
	var sizes []int
	var joined []Record
	for chunk := range Chunks(records) {
		sizes = append(sizes, len(chunk))
		joined = append(joined, chunk...)
	}
	if diff := cmp.Diff([]int{MaxChunk, MaxChunk, 1}, sizes); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(records, joined); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestLogsHoldNoPersonData(t *testing.T) {
	h := header()
	h.Ref, h.Subject, h.EventDate, h.Labels = "CANARY-1", "CANARY-2", "CANARY-3", []string{"CANARY-4"}
	r := Record{Header: h, Fields: []Field{{Name: "CANARY-5", Value: "CANARY-6"}}}
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("m", "h", h, "r", r, "f", r.Fields[0], "e", &Malformed{Attribute: "x", Value: "CANARY-7"})
	}
	if strings.Contains(out.String(), "CANARY") {
		t.Errorf("logged: %s", out.String())
	}
}

func FuzzHeader(f *testing.F) {
	whole, err := json.Marshal(header())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"ref":"r","ref":"s"}`))
	f.Add([]byte(`null`))
	c := catalogue(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var h Header
		if json.Unmarshal(data, &h) != nil {
			return
		}
		h = h.Normalised()
		if c.CheckHeader(h) != nil {
			return
		}
		if _, known := c.Categories[h.Category]; !known || (h.Current && h.Day() != "") {
			t.Errorf("accepted %+v", h)
		}
		again, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back Header
		if err := json.Unmarshal(again, &back); err != nil || !cmp.Equal(h, back) {
			t.Errorf("round trip of %s: %v", again, err)
		}
	})
}

func FuzzMask(f *testing.F) {
	f.Add("pol.involvement", "place", "location")
	f.Add("hlt.restricted", "record", "")
	c := catalogue(f)
	f.Fuzz(func(t *testing.T, category, name, mask string) {
		in := Record{Header: Header{Category: category}, Fields: []Field{{Name: name, Value: "v"}}}
		out, _ := c.Mask(in, []string{mask}, nil)
		spec, listed := c.Categories[category].Field(name)
		if want := listed && spec.Class != mask; want != (len(out.Fields) == 1) {
			t.Errorf("%s.%s under mask %q: released %d fields", category, name, mask, len(out.Fields))
		}
	})
}

func FuzzCatalogue(f *testing.F) {
	f.Add(embeddedCatalogue)
	f.Add([]byte("categories: {a: {fields: {<<: {}}}}"))
	f.Fuzz(func(t *testing.T, source []byte) {
		c, err := parseCatalogue(source)
		if err != nil {
			return
		}
		for _, code := range c.Codes() {
			for _, field := range c.Categories[code].Fields {
				if !slices.Contains(c.Classes, field.Class) {
					t.Errorf("%s.%s has the unknown class %q", code, field.Name, field.Class)
				}
			}
		}
	})
}
