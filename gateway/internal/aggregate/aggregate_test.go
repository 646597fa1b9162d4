package aggregate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

func catalogue(t testing.TB) *record.Catalogue {
	t.Helper()
	c, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func words() *policy.Vocabulary {
	return &policy.Vocabulary{
		NeverNamed: policy.NeverNamed{Categories: []string{"hlt.restricted"}},
		Organisations: []policy.OrganisationEntry{
			{ID: "police", SafeguardingDesk: policy.Desk{Title: "Police desk", Phone: "01632 960902"}},
		},
		Reasons: map[string]policy.ReasonText{
			"narrative_held": {Who: "named_person", WhoOutOfHours: "on_call"}, "parents_disagree": {Who: "team_manager", WhoOutOfHours: "edt_lead"},
		},
	}
}

func options(t testing.TB, subjects ...aggregate.Subject) aggregate.Options {
	t.Helper()
	return aggregate.Options{Catalogue: catalogue(t), Vocabulary: words(), Subjects: subjects, Size: 100}
}

func child(protected bool) aggregate.Subject {
	return aggregate.Subject{ID: "s1", Role: "index_child", LivesWithIndex: true, Protected: protected}
}

func visible(h record.Header, fields ...record.Field) aggregate.Visible {
	return aggregate.Visible{Released: request.Released{Record: record.Record{Header: h, Fields: fields}, Decision: policy.Decision{Effect: policy.Permit}}}
}

func field(name, value string, labels ...string) record.Field {
	return record.Field{Name: name, Value: value, Labels: labels}
}

// TestChronology: oldest first across organisations; what has no date, then standing facts, last.
func TestChronology(t *testing.T) {
	b := aggregate.NewBuilder(options(t, child(false)))
	for _, h := range []record.Header{
		{Ref: "current", Organisation: "education", Category: "edu.enrolment", Subject: "s1", Current: true},
		{Ref: "until", Organisation: "education", Category: "edu.enrolment", Subject: "s1", Until: "2020-01-01"},
		{Ref: "undated", Organisation: "police", Category: "pol.missing", Subject: "s1"},
		{Ref: "later", Organisation: "police", Category: "pol.missing", Subject: "s1", EventDate: "2026-02-01"},
		{Ref: "earlier", Organisation: "health", Category: "hlt.checks", Subject: "s1", EventDate: "2025-02-01"},
		{Ref: "same day", Organisation: "health", Category: "hlt.checks", Subject: "s1", EventDate: "2026-02-01"},
	} {
		b.Add(visible(h))
	}
	var got []string
	for _, e := range b.Picture(nil, nil).Chronology {
		got = append(got, e.Record.Header.Ref)
	}
	if diff := cmp.Diff([]string{"earlier", "same day", "later", "undated", "until", "current"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestPages: pages of any size, in whatever order the records come, together are the whole, once.
func TestPages(t *testing.T) {
	c := catalogue(t)
	rapid.Check(t, func(t *rapid.T) {
		n, size := rapid.IntRange(0, 40).Draw(t, "records"), rapid.IntRange(1, 9).Draw(t, "size")
		var all []aggregate.Visible
		for i := range n {
			day := fmt.Sprintf("2026-01-%02d", rapid.IntRange(1, 9).Draw(t, "day"))
			v := visible(record.Header{Ref: fmt.Sprintf("r%02d", i), Organisation: "police", Category: "pol.missing", Subject: "s1", EventDate: day})
			v.At = aggregate.Position{Seq: int64(i + 1)}
			all = append(all, v)
		}
		var got []string
		var after *record.Header
		for range n + 1 {
			b := aggregate.NewBuilder(aggregate.Options{Catalogue: c, Vocabulary: words(), Size: size, After: after})
			for _, v := range rapid.Permutation(all).Draw(t, "order") {
				b.Add(v)
			}
			p := b.Picture(nil, nil)
			for _, e := range p.Chronology {
				got = append(got, e.Record.Header.EventDate+e.Record.Header.Ref)
			}
			if p.Next == (aggregate.Position{}) {
				break
			}
			at := slices.IndexFunc(all, func(v aggregate.Visible) bool { return v.At == p.Next })
			after = &all[at].Record.Header
		}
		if len(got) != n || !slices.IsSorted(got) || len(slices.Compact(got)) != n {
			t.Fatalf("%d of %d records, sorted %t", len(got), n, slices.IsSorted(got))
		}
	})
}

// TestHousehold: what organisations hold and differ about, and nothing at all about a protected person.
func TestHousehold(t *testing.T) {
	status := func(organisation, category, subject string, fields ...record.Field) aggregate.Visible {
		return visible(record.Header{Ref: organisation + subject, Organisation: organisation, Category: category, Subject: subject, Current: true}, fields...)
	}
	add := func(b *aggregate.Builder) aggregate.Picture {
		for _, s := range []string{"s1", "s2"} {
			b.Add(status("csc", "csc.status", s, field("recorded_date_of_birth", "2015-01-02"), field("recorded_address", "1 High St, CV1 1AA"),
				field("household_with", "Ann Lee")))
			b.Add(status("edu", "edu.enrolment", s, field("recorded_date_of_birth", "2015-02-01"), field("recorded_address", "1, high st CV1 1AA")))
		}
		return b.Picture(nil, nil)
	}
	parent := aggregate.Subject{ID: "s2", Role: "parent"}
	t.Run("nobody protected", func(t *testing.T) {
		p := add(aggregate.NewBuilder(options(t, child(false), parent)))
		if len(p.Conflicts) != 2 || p.Conflicts[0].Attribute != "date_of_birth" || len(p.Conflicts[0].Values) != 2 {
			t.Errorf("conflicts = %+v, want the dates of birth: the addresses are one address in two spellings", p.Conflicts)
		}
		if len(p.Household) != 2 || len(p.Household[0].Attributes) != 5 {
			t.Errorf("household of %d, %d attributes", len(p.Household), len(p.Household[0].Attributes))
		}
	})
	t.Run("the child protected", func(t *testing.T) {
		p := add(aggregate.NewBuilder(options(t, child(true), parent)))
		for _, m := range p.Household {
			for _, a := range m.Attributes {
				if m.ID == "s1" || a.Name == "household" {
					t.Errorf("%s of %s is shown", a.Name, m.ID)
				}
			}
		}
		if slices.ContainsFunc(p.Conflicts, func(c aggregate.Conflict) bool { return c.Subject == "s1" }) {
			t.Error("a conflict about a protected person")
		}
	})
	t.Run("a person nobody knows", func(t *testing.T) {
		if p := add(aggregate.NewBuilder(options(t))); len(p.Household) != 0 || len(p.Conflicts) != 0 {
			t.Error("attributes of somebody who is not in the episode")
		}
	})
	t.Run("not on later pages", func(t *testing.T) {
		o := options(t, child(false))
		o.After = &record.Header{EventDate: "2000-01-01"}
		if p := add(aggregate.NewBuilder(o)); p.Household != nil || p.Conflicts != nil {
			t.Error("the household is shown again")
		}
	})
}

// TestSources: a value in the household is a disclosure of the record it comes from, also where that record is on another page.
func TestSources(t *testing.T) {
	o := options(t, child(false))
	o.Size = 1
	b := aggregate.NewBuilder(o)
	b.Add(visible(record.Header{Ref: "event", Organisation: "police", Category: "pol.missing", Subject: "s1", EventDate: "2026-01-01"}))
	b.Add(visible(record.Header{Ref: "standing", Organisation: "csc", Category: "csc.status", Subject: "s1", Current: true}, field("recorded_address", "x")))
	p := b.Picture(nil, nil)
	if len(p.Chronology) != 1 || len(p.Sources) != 1 || p.Sources[0].Ref != "standing" {
		t.Errorf("%d on the page, sources %v", len(p.Chronology), len(p.Sources))
	}
}

// TestSigns: fields under their analysis category, opinion apart from fact, each scale with whoever judged.
func TestSigns(t *testing.T) {
	b := aggregate.NewBuilder(options(t, child(false)))
	h := record.Header{Ref: "a", Organisation: "csc", Category: "csc.assessments", Subject: "s1", EventDate: "2026-01-01"}
	b.Add(visible(h, field("harm", "bruising"), field("scale", "4"), field("scaled_by", "J Shah"), field("assessment", "done")))
	h.Ref, h.Labels = "b", []string{"opinion"}
	b.Add(visible(h, field("danger", "will be hurt")))
	h.Ref, h.Labels = "c", nil
	b.Add(visible(h, field("goals", "safe at home", "opinion")))
	got := b.Picture(nil, nil)
	want := []aggregate.Sign{
		{Category: "harm", Text: "bruising", Organisation: "csc", Subject: "s1", EventDate: "2026-01-01", Ref: "a"},
		{Category: "scaling", Text: "4", Organisation: "csc", Subject: "s1", EventDate: "2026-01-01", Ref: "a", JudgedBy: "J Shah"},
		{Category: "danger_statements", Text: "will be hurt", Organisation: "csc", Subject: "s1", EventDate: "2026-01-01", Ref: "b", Opinion: true},
		{Category: "safety_goals", Text: "safe at home", Organisation: "csc", Subject: "s1", EventDate: "2026-01-01", Ref: "c", Opinion: true},
	}
	if diff := cmp.Diff(want, got.Signs); diff != "" {
		t.Error(diff)
	}
	if got.Chronology[0].Opinion || !got.Chronology[1].Opinion {
		t.Error("opinion is not marked on the record")
	}
}

// TestHeld: told once and never counted; exist without its category; what is never named not at all.
func TestHeld(t *testing.T) {
	held := func(category string, effect policy.Effect, code string, tellable bool) request.Held {
		decider := ""
		if effect == policy.Review {
			decider = policy.DeciderHolder
		}
		return request.Held{Organisation: "police", Subject: "s1", Category: category, Ref: "r-" + code, Decision: policy.Decision{Effect: effect, Reasons: []policy.Reason{
			{Code: "tier_permits", Effect: policy.Permit, Tellable: true}, {Code: code, Effect: effect, Tellable: tellable, Decider: decider},
			{Code: code, Rule: "the holder's too", Effect: effect, Tellable: tellable, Decider: decider},
		}}}
	}
	p := aggregate.NewBuilder(options(t, child(false))).Picture(nil, []request.Held{
		held("pol.convictions", policy.Review, "narrative_held", true),
		held("pol.convictions", policy.Review, "narrative_held", true),
		held("pol.live_investigation", policy.Exist, "live_enquiry", true),
		held("pol.missing", policy.Deny, "outside_window", true),
		held("pol.involvement", policy.Deny, "legally_restricted", false),
		held("hlt.restricted", policy.Deny, "not_on_this_basis", true),
		{Organisation: "police", Subject: "s1", Category: "pol.domestic_abuse", Decision: policy.Decision{
			Effect: policy.Deny, Reasons: []policy.Reason{{Code: "not_on_this_basis", Effect: policy.Deny, Tellable: true}},
		}},
	})
	type line struct{ Category, Effect, Code, Desk, By string }
	var got []line
	for _, h := range p.Held {
		if len(h.Reasons) != 1 {
			t.Errorf("%s: %d reasons, want the one that counts", h.Category, len(h.Reasons))
		}
		got = append(got, line{h.Category, string(h.Effect), h.Reasons[0].Code, h.Desk, h.DecidedBy})
	}
	const desk = "Police desk, 01632 960902"
	want := []line{
		{"", "exist", "live_enquiry", desk, ""},
		{"pol.convictions", "review", "narrative_held", desk, "holder: named person; out of hours: on call"},
		{"pol.domestic_abuse", "deny", "not_on_this_basis", "", ""}, // not asked for
		{"pol.missing", "deny", "outside_window", desk, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAnswers: an answer whose records may none be seen any longer is withheld, not "nothing".
func TestAnswers(t *testing.T) {
	b := aggregate.NewBuilder(options(t, child(false)))
	b.Add(visible(record.Header{Ref: "a", Organisation: "police", Category: "pol.missing", Subject: "s1", EventDate: "2026-01-01"}))
	p := b.Picture([]request.Answer{
		{Organisation: "police", Subject: "s1", Kind: aggregate.Records, Records: 3},
		{Organisation: "education", Subject: "s1", Kind: aggregate.Records, Records: 2},
		{Organisation: "csc", Subject: "s1", Kind: aggregate.NoTrace},
	}, nil)
	type line struct {
		Organisation, Kind string
		Records            int
	}
	var got []line
	for _, a := range p.Answers {
		got = append(got, line{a.Organisation, a.Kind, a.Records})
	}
	want := []line{{"csc", aggregate.NoTrace, 0}, {"education", aggregate.Withheld, 0}, {"police", aggregate.Records, 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
