package episode_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/store"
)

// moved are the causes that have happened by now, oldest first.
func (f *fixture) moved() []episode.Cause {
	f.t.Helper()
	due, err := f.Due(context.Background(), 100)
	if err != nil {
		f.t.Fatal(err)
	}
	var causes []episode.Cause
	for _, m := range due {
		if m.Hub != "h" || m.Time.After(f.clock.Now()) {
			f.t.Errorf("%s of %s at %s", m.Cause, m.Hub, m.Time)
		}
		causes = append(causes, m.Cause)
	}
	return causes
}

// TestMoves: what takes something away leaves a move in its own transaction, at once or when the clock takes it away; what only adds
// leaves none.
func TestMoves(t *testing.T) {
	at := func(f *fixture) episode.By { return episode.By{Person: "p1", Role: "social_worker", At: f.clock.Now()} }
	answer := func(status string) func(*fixture, *episode.Episode) error {
		return func(_ *fixture, e *episode.Episode) error {
			return e.RecordConsent(episode.Consent{Kind: "service", Giver: e.Subjects[1].ID, Status: status, Reason: "r"})
		}
	}
	withdraw := func(f *fixture, e *episode.Episode) error {
		return e.WithdrawConsent("service", e.Subjects[1].ID, at(f))
	}
	override := func(f *fixture, e *episode.Episode) error {
		return e.SetOverride(episode.Override{Ground: "delay", Reason: "r", By: at(f)})
	}
	endOverride := func(f *fixture, e *episode.Episode) error { return e.EndOverride("over", at(f)) }
	glass := func(f *fixture, e *episode.Episode) error {
		return e.Break(episode.BreakGlass{Reason: "r", By: at(f), Expires: f.clock.Now().Add(time.Hour)})
	}
	endGlass := func(f *fixture, e *episode.Episode) error { return e.EndBreakGlass(at(f)) }
	closing := func(f *fixture, e *episode.Episode) error {
		return e.Close(episode.Closing{Reason: "done", By: at(f)})
	}
	wait := func(f *fixture, _ *episode.Episode) error { f.clock.Advance(time.Hour); return nil }
	for name, c := range map[string]struct {
		steps []func(*fixture, *episode.Episode) error
		want  []episode.Cause
	}{
		"a yes":                                {[]func(*fixture, *episode.Episode) error{answer("yes")}, nil},
		"a no where nothing was said":          {[]func(*fixture, *episode.Episode) error{answer("no")}, nil},
		"a yes confirmed":                      {[]func(*fixture, *episode.Episode) error{answer("yes"), answer("yes")}, nil},
		"a no after a yes":                     {[]func(*fixture, *episode.Episode) error{answer("yes"), answer("no")}, []episode.Cause{episode.CauseConsentWithdrawn}},
		"a withdrawal, whatever was said":      {[]func(*fixture, *episode.Episode) error{withdraw}, []episode.Cause{episode.CauseConsentWithdrawn}},
		"an override":                          {[]func(*fixture, *episode.Episode) error{override}, nil},
		"an override ended":                    {[]func(*fixture, *episode.Episode) error{override, endOverride}, []episode.Cause{episode.CauseOverrideEnded}},
		"a break-glass in force":               {[]func(*fixture, *episode.Episode) error{glass}, nil},
		"a break-glass over by the clock":      {[]func(*fixture, *episode.Episode) error{glass, wait}, []episode.Cause{episode.CauseBreakGlassEnded}},
		"a break-glass ended by hand, once":    {[]func(*fixture, *episode.Episode) error{glass, endGlass, wait}, []episode.Cause{episode.CauseBreakGlassEnded}},
		"a break-glass kept by another change": {[]func(*fixture, *episode.Episode) error{glass, override, wait}, []episode.Cause{episode.CauseBreakGlassEnded}},
		"a closed episode waits for nothing":   {[]func(*fixture, *episode.Episode) error{glass, closing, wait}, []episode.Cause{episode.CauseClosed}},
		"a withdrawal on a closed episode":     {[]func(*fixture, *episode.Episode) error{closing, withdraw}, []episode.Cause{episode.CauseClosed, episode.CauseConsentWithdrawn}},
	} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t, nil)
			e := f.opened()
			for _, step := range c.steps {
				if _, err := f.change(e.ID, "", func(e *episode.Episode) error { return step(f, e) }); err != nil {
					t.Fatal(err)
				}
			}
			if got := f.moved(); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestMoveLastsUntilTaken: a move is there until a transaction that stands has taken it, and only one takes it.
func TestMoveLastsUntilTaken(t *testing.T) {
	f := setUp(t, nil)
	e := f.opened()
	_, err := f.change(e.ID, "", func(e *episode.Episode) error { return e.WithdrawConsent("service", e.Subjects[1].ID, by("p1")) })
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-f.Moved():
	default:
		t.Error("nobody was woken")
	}
	due, err := f.Due(context.Background(), 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("%d moves: %v", len(due), err)
	}
	killed := errors.New("killed")
	for _, last := range []error{killed, nil, nil} {
		var taken bool
		err := f.tx(func(ctx context.Context, tx store.Tx) (err error) {
			if taken, err = f.Take(ctx, tx, due[0]); err != nil {
				return err
			}
			return last
		})
		left := len(f.moved())
		if !errors.Is(err, last) || (left == 0) != (last == nil) {
			t.Errorf("taken %v, %d left: %v", taken, left, err)
		}
	}
	err = f.tx(func(ctx context.Context, tx store.Tx) error {
		if again, err := f.Take(ctx, tx, due[0]); err != nil || again {
			t.Errorf("taken twice: %v, %v", again, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEpisodeLapses: an episode that expires is closed by the clock.
func TestEpisodeLapses(t *testing.T) {
	f := setUp(t, nil)
	r, err := f.submit(form())
	if err != nil {
		t.Fatal(err)
	}
	until := start.Add(2 * time.Hour)
	err = f.tx(func(ctx context.Context, tx store.Tx) error {
		_, err := f.Open(ctx, tx, episode.Opening{
			Hub: "h", Referral: r.ID, Stage: episode.StageMASHEpisode, Assignees: []string{"p1"}, Expires: &until,
			Rating: episode.Rating{Code: "amber", LevelOfNeed: 4, Basis: "mash", By: by("p1")},
		})
		return err
	})
	if err != nil || len(f.moved()) != 0 {
		t.Fatalf("moved already: %v", err)
	}
	f.clock.Set(until)
	if got := f.moved(); !slices.Equal(got, []episode.Cause{episode.CauseClosed}) {
		t.Errorf("%v", got)
	}
}

// TestEndOverride: an override that was taken back decides nothing any longer and stays on record.
func TestEndOverride(t *testing.T) {
	f := setUp(t, nil)
	e := f.opened()
	if err := e.EndOverride("over", by("p2")); err == nil {
		t.Error("an override that is not there was ended")
	}
	if err := e.SetOverride(episode.Override{Ground: "delay", Reason: "r", By: by("p1")}); err != nil {
		t.Fatal(err)
	}
	if err := e.EndOverride("", by("p2")); err == nil {
		t.Error("an override was ended without a reason")
	}
	if err := e.EndOverride("the risk has passed", by("p2")); err != nil {
		t.Fatal(err)
	}
	own, _ := e.FactsBy("p1")
	if e.PolicyInput(start).Episode.Override != nil || slices.Contains(own, episode.FactOverride) {
		t.Error("the override still counts")
	}
	if len(e.EndedOverrides) != 1 || e.EndedOverrides[0].Ground != "delay" || e.EndedOverrides[0].EndedBy.Person != "p2" {
		t.Error("the ended override is not on record")
	}
}
