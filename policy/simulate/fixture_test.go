package simulate_test

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/rules"
	"github.com/mashgate/mashgate/policy/scenario"
	"github.com/mashgate/mashgate/policy/simulate"
)

// inForce is the default pack.
func inForce(t testing.TB) *policy.Revision {
	t.Helper()
	return compile(t, rules.FS)
}

// draft is the default pack with data laid over it, by file.
func draft(t testing.TB, data map[string]string) *policy.Revision {
	t.Helper()
	overlay := fstest.MapFS{
		"manifest.yaml": {Data: []byte(`{name: draft, version: "2", hub: coventry, kind: hub, base: default, review_date: "2027-03-31"}`)},
	}
	for name, content := range data {
		overlay["data/"+name+".json"] = &fstest.MapFile{Data: []byte(content)}
	}
	return compile(t, overlay)
}

// narrative releases narrative in a MASH episode: one cell of the table, tier C under mash, from review to permit.
const narrative = `{"cells": {"C": {"mash": {"effect": "permit", "reason": "tier_permits"}}}}`

// involvement holds what the police know back under s47: tier B from permit to review.
const involvement = `{"cells": {"B": {"s47": {"effect": "review", "reason": "narrative_held"}}}}`

func compile(t testing.TB, fsys fs.FS) *policy.Revision {
	t.Helper()
	revision, err := policy.Compile(context.Background(), fsys, policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func scenarios(t testing.TB, revision *policy.Revision) []scenario.Scenario {
	t.Helper()
	folder, err := fs.Sub(rules.FS, "scenarios")
	if err != nil {
		t.Fatal(err)
	}
	all, err := scenario.LoadFS(revision, folder)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// family is a section 47 request about four people.
func family(v *policy.Vocabulary) policy.Input {
	in := policy.Input{
		At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Hub: v.Hub.Code,
		Requester: policy.Requester{Role: "social_worker", Agency: "children_services", Hub: v.Hub.Code, Assigned: true},
		Episode: policy.Episode{
			Stage: "mash_episode", Purpose: "safeguarding_children", Rating: "red", LevelOfNeed: 4, Basis: "s47", Concerns: []string{"neglect"},
		},
	}
	for i, role := range []string{"index_child", "sibling", "parent", "parent"} {
		born := "2018-01-01"
		if role == "parent" {
			born = "1990-01-01"
		}
		in.Subjects = append(in.Subjects, policy.Subject{
			ID: fmt.Sprintf("s%d", i), Role: role, Born: born, Identified: "yes", GillickCompetent: "unknown", PregnantOrPostnatal: "unknown",
			ParentalResponsibility: role == "parent", LivesWithIndex: true,
		})
	}
	for _, entry := range v.Organisations {
		in.Organisations = append(in.Organisations, entry.Organisation())
	}
	return in
}

// recordsEach are the records of each answer in past.
const recordsEach = 50

// past is a hub's history of n release decisions in answers of recordsEach, an episode an answer, with a new request every tenth. One
// answer is in memory at a time.
func past(ctx context.Context, revision *policy.Revision, n int) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		in := family(revision.Vocabulary())
		var decider history.Decider
		for i := range n / recordsEach {
			if i%10 == 0 {
				in.At = in.At.Add(time.Minute)
			}
			r := history.Record{
				Seq: int64(i + 1), Hub: in.Hub, Episode: fmt.Sprintf("episode-%06d", i), Request: fmt.Sprintf("request-%06d", i), Time: in.At,
				Kind: history.Release, Organisation: "police", Subject: "s2", Input: in,
			}
			for j := range recordsEach {
				day := in.At.AddDate(0, 0, -(i*7+j*13)%2000).Format(time.DateOnly)
				r.Headers = append(r.Headers, history.Bare(record.Header{
					Organisation: "police", Category: "pol.involvement", Subject: "s2", EventDate: day, LabelsKnown: true, Labels: []string{},
				}))
			}
			verdict, err := decider.Again(ctx, revision, r)
			r.Verdicts = []history.Verdict{verdict}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func run(t testing.TB, o simulate.Options) simulate.Report {
	t.Helper()
	report, err := simulate.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
