package episode_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/policy"
)

func TestTheRulesOfAChange(t *testing.T) {
	f := setUp(t, nil)
	base := f.opened()
	later := episode.By{Person: "p2", At: start.Add(time.Hour)}
	breakGlass := func(until time.Duration) func(*episode.Episode) error {
		return func(e *episode.Episode) error {
			return e.Break(episode.BreakGlass{Reason: "r", By: by("p1"), Expires: start.Add(until)})
		}
	}
	for name, c := range map[string]struct {
		do   []func(*episode.Episode) error
		want string
	}{
		"rating changed without a reason": {[]func(*episode.Episode) error{func(e *episode.Episode) error {
			return e.Rate(episode.Rating{Code: "red", LevelOfNeed: 4, By: by("p1")})
		}}, "INVALID_FIELD"},
		"level changed without a reason": {[]func(*episode.Episode) error{func(e *episode.Episode) error {
			return e.Rate(episode.Rating{Code: "amber", LevelOfNeed: 3, By: by("p1")})
		}}, "INVALID_FIELD"},
		"the same rating without one": {[]func(*episode.Episode) error{func(e *episode.Episode) error {
			return e.Rate(episode.Rating{Code: "amber", LevelOfNeed: 4, By: by("p1")})
		}}, ""},
		"a consent of nobody": {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.RecordConsent(episode.Consent{Giver: "x", Status: "yes"}) }}, "INVALID_FIELD"},
		"a consent without its reason": {[]func(*episode.Episode) error{func(e *episode.Episode) error {
			return e.RecordConsent(episode.Consent{Giver: e.Subjects[1].ID, Status: "not_safe_to_seek"})
		}}, "INVALID_FIELD"},
		"a withdrawal of nobody": {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.WithdrawConsent("referral", "x", by("p1")) }}, "INVALID_FIELD"},
		"a second index child": {[]func(*episode.Episode) error{func(e *episode.Episode) error {
			_, err := e.AddSubject(episode.Subject{Role: "index_child"})
			return err
		}}, "INVALID_FIELD"},
		"the index child taken away":   {[]func(*episode.Episode) error{func(e *episode.Episode) error { s := e.Subjects[0]; s.Role = "sibling"; return e.UpdateSubject(s) }}, "INVALID_FIELD"},
		"a stranger updated":           {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.UpdateSubject(episode.Subject{ID: "x", Role: "parent"}) }}, "INVALID_FIELD"},
		"an override without a reason": {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.SetOverride(episode.Override{Ground: "delay", By: by("p1")}) }}, "INVALID_FIELD"},
		"settled without a reason":     {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.Settle(episode.ConsentPosition{By: by("p1")}) }}, "INVALID_FIELD"},
		"settled twice": {[]func(*episode.Episode) error{
			func(e *episode.Episode) error { return e.Settle(episode.ConsentPosition{Reason: "r", By: by("p1")}) },
			func(e *episode.Episode) error { return e.Settle(episode.ConsentPosition{Reason: "s", By: by("p1")}) },
		}, "ALREADY_SETTLED"},
		"a break-glass of no length":           {[]func(*episode.Episode) error{breakGlass(0)}, "INVALID_FIELD"},
		"a break-glass ended twice":            {[]func(*episode.Episode) error{breakGlass(2 * time.Hour), func(e *episode.Episode) error { return e.EndBreakGlass(later) }, func(e *episode.Episode) error { return e.EndBreakGlass(later) }}, "NO_BREAK_GLASS"},
		"a break-glass ended after it is over": {[]func(*episode.Episode) error{breakGlass(time.Hour), func(e *episode.Episode) error { return e.EndBreakGlass(later) }}, "NO_BREAK_GLASS"},
		"outstanding without a reason": {[]func(*episode.Episode) error{func(e *episode.Episode) error {
			return e.RecordOutcome(episode.Outcome{Code: "x", OutstandingOrganisations: []string{"police"}})
		}}, "INVALID_FIELD"},
		"nobody assigned":         {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.Assign(nil) }}, "INVALID_FIELD"},
		"closed without a reason": {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.Close(episode.Closing{}) }}, "INVALID_FIELD"},
		"closed by moving":        {[]func(*episode.Episode) error{func(e *episode.Episode) error { return e.MoveTo(episode.StageClosed) }}, "CLOSE_NEEDS_REASON"},
	} {
		e := copyOf(t, base)
		var err error
		for _, do := range c.do {
			err = do(&e)
		}
		if got := reason(err); c.want != "" && got != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func copyOf(t *testing.T, e episode.Episode) (copied episode.Episode) {
	t.Helper()
	text, err := json.Marshal(e)
	if err = errors.Join(err, json.Unmarshal(text, &copied)); err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestAClosedEpisodeTakesOnlyAWithdrawal(t *testing.T) {
	f := setUp(t, nil)
	e := f.opened()
	if err := e.Close(episode.Closing{Reason: "r", By: by("p1")}); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"rate":    func() error { return e.Rate(episode.Rating{Code: "red", Reason: "r"}) },
		"consent": func() error { return e.RecordConsent(episode.Consent{Giver: e.Subjects[1].ID, Status: "yes"}) },
		"add":     func() error { _, err := e.AddSubject(episode.Subject{Role: "sibling"}); return err },
		"update":  func() error { return e.UpdateSubject(e.Subjects[1]) },
		"ground":  func() error { return e.SetOverride(episode.Override{Ground: "delay", Reason: "r"}) },
		"settle":  func() error { return e.Settle(episode.ConsentPosition{Reason: "r"}) },
		"break": func() error {
			return e.Break(episode.BreakGlass{Reason: "r", By: by("p1"), Expires: start.Add(time.Hour)})
		},
		"outcome": func() error { return e.RecordOutcome(episode.Outcome{Code: "x"}) },
		"assign":  func() error { return e.Assign([]string{"p1"}) },
		"move":    func() error { return e.MoveTo(episode.StageTriage) },
		"close":   func() error { return e.Close(episode.Closing{Reason: "r"}) },
	} {
		if err := do(); reason(err) != "EPISODE_CLOSED" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := e.WithdrawConsent("referral", e.Subjects[1].ID, by("p1")); err != nil {
		t.Errorf("withdraw: %v", err)
	}
}

func TestABreakGlassGivesTheBasisBack(t *testing.T) {
	e := setUp(t, nil).opened()
	glass := episode.BreakGlass{Reason: "r", By: by("p1"), Expires: start.Add(time.Hour)}
	if err := errors.Join(e.Break(glass), e.Break(glass)); err != nil || e.Basis != "emergency" {
		t.Fatalf("basis %s, %v", e.Basis, err)
	}
	if err := e.EndBreakGlass(episode.By{Person: "p2", At: start.Add(time.Minute)}); err != nil || e.Basis != "mash" {
		t.Errorf("after the second one's end: basis %s, %v", e.Basis, err)
	}
	if in := e.PolicyInput(start); !in.Episode.BreakGlass.Expires.Equal(start.Add(time.Minute)) {
		t.Error("the policy does not see that it was ended")
	}
}

func TestASecondPersonStandsBehindAFactOnlyWhenTheyRecordedIt(t *testing.T) {
	e := setUp(t, nil).opened() // referral by p0, rating amber by p1
	check := func(who string, wantOwn, wantSupported []string) {
		t.Helper()
		own, supported := e.FactsBy(who)
		if diff := cmp.Diff(wantOwn, own) + cmp.Diff(wantSupported, supported); diff != "" {
			t.Errorf("%s:\n%s", who, diff)
		}
	}
	check("p1", []string{"rating"}, []string{"referral"})
	check("p0", []string{"referral"}, []string{"rating"})
	rate := func(who, code string, s47 bool) {
		t.Helper()
		if err := e.Rate(episode.Rating{Code: code, Reason: "r", LevelOfNeed: 4, Basis: "s47", Facts: policy.Facts{S47Cause: s47}, By: by(who)}); err != nil {
			t.Fatal(err)
		}
	}
	rate("p1", "red", true)
	check("p1", []string{"rating", "s47_cause"}, []string{"referral"})
	rate("p2", "red", true) // confirmed
	check("p1", []string{}, []string{"referral", "rating", "s47_cause"})
	check("p2", []string{}, []string{"referral", "rating", "s47_cause"})
	rate("p1", "green", false) // a new rating is p1's alone again, and the cause is gone
	check("p1", []string{"rating"}, []string{"referral"})
	if err := errors.Join(
		e.SetOverride(episode.Override{Ground: "delay", Reason: "r", By: by("p1")}),
		e.Break(episode.BreakGlass{Reason: "r", By: by("p1"), Expires: start.Add(time.Hour)}),
	); err != nil {
		t.Fatal(err)
	}
	check("p1", []string{"rating", "override", "break_glass"}, []string{"referral"})
	if err := e.SetOverride(episode.Override{Ground: "best_interests", Reason: "r", By: by("p2")}); err != nil {
		t.Fatal(err)
	}
	check("p1", []string{"rating", "break_glass"}, []string{"referral", "override"})
	check("p2", []string{"override"}, []string{"referral", "rating", "break_glass"})
}
