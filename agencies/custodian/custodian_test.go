package custodian_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/agencies/custodian"
	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

var stranger = person.Identity{GivenName: "Tilly", FamilyName: "Merrow", DateOfBirth: "2001-09-09", NHSNumber: "9990101124"}

func open(t *testing.T, file string) *custodian.Custodian {
	t.Helper()
	c, err := custodian.Open(custodian.Options{File: file, AsOf: adaptertest.AsOf})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lines are all records of one person as "category date label,…: field=value".
func lines(t *testing.T, c *custodian.Custodian, ref string) []string {
	t.Helper()
	var out []string
	for _, category := range c.Categories() {
		for r, err := range c.Records(t.Context(), ref, category) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, line(r))
		}
	}
	return out
}

func line(r record.Record) string {
	h := r.Header
	words := []string{h.Category}
	if h.Current {
		words = append(words, "now")
	}
	for _, word := range append([]string{h.Day()}, h.Labels...) {
		if word != "" {
			words = append(words, word)
		}
	}
	if h.OnlyAddress {
		words = append(words, "only-address")
	}
	for _, f := range r.Fields {
		words = append(words, f.Name+"="+f.Value)
	}
	return strings.Join(words, " | ")
}

func TestAFileIsMappedNotRewritten(t *testing.T) {
	tests := map[string][]string{
		"testdata/police.json": {
			"pol.involvement | now | contact_type=Known to: Police; Youth justice service",
			"pol.involvement | now | risk=Large dog at the address",
			"pol.involvement | now | contact_type=Open to youth justice",
			"pol.involvement | now | risk=Criminal exploitation",
			"pol.missing | 2026-03-04 | outcome=Missing episode | return_interview=Not attended",
			"pol.missing | 2026-05-06 | outcome=Missing episode",
		},
		"testdata/local-authority.json": {
			"csc.assessments | third_party | danger=May be violent | other_people=Leon Quill, Father, born 1988-01-02",
			"csc.chronology | 2026-02-03 | event=Referral: Early Help",
			"csc.status | now | allocated_worker=Worker W | legal_status=Child in need plan | status=Child In Need | team=Team One; Team Two",
			"csc.status | now | household_with=Dawn Quill; Leon Quill | recorded_address=1 Bobbin Yard, Mashbury, ZZ1 1ZZ | recorded_date_of_birth=2014-02-03",
		},
	}
	for file, want := range tests {
		if diff := cmp.Diff(want, lines(t, open(t, file), "9990100012")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestWhoAPersonIs(t *testing.T) {
	candidates, err := open(t, "testdata/local-authority.json").Candidates(t.Context(), person.Identity{})
	if err != nil || len(candidates) != 1 {
		t.Fatalf("%d candidates, error %v", len(candidates), err)
	}
	want := person.Identity{
		GivenName: "Mira", FamilyName: "Quill", DateOfBirth: "2014-02-03", Sex: "female", NHSNumber: "9990100012",
		Addresses: []person.Address{{Lines: []string{"1 Bobbin Yard", "Mashbury"}, Postcode: "ZZ1 1ZZ", Current: true}},
	}
	if diff := cmp.Diff(want, candidates[0].Identity); diff != "" {
		t.Error("the identity is not the file's")
	}
}

func TestTheContractOnTheWire(t *testing.T) {
	tests := map[string]agencytest.Known{
		"testdata/police.json": {
			Identity: person.Identity{GivenName: "Mira", FamilyName: "Quill", DateOfBirth: "2014-02-03", NHSNumber: "9990100012"},
			Records:  map[string]int{"pol.involvement": 4, "pol.missing": 2},
		},
		"testdata/local-authority.json": {
			Identity: person.Identity{GivenName: "Mira", FamilyName: "Quill", DateOfBirth: "2014-02-03"},
			Records:  map[string]int{"csc.assessments": 1, "csc.chronology": 1, "csc.status": 2},
		},
	}
	for file, known := range tests {
		t.Run(filepath.Base(file), func(t *testing.T) {
			agencytest.Run(t, func(t *testing.T) agencytest.Adapter {
				config, err := open(t, file).Config(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return agencytest.Adapter{Config: config, Now: adaptertest.AsOf.Add(time.Hour), Known: []agencytest.Known{known}, Stranger: stranger}
			})
		})
	}
}

func TestTheCustodiansOwnRules(t *testing.T) { adaptertest.Rules(t, os.DirFS("policy")) }

func TestAFileThatTheMappingDoesNotAccountForIsRefusedByName(t *testing.T) {
	source, err := os.ReadFile("testdata/police.json")
	if err != nil {
		t.Fatal(err)
	}
	good := string(source)
	tests := map[string]struct{ text, want string }{
		"not JSON":           {"{", "not a custodian's JSON"},
		"nothing":            {"{}", "no orgType"},
		"unknown custodian":  {strings.Replace(good, `"POLICE"`, `"FIRE"`, 1), `"FIRE"`},
		"unknown type":       {strings.Replace(good, "crime-justice.details", "fire.details", 1), `"fire.details"`},
		"unknown attribute":  {strings.Replace(good, `"payload": {`, `"payload": {"shoeSize": 4,`, 1), `"shoeSize"`},
		"unknown, in a list": {strings.Replace(good, `{"date": "2026-03-04"`, `{"foundBy": "x", "date": "2026-03-04"`, 1), `"missingEpisodes.foundBy"`},
		"no day":             {strings.Replace(good, "2026-03-04", "last Tuesday", 1), "not an ISO day"},
		"bad id":             {strings.Replace(good, `"T-1"`, `"T/1"`, 1), "recordId"},
		"no person":          {strings.Replace(good, `"personId": "9990100012",`, "", 1), "personId"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "custodian.json")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := custodian.Open(custodian.Options{File: file})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestAMappingThatCannotHoldIsRefusedByName(t *testing.T) {
	good := "org_type: T\norganisation: t_org\ntitle: T\nlooked_in: T\nmax_index_age: 1h\nrecords:\n" +
		"  - {type: x, category: pol.missing, current: true, labels: [informant], fields: {outcome: \"{a}\"}}\n"
	if _, err := custodian.ParseMapping([]byte(good)); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, replacement, want string }{
		"unknown key":      {"title: T", "title: T\ncolour: red", "colour"},
		"unknown category": {"pol.missing", "pol.nonsense", `"pol.nonsense"`},
		"unknown field":    {"outcome:", "shoe_size:", `"shoe_size"`},
		"unknown label":    {"informant", "hearsay", `"hearsay"`},
		"two dates":        {"current: true", `current: true, until: "{b}"`, "dated in one way"},
		"no age":           {"max_index_age: 1h\n", "", "max_index_age"},
		"words without":    {`"{a}"`, `{text: "{a}"}`, "words are needed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := custodian.ParseMapping([]byte(strings.Replace(good, test.old, test.replacement, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

// Nobody was found is only said of an index in which the person could have been found.
func TestAFileOfNumbersSaysNoTraceOnlyOfNumbers(t *testing.T) {
	byName := stranger
	byName.NHSNumber = ""
	tests := []struct {
		file string
		who  person.Identity
		want string
	}{
		{"testdata/police.json", byName, "too_few_identifiers"},
		{"testdata/police.json", stranger, ""},
		{"testdata/local-authority.json", byName, ""},
	}
	for _, test := range tests {
		all, err := open(t, test.file).Candidates(t.Context(), test.who)
		var failure *agencies.Failure
		if got := errors.As(err, &failure); got != (test.want != "") || got && failure.Code != test.want {
			t.Errorf("%s: error %v, want %q", test.file, err, test.want)
		}
		if err == nil && matching.Match(test.who, all).Outcome != matching.NoTrace {
			t.Errorf("%s: a stranger is found", test.file)
		}
	}
}
