package demo_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/record"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// TestCity asks about generated families and holds each line of the picture to the truth file, for three seeds.
func TestCity(t *testing.T) {
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for name, seed := range map[string]uint64{"first seed": 1, "second seed": 5, "third seed": 7_777_777} {
		t.Run(name, func(t *testing.T) {
			h := startHub(t, demo.Options{Families: 120, Seed: seed})
			families := interesting(t, filepath.Join(h.dir, "city", "truth", "truth.json"))
			shown := 0
			for _, f := range families {
				t.Run(f.Family, func(t *testing.T) {
					p := play(t, h, asked47(f, catalogue), func(heard *transcript) dialer { return dialGRPC(h.Hub, heard) })
					shown += holdToTruth(t, catalogue, f, p)
				})
			}
			if shown < 20 {
				t.Errorf("only %d records were shown in all: too few to tell", shown)
			}
		})
	}
}

// interesting are a few generated families: the first of each kind, and those about whom most is held.
func interesting(t *testing.T, path string) []city.TruthFamily {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	truth, err := city.ReadTruth(file)
	if err != nil {
		t.Fatal(err)
	}
	var picked, others []city.TruthFamily
	seen := map[string]bool{}
	for f, err := range truth.Families() {
		if err != nil {
			t.Fatal(err)
		}
		fresh := slices.ContainsFunc(f.Traits, func(trait string) bool { return !seen[trait] })
		for _, trait := range f.Traits {
			seen[trait] = true
		}
		switch {
		case f.HandMade:
		case fresh:
			picked = append(picked, f)
		default:
			others = append(others, f)
		}
	}
	slices.SortStableFunc(others, func(a, b city.TruthFamily) int { return len(b.Records) - len(a.Records) })
	for _, trait := range []string{"refuge", "adoption"} {
		if !seen[trait] {
			t.Errorf("no family of this seed has the trait %s", trait)
		}
	}
	return append(picked, others[:3]...)
}

// asked47 is the case of a generated family: everybody in it is referred, and everything is asked for under s47.
func asked47(f city.TruthFamily, catalogue *record.Catalogue) city.Family {
	made := city.Family{
		Name: f.Family, Title: f.Family, Requester: city.Requester{Role: "social_worker", Agency: "children_services"},
		Triage:  city.Triage{Outcome: "mash_episode", Reason: "To see what is known."},
		Episode: city.Episode{Rating: "red", RatingReason: "To see what is known.", LevelOfNeed: 4, Basis: "s47", Facts: city.Facts{S47Cause: true}},
		Expect:  city.Expect{Proceed: true},
	}
	made.Referral = city.Referral{
		Referrer: city.Referrer{GivenName: "Nadia", FamilyName: "Demo-Teacher", Organisation: "A school", Professional: true},
		Concerns: []string{"neglect"}, Summary: "To see what is known.",
	}
	for _, p := range f.People {
		made.Referral.Subjects = append(made.Referral.Subjects, city.Subject{
			ID: p.ID, Role: p.Role, Identity: toldOfFamily(p, slices.Contains(f.Traits, "adoption")), Relationship: p.Relationship,
			LivesWithIndex: map[bool]string{true: "yes", false: "no"}[p.LivesWithIndex], AllegedSourceOfHarm: p.AllegedSourceOfHarm,
		})
	}
	for _, category := range slices.Sorted(maps.Keys(catalogue.Categories)) {
		made.Categories = append(made.Categories, city.Category{Code: category, Reason: "To see what is known."})
	}
	return made
}

// holdToTruth checks the picture against the truth and returns how many records it shows.
func holdToTruth(t *testing.T, catalogue *record.Catalogue, f city.TruthFamily, p played) int {
	t.Helper()
	if state := p.told.Request.GetState(); state != mashgatev1.InformationRequest_STATE_COMPLETE {
		t.Fatalf("the request is %s: %v", state, codes(p.told.Request.GetGates()))
	}
	pic, o := p.picture(), oracle{f}
	answers := map[[2]string]string{}
	for _, a := range pic.GetAnswers() {
		answers[[2]string{a.GetOrganisation(), a.GetSubject()}] = code(a.GetKind().String(), "ANSWER_KIND_")
	}
	for _, who := range f.People {
		for _, organisation := range city.Organisations() {
			checkAnswer(t, who, organisation, answers[[2]string{organisation, who.ID}])
		}
	}
	want := map[string]shown{}
	for _, r := range f.Records {
		v := o.of(r)
		found := answers[[2]string{r.Header.Organisation, r.Person}]
		if found == "no_trace" || found == "ambiguous" || v.effect == "" {
			continue // checkAnswer has seen to it that this is right
		}
		if v.effect == "permit" {
			want[r.Header.Ref] = visible(catalogue, r, v)
			continue
		}
		if lines := linesAbout(pic, r.Header.Organisation, r.Person); v.effect != "deny" && !slices.Contains(lines, v.effect) {
			t.Errorf("%s holds back (%s) something of %s about %s, and of this only %v is told",
				r.Header.Organisation, v.effect, r.Header.Category, r.Person, lines)
		}
	}
	counts := map[[2]string]int{}
	for _, s := range want {
		counts[[2]string{s.Organisation, s.Subject}]++
	}
	for _, a := range pic.GetAnswers() {
		pair := [2]string{a.GetOrganisation(), a.GetSubject()}
		if n := counts[pair]; int(a.GetRecords()) != n || (answers[pair] == "records") != (n > 0) {
			t.Errorf("%s answers %s with %d records about %s, and may show %d", pair[0], answers[pair], a.GetRecords(), pair[1], n)
		}
	}
	got := records(t, pic.GetChronology())
	for ref, s := range got {
		s.Effect, s.Masked = "", nil
		got[ref] = s
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: records shown (-truth +picture):\n%s", f.Family, diff)
	}
	for _, protected := range f.Protected {
		p.neverSeen(t, expectation{family: city.Family{Expect: city.Expect{Never: []string{protected.Token}}}})
	}
	return len(got)
}

// checkAnswer: no_trace is answered only where the organisation holds nobody, or holds them with a mistake that hides them from an exact
// look-up; nobody is asked for what they cannot have.
func checkAnswer(t *testing.T, who city.TruthPerson, organisation, kind string) {
	t.Helper()
	at := slices.IndexFunc(who.Held, func(h city.TruthHolding) bool { return h.Organisation == organisation })
	held := at >= 0
	if notAsked := !asked(organisation, "", who); notAsked != (kind == "not_asked") {
		t.Errorf("%s about %s, a %s of %d years: %s", organisation, who.ID, who.Role, age(who), kind)
		return
	}
	switch kind {
	case "not_asked":
	case "no_trace", "ambiguous":
		if held && len(who.Held[at].Slips) == 0 {
			t.Errorf("%s holds %s without a mistake and answers %s", organisation, who.ID, kind)
		}
	case "records", "withheld", "nothing_to_share":
		if !held {
			t.Errorf("%s answers %s about %s, whom it does not hold", organisation, kind, who.ID)
		}
	default:
		t.Errorf("%s answers %q about %s", organisation, kind, who.ID)
	}
}

// visible is what a reader must see of a permitted record.
func visible(catalogue *record.Catalogue, r city.TruthRecord, v verdict) shown {
	s := shown{
		Organisation: r.Header.Organisation, Subject: r.Person, Category: r.Header.Category, Day: r.Header.Day(),
		Opinion: slices.Contains(r.Header.Labels, "opinion"),
	}
	for _, f := range r.Fields {
		spec, _ := catalogue.Categories[r.Header.Category].Field(f.Name)
		if !slices.Contains(v.masks, spec.Class) {
			s.Fields = append(s.Fields, record.Field{Name: f.Name, Value: f.Value})
		}
	}
	return s
}

// linesAbout are the effects told of what an organisation holds back about somebody.
func linesAbout(p *mashgatev1.Picture, organisation, subject string) []string {
	var effects []string
	for _, line := range p.GetHeldBack() {
		if line.GetOrganisation() == organisation && line.GetSubject() == subject {
			effects = append(effects, strings.ToLower(strings.TrimPrefix(line.GetEffect().String(), "EFFECT_")))
		}
	}
	return effects
}
