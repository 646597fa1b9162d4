package explain_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
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

// family is an amber MASH episode about a child and the mother, with nobody's consent recorded.
func family(v *policy.Vocabulary) policy.Input {
	in := policy.Input{
		At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Hub: v.Hub.Code,
		Requester: policy.Requester{Role: "social_worker", Agency: "children_services", Hub: v.Hub.Code, Assigned: true},
		Episode: policy.Episode{
			Stage: "mash_episode", Purpose: "safeguarding_children", Rating: "amber", LevelOfNeed: 3, Basis: "mash", Concerns: []string{"neglect"},
		},
		Subjects: []policy.Subject{
			{ID: "child", Role: "index_child", Born: "2018-01-01"},
			{ID: "mother", Role: "parent", Born: "1990-01-01", ParentalResponsibility: true},
		},
	}
	for i := range in.Subjects {
		s := &in.Subjects[i]
		s.Identified, s.GillickCompetent, s.PregnantOrPostnatal, s.LivesWithIndex = "yes", "unknown", "unknown", true
	}
	for _, entry := range v.Organisations {
		in.Organisations = append(in.Organisations, entry.Organisation())
	}
	return in
}

func involvement(labels ...string) record.Header {
	return record.Header{
		Organisation: "police", Category: "pol.involvement", Subject: "mother", EventDate: "2026-10-01", LabelsKnown: true, Labels: labels,
	}
}

func TestReleaseExplained(t *testing.T) {
	revision := compiled(t)
	header := involvement()
	got, err := explain.Explain(t.Context(), explain.Question{Revision: revision, Input: family(revision.Vocabulary()), Header: &header, Audience: "social_worker"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Effect != policy.Review || got.Organisation != "police" || got.Category != "pol.involvement" {
		t.Errorf("explained %s of %s by %s", got.Effect, got.Category, got.Organisation)
	}
	var said []string
	for _, rule := range got.Rules {
		if len(rule.Locations) != 1 || rule.Locations[0].File != "release.rego" || rule.Text == "" || rule.Source == "" {
			t.Errorf("%s stands at %v, says %q from %q", rule.Rule, rule.Locations, rule.Text, rule.Source)
		}
		said = append(said, string(rule.Effect)+" "+rule.Code)
	}
	if diff := cmp.Diff([]string{"review own_answer_missing", "review consent_position_unresolved", "permit tier_permits"}, said); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for path, value := range map[string]string{"record.about.consent": `"missing"`, "request.basis": `"mash"`, "request.duty": `"unresolved"`} {
		if !slices.ContainsFunc(got.Inputs, func(i explain.Input) bool { return i.Path == path && i.JSON() == value }) {
			t.Errorf("%s = %s is not among the inputs read: %v", path, value, got.Inputs)
		}
	}
	for _, want := range []string{"Had consent C3 of mother (parent) been yes: permit.", "Had the consent position been settled: permit."} {
		if !slices.ContainsFunc(got.Changes, func(c explain.Change) bool { return c.Text == want }) {
			t.Errorf("%q is not among %v", want, got.Changes)
		}
	}
	for _, want := range []string{"Held for review, because:", "release.rego:", "It read:\n", revision.ID()} {
		if !strings.Contains(got.Text(), want) {
			t.Errorf("%q is not in the text:\n%s", want, got.Text())
		}
	}
}

// TestGatesExplained: each gate is told with the very line that it is met by, and a change leaves fewer of them.
func TestGatesExplained(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	in.Requester.Assigned = false
	in.Subjects[0].Identified = "no"
	got, err := explain.Explain(t.Context(), explain.Question{Revision: revision, Input: in})
	if err != nil {
		t.Fatal(err)
	}
	if got.Proceed || !got.Gates || len(got.Rules) != 2 {
		t.Fatalf("proceeds %v, rules %v", got.Proceed, got.Rules)
	}
	for _, rule := range got.Rules {
		if len(rule.Locations) != 1 || rule.Locations[0].File != "gates.rego" {
			t.Errorf("%s is met at %v", rule.Code, rule.Locations)
		}
	}
	for path, value := range map[string]string{"requester.assigned": "false", "subjects[child].identified": `"no"`} {
		if !slices.ContainsFunc(got.Inputs, func(i explain.Input) bool { return i.Path == path && i.JSON() == value }) {
			t.Errorf("%s = %s is not among the inputs read: %v", path, value, got.Inputs)
		}
	}
	if len(got.Changes) == 0 {
		t.Fatal("nothing would change it")
	}
	for _, change := range got.Changes {
		if len(change.Gates) != 1 {
			t.Errorf("%s leaves %v", change.Text, change.Gates)
		}
	}
	in.Subjects[0].Identified = "yes"
	got, err = explain.Explain(t.Context(), explain.Question{Revision: revision, Input: in})
	if err != nil || len(got.Changes) == 0 || got.Changes[0].Text != "Had the requester been assigned to the episode: the request would proceed." {
		t.Errorf("%v, %v", got.Changes, err)
	}
}

// TestNothingHiddenIsTold: whatever label may not be named, an explanation to a practitioner is byte for byte the one of a record
// without it; what is held back by it, and every category that is never named, is not explained at all.
func TestNothingHiddenIsTold(t *testing.T) {
	revision := compiled(t)
	never := revision.Vocabulary().NeverNamed
	for i, s := range someScenarios(t, revision) {
		in := s.Input(revision.Vocabulary())
		e, err := explain.Open(t.Context(), revision, in, "team_manager")
		if err != nil {
			t.Fatal(err)
		}
		headers, err := s.Headers(revision.Vocabulary())
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range headers[:min(3, len(headers))] {
			header.Labels = slices.DeleteFunc(slices.Clone(header.Labels), func(l string) bool { return slices.Contains(never.Labels, l) })
			plain := told(t, e, header)
			onlyTellable(t, revision, plain)
			for _, label := range never.Labels {
				hidden := header
				hidden.Labels = append(slices.Clone(header.Labels), label)
				got := told(t, e, hidden)
				onlyTellable(t, revision, got)
				if !got.Untold && !cmp.Equal(asJSON(t, plain), asJSON(t, got)) {
					t.Errorf("%d %s: label %s can be told from none:\n%s", i, s.Name, label, cmp.Diff(plain, got))
				}
			}
			for _, category := range never.Categories {
				header.Category, header.Organisation = category, "community_health"
				if got := told(t, e, header); !got.Untold || len(got.Rules)+len(got.Inputs)+len(got.Changes) > 0 || got.Category+got.Organisation != "" {
					t.Errorf("%s: %s is explained: %+v", s.Name, category, got)
				}
			}
		}
	}
}

func told(t *testing.T, e *explain.Explainer, h record.Header) explain.Explanation {
	t.Helper()
	x, err := e.Release(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func asJSON(t *testing.T, x explain.Explanation) string {
	t.Helper()
	encoded, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// onlyTellable: no reason and no value that was read is one that may not be named.
func onlyTellable(t *testing.T, revision *policy.Revision, x explain.Explanation) {
	t.Helper()
	v := revision.Vocabulary()
	for _, rule := range x.Rules {
		if reason, ok := v.Reasons[rule.Code]; ok && !reason.Tellable {
			t.Errorf("%s is told", rule.Code)
		}
	}
	for _, input := range x.Inputs {
		for _, name := range append(slices.Clone(v.NeverNamed.Categories), v.NeverNamed.Labels...) {
			if strings.Contains(string(input.Value), `"`+name+`"`) {
				t.Errorf("%s names %s", input.Path, name)
			}
		}
	}
	for code, reason := range v.Reasons {
		if !reason.Tellable && strings.Contains(x.Text(), reason.Text) {
			t.Errorf("the words of %s are told", code)
		}
	}
}

// TestWhoIsToldEverything: an IG officer sees what a practitioner may not.
func TestWhoIsToldEverything(t *testing.T) {
	revision := compiled(t)
	header := involvement("informant")
	question := explain.Question{Revision: revision, Input: family(revision.Vocabulary()), Header: &header, Audience: "ig_officer", RulesOnly: true}
	full, err := explain.Explain(t.Context(), question)
	if err != nil || !slices.ContainsFunc(full.Rules, func(r explain.Rule) bool { return r.Code == "informant" }) {
		t.Errorf("an IG officer is told %v, %v", full.Rules, err)
	}
	header.Category, header.Organisation = "hlt.restricted", "community_health"
	if full, err = explain.Explain(t.Context(), question); err != nil || full.Untold || full.Effect != policy.Deny {
		t.Errorf("an IG officer is told %+v, %v", full, err)
	}
}

// TestNothingProtectiveIsAltered: a pack cannot make an explanation wish a protective flag away, and no change of the default pack does.
func TestNothingProtectiveIsAltered(t *testing.T) {
	overlay := fstest.MapFS{
		"manifest.yaml":     {Data: []byte(`{name: other, version: "1", hub: coventry, kind: hub, base: default, review_date: "2027-03-31"}`)},
		"data/explain.json": {Data: []byte(`{"facts": [{"fact": "safe_address", "words": "the flag not been set"}]}`)},
	}
	if _, err := policy.Compile(t.Context(), overlay, policy.CompileOptions{}); err == nil || !strings.Contains(err.Error(), "safe_address") {
		t.Errorf("a pack that alters safe_address: %v", err)
	}
	revision := compiled(t)
	in := family(revision.Vocabulary())
	in.Subjects[1].SafeAddress = true
	in.Flags = []policy.Flag{{Subject: "mother", Flag: "limited_access", Organisation: "police"}}
	header := involvement()
	for _, address := range []bool{false, true} {
		header.OnlyAddress = address
		x, err := explain.Explain(t.Context(), explain.Question{Revision: revision, Input: in, Header: &header, Audience: "ig_officer"})
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range x.Changes {
			if !slices.Contains(change.Masks, "location") && change.Effect.Content() {
				t.Errorf("%s would show where a protected person is", change.Text)
			}
		}
	}
}

// TestChangesAreMorePermissive: what is called a nearest change lets more through, and the most permissive comes first.
func TestChangesAreMorePermissive(t *testing.T) {
	revision := compiled(t)
	strictness := []policy.Effect{policy.Deny, policy.Review, policy.Exist, policy.Redact, policy.Permit}
	changes := 0
	for _, s := range someScenarios(t, revision) {
		e, err := explain.Open(t.Context(), revision, s.Input(revision.Vocabulary()), "ig_officer")
		if err != nil {
			t.Fatal(err)
		}
		headers, err := s.Headers(revision.Vocabulary())
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range headers {
			x := told(t, e, header)
			last := policy.Permit
			for _, change := range x.Changes {
				changes++
				was, now := slices.Index(strictness, x.Effect), slices.Index(strictness, change.Effect)
				if now < was || now == was && len(change.Masks) >= len(x.Masks) || slices.Index(strictness, last) < now {
					t.Errorf("%s: %s is %s masked %v, before it %s: %q", s.Name, header.Category, x.Effect, x.Masks, last, change.Text)
				}
				last = change.Effect
			}
			if limit := revision.Vocabulary().Explain.Limit; len(x.Changes) > limit {
				t.Errorf("%d changes, want at most %d", len(x.Changes), limit)
			}
		}
	}
	if changes < 10 {
		t.Errorf("only %d changes were found: too few to tell", changes)
	}
}

// someScenarios are every seventh of the default pack.
func someScenarios(t *testing.T, revision *policy.Revision) []scenario.Scenario {
	t.Helper()
	folder, err := fs.Sub(rules.FS, "scenarios")
	if err != nil {
		t.Fatal(err)
	}
	all, err := scenario.LoadFS(revision, folder)
	if err != nil {
		t.Fatal(err)
	}
	var some []scenario.Scenario
	for i := 0; i < len(all); i += 7 {
		some = append(some, all[i])
	}
	return some
}

func TestBrief(t *testing.T) {
	for value, want := range map[string]string{
		`"mash"`:                      `"mash"`,
		`["a","b","c","d"]`:           `["a","b","c","d"]`,
		`["a","b","c","d","e"]`:       `["a", "b", "c", and 2 more]`,
		`{"long":[1,2,3,4,5,6,7,8]}`:  `{"long":[1,2,3,4,5,6,7,8]}`,
		`[1,[2,3],"x",null,true,"y"]`: `[1, [2,3], "x", and 3 more]`,
	} {
		if got := explain.Brief(value); got != want {
			t.Errorf("Brief(%s) is %s, want %s", value, got, want)
		}
	}
}
