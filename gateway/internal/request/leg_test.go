package request_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/record"
)

func staged(subject string, n int) request.Staged {
	c := request.Staged{Organisation: "police", Subject: subject}
	for _, r := range released(n) {
		c.Items = append(c.Items, request.Arrived{Record: r.Record, Stub: "review", Reasons: []string{"code"}})
	}
	return c
}

func TestStagedChunksComeBackInOrderAndLeaveOneByOne(t *testing.T) {
	f := setUp(t, nil)
	ref := f.running().Ref()
	for n := 1; n <= 3; n++ {
		f.do(func(ctx context.Context, tx store.Tx) error { return f.Stage(ctx, tx, ref, staged("s1", n)) })
	}
	for n := 1; n <= 2; n++ {
		c, found, err := f.NextStaged(context.Background(), ref, "police", "s1")
		if err != nil || !found || !cmp.Equal(c.Items, staged("s1", n).Items, cmpopts.EquateEmpty()) {
			t.Fatalf("chunk %d: found %v, %d items, %v", n, found, len(c.Items), err)
		}
		f.do(func(ctx context.Context, tx store.Tx) error { return f.Unstage(ctx, tx, ref, c.ID) })
	}
	for name, none := range map[string][2]string{"another organisation": {"education", "s1"}, "another subject": {"police", "s2"}} {
		if _, found, err := f.NextStaged(context.Background(), ref, none[0], none[1]); err != nil || found {
			t.Errorf("%s has staged: %v, %v", name, found, err)
		}
	}
	f.do(func(ctx context.Context, tx store.Tx) error {
		return errors.Join(f.DropStaged(ctx, tx, ref, "education"), f.DropStaged(ctx, tx, ref, "police"), f.DropStaged(ctx, tx, ref, "police"))
	})
	if _, found, err := f.NextStaged(context.Background(), ref, "police", "s1"); err != nil || found {
		t.Errorf("after dropping: %v, %v", found, err)
	}
	for _, n := range []int{0, record.MaxChunk + 1} {
		if err := f.try(func(ctx context.Context, tx store.Tx) error { return f.Stage(ctx, tx, ref, staged("s1", n)) }); err == nil {
			t.Errorf("a chunk of %d was staged", n)
		}
	}
}

func TestALegTakenOverCannotBeSavedByItsFirstHolder(t *testing.T) {
	f := setUp(t, nil)
	ref := f.running().Ref()
	var leg request.Leg
	f.do(func(ctx context.Context, tx store.Tx) error {
		legs, err := f.AddLegs(ctx, tx, ref, []request.Leg{{Organisation: "police", Subjects: []string{"s1"}, Progress: []byte("CANARYprogress")}})
		if err == nil {
			leg = legs[0]
		}
		return err
	})
	claim := func(l request.Leg) (got request.Leg, err error) {
		err = f.try(func(ctx context.Context, tx store.Tx) (err error) {
			got, err = f.Claim(ctx, tx, l, f.clock.Now().Add(time.Minute))
			return err
		})
		return got, err
	}
	save := func(l request.Leg) error {
		return f.try(func(ctx context.Context, tx store.Tx) error { return f.SaveLeg(ctx, tx, l) })
	}
	first, err := claim(leg)
	if err != nil || first.Attempt != 1 || string(first.Progress) != "CANARYprogress" {
		t.Fatalf("first claim: attempt %d, %v", first.Attempt, err)
	}
	if _, err := claim(leg); !errors.Is(err, request.ErrLeaseLost) {
		t.Errorf("a claim against a running lease: %v", err)
	}
	first, err = claim(first) // its holder goes on to the next attempt
	if err != nil || first.Attempt != 2 {
		t.Fatalf("the holder's next attempt: %d, %v", first.Attempt, err)
	}
	f.clock.Advance(time.Minute)
	second, err := claim(leg) // the lease's edge: what expires at a moment is over at that moment
	if err != nil || second.Attempt != 3 {
		t.Fatalf("second claim: attempt %d, %v", second.Attempt, err)
	}
	first.State, first.Progress = request.LegDone, []byte("late")
	if err := save(first); !errors.Is(err, request.ErrLeaseLost) {
		t.Errorf("the first holder saved: %v", err)
	}
	second.State, second.Progress = request.LegDone, []byte("done")
	if err := save(second); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(second); !errors.Is(err, request.ErrLeaseLost) {
		t.Errorf("a claim of a leg that is done: %v", err)
	}
	legs, err := f.Legs(context.Background(), ref)
	if err != nil || len(legs) != 1 || string(legs[0].Progress) != "done" || legs[0].State != request.LegDone {
		t.Errorf("what is kept: %d legs, %v", len(legs), err)
	}
}

func TestAWatcherIsWokenByCommitsOfItsOwnRequestAlone(t *testing.T) {
	f := setUp(t, nil)
	mine, other := f.running().Ref(), f.running().Ref()
	wake, stop := f.Subscribe(mine)
	defer stop()
	if err := f.answer(other, "police", "s1"); err != nil {
		t.Fatal(err)
	}
	_ = f.try(func(ctx context.Context, tx store.Tx) error {
		_, err := f.AddAnswer(ctx, tx, mine, request.Answer{Organisation: "police", Subject: "s1"})
		return errors.Join(err, errors.New("rolled back"))
	})
	select {
	case <-wake:
		t.Error("woken by somebody else's request, or by what was not committed")
	default:
	}
	for _, s := range []string{"s1", "s2"} { // two commits and nobody listening: one wake, and the writer does not wait
		if err := f.answer(mine, "police", s); err != nil {
			t.Fatal(err)
		}
	}
	<-wake
	events, err := f.Events(context.Background(), request.EventQuery{Request: mine})
	if err != nil || len(events) != 2 || events[0].Seq != 1 || events[1].Seq != 2 {
		t.Errorf("%d events, %v", len(events), err)
	}
}
