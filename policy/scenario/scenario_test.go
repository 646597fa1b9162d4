package scenario_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
	"github.com/mashgate/mashgate/policy/scenario"
)

func compiled(t testing.TB) *policy.Revision {
	t.Helper()
	revision, err := policy.Compile(context.Background(), rules.FS, policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func holds(t *testing.T, revision *policy.Revision, scenarios []scenario.Scenario) {
	t.Helper()
	result, err := scenario.Run(context.Background(), revision, scenarios)
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range result.Failures {
		t.Error(failure)
	}
	if result.Total == 0 {
		t.Error("there was nothing to expect")
	}
}

func TestThePacksScenariosHold(t *testing.T) {
	revision := compiled(t)
	cases, err := fs.Sub(rules.FS, "scenarios")
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := scenario.LoadFS(revision, cases)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, revision, scenarios)
	if n := revision.Interpreted(); n != 0 {
		t.Errorf("%d request shapes could not be compiled", n)
	}
}

// TestExternalScenariosHold runs cases that are kept elsewhere, by an information-governance team.
func TestExternalScenariosHold(t *testing.T) {
	const variable = "MASHGATE_EXTERNAL_SCENARIOS"
	paths := filepath.SplitList(os.Getenv(variable))
	if len(paths) == 0 {
		t.Skipf("SKIPPED: set %s to files or folders of scenarios to run them against the default pack", variable)
	}
	revision := compiled(t)
	scenarios, err := scenario.Load(revision, paths...)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, revision, scenarios)
}

const sound = `name: a-case
source: domain.md
at: 2026-02-04T23:15:00Z
requester: {role: social_worker, agency: children_services}
episode: {stage: mash_episode, purpose: safeguarding_children, rating: red, level_of_need: 4, basis: s47, concerns: [neglect]}
subjects:
  - {id: child, role: index_child, born: 2018-01-01}
  - {id: mother, role: parent, born: 1992-01-01}
consents: [{kind: referral, by: mother, status: "yes"}, {kind: referral, by: mother, status: "no"}]
expect:
  ask: proceed
  tell_agencies: with_narrative
  decisions:
    - {category: csc.status, about: child, effect: permit}
    - {category: csc.status, about: child, effect: redact, labels: [third_party], masks: [third_party]}
`

func TestAKeyOrCodeNobodyKnowsIsNamed(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"key":             {"source:", "sauce:", "sauce"},
		"key in depth":    {"purpose:", "purpos:", "purpos"},
		"key twice":       {"source: domain.md", "source: a\nsource: b", "already defined"},
		"two documents":   {"name: a-case", "name: a-case\n---\nname: b", "one file, one case"},
		"name":            {"a-case", `""`, "name: is missing"},
		"at":              {"2026-02-04T23:15:00Z", "2026-02-04", `"2026-02-04" is not an RFC 3339 time`},
		"at missing":      {"at: 2026-02-04T23:15:00Z\n", "", "at: is missing"},
		"requester role":  {"role: social_worker", "role: wizard", `requester.role: unknown code "wizard"`},
		"agency":          {"agency: children_services", "agency: circus", `requester.agency: unknown code "circus"`},
		"relation":        {"agency: children_services", "agency: police, relationship_to: nobody", `requester.relationship_to: unknown code "nobody"`},
		"stage":           {"stage: mash_episode", "stage: later", `episode.stage: unknown code "later"`},
		"purpose":         {"purpose: safeguarding_children", `purpose: ""`, "episode.purpose: is missing"},
		"rating":          {"rating: red", "rating: pink", `episode.rating: unknown code "pink"`},
		"level":           {"level_of_need: 4", "level_of_need: 5", "episode.level_of_need: 5 is not 1 to 4"},
		"basis":           {"basis: s47", "basis: s48", `episode.basis: unknown code "s48"`},
		"concern":         {"[neglect]", "[weather]", `episode.concerns: unknown code "weather"`},
		"fact":            {"concerns: [neglect]", "concerns: [neglect], facts: {hungry: true}", "hungry"},
		"ground":          {"concerns: [neglect]", "concerns: [neglect], override: {ground: hurry, reason: r, by: p}", `override.ground: unknown code "hurry"`},
		"break-glass":     {"concerns: [neglect]", "concerns: [neglect], break_glass: {by: p, reason: r}", "break_glass.expires: is missing"},
		"subject role":    {"role: parent", "role: aunt", `subjects[1].role: unknown code "aunt"`},
		"subject twice":   {"id: mother", "id: child", "given twice"},
		"born":            {"born: 1992-01-01", "born: 1992-13-01", `subjects[1].born: "1992-13-01" is not an ISO day`},
		"identified":      {"born: 1992-01-01", "identified: perhaps", `subjects[1].identified: unknown code "perhaps"`},
		"pregnant":        {"born: 1992-01-01", "pregnant_or_postnatal: a bit", `pregnant_or_postnatal: unknown code "a bit"`},
		"consent kind":    {"kind: referral", "kind: dinner", `consents[0].kind: unknown code "dinner"`},
		"consent by":      {"by: mother", "by: granny", `consents[0].by: unknown code "granny"`},
		"consent status":  {`status: "yes"`, "status: maybe", `consents[0].status: unknown code "maybe"`},
		"ask":             {"ask: proceed", "ask: perhaps", `expect.ask: unknown code "perhaps"`},
		"reason":          {"ask: proceed", "ask: proceed\n  reasons: [because]", `expect.reasons: unknown code "because"`},
		"tell":            {"tell_agencies: with_narrative", "tell_agencies: all", `expect.tell_agencies: unknown code "all"`},
		"category":        {"category: csc.status", "category: csc.secrets", `expect.decisions[0].category: unknown code "csc.secrets"`},
		"about":           {"about: child", "about: dog", `expect.decisions[0].about: unknown code "dog"`},
		"effect":          {"effect: permit", "effect: allow", `expect.decisions[0].effect: unknown code "allow"`},
		"label":           {"labels: [third_party]", "labels: [nice]", `expect.decisions[1].labels: unknown code "nice"`},
		"mask":            {"masks: [third_party]", "masks: [shoes]", `expect.decisions[1].masks: unknown code "shoes"`},
		"decision reason": {"effect: permit", "effect: permit, reason: because", `expect.decisions[0].reason: unknown code "because"`},
		"event date":      {"effect: permit", "effect: permit, event_date: soon", `event_date: "soon" is not an ISO day`},
		"dated twice":     {"effect: permit", "effect: permit, current: true, undated: true", "only one of"},
		"not YAML":        {"name: a-case", "name: [", "did not find"},
	}
	revision := compiled(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := strings.Replace(sound, test.old, test.new, 1)
			_, err := scenario.Parse(revision, "case.yaml", []byte(source))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "case.yaml") {
				t.Errorf("got %v, want an error of case.yaml with %q", err, test.want)
			}
		})
	}
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	revision := compiled(t)
	s, err := scenario.Parse(revision, "case.yaml", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	in := s.Input(revision.Vocabulary())
	want := []policy.Subject{
		{ID: "child", Role: "index_child", Born: "2018-01-01", Identified: "yes", GillickCompetent: "unknown", PregnantOrPostnatal: "unknown", LivesWithIndex: true},
		{ID: "mother", Role: "parent", Born: "1992-01-01", Identified: "yes", GillickCompetent: "unknown", PregnantOrPostnatal: "unknown", LivesWithIndex: true, ParentalResponsibility: true},
	}
	if diff := cmp.Diff(want, in.Subjects); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
	if !in.Requester.Assigned || in.Requester.Hub != in.Hub {
		t.Errorf("requester: %+v", in.Requester)
	}
	if len(in.Categories) != 1 || in.Categories[0].Reason == "" {
		t.Errorf("a category is named once, with a reason: %+v", in.Categories)
	}
	at := time.Date(2026, 2, 4, 23, 15, 0, 0, time.UTC)
	if first, second := in.Consents[0].Recorded, in.Consents[1].Recorded; !first.Before(second) || !second.Before(at) {
		t.Errorf("consents are recorded before the decision, in order: %v, %v", first, second)
	}
}

func TestWordsForYesAndNo(t *testing.T) {
	revision := compiled(t)
	for written, want := range map[string]string{`"yes"`: "yes", "yes": "yes", "true": "yes", `"no"`: "no", "no": "no", "false": "no", "unknown": "unknown"} {
		source := strings.Replace(sound, "born: 1992-01-01", "pregnant_or_postnatal: "+written, 1)
		s, err := scenario.Parse(revision, "case.yaml", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Input(revision.Vocabulary()).Subjects[1].PregnantOrPostnatal; got != want {
			t.Errorf("%s is read as %q", written, got)
		}
	}
}

func TestAResultNamesEachExpectationThatFails(t *testing.T) {
	revision := compiled(t)
	folder := t.TempDir()
	wrong := strings.NewReplacer("a-case", "wrong", "effect: permit", "effect: deny, reason: basis", "ask: proceed", "ask: noask\n  reasons: [purpose]").Replace(sound)
	for name, source := range map[string]string{"sound.yaml": sound, "wrong.yml": wrong, "README.md": "not a case"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	scenarios, err := scenario.Load(revision, folder)
	if err != nil {
		t.Fatal(err)
	}
	result, err := scenario.Run(context.Background(), revision, scenarios)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := result.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "wrong.yml")
	want := strings.Join([]string{
		file + ": ask: want noask, got proceed",
		file + ": reasons: want purpose, got none",
		file + ": decisions[0] csc.status about child: want deny, reason basis, got permit (tier_permits)",
		"6 of 9 expectations hold", "",
	}, "\n")
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(encoded, &back); err != nil {
		t.Fatal(err)
	}
	if back["hold"] != 6.0 || back["total"] != 9.0 || len(back["failures"].([]any)) != 3 || result.OK() {
		t.Errorf("JSON: %s", encoded)
	}
}

func TestARunOverNothingIsNotOK(t *testing.T) {
	result, err := scenario.Run(context.Background(), compiled(t), nil)
	if err != nil || result.OK() {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestLoadReportsEveryProblemTogether(t *testing.T) {
	folder := t.TempDir()
	for name, source := range map[string]string{
		"a.yaml": strings.Replace(sound, "role: parent", "role: aunt", 1), "b.yaml": "nonsense: true", "c.yaml": sound, "d.yaml": sound,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := scenario.Load(compiled(t), folder)
	for _, want := range []string{`unknown code "aunt"`, "nonsense", `the name "a-case" is also`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if _, err := scenario.Load(compiled(t), filepath.Join(folder, "none.yaml")); err == nil {
		t.Error("a path that does not exist was loaded")
	}
	if one, err := scenario.Load(compiled(t), filepath.Join(folder, "c.yaml")); err != nil || len(one) != 1 {
		t.Errorf("one file: %d cases, %v", len(one), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte("{}"))
	f.Add([]byte("subjects: [{id: a, identified: {}}]"))
	f.Add([]byte("at: &a [*a]"))
	revision := compiled(f)
	f.Fuzz(func(t *testing.T, source []byte) {
		s, err := scenario.Parse(revision, "fuzz.yaml", source)
		if err != nil {
			return
		}
		if _, err := scenario.Run(context.Background(), revision, []scenario.Scenario{s}); err != nil {
			t.Errorf("a case that was accepted cannot be run: %v", err)
		}
	})
}
