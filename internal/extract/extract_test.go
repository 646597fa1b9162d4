package extract

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

func head() Head {
	return Head{Organisation: "police", AsOf: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
}

func somebody(ref string) Person {
	return Person{
		Ref: "N-" + ref,
		Identity: person.Identity{
			GivenName: "Mira", FamilyName: "Quill", OtherNames: []string{"Mira Penn"}, DateOfBirth: "2014-02-03", NHSNumber: "9990100012",
			Addresses: []person.Address{{Lines: []string{"1 Bobbin Yard"}, Postcode: "ZZ1 1ZZ", Current: true}}, Phones: []string{"01632 960001"},
		},
		Flags: []string{"live_investigation"},
		Records: []record.Record{{
			Header: record.Header{
				Ref: "R-" + ref, Category: "pol.missing", EventDate: "2026-01-02", Labels: []string{"informant", "third_party"}, LabelsKnown: true,
			},
			Fields: []record.Field{{Name: "outcome", Value: "Found <safe> & well"}, {Name: "found_with", Value: "", Labels: []string{"third_party"}}},
		}},
	}
}

func write(t *testing.T, people ...Person) string {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, head())
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

func read(text string) ([]Person, error) {
	r, err := Read(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var people []Person
	for p, err := range r.People() {
		if err != nil {
			return people, err
		}
		people = append(people, p)
	}
	return people, nil
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	want := []Person{somebody("1"), somebody("2")}
	text := write(t, want...)
	got, err := read(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if strings.Contains(text, `"subject"`) || strings.Contains(text, `"organisation":""`) {
		t.Error("a header is written with what is not the holder's to say")
	}
	r, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(head(), r.Head()); diff != "" {
		t.Errorf("head (-want +got):\n%s", diff)
	}
}

func TestAPersonIsNeverPrinted(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, somebody("1")); strings.Contains(printed, "Mira") || strings.Contains(printed, "Found") {
			t.Errorf("%s prints person data: %s", verb, printed)
		}
	}
	if logged := somebody("1").LogValue().String(); strings.Contains(logged, "Mira") {
		t.Errorf("a log holds person data: %s", logged)
	}
}

func TestWhatIsNotAnExtractIsRefusedByName(t *testing.T) {
	good := write(t, somebody("1"))
	headOf, line, _ := strings.Cut(good, "\n")
	tests := map[string]struct{ text, want string }{
		"empty":                {"", "the head is missing"},
		"no head":              {line, "unknown field"},
		"other version":        {strings.Replace(good, `"extract":1`, `"extract":2`, 1), "extract is 2"},
		"no organisation":      {strings.Replace(good, `"police"`, `""`, 1), `organisation ""`},
		"no age":               {`{"extract":1,"organisation":"police"}`, "as_of is missing"},
		"unknown attribute":    {strings.Replace(good, `"flags"`, `"colour":"red","flags"`, 1), `"colour"`},
		"unknown in identity":  {strings.Replace(good, `"given_name"`, `"shoe_size":"4","given_name"`, 1), `"shoe_size"`},
		"unknown category":     {strings.Replace(good, "pol.missing", "pol.nonsense", 1), `"pol.nonsense"`},
		"field of another":     {strings.Replace(good, `"name":"outcome"`, `"name":"placement_address"`, 1), `"placement_address"`},
		"unknown label":        {strings.Replace(good, `"informant"`, `"hearsay"`, 1), `"hearsay"`},
		"unknown flag":         {strings.Replace(good, `"live_investigation"`, `"spicy"`, 1), `"spicy"`},
		"field label unknown":  {strings.Replace(good, `"labels":["third_party"]`, `"labels":["hush"]`, 1), `"hush"`},
		"header not total":     {strings.Replace(good, `"until":"",`, ``, 1), "until is missing"},
		"header null":          {strings.Replace(good, `"until":""`, `"until":null`, 1), "until is missing"},
		"header names subject": {strings.Replace(good, `"until":""`, `"until":"","subject":"s1"`, 1), "subject"},
		"header unknown":       {strings.Replace(good, `"until":""`, `"until":"","x":1`, 1), "unknown attribute"},
		"header no object":     {headOf + "\n" + `{"ref":"a","records":[{"header":null}]}`, "header is not an object"},
		"two dates":            {strings.Replace(good, `"until":""`, `"until":"2026-01-03"`, 1), "dated in one way"},
		"no day":               {strings.Replace(good, `2026-01-02`, `2026-13-02`, 1), "not an ISO day"},
		"bad ref":              {strings.Replace(good, `"N-1"`, `"N 1"`, 1), `"N 1"`},
		"bad record ref":       {strings.Replace(good, `"R-1"`, `"R/1"`, 1), `"R/1"`},
		"person twice":         {good + strings.Replace(line, "R-1", "R-2", 1), "stands for two people"},
		"record twice":         {good + strings.Replace(line, "N-1", "N-2", 1), "given twice"},
		"two values":           {headOf + "\n" + strings.TrimSpace(line) + `{"ref":"x"}`, "more than one JSON value"},
		"not JSON":             {headOf + "\n{", "line 2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := read(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestADateIsNotRepeatedInAnError(t *testing.T) {
	_, err := read(strings.Replace(write(t, somebody("1")), "2026-01-02", "born 2014", 1))
	if err == nil || strings.Contains(err.Error(), "2014") {
		t.Errorf("error is %v", err)
	}
}

func TestWriteRefusesWhatReadWouldRefuse(t *testing.T) {
	w, err := NewWriter(&bytes.Buffer{}, head())
	if err != nil {
		t.Fatal(err)
	}
	p := somebody("1")
	p.Records[0].Header.Subject = "s1"
	if err := w.Write(p); err == nil {
		t.Error("a record with a subject was written")
	}
	if _, err := NewWriter(&bytes.Buffer{}, Head{Organisation: "police"}); err == nil {
		t.Error("a head without an age was written")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"extract":1,"organisation":"police","as_of":"2026-11-22T06:00:00Z"}` + "\n" +
		`{"ref":"N-1","identity":{"given_name":"Mira"},"flags":[],"records":[{"header":{"ref":"R-1","category":"pol.missing","event_date":"","until":"","current":true,"labels":[],"labels_known":true,"only_address":false},"fields":[]}]}`))
	f.Add([]byte(`{"extract":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		people, err := read(string(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		w, err := NewWriter(&b, head())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range people {
			if err := w.Write(p); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
		}
		if _, err := read(b.String()); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
