package exchange_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// The rest of the family, so that every kind of person is asked about.
var (
	cora = person.Identity{GivenName: "Cora", FamilyName: "Lee", DateOfBirth: "2009-10-11"}
	dan  = person.Identity{GivenName: "Dan", FamilyName: "Lee", DateOfBirth: "1985-05-06"}
	eve  = person.Identity{GivenName: "Eve", FamilyName: "Other", DateOfBirth: "1990-12-13"}
)

// situation is one kind of episode with what organisations hold of flags.
type situation struct {
	concerns []string
	rating   episode.Rating
	consents string // the mother's answer to each question; none is given where it is empty
	flags    map[string][]string
	// glass breaks the glass before the request; silent is an organisation that cannot look anybody up.
	glass  bool
	silent string
	// nothing is permitted: a person has to decide first.
	nothing bool
}

func situations() map[string]situation {
	flags := map[string][]string{"probation": {"safe_address"}, "police": {"live_investigation"}, "children_social_care": {"adoption"}, "mental_health": {"limited_access"}}
	red := episode.Rating{Code: "red", Basis: "s47", LevelOfNeed: 4, Facts: policy.Facts{S47Cause: true}}
	return map[string]situation{
		"s47":                   {concerns: []string{"neglect"}, rating: red},
		"s47, flags":            {concerns: []string{"sexual_abuse", "self_harm_or_suicide"}, rating: red, flags: flags},
		"s47, location unknown": {concerns: []string{"sexual_exploitation"}, rating: red, silent: "mental_health"},
		"mash, consent":         {concerns: []string{"neglect"}, rating: episode.Rating{Code: "amber", Basis: "mash", LevelOfNeed: 3}, consents: "yes"},
		"mash, no consent":      {concerns: []string{"domestic_abuse"}, rating: episode.Rating{Code: "amber", Basis: "mash", LevelOfNeed: 3}, consents: "no", nothing: true},
		"s17, a flag": {
			concerns: []string{"neglect"}, rating: episode.Rating{Code: "green", Basis: "s17", LevelOfNeed: 3, Facts: policy.Facts{ChildInNeed: true}},
			consents: "yes", flags: map[string][]string{"children_social_care": {"safe_address"}},
		},
		"early help": {concerns: []string{"neglect"}, rating: episode.Rating{Code: "none", Basis: "early_help", LevelOfNeed: 2}, consents: "yes"},
		"emergency": {
			concerns: []string{"physical_abuse"}, glass: true,
			rating: episode.Rating{Code: "amber", Basis: "mash", LevelOfNeed: 4, Facts: policy.Facts{ImminentDanger: true}},
		},
	}
}

// TestOracle plants a token in every field of every record of every category, about everybody, under generated headers, and holds every
// token in whatever comes out against what OPA's own command permits. Organisations that enforce the warrant, and organisations that
// send everything they have, come to the same.
func TestOracle(t *testing.T) {
	oracle := newOPA(t)
	for _, trick := range append(agencytest.Tricks(), agencytest.Honest) {
		t.Run(string(trick), func(t *testing.T) { holdTrick(t, oracle, trick) })
	}
	for name, s := range situations() {
		for _, honest := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, honest %t", name, honest), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.config.Timeouts.Locate, w.config.Timeouts.Collect = time.Minute, time.Minute // a slow machine must not change what is seen
				out := w.listen()
				w.situate(s)
				held := w.plant(s, honest)
				w.start()
				r := w.ask(w.catalogue.Codes()...)
				got := w.output(r, out)
				want := w.permitted(oracle, r, held, s)
				if len(want) < 100 && !s.nothing || len(want) > 0 && s.nothing {
					t.Errorf("%d values are permitted", len(want))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("what is seen is not what OPA permits (-permitted +seen):\n%s", w.explain(held, diff))
				}
			})
		}
	}
}

// holdTrick lets the police play a trick with a token in every field of all they hold or make up: where their answer counts, what is
// seen is what OPA permits of what they hold, and where it does not, nothing of it is seen anywhere.
func holdTrick(t *testing.T, oracle *opa, trick agencytest.Trick) {
	t.Parallel()
	w := newWorld(t)
	out := w.listen()
	if trick == agencytest.Hang || trick == agencytest.Slow {
		w.config.Timeouts.Locate, w.config.Timeouts.Collect = 500*time.Millisecond, 500*time.Millisecond
	}
	agency, made := w.hostile("police", trick), &tokens{}
	agency.Value = made.of
	w.start()
	r := w.ask(agency.Categories...)
	got := w.output(r, out)
	var want []string
	if answer := w.answers(r.Ref())["police parent"]; answer == "records" {
		want = w.permitted(oracle, r, heldBy(w, agency), situation{})
	}
	counts := slices.Contains([]agencytest.Trick{agencytest.Honest, agencytest.Overshare, agencytest.LyingIdentity}, trick)
	if (len(want) > 0) != counts {
		t.Errorf("%d values are permitted", len(want))
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what is seen is not what OPA permits (-permitted +seen):\n%s", diff)
	}
	early := []agencytest.Trick{
		agencytest.Hang, agencytest.Slow, agencytest.MatchNobodyAsked, agencytest.MissingMatch, agencytest.TwoMatches, agencytest.UnknownFlag,
	}
	if made.n == 0 && !slices.Contains(early, trick) {
		t.Error("the trick sent nothing that could be seen")
	}
}

// heldBy are the records that a Hostile agency holds: two of each category about everybody.
func heldBy(w *world, agency *agencytest.Hostile) []record.Record {
	var held []record.Record
	for _, s := range w.episode.Subjects {
		for _, category := range agency.Categories {
			for i := range 2 {
				ref := fmt.Sprintf("%s-%s-%d", s.ID, strings.ReplaceAll(category, ".", "-"), i)
				r := agencytest.Record(w.catalogue, ref, category, "2026-06-01", func(field string) string { return agency.Value(s.ID, category, ref, field) })
				r.Header.Organisation, r.Header.Subject = agency.Organisation, s.ID
				held = append(held, r)
			}
		}
	}
	return held
}

// situate opens the situation's episode about five people.
func (w *world) situate(s situation) {
	w.Helper()
	form := episode.Referral{
		Hub: hub, Submitter: w.manager.ID, Concerns: s.concerns, Referrer: episode.Referrer{Professional: true},
		Subjects: []episode.Subject{
			{ID: "child", Role: "index_child", Identity: ann}, {ID: "mother", Role: "parent", Identity: beth, ParentalResponsibility: "yes"},
			{ID: "sister", Role: "sibling", Identity: cora},
			{ID: "father", Role: "parent", Identity: dan, AllegedSourceOfHarm: true, LivesWithIndex: "no"},
			{ID: "friend", Role: "other_adult", Identity: eve},
		},
	}
	if s.consents != "" {
		for _, kind := range []string{"referral", "share_with_agencies", "agencies_share_with_us"} {
			form.Consents = append(form.Consents, episode.Consent{Kind: kind, Giver: "mother", Status: s.consents})
		}
	}
	s.rating.Reason, s.rating.By = "worry", episode.By{Person: w.manager.ID, Role: "team_manager", At: now}
	w.open(form, s.rating)
	if !s.glass {
		return
	}
	w.tx(func(ctx context.Context, tx store.Tx) error {
		var err error
		w.episode, err = w.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: w.episode.ID}, func(e *episode.Episode) error {
			return e.Break(episode.BreakGlass{Reason: "danger", By: episode.By{Person: w.manager.ID, Role: "team_manager", At: now}, Expires: now.Add(time.Hour)})
		})
		return err
	})
}

// plant connects every organisation, each with records of every category it holds about each of the five, and returns them by
// organisation with their subject.
func (w *world) plant(s situation, honest bool) []record.Record {
	w.Helper()
	// The same records in every run.
	p := planter{w: w, tokens: &tokens{}, rand: rand.New(rand.NewPCG(11, 22))}
	var held []record.Record
	for _, o := range w.revision.Vocabulary().Organisations {
		if o.ID == "hospital" {
			continue // is not connected
		}
		people := p.people(o.ID, o.Categories, s.flags[o.ID])
		switch {
		case o.ID == s.silent:
			w.hostile(o.ID, agencytest.LocateCrash)
		case honest:
			w.honest(o.ID, people...)
		default:
			w.connect(o.ID, &blind{organisation: o.ID, categories: o.Categories, people: people, known: map[string]agencytest.Person{}})
		}
		for i, person := range people {
			for _, r := range person.Records {
				r.Header.Organisation, r.Header.Subject = o.ID, w.episode.Subjects[i].ID
				held = append(held, r)
			}
		}
	}
	return held
}

// planter makes records with generated headers.
type planter struct {
	w      *world
	tokens *tokens
	rand   *rand.Rand
}

const perCategory = 4

func (p planter) people(organisation string, categories, flags []string) []agencytest.Person {
	var people []agencytest.Person
	for _, who := range []person.Identity{ann, beth, cora, dan, eve} {
		who.GP, who.School, who.Ethnicity, who.Phones = p.tokens.next(), p.tokens.next(), p.tokens.next(), []string{p.tokens.next()}
		known := agencytest.Person{Ref: "p-" + who.GivenName, Identity: who}
		if who.GivenName == beth.GivenName {
			known.Flags = flags
		}
		for _, category := range categories {
			for i := range perCategory {
				known.Records = append(known.Records, p.record(fmt.Sprintf("%s-%s-%s-%d", organisation, who.GivenName, category[strings.Index(category, ".")+1:], i), category))
			}
		}
		people = append(people, known)
	}
	return people
}

// record has a token in every field. One in three has labels, one in three another date than a recent one.
func (p planter) record(ref, category string) record.Record {
	r := agencytest.Record(p.w.catalogue, ref, category, "2026-06-01", func(string) string { return p.tokens.next() })
	h := &r.Header
	for range p.rand.IntN(6) - 3 {
		h.Labels = append(h.Labels, p.label())
	}
	h.LabelsKnown, h.OnlyAddress = p.rand.IntN(12) > 0, p.rand.IntN(8) == 0
	switch p.rand.IntN(12) {
	case 0:
		h.EventDate = ""
	case 1:
		h.EventDate, h.Current = "", true
	case 2:
		h.EventDate, h.Until = "", p.day()
	case 3, 4:
		h.EventDate = p.day()
	}
	for i := range r.Fields {
		if p.rand.IntN(10) == 0 {
			r.Fields[i].Labels = []string{p.label()}
		}
	}
	r.Header = h.Normalised()
	return r
}

func (p planter) label() string { return p.w.catalogue.Labels[p.rand.IntN(len(p.w.catalogue.Labels))] }

// day is one of the last 25 years, and now and then on the very edge of a window.
func (p planter) day() string {
	edges := []string{"2024-11-22", "2024-11-21", "2020-11-22", "2020-11-21"}
	if i := p.rand.IntN(8); i < len(edges) {
		return edges[i]
	}
	return now.AddDate(0, 0, -p.rand.IntN(25*365)).Format(time.DateOnly)
}

// permitted are the values that OPA permits of what is held, sorted.
func (w *world) permitted(oracle *opa, r request.Request, held []record.Record, s situation) []string {
	w.Helper()
	stored, err := w.config.Requests.Get(w.Context(), r.Ref())
	w.must(err)
	var headers []record.Header
	for _, r := range held {
		headers = append(headers, r.Header)
	}
	ruling := oracle.rule(w.T, w.catalogue, w.facts(stored.Input, s), headers)
	var all []string
	for i, r := range held {
		if r.Header.Organisation != s.silent {
			all = append(all, ruling.shown(i, w.catalogue, r)...)
		}
	}
	slices.Sort(all)
	return all
}

// facts are those of the request as it was made, with what organisations then held of flags: the test's own account of it.
func (w *world) facts(input policy.Input, s situation) policy.Input {
	input.Flags, input.LocationUnknown = []policy.Flag{}, s.silent != ""
	for organisation, flags := range s.flags {
		for _, flag := range flags {
			input.Flags = append(input.Flags, policy.Flag{Subject: w.episode.Subjects[1].ID, Flag: flag, Organisation: organisation})
		}
	}
	return input
}
