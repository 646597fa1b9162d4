package policy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

func defaultPack(t testing.TB) *policy.Pack {
	t.Helper()
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// strictness orders effects, deny first.
var strictness = []policy.Effect{policy.Deny, policy.Review, policy.Exist, policy.Redact, policy.Permit}

// TestATighteningOnlyTightens: whatever an emergency overlay says, no record is decided more permissively, no mask is lost, nothing
// that was kept silent is told, what is enforced at the source is what the hub decides, and no shape leaves the compiled fragment.
func TestATighteningOnlyTightens(t *testing.T) {
	pack, plain := defaultPack(t), compiled(t)
	tightened := 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		overlay := drawTightening(t, plain)
		strict, err := pack.Compile(ctx, policy.CompileOptions{Tightening: overlay, Number: 7})
		if err != nil {
			t.Fatal(err)
		}
		in := drawInput(t, plain.Vocabulary())
		before, err := plain.Open(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		after, err := strict.Open(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		organisation := rapid.SampledFrom(in.Organisations).Draw(t, "organisation").ID
		constraints, err := before.Constraints(ctx, organisation)
		if err != nil {
			t.Fatal(err)
		}
		if len(constraints) == 0 {
			return
		}
		enforced, err := after.Constraints(ctx, organisation)
		if err != nil {
			t.Fatal(err)
		}
		for range 6 {
			c := rapid.SampledFrom(constraints).Draw(t, "constraint")
			h := drawHeader(t, plain.Catalogue(), organisation, c, in.At)
			one, two := releaseBoth(t, before, after, h)
			if slices.Index(strictness, two.Effect) > slices.Index(strictness, one.Effect) {
				t.Fatalf("%+v: %s became %s", h, one.Effect, two.Effect)
			}
			if lost := slices.DeleteFunc(slices.Clone(one.Masks), func(m string) bool { return slices.Contains(two.Masks, m) }); len(lost) > 0 {
				t.Fatalf("%+v: the masks %v are gone", h, lost)
			}
			if one.Silent() && !two.Silent() {
				t.Fatalf("%+v: what was kept silent is told", h)
			}
			if two.Effect != one.Effect || !slices.Equal(one.Masks, two.Masks) {
				tightened++
			}
			holdToConstraint(t, after, enforced, h, two)
		}
		if n := strict.Interpreted(); n != 0 {
			t.Fatalf("%d shapes were interpreted", n)
		}
	})
	if tightened == 0 {
		t.Error("no tightening changed anything: the property was not tested")
	}
}

func releaseBoth(t *rapid.T, before, after *policy.Request, h record.Header) (one, two policy.Decision) {
	for request, into := range map[*policy.Request]*policy.Decision{before: &one, after: &two} {
		decisions, err := request.Release(context.Background(), []record.Header{h})
		if err != nil {
			t.Fatal(err)
		}
		*into = decisions[0]
	}
	return one, two
}

// holdToConstraint compares with what the source would hold back, and with the interpreter.
func holdToConstraint(t *rapid.T, request *policy.Request, constraints []policy.Constraint, h record.Header, decided policy.Decision) {
	for _, c := range constraints {
		if c.Category != h.Category || c.Subject != h.Subject {
			continue
		}
		if diff := cmp.Diff(decided.Verdict(), c.Apply(h)); diff != "" {
			t.Fatalf("%+v\n(-release +constraint):\n%s", h, diff)
		}
	}
	if h.EventDate != "" && h.Until != "" {
		return // denied before any rule is asked
	}
	interpreted, err := request.Interpret(context.Background(), h)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(interpreted, decided); diff != "" {
		t.Fatalf("%+v\n(-interpreted +compiled):\n%s", h, diff)
	}
}

func drawTightening(t *rapid.T, r *policy.Revision) []policy.TighteningRule {
	var organisations []string
	for _, entry := range r.Vocabulary().Organisations {
		organisations = append(organisations, entry.ID)
	}
	some := func(codes []string, name string) []string {
		if rapid.Bool().Draw(t, "any "+name) {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(codes), 1, 4, rapid.ID).Draw(t, name)
	}
	overlay := make([]policy.TighteningRule, rapid.IntRange(1, 3).Draw(t, "rules"))
	for i := range overlay {
		overlay[i] = policy.TighteningRule{
			Effect:     rapid.SampledFrom([]policy.Effect{policy.Deny, policy.Review, policy.Exist, policy.Redact}).Draw(t, "effect"),
			Categories: some(codesOf(r.Vocabulary().Categories), "categories"), Organisations: some(organisations, "organisations"),
			Bases: some(codesOf(r.Vocabulary().Bases), "bases"), Labels: some(r.Catalogue().Labels, "labels"),
			Masks: some(r.Catalogue().Classes, "masks"),
		}
		if overlay[i].Effect == policy.Redact && len(overlay[i].Masks) == 0 {
			overlay[i].Masks = []string{"risk"}
		}
	}
	return overlay
}

// TestATighteningNeverReleasesWhatNoRuleDoes: a mask alone is no release.
func TestATighteningNeverReleasesWhatNoRuleDoes(t *testing.T) {
	pack, err := policy.ReadPack(tinyPack(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	revision, err := pack.Compile(t.Context(), policy.CompileOptions{
		Number: 3, Tightening: []policy.TighteningRule{{Effect: policy.Redact, Masks: []string{"risk"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	header := involvement()
	header.Category = "pol.missing"
	got := decideOne(t, open(t, revision, family(revision.Vocabulary())), header)
	if got.Effect != policy.Deny || got.Err != "" || got.Revision != pack.ID()+"+3" {
		t.Errorf("got %+v", got)
	}
	if at := revision.RuleLocation("emergency.tightening"); len(at) != 1 || at[0].File != "emergency/release.rego" {
		t.Errorf("the overlay's rule stands at %v", at)
	}
}

func TestARevisionSaysWhichTighteningItIsUnder(t *testing.T) {
	pack := defaultPack(t)
	hold := []policy.TighteningRule{{Effect: policy.Deny, Organisations: []string{"police"}}}
	for want, options := range map[string]policy.CompileOptions{
		pack.ID():         {Number: 12},
		pack.ID() + "+12": {Number: 12, Tightening: hold},
	} {
		revision, err := pack.Compile(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		if revision.ID() != want || revision.PackID() != pack.ID() || revision.Manifest().Name != "coventry-default" {
			t.Errorf("id %s of pack %s (%+v), want %s", revision.ID(), revision.PackID(), revision.Manifest(), want)
		}
	}
}

func TestATighteningIsCheckedByField(t *testing.T) {
	revision := compiled(t)
	tests := map[string]struct {
		rule policy.TighteningRule
		want string
	}{
		"permit":       {policy.TighteningRule{Effect: policy.Permit}, `rules[0].effect: "permit"`},
		"no effect":    {policy.TighteningRule{}, `rules[0].effect: ""`},
		"maskless":     {policy.TighteningRule{Effect: policy.Redact}, "rules[0].masks"},
		"class":        {policy.TighteningRule{Effect: policy.Redact, Masks: []string{"colour"}}, `rules[0].masks: "colour"`},
		"category":     {policy.TighteningRule{Effect: policy.Deny, Categories: []string{"pol.nothing"}}, `rules[0].categories: "pol.nothing"`},
		"organisation": {policy.TighteningRule{Effect: policy.Deny, Organisations: []string{"nobody"}}, `rules[0].organisations: "nobody"`},
		"basis":        {policy.TighteningRule{Effect: policy.Deny, Bases: []string{"s99"}}, `rules[0].bases: "s99"`},
		"label":        {policy.TighteningRule{Effect: policy.Deny, Labels: []string{"nice"}}, `rules[0].labels: "nice"`},
		"reason":       {policy.TighteningRule{Effect: policy.Deny, Reason: "because"}, `rules[0].reason: "because"`},
		"no decider":   {policy.TighteningRule{Effect: policy.Review, Reason: "basis"}, `rules[0].reason: "basis"`},
	}
	for name, test := range tests {
		_, err := defaultPack(t).Compile(t.Context(), policy.CompileOptions{Tightening: []policy.TighteningRule{test.rule}})
		checked := revision.CheckTightening([]policy.TighteningRule{test.rule})
		if err == nil || !strings.Contains(err.Error(), test.want) || fmt.Sprint(checked) != err.Error() {
			t.Errorf("%s: got %v and %v, want an error with %s", name, err, checked, test.want)
		}
	}
	sound := []policy.TighteningRule{{Effect: policy.Exist, Reason: "limited_access", Categories: []string{"pol.missing"}, Bases: []string{"none"}}}
	if err := revision.CheckTightening(sound); err != nil {
		t.Errorf("a sound tightening: %v", err)
	}
}

// TestNoPackSeesAnEmergency: rules that could tell that an overlay is on could loosen because of it.
func TestNoPackSeesAnEmergency(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"its data given":          {"data/emergency.yaml": "[]"},
		"its data read":           {"more.rego": "package more\n\nx if data.emergency\n"},
		"its data imported":       {"more.rego": "package more\n\nimport data.emergency as e\n\nx if e\n"},
		"all data read":           {"more.rego": "package more\n\nx := data\n"},
		"looked up":               {"more.rego": "package more\n\nx if data[input.name]\n"},
		"its package":             {"more.rego": "package mashgate.emergency\n\nspeaks(_) := false\n"},
		"its package, from above": {"more.rego": "package mashgate\n\nemergency.of_basis(_) := false\n"},
		"its package read":        {"more.rego": "package more\n\nx if data.mashgate.emergency.speaks({})\n"},
		"all rules read":          {"more.rego": "package more\n\nx if data.mashgate\n"},
		"release rules from ask":  {"ask.rego": tinyAsk + "\nx if data.mashgate.release.contributions\n"},
	} {
		if _, err := policy.ReadPack(tinyPack(t, files)); err == nil {
			t.Errorf("%s: the pack was read", name)
		}
	}
}
