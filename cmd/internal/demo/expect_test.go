package demo_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/record"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// code is an enum's name as the domain writes it: ANSWER_KIND_NO_TRACE is no_trace.
func code(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }

func codes(reasons []*mashgatev1.Reason) []string {
	all := []string{}
	for _, r := range reasons {
		all = append(all, r.GetCode())
	}
	return all
}

func obligations(list []*mashgatev1.Obligation) []string {
	all := []string{}
	for _, o := range list {
		all = append(all, o.GetCode())
	}
	return all
}

// mustHold complains of every wanted code that was not given.
func mustHold(t *testing.T, what string, given, wanted []string) {
	t.Helper()
	for _, want := range wanted {
		if !slices.Contains(given, want) {
			t.Errorf("%s: there is no %q among %v", what, want, given)
		}
	}
}

// expectation holds a picture to what was worked out by hand about one family. Subjects in the picture have the family's own ids.
type expectation struct {
	family    city.Family
	catalogue *record.Catalogue
}

func (x expectation) request(t *testing.T, r *mashgatev1.InformationRequest) {
	t.Helper()
	want := mashgatev1.InformationRequest_STATE_COMPLETE
	if !x.family.Expect.Proceed {
		want = mashgatev1.InformationRequest_STATE_NOT_ASKED
	}
	if r.GetState() != want {
		t.Errorf("the request is %s, want %s; gates %v", r.GetState(), want, codes(r.GetGates()))
	}
	mustHold(t, "gates", codes(r.GetGates()), x.family.Expect.Reasons)
	if !x.family.Expect.Proceed && len(r.GetAnswers()) > 0 {
		t.Errorf("nobody was to be asked, and there are %d answers", len(r.GetAnswers()))
	}
	if !strings.HasPrefix(r.GetLedgerEntry(), "hubs/coventry/ledgerEntries/") || r.GetRevision() == "" {
		t.Errorf("the request names ledger entry %q and revision %q", r.GetLedgerEntry(), r.GetRevision())
	}
}

// told: the most that an organisation was told is what the rules allow; the words of a referrer who is not a professional are those of an
// informant and do not go out, nor does free text where anybody is protected (domain.md 4.4); and where nobody is asked nobody is told
// anything.
func (x expectation) told(t *testing.T, r *mashgatev1.InformationRequest, asked string) {
	t.Helper()
	want := x.family.Expect.Tell
	switch {
	case asked == "":
		want = ""
	case want == "":
		return // the family does not look at it
	case !x.family.Referral.Referrer.Professional, len(x.family.Expect.Protected) > 0:
		want = "identifiers_and_purpose"
	}
	if r.GetTold() != want {
		t.Errorf("organisations are told %q, want %q", r.GetTold(), want)
	}
	if narrative := strings.Contains(asked, x.family.Referral.Summary); narrative != (want == "with_narrative") {
		t.Errorf("organisations are told %q, and the narrative goes out: %v", want, narrative)
	}
}

func (x expectation) picture(t *testing.T, p *mashgatev1.Picture) {
	t.Helper()
	if !p.GetComplete() || p.GetNextPageToken() != "" || p.GetLedgerEntry() == "" {
		t.Errorf("complete %v, next page %q, ledger entry %q", p.GetComplete(), p.GetNextPageToken(), p.GetLedgerEntry())
	}
	mustHold(t, "obligations", obligations(p.GetObligations()), x.family.Expect.Obligations)
	x.answers(t, p)
	x.chronology(t, p)
	x.analysis(t, p)
	x.heldBack(t, p)
}

func (x expectation) answers(t *testing.T, p *mashgatev1.Picture) {
	t.Helper()
	got := map[string]map[string]string{}
	for _, a := range p.GetAnswers() {
		if got[a.GetOrganisation()] == nil {
			got[a.GetOrganisation()] = map[string]string{}
		}
		if _, twice := got[a.GetOrganisation()][a.GetSubject()]; twice {
			t.Errorf("%s answers twice about %s", a.GetOrganisation(), a.GetSubject())
		}
		got[a.GetOrganisation()][a.GetSubject()] = code(a.GetKind().String(), "ANSWER_KIND_")
		mustHold(t, a.GetOrganisation()+" about "+a.GetSubject(), codes(a.GetReasons()), x.family.Expect.AnswerReasons[a.GetOrganisation()][a.GetSubject()])
		if kind := a.GetKind(); kind == mashgatev1.AnswerKind_ANSWER_KIND_NO_TRACE &&
			(a.GetLookedIn() == "" || len(a.GetLookedWith()) == 0 || a.GetIndexAsOf() == nil) {
			t.Errorf("%s found no trace of %s and does not say where, with what and as of when", a.GetOrganisation(), a.GetSubject())
		}
	}
	want := map[string]map[string]string{"hospital": {}} // listed, because it is not connected
	for _, s := range x.family.Referral.Subjects {
		want["hospital"][s.ID] = "not_asked"
	}
	maps.Copy(want, x.family.Expect.Answers)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// shown is a record as the expectation has it and as a reader sees it.
type shown struct {
	Organisation, Subject, Category, Day string
	Effect                               string
	Masked                               []string
	Opinion                              bool
	Fields                               []record.Field
}

// expected are the records that must be shown.
func (x expectation) expected() map[string]shown {
	want := map[string]shown{}
	for organisation, held := range x.family.Holdings {
		for _, h := range held {
			for _, r := range h.Records {
				outcome := x.family.Expect.Records[r.Header.Ref]
				if !outcome.Released() {
					continue
				}
				s := shown{
					Organisation: organisation, Subject: h.Person, Category: r.Header.Category, Day: r.Header.Day(),
					Opinion: slices.Contains(r.Header.Labels, "opinion"), Masked: x.named(h, r, outcome.Masks), Effect: outcome.Effect,
				}
				if x.onlyHidden(h, r, outcome.Masks) {
					s.Effect = "permit"
				}
				for _, f := range outcome.Shown(x.catalogue, r) {
					s.Fields = append(s.Fields, record.Field{Name: f.Name, Value: f.Value})
				}
				want[r.Header.Ref] = s
			}
		}
	}
	return want
}

// hidden tells whether a mask is applied without a word: adoption and informants are never named (domain.md 4.4).
func (x expectation) hidden(h city.Holding, r record.Record, class string) bool {
	adopted := slices.Contains(r.Header.Labels, "adoption")
	for _, held := range x.family.Holdings {
		adopted = adopted || slices.ContainsFunc(held, func(o city.Holding) bool {
			return o.Person == h.Person && slices.Contains(o.Flags, "adoption")
		})
	}
	return class == "identity_link" && adopted || class == "informant" && slices.Contains(r.Header.Labels, "informant")
}

// onlyHidden: a reader is not told that anything was masked where nothing of it may be named.
func (x expectation) onlyHidden(h city.Holding, r record.Record, masks []string) bool {
	return !slices.ContainsFunc(masks, func(class string) bool { return !x.hidden(h, r, class) })
}

// named are the masked classes that a reader is told of: those that the category has fields of. Of sexual health, which is never given as
// a reason, none is. A field that its holder takes out for a label of its own is told of by its class, unless the label may not be named.
func (x expectation) named(h city.Holding, r record.Record, masks []string) []string {
	var classes []string
	for _, spec := range x.catalogue.Categories[r.Header.Category].Fields {
		if slices.Contains(masks, spec.Class) && !x.hidden(h, r, spec.Class) && r.Header.Category != "hlt.sexual_health" {
			classes = append(classes, spec.Class)
		}
	}
	for _, f := range r.Fields {
		protected := slices.ContainsFunc(f.Labels, func(label string) bool { return label != "opinion" && label != "risk_to_children" })
		silent := slices.ContainsFunc(f.Labels, func(label string) bool {
			return slices.Contains([]string{"informant", "adoption", "legally_restricted"}, label)
		})
		if spec, listed := x.catalogue.Categories[r.Header.Category].Field(f.Name); listed && protected && !silent {
			classes = append(classes, spec.Class)
		}
	}
	slices.Sort(classes)
	return slices.Compact(classes)
}

func (x expectation) chronology(t *testing.T, p *mashgatev1.Picture) {
	t.Helper()
	if diff := cmp.Diff(x.expected(), records(t, p.GetChronology()), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("records shown (-want +got):\n%s", diff)
	}
}

// records are released records by reference; one that comes twice is an error.
func records(t *testing.T, released []*mashgatev1.ReleasedRecord) map[string]shown {
	t.Helper()
	got := map[string]shown{}
	for _, r := range released {
		if _, twice := got[r.GetRef()]; twice {
			t.Errorf("record %s is shown twice", r.GetRef())
		}
		s := shown{
			Organisation: r.GetOrganisation(), Subject: r.GetSubject(), Category: r.GetCategory(), Day: r.GetEventDate() + r.GetUntil(),
			Effect: code(r.GetEffect().String(), "EFFECT_"), Masked: r.GetMasked(), Opinion: r.GetOpinion(),
		}
		for _, f := range r.GetFields() {
			s.Fields = append(s.Fields, record.Field{Name: f.GetName(), Value: f.GetValue()})
		}
		got[r.GetRef()] = s
	}
	return got
}

// analysis: the household, the signs of safety and the conflicts hold exactly what the shown records say, and nothing of whoever is
// protected.
func (x expectation) analysis(t *testing.T, p *mashgatev1.Picture) {
	t.Helper()
	var wantSigns, gotSigns []string
	wantHeld, gotHeld := map[string][]string{}, map[string][]string{}
	for ref, r := range x.expected() {
		for _, f := range r.Fields {
			spec, _ := x.catalogue.Categories[r.Category].Field(f.Name)
			if spec.SignsOfSafety != "" {
				wantSigns = append(wantSigns, ref+" "+r.Subject+" "+spec.SignsOfSafety+": "+f.Value)
			}
			sheltered := spec.Attribute == "household" && len(x.family.Expect.Protected) > 0
			if spec.Attribute != "" && !sheltered && !slices.Contains(x.family.Expect.Protected, r.Subject) {
				wantHeld[r.Subject] = append(wantHeld[r.Subject], spec.Attribute+" "+r.Organisation+": "+f.Value)
			}
		}
	}
	for _, s := range p.GetSignsOfSafety() {
		gotSigns = append(gotSigns, s.GetRef()+" "+s.GetSubject()+" "+s.GetAnalysisCategory()+": "+s.GetText())
	}
	for _, m := range p.GetHousehold() {
		for _, a := range m.GetAttributes() {
			gotHeld[m.GetSubject()] = append(gotHeld[m.GetSubject()], a.GetAttribute()+" "+a.GetOrganisation()+": "+a.GetValue())
		}
		if want := slices.Contains(x.family.Expect.Protected, m.GetSubject()); m.GetProtected() != want {
			t.Errorf("%s: protected is %v, want %v", m.GetSubject(), m.GetProtected(), want)
		}
	}
	sorted := cmpopts.SortSlices(strings.Compare)
	if diff := cmp.Diff(wantSigns, gotSigns, sorted, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("signs of safety (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantHeld, gotHeld, sorted, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("household (-want +got):\n%s", diff)
	}
	x.conflicts(t, p)
}

func (x expectation) conflicts(t *testing.T, p *mashgatev1.Picture) {
	t.Helper()
	var got []city.Conflict
	for _, c := range p.GetConflicts() {
		if slices.Contains(x.family.Expect.Protected, c.GetSubject()) {
			t.Errorf("a conflict about %s, who is protected", c.GetSubject())
		}
		got = append(got, city.Conflict{Subject: c.GetSubject(), Attribute: c.GetAttribute()})
	}
	for _, want := range x.family.Expect.Conflicts {
		if !slices.Contains(got, want) {
			t.Errorf("the conflict %v is not shown among %v", want, got)
		}
	}
}

// heldBack: whatever is reviewed or known to exist is told with its reason, and nothing that is denied is named with its category.
func (x expectation) heldBack(t *testing.T, p *mashgatev1.Picture) {
	t.Helper()
	for organisation, held := range x.family.Holdings {
		for _, h := range held {
			for _, r := range h.Records {
				outcome := x.family.Expect.Records[r.Header.Ref]
				if outcome.Effect != "review" && outcome.Effect != "exist" {
					continue
				}
				if given := toldOf(p, organisation, h.Person, r.Header.Category, outcome.Effect); !slices.Contains(given, outcome.Reason) {
					t.Errorf("%s is held (%s) for %q, and %s tells of %s only %v", r.Header.Ref, outcome.Effect, outcome.Reason, organisation, h.Person, given)
				}
			}
		}
	}
	for _, line := range p.GetHeldBack() {
		if line.GetEffect() == mashgatev1.Effect_EFFECT_EXIST && line.GetCategory()+line.GetCategoryTitle() != "" {
			t.Errorf("%s names the category %s of what it only says that it has", line.GetOrganisation(), line.GetCategory())
		}
	}
}

// toldOf are the reasons told for what one organisation holds of one category about one subject, in the lines of what is held back or, if
// it was not asked, with its answer.
func toldOf(p *mashgatev1.Picture, organisation, subject, category, effect string) []string {
	var given []string
	for _, line := range p.GetHeldBack() {
		names := effect == "exist" || line.GetCategory() == category
		if line.GetOrganisation() == organisation && line.GetSubject() == subject && names && code(line.GetEffect().String(), "EFFECT_") == effect {
			given = append(given, codes(line.GetReasons())...)
		}
	}
	for _, a := range p.GetAnswers() {
		if a.GetOrganisation() == organisation && a.GetSubject() == subject && a.GetKind() == mashgatev1.AnswerKind_ANSWER_KIND_NOT_ASKED {
			given = append(given, codes(a.GetReasons())...)
		}
	}
	return given
}
