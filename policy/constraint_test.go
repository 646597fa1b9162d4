package policy_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// TestConstraintsEqualRelease is the promise of Constraint: what is enforced at the source is what the hub would decide, for every
// request, organisation, category, subject, date, mark and combination of labels. And what compiled rules decide is what the
// interpreter decides.
func TestConstraintsEqualRelease(t *testing.T) {
	revision := compiled(t)
	derived := 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		in := drawInput(t, revision.Vocabulary())
		request, err := revision.Open(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		organisation := rapid.SampledFrom(in.Organisations).Draw(t, "organisation").ID
		constraints, err := request.Constraints(ctx, organisation)
		if err != nil {
			t.Fatal(err)
		}
		if len(constraints) == 0 {
			return
		}
		derived++
		for range 8 {
			c := rapid.SampledFrom(constraints).Draw(t, "constraint")
			h := drawHeader(t, revision.Catalogue(), organisation, c, in.At)
			decisions, err := request.Release(ctx, []record.Header{h})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decisions[0].Verdict(), c.Apply(h)); diff != "" {
				t.Fatalf("%+v\nunder %+v\n(-release +constraint):\n%s", h, c, diff)
			}
			if h.EventDate != "" && h.Until != "" {
				continue // denied before any rule is asked
			}
			interpreted, err := request.Interpret(ctx, h)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(interpreted, decisions[0]); diff != "" {
				t.Fatalf("%+v\n(-interpreted +compiled):\n%s", h, diff)
			}
		}
	})
	if n := revision.Interpreted(); n != 0 {
		t.Errorf("%d request shapes could not be compiled", n)
	}
	if derived == 0 {
		t.Error("no request led to a constraint: the property was not tested")
	}
}

// drawHeader draws any header that a holder could send under a constraint, malformed dates included.
func drawHeader(t *rapid.T, catalogue *record.Catalogue, organisation string, c policy.Constraint, at time.Time) record.Header {
	h := record.Header{
		Ref: "r", Organisation: organisation, Category: c.Category, Subject: c.Subject,
		Labels:      rapid.SliceOfNDistinct(rapid.SampledFrom(catalogue.Labels), 0, 4, rapid.ID).Draw(t, "labels"),
		LabelsKnown: rapid.IntRange(0, 4).Draw(t, "labels known") > 0,
		OnlyAddress: rapid.IntRange(0, 4).Draw(t, "only address") == 0,
	}
	edge, err := time.Parse(time.DateOnly, c.From)
	if err != nil {
		edge = at.AddDate(-3, 0, 0)
	}
	day := edge.AddDate(0, 0, rapid.SampledFrom([]int{-4000, -400, -2, -1, 0, 1, 2, 400, 3000}).Draw(t, "day")).Format(time.DateOnly)
	switch rapid.IntRange(0, 5).Draw(t, "dated") {
	case 0:
		h.Current = true
	case 1:
		h.Until = day
	case 2, 3:
		h.EventDate = day
	case 4:
		h.EventDate, h.Until = day, day
	}
	return h.Normalised()
}

// drawInput draws a request that gets past the gates often enough to be worth drawing.
func drawInput(t *rapid.T, v *policy.Vocabulary) policy.Input {
	at := rapid.SampledFrom([]string{"2026-02-04T09:15:00Z", "2026-11-22T10:00:00Z"}).Draw(t, "at")
	moment, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	basis := rapid.SampledFrom([]string{"s47", "mash", "s17", "early_help", "emergency"}).Draw(t, "basis")
	in := policy.Input{
		At: moment, Hub: v.Hub.Code,
		Requester: policy.Requester{Role: "social_worker", Agency: "children_services", Hub: v.Hub.Code, Assigned: true},
		Episode: policy.Episode{
			Stage: "mash_episode", Purpose: "safeguarding_children", Basis: basis, LevelOfNeed: 3,
			Rating:   map[string]string{"s47": "red", "mash": "amber", "s17": "green"}[basis],
			Concerns: rapid.SliceOfNDistinct(rapid.SampledFrom(codesOf(v.Concerns)), 1, 3, rapid.ID).Draw(t, "concerns"),
			Facts:    policy.Facts{ImminentDanger: basis == "emergency"},
		},
		Subjects:        drawSubjects(t),
		LocationUnknown: rapid.IntRange(0, 5).Draw(t, "location unknown") == 0,
	}
	if in.Episode.Rating == "" {
		in.Episode.Rating = "none"
	}
	if basis == "emergency" {
		in.Episode.BreakGlass = &policy.BreakGlass{By: "p", Reason: "danger", Starts: moment, Expires: moment.Add(time.Hour)}
	}
	for _, code := range codesOf(v.Categories) {
		in.Categories = append(in.Categories, policy.Category{Code: code, Reason: "drawn"})
	}
	for _, entry := range v.Organisations {
		in.Organisations = append(in.Organisations, entry.Organisation())
	}
	for i, subject := range in.Subjects {
		if status := rapid.SampledFrom([]string{"yes", "yes", "no", ""}).Draw(t, "answer"); status != "" {
			for _, kind := range codesOf(v.Consents) {
				in.Consents = append(in.Consents, policy.Consent{
					Kind: kind, By: subject.ID, Status: status, Recorded: moment.Add(-time.Duration(i+1) * time.Hour),
				})
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "flagged") == 0 {
			in.Flags = append(in.Flags, policy.Flag{
				Subject: subject.ID, Flag: rapid.SampledFrom([]string{"safe_address", "adoption", "limited_access", "live_investigation"}).Draw(t, "flag"),
				Organisation: rapid.SampledFrom(in.Organisations).Draw(t, "flagging organisation").ID,
			})
		}
	}
	return in
}

func drawSubjects(t *rapid.T) []policy.Subject {
	subjects := []policy.Subject{{ID: "s0", Role: "index_child"}}
	for i := range rapid.IntRange(0, 3).Draw(t, "others") {
		subjects = append(subjects, policy.Subject{
			ID: fmt.Sprintf("s%d", i+1), Role: rapid.SampledFrom([]string{"sibling", "parent", "carer", "other_adult"}).Draw(t, "role"),
			ParentalResponsibility: true, AllegedSourceOfHarm: rapid.IntRange(0, 5).Draw(t, "alleged") == 0,
		})
	}
	for i := range subjects {
		s := &subjects[i]
		born := []string{"2020-05-05", "2014-03-03", "2010-02-02", "unborn"}
		if slices.Contains([]string{"parent", "carer", "other_adult"}, s.Role) {
			born = []string{"1990-01-01", "2009-01-01"}
		}
		s.Born = rapid.SampledFrom(born).Draw(t, "born")
		s.Identified = rapid.SampledFrom([]string{"yes", "yes", "yes", "ambiguous"}).Draw(t, "identified")
		s.GillickCompetent = "unknown"
		s.PregnantOrPostnatal = rapid.SampledFrom([]string{"yes", "no", "unknown"}).Draw(t, "pregnant")
		s.LivesWithIndex = rapid.Bool().Draw(t, "lives with index")
		s.SafeAddress = rapid.IntRange(0, 5).Draw(t, "safe address") == 0
	}
	return subjects
}
