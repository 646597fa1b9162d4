package city

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

func loaded(t *testing.T) []Family {
	t.Helper()
	families, err := LoadFamilies()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func TestTheFamiliesTellTheCasesOfTheDomain(t *testing.T) {
	families := loaded(t)
	if len(families) < 16 {
		t.Errorf("there are %d hand-made families, want the showcase and at least fifteen more", len(families))
	}
	seen := map[string]bool{}
	for _, f := range families {
		seen["basis "+f.Episode.Basis] = true
		for _, gate := range f.Expect.Reasons {
			seen["gate "+gate] = true
		}
		for _, answers := range f.Expect.Answers {
			for _, kind := range answers {
				seen["answer "+kind] = true
			}
		}
		for _, outcome := range f.Expect.Records {
			seen["effect "+outcome.Effect] = true
		}
		for _, held := range f.Holdings {
			for _, h := range held {
				for _, flag := range h.Flags {
					seen["flag "+flag] = true
				}
				for _, r := range h.Records {
					for _, label := range r.Header.Labels {
						seen["label "+label] = true
					}
				}
			}
		}
	}
	for _, want := range []string{
		"basis s47", "basis mash", "basis s17", "basis early_help", "basis emergency",
		"gate unidentified", "gate identity", "gate has_social_worker", "gate declined_below_level_4", "gate requester", "gate consent_required",
		"answer records", "answer no_trace", "answer nothing_to_share", "answer not_asked", "answer ambiguous", "answer withheld",
		"effect permit", "effect redact", "effect review", "effect exist", "effect deny",
		"flag safe_address", "flag adoption", "flag limited_access", "flag live_investigation",
		"label safe_address", "label third_party", "label limited_access", "label live_investigation", "label informant", "label adoption",
		"label legally_restricted", "label opinion", "label spent", "label risk_to_children",
	} {
		if !seen[want] {
			t.Errorf("no family has %s", want)
		}
	}
}

// TestTheShowcaseShows what the demo promises.
func TestTheShowcaseShows(t *testing.T) {
	f := loaded(t)[0]
	if f.Name != "00-showcase" {
		t.Fatalf("the first family is %s", f.Name)
	}
	answered, noTrace := 0, 0
	for _, answers := range f.Expect.Answers {
		records, traces := 0, 0
		for _, kind := range answers {
			switch kind {
			case "records":
				records++
			case "no_trace", "not_asked":
				traces++
			}
		}
		if records > 0 {
			answered++
		}
		if traces == len(answers) {
			noTrace++
		}
	}
	effects := map[string]int{}
	for _, outcome := range f.Expect.Records {
		effects[outcome.Effect]++
	}
	if answered < 6 || noTrace == 0 || effects["permit"] == 0 || effects["redact"] == 0 || effects["review"] == 0 || len(f.Expect.Conflicts) == 0 {
		t.Errorf("%d organisations with records, %d with no trace, effects %v, %d conflicts", answered, noTrace, effects, len(f.Expect.Conflicts))
	}
	if missing := unsaid(t, f); len(missing) > 0 {
		t.Errorf("nothing is shown under %v", missing)
	}
}

// unsaid lists the Signs of Safety categories under which nothing of the family is shown.
func unsaid(t *testing.T, f Family) []string {
	t.Helper()
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	eachRecord(f, func(r record.Record) {
		for _, field := range f.Expect.Records[r.Header.Ref].Shown(catalogue, r) {
			spec, _ := catalogue.Categories[r.Header.Category].Field(field.Name)
			said[spec.SignsOfSafety] = true
		}
	})
	var missing []string
	for _, category := range []string{
		"harm", "danger_statements", "complicating_factors", "existing_strengths", "existing_safety", "safety_goals", "next_steps", "scaling",
	} {
		if !said[category] {
			missing = append(missing, category)
		}
	}
	return missing
}

func eachRecord(f Family, visit func(record.Record)) {
	for _, held := range f.Holdings {
		for _, h := range held {
			for _, r := range h.Records {
				visit(r)
			}
		}
	}
}

// TestWhatMustNeverBeSeenIsThereToBeSeen: a forbidden string that stands nowhere forbids nothing, and one that the expectation itself
// shows, or that the referral tells to every organisation, contradicts it.
func TestWhatMustNeverBeSeenIsThereToBeSeen(t *testing.T) {
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range loaded(t) {
		var held, shown strings.Builder
		shown.WriteString(f.Referral.Summary)
		eachRecord(f, func(r record.Record) {
			held.WriteString(texts(r.Fields))
			shown.WriteString(texts(f.Expect.Records[r.Header.Ref].Shown(catalogue, r)))
		})
		for _, s := range f.Referral.Subjects {
			shown.WriteString(names(s.Identity))
		}
		for _, who := range f.People {
			held.WriteString(names(who))
		}
		for _, never := range f.Expect.Never {
			if !strings.Contains(held.String(), never) {
				t.Errorf("%s: %q must never be seen, and nobody holds it", f.Name, never)
			}
			if strings.Contains(shown.String(), never) {
				t.Errorf("%s: %q must never be seen, and the expectation shows it", f.Name, never)
			}
		}
	}
}

func texts(fields []record.Field) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.Value + "\n")
	}
	return b.String()
}

func names(who person.Identity) string {
	all := append([]string{fullName(who)}, who.OtherNames...)
	all = append(all, who.Phones...)
	for _, a := range who.Addresses {
		all = append(append(all, a.Lines...), a.Postcode)
	}
	return strings.Join(all, "\n")
}

const small = `
family: 90-small
title: A small family
story: Nothing happens.
people:
  kim: {given_name: Kim, family_name: Testerling, date_of_birth: 2015-01-01, nhs_number: "9990100012", addresses: [{lines: [1 Row], postcode: ZZ1 1AA}], phones: [07700 900001]}
referral:
  subjects: [{id: kim, role: index_child}]
  concerns: [other]
  summary: Nothing.
  consents: [{kind: referral, giver: kim, status: "yes"}]
episode: {stage: triage, basis: none}
requester: {role: triage_worker, agency: children_services}
holdings:
  police:
    - person: kim
      records: [{ref: 90-pol-1, category: pol.missing, event_date: 2026-01-01, fields: {outcome: Found}}]
expect:
  ask: noask
  reasons: [no_episode_yet]
  held: {90-pol-1: {effect: deny}}
`

func load(text string) ([]Family, error) {
	return loadFamilies(fstest.MapFS{"families/90-small.yaml": {Data: []byte(text)}})
}

func TestAFamilyIsReadStrictly(t *testing.T) {
	if _, err := load(small); err != nil {
		t.Fatalf("the small family is refused: %v", err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":           {"title:", "titel: x\ntitle:", "titel"},
		"other name":            {"family: 90-small", "family: 91-small", "the file's name"},
		"real-looking NHS":      {"9990100012", "4010232137", "NHS number"},
		"wrong check digit":     {"9990100012", "9990100013", "NHS number"},
		"real postcode area":    {"ZZ1 1AA", "CV1 1AA", "ZZ"},
		"real telephone":        {"07700 900001", "07911 123456", "drama"},
		"stranger as subject":   {"{id: kim,", "{id: lee,", "nobody of the family"},
		"no index child":        {"role: index_child", "role: sibling", "0 index children"},
		"unknown role":          {"role: index_child", "role: baby", `"baby"`},
		"unknown consent":       {"kind: referral", "kind: photo", `"photo"`},
		"unknown status":        {`status: "yes"`, "status: maybe", `"maybe"`},
		"consent of a stranger": {"giver: kim", "giver: lee", "no subject"},
		"unknown stage":         {"stage: triage", "stage: later", `"later"`},
		"unknown organisation":  {"  police:", "  hospital:", `"hospital"`},
		"category of another":   {"category: pol.missing", "category: yj.involvement", "yj.involvement"},
		"unknown field":         {"outcome: Found", "colour: red", "colour"},
		"no date":               {"event_date: 2026-01-01, ", "", "exactly one of"},
		"two dates":             {"event_date: 2026-01-01", "event_date: 2026-01-01, current: true", "dated in one way"},
		"undated and dated":     {"event_date: 2026-01-01", "event_date: 2026-01-01, undated: true", "exactly one of"},
		"ref of another":        {"90-pol-1", "91-pol-1", "family's number"},
		"nothing expected":      {"held: {90-pol-1: {effect: deny}}", "held: {}", "nothing is said"},
		"expected of nothing":   {"held: {90-pol-1:", "held: {90-pol-2: {effect: deny}, 90-pol-1:", "no record of the family"},
		"unknown effect":        {"effect: deny", "effect: shrug", `"shrug"`},
		"stopped without why":   {"reasons: [no_episode_yet]", "reasons: []", "has reasons"},
		"no ask":                {"ask: noask", "ask: perhaps", `"perhaps"`},
		"no answers":            {"ask: noask", "ask: proceed", "answer of police about kim"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.ReplaceAll(small, c.old, c.new)
			if changed == small {
				t.Fatal("the case changes nothing")
			}
			_, err := load(changed)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestTheTruthFileIsReadStrictly(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "not an object": "[]", "no head": `{"families":[]}`, "other version": `{"head":{"truth":2},"families":[]}`,
		"no families": `{"head":{"truth":1}}`,
	} {
		if _, err := ReadTruth(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	truth, err := ReadTruth(strings.NewReader(`{"head":{"truth":1},"families":[{"family":"G1"},{"family":`))
	if err != nil {
		t.Fatal(err)
	}
	var read int
	var failed error
	for _, err := range truth.Families() {
		if failed = err; err == nil {
			read++
		}
	}
	if read != 1 || failed == nil {
		t.Errorf("%d families of a file that is cut off, error %v", read, failed)
	}
}
