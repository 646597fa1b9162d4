package recheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/seal"
)

// step takes a task one request further. It has not gone when the task has to wait.
func (w *Worker) step(ctx context.Context, t task) (gone bool, err error) {
	if ready, err := w.ready(ctx, t); err != nil || !ready {
		return false, err
	}
	if t.Cursor == "" {
		// First of all, what is being told stops; should it fail, the transactions of the path still hold back what they must.
		if err := w.Exchange.Reconsider(ctx, t.Hub, t.Episode); err != nil {
			w.Log.LogAttrs(ctx, slog.LevelWarn, "open requests could not be reconsidered at once", slog.Any("error", err))
		}
	}
	places, err := w.Requests.Places(ctx, request.Walk{Hub: t.Hub, Episode: t.Episode, Cursor: t.Cursor, Limit: 1})
	if err != nil {
		return false, err
	}
	if len(places) == 0 {
		t.DoneTime = w.Clock.Now().UnixMicro()
		err := w.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error { return advance(ctx, tx, t) })
		return err == nil, err
	}
	found, err := w.goThrough(ctx, t, places[0])
	if err != nil {
		return false, fmt.Errorf("recheck: request %s: %w", places[0].Ref.ID, err)
	}
	t.Cursor = places[0].Cursor
	err = w.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := w.keep(ctx, tx, t, places[0], found); err != nil {
			return err
		}
		return advance(ctx, tx, t)
	})
	return err == nil, err
}

// concerned tells whether a task is about a request: what is open, and what belongs to an open episode; of the episode that moved, all.
func (w *Worker) concerned(ctx context.Context, t task, at request.Place) (bool, error) {
	e, err := w.Episodes.Get(ctx, at.Ref.Hub, at.Ref.Episode)
	if errors.Is(err, seal.ErrNoKey) {
		return false, nil // erased: nobody can see it again, and nobody can say what it was
	}
	lapsed := e.Expires != nil && !e.Expires.After(w.Clock.Now())
	return t.Episode != "" || at.State == request.Running || e.Stage != episode.StageClosed && !lapsed, err
}

// goThrough decides again, for each person who saw something of a request, what they saw.
func (w *Worker) goThrough(ctx context.Context, t task, at request.Place) (results, error) {
	var found results
	concerned, err := w.concerned(ctx, t, at)
	if err != nil || !concerned {
		return found, err
	}
	found.concerned = true
	people, err := w.readers(ctx, at.Ref)
	if err != nil {
		return found, err
	}
	for _, who := range people {
		if err := w.reviewFor(ctx, at.Ref, who, &found); err != nil {
			return found, err
		}
	}
	return found, nil
}

// chunksAtOnce bounds what is read from the store, and so held in memory, at a time.
const chunksAtOnce = 8

func (w *Worker) reviewFor(ctx context.Context, ref request.Ref, who string, found *results) error {
	seen, err := w.seenBy(ctx, ref, who)
	if err != nil {
		return err
	}
	before, err := w.foundBefore(ctx, ref, who)
	if err != nil {
		return err
	}
	review, err := w.Exchange.Review(ctx, personID(who), ref)
	if err != nil {
		return err
	}
	found.revision = review.Revisions()
	for after := int64(0); ; {
		events, err := w.Requests.Events(ctx, request.EventQuery{Request: ref, After: after, Limit: chunksAtOnce})
		if err != nil || len(events) == 0 {
			return err
		}
		for _, event := range events {
			if event.Chunk == nil {
				continue
			}
			reviewed, err := review.Decide(ctx, event.Chunk.Records)
			if err != nil {
				return err
			}
			for i, released := range event.Chunk.Records {
				w.judge(sighting{who: who, released: released, now: reviewed[i], seen: seen[thingOf(released.Record.Header)]}, before, found)
			}
		}
		after = events[len(events)-1].Seq
	}
}

// sighting is one record that somebody saw, as it was released and as it would be decided now.
type sighting struct {
	who      string
	released request.Released
	now      exchange.Reviewed
	seen     *glance
}

// judge adds a sighting to what was found where less of it might be seen now.
func (w *Worker) judge(s sighting, before map[recordRow]bool, found *results) {
	if s.seen == nil {
		return
	}
	was := s.seen.effect
	masks := s.seen.masks
	if s.seen.whole {
		was, masks = s.released.Decision.Effect, s.released.Decision.Masks
	}
	category := w.Exchange.Catalogue.Categories[s.released.Record.Header.Category]
	less := !s.now.Effect.Content()
	var lost []string
	for _, f := range s.released.Record.Fields {
		spec, _ := category.Field(f.Name)
		if !slices.Contains(masks, spec.Class) && !s.now.Fields[f.Name] {
			less, lost = true, append(lost, spec.Class)
		}
	}
	if !less {
		return
	}
	row := recordOf(s)
	if before[row] {
		return
	}
	found.add(s, row, was, whyLess(s.now.Decision, lost))
}

// keep writes down what was found about a request, once, with the ledger entry that says so.
func (w *Worker) keep(ctx context.Context, tx store.Tx, t task, at request.Place, found results) error {
	if !found.concerned || len(found.groups) == 0 && at.State != request.Running {
		return nil
	}
	entry := ledger.Entry{
		Hub: at.Ref.Hub, Kind: ledger.KindRechecked, Actor: "services/recheck", Episode: at.Ref.Episode, Request: at.Ref.ID,
		Reasons: []string{t.Cause}, Revision: found.revision,
	}
	for _, g := range found.groups {
		if err := w.keepGroup(ctx, tx, t, at.Ref, g); err != nil {
			return err
		}
		entry.Items = append(entry.Items, ledger.Item{Subject: g.subject, Category: g.category, Effect: string(g.now), Reasons: g.reasons})
	}
	_, err := w.Ledger.Append(ctx, tx, entry)
	return err
}
