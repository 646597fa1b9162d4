package policy_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

func TestTheDefaultPackSaysWhatItIs(t *testing.T) {
	m := defaultPack(t).Manifest()
	if m.Name != "coventry-default" || m.Version == "" || m.Hub != "coventry" || m.Kind != policy.KindHub || m.Base != "" {
		t.Errorf("got %+v", m)
	}
	if len(m.Contacts) == 0 || len(m.Agreements) == 0 || m.ReviewDate == "" {
		t.Errorf("contacts, agreements and review date: %+v", m)
	}
}

// TestAManifestIsReadStrictly: every problem is reported together, with the file and the field.
func TestAManifestIsReadStrictly(t *testing.T) {
	tests := map[string]struct {
		manifest string
		want     []string
	}{
		"nothing in it":   {"{}", []string{"manifest.yaml: name: is missing", "manifest.yaml: version: is missing", "manifest.yaml: hub: is missing", "manifest.yaml: review_date:"}},
		"empty":           {"", []string{"manifest.yaml: is empty"}},
		"unknown keys":    {strings.Replace(tinyManifest, "name:", "colour: red, contacts: [{role: r, email: a@b, name: n}], nom:", 1), []string{"manifest.yaml: colour: line 1: is no field of a manifest", "manifest.yaml: name: line 1: is no field of a contact", "manifest.yaml: nom:", "manifest.yaml: name: is missing"}},
		"two":             {tinyManifest + "\n---\nname: other\n", []string{"manifest.yaml: holds more than one document"}},
		"no YAML":         {"{", []string{"manifest.yaml"}},
		"not a list":      {strings.Replace(tinyManifest, "name:", "contacts: 7, name:", 1), []string{"manifest.yaml", "cannot unmarshal"}},
		"review date":     {strings.Replace(tinyManifest, "2026-09-30", "30.9.2026", 1), []string{`manifest.yaml: review_date: "30.9.2026"`}},
		"base":            {strings.Replace(tinyManifest, "name:", "base: leeds, name:", 1), []string{`manifest.yaml: base: "leeds" is not known`}},
		"kind":            {strings.Replace(tinyManifest, "name:", "kind: club, name:", 1), []string{`manifest.yaml: kind: "club"`}},
		"organisation":    {strings.Replace(tinyManifest, "name:", "organisation: police, name:", 1), []string{"manifest.yaml: organisation: is for an agency's"}},
		"no organisation": {strings.Replace(tinyManifest, "name:", "kind: agency, base: default, name:", 1), []string{"manifest.yaml: organisation:", "manifest.yaml: base: an agency's"}},
		"hub":             {strings.Replace(tinyManifest, "coventry", "leeds", 1), []string{`manifest.yaml: hub: "leeds" is not the code in data/hub.yaml, "coventry"`}},
		"name":            {strings.Replace(tinyManifest, "tiny", "../Tiny", 1), []string{"manifest.yaml: name:"}},
		"contact":         {strings.Replace(tinyManifest, "name:", "contacts: [{role: lead}], agreements: [{}], name:", 1), []string{"manifest.yaml: contacts[0]: needs", "manifest.yaml: agreements[0].title"}},
	}
	for name, test := range tests {
		pack := tinyPack(t, nil).(fstest.MapFS)
		pack["manifest.yaml"] = &fstest.MapFile{Data: []byte(test.manifest)}
		_, err := policy.ReadPack(pack)
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %s", name, err, want)
			}
		}
	}
	if _, err := policy.ReadPack(tinyPack(t, map[string]string{"manifest.yaml": ""})); err == nil || !strings.Contains(err.Error(), "manifest.yaml: is missing") {
		t.Errorf("without a manifest: %v", err)
	}
}

// TestOneKindOfPackIsNotTheOther: rules that say nothing about a hub's records, or an agency's, must not be taken for ones that do.
func TestOneKindOfPackIsNotTheOther(t *testing.T) {
	if _, err := policy.CompileAgency(t.Context(), rules.FS); err == nil || !strings.Contains(err.Error(), "of kind hub, where one of kind agency") {
		t.Errorf("a hub's pack at an agency: %v", err)
	}
	_, err := policy.Compile(t.Context(), agencyPack(agencyRules, agencyReasons), policy.CompileOptions{})
	if err == nil || !strings.Contains(err.Error(), "of kind agency, where one of kind hub") {
		t.Errorf("an agency's pack at a hub: %v", err)
	}
	agency, err := policy.ReadPack(agencyPack(agencyRules, agencyReasons))
	if err != nil {
		t.Fatal(err)
	}
	overlay := policy.CompileOptions{Tightening: []policy.TighteningRule{{Effect: policy.Deny}}}
	if _, err := agency.CompileAgency(t.Context(), overlay); err == nil {
		t.Error("an agency's pack took a hub's tightening")
	}
	compiled, err := agency.CompileAgency(t.Context(), policy.CompileOptions{})
	if err != nil || compiled.Manifest().Organisation != "police" || len(compiled.RuleLocation("agency.intelligence")) != 1 {
		t.Errorf("%+v, %v", compiled, err)
	}
}

// TestAPacksPartsAreThePack: what a bundle carries makes a pack of the same id, manifest and decisions, without sharing what it was
// made of.
func TestAPacksPartsAreThePack(t *testing.T) {
	pack := defaultPack(t)
	parts := pack.Parts()
	again, err := policy.NewPack(parts)
	if err != nil {
		t.Fatal(err)
	}
	if again.ID() != pack.ID() {
		t.Errorf("id %s became %s", pack.ID(), again.ID())
	}
	if diff := cmp.Diff(pack.Manifest(), again.Manifest()); diff != "" {
		t.Errorf("manifest (-folder +parts):\n%s", diff)
	}
	if _, tests := parts.Modules["release_test.rego"]; tests || len(parts.Modules) == 0 {
		t.Errorf("the modules are %d, with tests: %v", len(parts.Modules), tests)
	}
	parts.Data["hub"].(map[string]any)["code"] = "leeds"
	if again.Data()["hub"].(map[string]any)["code"] != "coventry" {
		t.Error("a pack shares the data it was made of")
	}
}

func TestPartsAreTakenOnNoTrust(t *testing.T) {
	sound := func() policy.Parts {
		pack, err := policy.ReadPack(tinyPack(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		return pack.Parts()
	}
	tests := map[string]struct {
		change func(*policy.Parts)
		want   string
	}{
		"no manifest":      {func(p *policy.Parts) { p.Manifest = policy.Manifest{} }, "manifest.yaml: name"},
		"emergency data":   {func(p *policy.Parts) { p.Data["emergency"] = []any{} }, "data.emergency"},
		"rules' data":      {func(p *policy.Parts) { p.Data["mashgate"] = 1 }, "data.mashgate"},
		"a test":           {func(p *policy.Parts) { p.Modules["a_test.rego"] = []byte("package a") }, "a_test.rego"},
		"a path":           {func(p *policy.Parts) { p.Modules["a/b.rego"] = []byte("package a") }, "a/b.rego"},
		"no Rego":          {func(p *policy.Parts) { p.Modules = nil }, "no Rego"},
		"empty Rego":       {func(p *policy.Parts) { p.Modules["a.rego"] = nil }, "a.rego"},
		"not JSON":         {func(p *policy.Parts) { p.Data["a"] = func() {} }, "data/a"},
		"a hidden word":    {func(p *policy.Parts) { p.Data["a"] = map[string]any{"text": "nothing \x1b[2J would change"} }, `text: a text holds the unseen character '\x1b'`},
		"a word reversed":  {func(p *policy.Parts) { p.Data["a"] = []any{"\u202egnihton"} }, `the unseen character '\u202e'`},
		"a hidden name":    {func(p *policy.Parts) { p.Data["a"] = map[string]any{"x\r": true} }, `the unseen character '\r'`},
		"a hidden version": {func(p *policy.Parts) { p.Manifest.Version = "2\x1b[1A" }, `manifest.yaml: version: a text holds`},
		"a huge number":    {func(p *policy.Parts) { p.Data["a"] = map[string]any{"n": jsonNumber("1e400")} }, "n: the number 1e400"},
		"another's hub":    {func(p *policy.Parts) { p.Manifest.Hub = "leeds" }, "manifest.yaml: hub"},
		"emergency rules":  {func(p *policy.Parts) { p.Modules["a.rego"] = []byte("package mashgate.emergency\n\na := 1\n") }, "a.rego"},
	}
	for name, test := range tests {
		parts := sound()
		test.change(&parts)
		if _, err := policy.NewPack(parts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %s", name, err, test.want)
		}
	}
}
