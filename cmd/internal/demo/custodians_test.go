package demo_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/person"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// The four custodians by the organisation that answers from each file.
var custodianFiles = map[string]string{
	"children_social_care": "local-authority-01", "education": "education-01", "police": "police-01", "community_health": "health-01",
}

// custodianCategories are what the four mappings make of the files.
var custodianCategories = strings.Fields("csc.status csc.chronology csc.assessments edu.enrolment edu.attendance edu.exclusions edu.send " +
	"hlt.registration hlt.attendance hlt.mental_health_status pol.missing pol.involvement")

// TestCustodians: one request about the child whom all four files of the Department for Education know is answered by all four, each
// value under its category; what a mask hides, and what a file says of other people, is nowhere.
func TestCustodians(t *testing.T) {
	folder := os.Getenv("MASHGATE_EXTERNAL_DATA")
	if folder == "" {
		t.Skip("NOT RUN: set MASHGATE_EXTERNAL_DATA to the folder of external data to ask the four real custodians about one child")
	}
	files := readCustodians(t, filepath.Join(folder, "dfe-custodians"))
	facts := files.about(t)
	h := startCustodians(t, filepath.Join(folder, "dfe-custodians"), facts.when)
	t.Run("everything that may be seen is seen", func(t *testing.T) {
		got := h.ask(t, facts.family(false))
		for organisation := range custodianFiles {
			got.answered(t, organisation, "index_child", mashgatev1.AnswerKind_ANSWER_KIND_RECORDS)
		}
		got.shows(t, append(slices.Clone(facts.shown), facts.places...))
		got.hides(t, facts.hidden)
	})
	t.Run("a safe address hides every place", func(t *testing.T) {
		f := facts.family(false)
		f.Referral.Subjects[0].SafeAddress = true
		got := h.ask(t, f)
		got.shows(t, facts.shown)
		got.hides(t, append(valuesOf(facts.places), facts.hidden...))
	})
	t.Run("an index of numbers alone does not say that it found nobody", func(t *testing.T) {
		got := h.ask(t, facts.family(true))
		got.answered(t, "children_social_care", "parent", mashgatev1.AnswerKind_ANSWER_KIND_NO_TRACE)
		for _, organisation := range []string{"police", "community_health"} {
			got.answered(t, organisation, "parent", mashgatev1.AnswerKind_ANSWER_KIND_ERROR)
			got.answered(t, organisation, "index_child", mashgatev1.AnswerKind_ANSWER_KIND_RECORDS)
		}
	})
}

// custodianHub is a demo whose four organisations answer from the files.
type custodianHub struct {
	*demo.Hub

	log *sharedLog
}

// startCustodians copies the files as they are, complete up to the moment at which the hub's clock stands.
func startCustodians(t *testing.T, folder string, when time.Time) custodianHub {
	t.Helper()
	h := custodianHub{log: &sharedLog{}}
	options := demo.Options{
		Dir: filepath.Join(t.TempDir(), "demo"), Log: h.log, Clock: clock.NewFake(when), Custodians: map[string]string{},
	}
	for organisation, name := range custodianFiles {
		source, err := os.ReadFile(filepath.Join(folder, name+".custodian.json"))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), organisation+".json")
		if err := os.WriteFile(file, source, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
		options.Custodians[organisation] = file
	}
	var err error
	if h.Hub, err = demo.Start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// sharedLog is a log that several goroutines write.
type sharedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *sharedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *sharedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// custodianAnswer is everything that came out of one request.
type custodianAnswer struct {
	demo.Told

	output string
}

func (h custodianHub) ask(t *testing.T, f city.Family) custodianAnswer {
	t.Helper()
	var talk bytes.Buffer
	told, err := demo.Tell(t.Context(), h.Hub, f, demo.Cast{Referrer: "rita", Triage: "tom", Worker: "sara", Requester: "sara"}, &talk)
	if err != nil {
		t.Fatal(err)
	}
	if told.Picture == nil {
		t.Fatalf("nobody was asked: %v", told.Request.GetGates())
	}
	return custodianAnswer{Told: told, output: fmt.Sprint(talk.String(), h.log.String(), protojson.Format(told.Request), protojson.Format(told.Picture))}
}

func (a custodianAnswer) answered(t *testing.T, organisation, role string, want mashgatev1.AnswerKind) {
	t.Helper()
	for _, answer := range a.Picture.GetAnswers() {
		for _, s := range a.Episode.GetSubjects() {
			is := "SUBJECT_ROLE_"+strings.ToUpper(role) == s.GetRole().String() && s.GetId() == answer.GetSubject()
			if is && answer.GetOrganisation() == organisation {
				if answer.GetKind() != want {
					t.Errorf("%s about the %s: %v, want %v", organisation, role, answer.GetKind(), want)
				}
				return
			}
		}
	}
	t.Errorf("%s has no answer about the %s", organisation, role)
}

// shows looks for each value in a record of its organisation and category.
func (a custodianAnswer) shows(t *testing.T, values []heldValue) {
	t.Helper()
	for _, v := range values {
		if !slices.ContainsFunc(a.Picture.GetChronology(), v.in) {
			t.Errorf("%s: %q is not seen under %s", v.organisation, v.value, v.category)
		}
	}
}

func (a custodianAnswer) hides(t *testing.T, values []string) {
	t.Helper()
	for _, value := range values {
		if strings.Contains(a.output, value) {
			t.Errorf("%q is seen", value)
		}
	}
}

// heldValue is what a file says, and where it belongs.
type heldValue struct{ organisation, category, date, value string }

func (v heldValue) in(r *mashgatev1.ReleasedRecord) bool {
	return r.GetOrganisation() == v.organisation && r.GetCategory() == v.category && (v.date == "" || r.GetEventDate() == v.date) &&
		slices.ContainsFunc(r.GetFields(), func(f *mashgatev1.ReleasedField) bool { return strings.Contains(f.GetValue(), v.value) })
}

func valuesOf(all []heldValue) []string {
	var values []string
	for _, v := range all {
		values = append(values, v.value)
	}
	return values
}

// family is the referral about the child; with a relative whom the local authority names, who has no number, or without.
func (f *custodianFacts) family(relative bool) city.Family {
	family := city.Family{
		Name: "custodians", Title: "One child, four custodians",
		Referral: city.Referral{
			Referrer: city.Referrer{GivenName: "Rita", FamilyName: "Refers", Organisation: "A school", Professional: true},
			Concerns: []string{"physical_abuse"}, Summary: "A bruise was seen.",
			Subjects: []city.Subject{{ID: "child", Role: "index_child", Identity: f.child, Identified: "yes"}},
		},
		Triage: city.Triage{Outcome: "mash_episode", Reason: "A bruise."},
		Episode: city.Episode{
			Stage: "mash_episode", Rating: "red", RatingReason: "A bruise.", LevelOfNeed: 4, Basis: "s47", Facts: city.Facts{S47Cause: true},
		},
	}
	if relative {
		family.Referral.Subjects = append(family.Referral.Subjects, city.Subject{ID: "relative", Role: "parent", Identity: f.relative})
	}
	for _, code := range custodianCategories {
		family.Categories = append(family.Categories, city.Category{Code: code, Reason: "needed"})
	}
	return family
}

// nameOf splits a full name as the files write it.
func nameOf(full, born string) person.Identity {
	given, family, _ := strings.Cut(full, " ")
	return person.Identity{GivenName: given, FamilyName: family, DateOfBirth: born}
}
