package policy_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

func jsonNumber(text string) json.Number { return json.Number(text) }

const overlayManifest = "{name: over, version: \"1\", hub: coventry, base: default, review_date: \"2026-10-01\"}"

// overlay is a pack over the built-in one.
func overlay(files map[string]string) fstest.MapFS {
	pack := fstest.MapFS{"manifest.yaml": {Data: []byte(overlayManifest)}}
	for name, source := range files {
		pack[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return pack
}

func read(t testing.TB, fsys fs.FS) *policy.Pack {
	t.Helper()
	pack, err := policy.ReadPack(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

func TestAnOverlayThatChangesNothingDecidesAsItsBase(t *testing.T) {
	pack := read(t, overlay(nil))
	if pack.ID() != defaultPack(t).ID() {
		t.Error("the id is another")
	}
	if pack.Manifest().Name != "over" || pack.Manifest().Base != policy.BaseDefault {
		t.Errorf("the manifest is not its own: %+v", pack.Manifest())
	}
}

func TestAnOverlayChangesDataAndRulesOfItsBase(t *testing.T) {
	release, err := rules.FS.ReadFile("release.rego")
	if err != nil {
		t.Fatal(err)
	}
	pack := read(t, overlay(map[string]string{
		"data/tiers.yaml":              "cells: {C: {mash: {effect: deny, reason: not_on_this_basis}}}\nalways_masked: null",
		"data/organisations.yaml":      "[]",
		"release.rego":                 string(release) + "\n# more\n",
		"extra.rego":                   "package mashgate.extra\n\nx := 1\n",
		"scenarios/james-gillick.yaml": "name: mine",
		"scenarios/more/new.yaml":      "name: new",
		"README.md":                    "words", ".git/config": "hidden", "data/.tiers.yaml.swp": "hidden", "data/tiers.yaml~": "left behind",
	}))
	tiers := pack.Data()["tiers"].(map[string]any)
	cells := tiers["cells"].(map[string]any)
	want := map[string]any{"effect": "deny", "reason": "not_on_this_basis"}
	if diff := cmp.Diff(want, cells["C"].(map[string]any)["mash"]); diff != "" {
		t.Errorf("the cell (-want +got):\n%s", diff)
	}
	if _, there := tiers["always_masked"]; there || cells["A"] == nil || cells["C"].(map[string]any)["s47"] == nil {
		t.Error("null does not take away, or more than what was named has changed")
	}
	if list, ok := pack.Data()["organisations"].([]any); !ok || len(list) != 0 {
		t.Error("a list is not replaced as a whole")
	}
	if base := defaultPack(t).Data()["tiers"].(map[string]any)["cells"].(map[string]any)["C"].(map[string]any)["mash"].(map[string]any); base["effect"] != "review" {
		t.Error("the base was changed")
	}
	if pack.Modules()["extra.rego"] == nil || !strings.HasSuffix(string(pack.Parts().Modules["release.rego"]), "# more\n") || pack.Modules()["ask.rego"] == nil {
		t.Error("the rules are not merged by file name")
	}
	for file, want := range map[string]string{"james-gillick.yaml": "name: mine", "more/new.yaml": "name: new", "ali-closed-episode.yaml": "name: ali-closed-episode"} {
		got, err := fs.ReadFile(pack.Scenarios(), file)
		if err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("scenario %s: %.30s, %v", file, got, err)
		}
	}
	if err := fstest.TestFS(pack.Scenarios(), "james-gillick.yaml", "more/new.yaml", "ali-closed-episode.yaml"); err != nil {
		t.Error(err)
	}
}

// TestAPackIsTheSameHoweverItIsRead: a folder, an overlay, JSON instead of YAML, parts; and numbers however they are spelt.
func TestAPackIsTheSameHoweverItIsRead(t *testing.T) {
	base := tinyPack(t, map[string]string{"data/windows.yaml": "years: {A: 3, B: 0.5, C: 1000, D: -2}"})
	want := read(t, base).ID()
	for name, source := range map[string]string{
		"other spellings": "years: {A: 3.0, B: 5e-1, C: 1e3, D: -2.00}",
		"other order":     "years: {D: -2, C: 1000, B: 0.50, A: 3}",
	} {
		if got := read(t, tinyPack(t, map[string]string{"data/windows.yaml": source})).ID(); got != want {
			t.Errorf("%s: the id is another", name)
		}
	}
	asJSON := tinyPack(t, map[string]string{"data/windows.yaml": "", "data/windows.json": `{"years": {"A": 3, "B": 0.5, "C": 1000, "D": -2}}`})
	if read(t, asJSON).ID() != want {
		t.Error("JSON: the id is another")
	}
	if read(t, tinyPack(t, map[string]string{"data/windows.yaml": "years: {A: 3, B: 0.5, C: 1000, D: -2.01}"})).ID() == want {
		t.Error("another number has the same id")
	}
	over := read(t, overlay(map[string]string{"data/windows.yaml": "years: {A: 3}"}))
	again, err := policy.NewPack(over.Parts())
	if err != nil || again.ID() != over.ID() || over.ID() == defaultPack(t).ID() {
		t.Errorf("an overlay as parts: %v", err)
	}
	merged, err := json.Marshal(over.Data()["windows"])
	if err != nil {
		t.Fatal(err)
	}
	whole := fstest.MapFS{}
	err = fs.WalkDir(rules.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := rules.FS.ReadFile(name)
		whole[name] = &fstest.MapFile{Data: source}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	whole["data/windows.yaml"].Data = merged
	if read(t, whole).ID() != over.ID() {
		t.Error("an overlay and the whole pack it makes have different ids")
	}
}

// TestDataIsPatchedAsTheStandardSays: the test cases of RFC 7396, appendix A, where both sides can be a data file.
func TestDataIsPatchedAsTheStandardSays(t *testing.T) {
	for _, test := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		var target, patch, want any
		if err := errors.Join(
			util.UnmarshalJSON([]byte(test.target), &target), util.UnmarshalJSON([]byte(test.patch), &patch),
			util.UnmarshalJSON([]byte(test.want), &want),
		); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, policy.MergePatch(target, patch)); diff != "" {
			t.Errorf("%s patched with %s (-want +got):\n%s", test.target, test.patch, diff)
		}
	}
}

// TestAnOverlaysTestsRunOverItsData: the base's over the base's, with the overlay's rules.
func TestAnOverlaysTestsRunOverItsData(t *testing.T) {
	own := "package own_test\n\nimport data.mashgate.fixture\n\ntest_years if data.windows.years.A == 3\n\ntest_fixture if fixture.base.hub == \"coventry\"\n"
	base, err := defaultPack(t).Test(t.Context(), policy.TestOptions{Only: "window_test"})
	if err != nil || base.Total == 0 {
		t.Fatalf("%+v, %v", base, err)
	}
	report, err := read(t, overlay(map[string]string{"data/windows.yaml": "years: {A: 3}", "own_test.rego": own})).
		Test(t.Context(), policy.TestOptions{Only: "window_test|own_test"})
	if err != nil || len(report.Failures) > 0 || report.Total != base.Total+2 {
		t.Errorf("%+v, %v; the base has %d", report, err, base.Total)
	}
	windows, err := rules.FS.ReadFile("windows.rego")
	if err != nil {
		t.Fatal(err)
	}
	slower := strings.Replace(string(windows), "years_before(years)", "years_before(years + 1)", 1)
	report, err = read(t, overlay(map[string]string{"windows.rego": slower})).Test(t.Context(), policy.TestOptions{Only: "window_test"})
	if err != nil || len(report.Failures) == 0 {
		t.Errorf("a rule replaced by a wrong one passes the base's tests: %+v, %v", report, err)
	}
	replaced := map[string]string{"windows.rego": slower, "window_test.rego": "package window_test\n\ntest_nothing if true\n"}
	report, err = read(t, overlay(replaced)).Test(t.Context(), policy.TestOptions{Only: "window_test"})
	if err != nil || report.Total != 1 || len(report.Failures) > 0 {
		t.Errorf("a test file that stands in for the base's: %+v, %v", report, err)
	}
}

// FuzzManifest: what is read is what it says again when it is written.
func FuzzManifest(f *testing.F) {
	for _, source := range []string{tinyManifest, overlayManifest, agencyManifest, "", "{", "contacts: [&a [*a]]"} {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		read, err := policy.ReadManifest(source)
		if err != nil {
			return
		}
		written, err := yaml.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		again, err := policy.ReadManifest(written)
		if diff := cmp.Diff(read, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v (-read +again):\n%s", err, diff)
		}
	})
}

// FuzzNumbers: a number's one spelling is the number, and is its own one spelling.
func FuzzNumbers(f *testing.F) {
	for _, text := range []string{"0", "-0", "1e2", "1.50", "1E-7", "12345678901234567890.000", "1e99", "1e101", "-2.5e+3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var number any
		if util.UnmarshalJSON([]byte(text), &number) != nil {
			return
		}
		if _, ok := number.(json.Number); !ok {
			return
		}
		one, err := policy.CanonicalNumber(number.(json.Number))
		if err != nil {
			return
		}
		if again, err := policy.CanonicalNumber(one); err != nil || again != one {
			t.Errorf("%s is %s is %s, %v", text, one, again, err)
		}
		before, _ := number.(json.Number).Float64()
		if after, err := one.Float64(); err == nil && after != before {
			t.Errorf("%s became %s", text, one)
		}
	})
}
