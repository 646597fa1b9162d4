package city

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

func standstill() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }

func generate(t *testing.T, o Options) string {
	t.Helper()
	dir := t.TempDir()
	if err := Generate(dir, o); err != nil {
		t.Fatal(err)
	}
	return dir
}

// files reads every file of a city by its path below dir.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, organisation := range Organisations() {
		all["extract/"+organisation] = read(t, filepath.Join(dir, "extract", organisation+".ndjson"))
	}
	all["truth"] = read(t, filepath.Join(dir, "truth", "truth.json"))
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func truthOf(t *testing.T, dir string) []TruthFamily {
	t.Helper()
	truth, err := ReadTruth(bytes.NewReader(read(t, filepath.Join(dir, "truth", "truth.json"))))
	if err != nil {
		t.Fatal(err)
	}
	var all []TruthFamily
	for f, err := range truth.Families() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	o := Options{Families: 60, Seed: 7, Now: standstill()}
	first, again := files(t, generate(t, o)), files(t, generate(t, o))
	for name := range first {
		if !bytes.Equal(first[name], again[name]) {
			t.Errorf("%s differs between two runs with the same seed", name)
		}
	}
	o.Seed = 8
	other := files(t, generate(t, o))
	for name := range first {
		if bytes.Equal(first[name], other[name]) {
			t.Errorf("%s is the same for two seeds", name)
		}
	}
}

func TestAFamilyDoesNotDependOnHowManyThereAre(t *testing.T) {
	few := truthOf(t, generate(t, Options{Families: 5, Seed: 7, Now: standstill()}))
	many := truthOf(t, generate(t, Options{Families: 9, Seed: 7, Now: standstill()}))
	if diff := cmp.Diff(few, many[:len(few)]); diff != "" {
		t.Errorf("families differ:\n%s", diff)
	}
}

// TestTheTruthIsAllThereIs: each extract is the truth as one organisation sees it, line by line and in both directions.
func TestTheTruthIsAllThereIs(t *testing.T) {
	dir := generate(t, Options{Families: 150, Seed: 3, Now: standstill()})
	truth := truthOf(t, dir)
	for _, organisation := range Organisations() {
		reader, err := extract.Read(bytes.NewReader(read(t, filepath.Join(dir, "extract", organisation+".ndjson"))))
		if err != nil {
			t.Fatal(err)
		}
		if got := reader.Head(); got.Organisation != organisation || !got.AsOf.Equal(standstill()) {
			t.Errorf("head is %v", got)
		}
		held := map[string]extract.Person{}
		for p, err := range reader.People() {
			if err != nil {
				t.Fatal(err)
			}
			held[p.Ref] = p
		}
		for _, f := range truth {
			for _, p := range f.People {
				for _, h := range p.Held {
					if h.Organisation != organisation {
						continue
					}
					want := extract.Person{Ref: h.Ref, Identity: h.Identity, Flags: h.Flags, Records: recordsInTruth(f, p.ID, h)}
					if diff := cmp.Diff(want, held[h.Ref]); diff != "" {
						t.Errorf("%s, %s of %s (-truth +extract):\n%s", organisation, p.ID, f.Family, diff)
					}
					delete(held, h.Ref)
				}
			}
		}
		if len(held) > 0 {
			t.Errorf("%s has %d people of whom the truth knows nothing", organisation, len(held))
		}
	}
}

func recordsInTruth(f TruthFamily, id string, h TruthHolding) []record.Record {
	var records []record.Record
	for _, r := range f.Records {
		if r.Person == id && r.Header.Organisation == h.Organisation && r.Holding == h.Ref {
			header := r.Header
			header.Organisation = ""
			records = append(records, record.Record{Header: header, Fields: r.Fields})
		}
	}
	return records
}

func TestNobodyCouldBeReal(t *testing.T) {
	numbers := map[string]string{}
	for _, f := range truthOf(t, generate(t, Options{Families: 300, Seed: 5, Now: standstill()})) {
		for _, p := range f.People {
			who := f.Family + "/" + p.ID
			for _, identity := range identities(p) {
				checkReserved(t, who, identity)
			}
			for _, number := range []string{p.Identity.NHSNumber, p.Identity.UPN} {
				if other, ok := numbers[number]; ok && number != "" {
					t.Errorf("%s and %s have the same number", who, other)
				}
				numbers[number] = who
			}
		}
	}
}

func identities(p TruthPerson) []person.Identity {
	all := []person.Identity{p.Identity}
	for _, h := range p.Held {
		all = append(all, h.Identity)
	}
	return all
}

func checkReserved(t *testing.T, who string, identity person.Identity) {
	t.Helper()
	if n := identity.NHSNumber; n != "" && (!person.ValidNHSNumber(n) || !strings.HasPrefix(n, "999")) {
		t.Errorf("%s: NHS number %s is not a valid one of the test range", who, n)
	}
	if n := identity.UPN; n != "" && (!person.ValidUPN(n) || n[1:4] != fictionalAuthority) {
		t.Errorf("%s: UPN %s is not a valid one of an invented authority", who, n)
	}
	for _, a := range identity.Addresses {
		if person.NormalisePostcode(a.Postcode) != a.Postcode || !strings.HasPrefix(a.Postcode, "ZZ") {
			t.Errorf("%s: postcode %s is not one of the invented area", who, a.Postcode)
		}
	}
	for _, phone := range identity.Phones {
		if !strings.HasPrefix(phone, "07700 900") && !strings.HasPrefix(phone, "01632 960") {
			t.Errorf("%s: telephone %s is not kept for drama", who, phone)
		}
	}
}

// TestWhatIsProtectedStandsOnlyWhereItsMaskHidesIt: the city itself must not put a refuge into a field that nobody would mask.
func TestWhatIsProtectedStandsOnlyWhereItsMaskHidesIt(t *testing.T) {
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string][]string{
		"refuge_address": {"location", "free_text"}, "birth_family": {"identity_link"}, "informant": {"informant"},
		"third_party": {"third_party"},
	}
	seen := map[string]int{}
	for _, f := range truthOf(t, generate(t, Options{Families: 600, Seed: 2, Now: standstill()})) {
		for _, protected := range f.Protected {
			if f.HandMade {
				continue
			}
			for _, r := range f.Records {
				for _, field := range r.Fields {
					if !strings.Contains(field.Value, protected.Token) {
						continue
					}
					seen[protected.Kind]++
					spec, _ := catalogue.Categories[r.Header.Category].Field(field.Name)
					if !slices.Contains(classes[protected.Kind], spec.Class) {
						t.Errorf("%s: a %s stands in %s.%s, class %s", f.Family, protected.Kind, r.Header.Category, field.Name, spec.Class)
					}
				}
			}
		}
	}
	for kind := range classes {
		if seen[kind] == 0 {
			t.Errorf("no record holds a %s, so nothing is tested by it", kind)
		}
	}
}

func TestTheCityIsLikeACity(t *testing.T) {
	const n = 800
	traits, slipNames, categories, labels, flags := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	known, undated := map[string]int{}, 0
	for _, f := range truthOf(t, generate(t, Options{Families: n, Seed: 11, Now: standstill()})) {
		if f.HandMade {
			continue
		}
		for _, trait := range f.Traits {
			traits[trait]++
		}
		organisations := map[string]bool{}
		for _, p := range f.People {
			for _, h := range p.Held {
				organisations[h.Organisation] = true
				count(slipNames, h.Slips)
				count(flags, h.Flags)
			}
		}
		for organisation := range organisations {
			known[organisation]++
		}
		for _, r := range f.Records {
			categories[r.Header.Category]++
			count(labels, r.Header.Labels)
			if r.Header.Day() == "" && !r.Header.Current {
				undated++
			}
		}
	}
	within(t, "families with twins", traits["twins"], n*1/100, n*8/100)
	within(t, "separated parents", traits["separated"], n*25/100, n*45/100)
	within(t, "live-in partners", traits["partner"], n*5/100, n*20/100)
	within(t, "families in a refuge", traits["refuge"], n*1/100, n*6/100)
	within(t, "adoptions", traits["adoption"], n*1/200, n*5/100)
	within(t, "unborn children", traits["unborn"], n*1/100, n*6/100)
	within(t, "families known to children's social care", known["children_social_care"], n*20/100, n*40/100)
	within(t, "families known to education", known["education"], n*60/100, n)
	within(t, "families known to youth justice", known["youth_justice"], 1, n*8/100)
	within(t, "undated records", undated, 1, n/2)
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range catalogue.Codes() {
		within(t, "records of "+code, categories[code], 1, n*20)
	}
	for _, s := range slips() {
		within(t, "slip "+s.name, slipNames[s.name], 1, n)
	}
	for _, label := range []string{"third_party", "informant", "adoption", "legally_restricted", "opinion", "spent", "risk_to_children", "live_investigation"} {
		within(t, "label "+label, labels[label], 1, n*5)
	}
	for _, flag := range catalogue.Flags {
		within(t, "flag "+flag, flags[flag], 1, n)
	}
}

func count(into map[string]int, names []string) {
	for _, name := range names {
		into[name]++
	}
}

func within(t *testing.T, what string, got, low, high int) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %d, want between %d and %d", what, got, low, high)
	}
}

func TestGeneratedFamiliesAreNotCalledLikeHandMadeOnes(t *testing.T) {
	families, err := LoadFamilies()
	if err != nil {
		t.Fatal(err)
	}
	w := vocabulary()
	for _, f := range families {
		for _, who := range f.People {
			for _, first := range w.familyFirst {
				if second, ok := strings.CutPrefix(who.FamilyName, first); ok && slices.Contains(w.familySecond, second) {
					t.Errorf("%s: the generator may call a family %s as well", f.Name, who.FamilyName)
				}
			}
		}
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for name, o := range map[string]Options{
		"fewer than none": {Families: -1, Now: standstill()}, "too many": {Families: maxFamilies + 1, Now: standstill()}, "no day": {Families: 1},
	} {
		if err := Generate(t.TempDir(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFilesAreNobodyElsesToRead(t *testing.T) {
	dir := generate(t, Options{Families: 1, Seed: 1, Now: standstill()})
	for path, want := range map[string]os.FileMode{"extract": 0o700, "truth": 0o700, "extract/police.ndjson": 0o600, "truth/truth.json": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: mode %o, want %o", path, got, want)
		}
	}
}

// TestMemoryDoesNotGrowWithTheCity: a city is written a family at a time.
func TestMemoryDoesNotGrowWithTheCity(t *testing.T) {
	live := func(upTo int) uint64 {
		var peak uint64
		seen := 0
		err := eachFamily(Options{Families: upTo, Seed: 1, Now: standstill()}, func(TruthFamily) error {
			if seen++; seen%250 == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return peak
	}
	small, large := live(500), live(2000)
	if large > small+4<<20 {
		t.Errorf("live memory grew from %d to %d bytes", small, large)
	}
}
