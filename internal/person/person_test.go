package person_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mashgate/mashgate/internal/person"
)

func whole() person.Identity {
	return person.Identity{
		GivenName: "CANARY1", FamilyName: "CANARY2", OtherNames: []string{"CANARY3"}, DateOfBirth: "CANARY4", Sex: "CANARY5",
		Addresses: []person.Address{{Lines: []string{"CANARY6"}, Postcode: "CANARY7", Current: true}}, Phones: []string{"CANARY8"},
		NHSNumber: "CANARY9", UPN: "CANARY10", School: "CANARY11", GP: "CANARY12", Ethnicity: "CANARY13", Language: "CANARY14",
		Religion: "CANARY15", Disability: "CANARY16",
	}
}

// %p is left out: fmt asks no type about it, and go vet refuses it on anything but a pointer.
func TestNoVerbPrintsAPerson(t *testing.T) {
	id := whole()
	nested := struct {
		Who  person.Identity
		Them []person.Address
		By   *person.Identity
	}{id, id.Addresses, &id}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t", "%T%v", "%08.3f"} {
		for _, value := range []any{id, &id, id.Addresses[0], id.Addresses, nested, &nested, map[string]person.Identity{"a": id}} {
			if out := fmt.Sprintf(verb, value); strings.Contains(out, "CANARY") {
				t.Errorf("%s of %T prints %s", verb, value, out)
			}
		}
	}
	if strings.Contains(id.String()+id.GoString()+fmt.Errorf("matching %v: %w", id, fmt.Errorf("%s", id)).Error(), "CANARY") {
		t.Error("String, GoString or an error prints a person")
	}
}

func TestNoHandlerLogsAPerson(t *testing.T) {
	id := whole()
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))} {
		log.Info("matched", "who", id, "pointer", &id, "where", id.Addresses[0], slog.Group("g", "who", id))
	}
	if strings.Contains(out.String(), "CANARY") || !strings.Contains(out.String(), person.Redacted) {
		t.Errorf("logged: %s", out.String())
	}
}

func TestAPersonGoesThroughJSONWhole(t *testing.T) {
	text, err := json.Marshal(whole())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "CANARY"); n != 16 {
		t.Errorf("%d of 16 values were written", n)
	}
	var back person.Identity
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	// Compared as JSON: a difference must not be printed either.
	again, err := json.Marshal(back)
	if err != nil || !bytes.Equal(text, again) {
		t.Error("what was read is not what was written")
	}
}

func TestNormaliseName(t *testing.T) {
	for in, want := range map[string]string{
		"O’Brien-Łoś ": "obrien los", "O'BRIEN  los": "obrien los", "Zoë": "zoe", "Zoe\u0308": "zoe", "Müller": "muller", "Strauß": "strauss",
		"ÆTHEL": "aethel", "St. John": "st john", "  ": "", "": "", "Nguyễn": "nguyen", "Smith, Jr.": "smith jr", "ŁUKASZ": "lukasz",
		"İpek": "ipek", "Ìṣọlá": "isola", "محمد": "محمد", "D’Souza": "dsouza", "Mary–Jane": "mary jane", "Anna2": "anna2",
	} {
		if got := person.NormaliseName(in); got != want {
			t.Errorf("NormaliseName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNormalisePostcode(t *testing.T) {
	for in, want := range map[string]string{
		"cv1 2ab": "CV1 2AB", "CV12AB": "CV1 2AB", " c v 1 2 a b ": "CV1 2AB", "SW1A 1AA": "SW1A 1AA", "m1 1ae": "M1 1AE", "EC1A1BB": "EC1A 1BB",
		"CV1-2AB": "CV1 2AB", "": "", "CV1": "", "12345": "", "CV1 2ABC": "", "CVX1 2AB": "",
	} {
		if got := person.NormalisePostcode(in); got != want {
			t.Errorf("NormalisePostcode(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNormaliseDate(t *testing.T) {
	for in, want := range map[string]string{
		"2019-02-03": "2019-02-03", "2019-2-3": "2019-02-03", "03/02/2019": "2019-02-03", "3/2/2019": "2019-02-03", "3.2.2019": "2019-02-03",
		"20190203": "2019-02-03", "3 Feb 2019": "2019-02-03", "3 February 2019": "2019-02-03", " Unborn ": "unborn",
		"2019-02-03T10:00:00Z": "2019-02-03", "29/02/2020": "2020-02-29",
	} {
		if got, ok := person.NormaliseDate(in); got != want || !ok {
			t.Errorf("NormaliseDate(%q) = %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "29/02/2019", "02/30/2019", "3/2/19", "2019", "2019-13-01", "0001-01-01", "soon"} {
		if got, ok := person.NormaliseDate(in); ok {
			t.Errorf("NormaliseDate(%q) = %q, want none", in, got)
		}
	}
}

func TestCheckDigits(t *testing.T) {
	for s, want := range map[string]bool{
		"9434765919": true, "4010232137": true, "9434765918": false, "943476591": false, "94347659190": false, "943476591X": false, "": false,
		"1234567890": false, "0000000000": true, "9434765９19": false,
	} {
		if got := person.ValidNHSNumber(s); got != want {
			t.Errorf("ValidNHSNumber(%q) = %v", s, got)
		}
	}
	for s, want := range map[string]bool{
		"A123456789012": true, "B123456789012": false, "": false, "A12345678901": false, "I123456789012": false, "a801200001001": false, "A8O1200001001": false, "A80120000100I": false,
	} {
		if got := person.ValidUPN(s); got != want {
			t.Errorf("ValidUPN(%q) = %v", s, got)
		}
	}
}

// Each digit counts in the check letter: of the letters, exactly one is right, and changing any one digit makes it wrong.
func TestEveryDigitOfAUPNCounts(t *testing.T) {
	for _, body := range []string{"801200001001", "331234019012", "80120000100A"} {
		var valid []string
		for letter := 'A'; letter <= 'Z'; letter++ {
			if upn := string(letter) + body; person.ValidUPN(upn) {
				valid = append(valid, upn)
			}
		}
		if len(valid) != 1 {
			t.Fatalf("%s has the check letters %v", body, valid)
		}
		for i := 1; i < 12; i++ {
			other := []byte(valid[0])
			other[i] = '0' + (other[i]-'0'+1)%10
			if person.ValidUPN(string(other)) {
				t.Errorf("%s and %s are both valid", valid[0], other)
			}
		}
	}
	// The example worked through by hand: 8·2+0·3+1·4+2·5+0+0+0+0+1·10+0+0+1·13 = 53, 53 mod 23 = 7, the letter H.
	if diff := cmp.Diff(true, person.ValidUPN("H801200001001")); diff != "" {
		t.Error(diff)
	}
}

func FuzzNormaliseName(f *testing.F) {
	for _, seed := range []string{"O’Brien", "İ", "ŉ", "ﬁ", "\xff", "Ⅻ", "ſ", "K"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		once := person.NormaliseName(name)
		if twice := person.NormaliseName(once); twice != once {
			t.Errorf("%q → %q → %q", name, once, twice)
		}
		if strings.TrimSpace(once) != once || strings.Contains(once, "  ") {
			t.Errorf("%q → %q has stray spaces", name, once)
		}
	})
}
