package exchange_test

import (
	"context"
	"testing"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/store"
)

// TestWatchedWhileFactsMove: what was decided for one chunk stands for the next only where nothing has moved in between; a watcher who
// may no longer see is sent nothing more, however short the time.
func TestWatchedWhileFactsMove(t *testing.T) {
	for name, move := range map[string]func(*world, context.Context, store.Tx) error{
		"the watcher has left": func(w *world, ctx context.Context, tx store.Tx) error {
			gone := w.manager
			gone.Active = false
			return w.config.Directory.Put(ctx, tx, directory.Registration{
				Person: gone, Issuer: issuer, Subject: "sub-manager",
				Particulars: directory.Particulars{GivenName: "manager", FamilyName: "Manager", DateOfBirth: "1980-01-01", Postcode: "CV1 1AA"},
			})
		},
		"the watcher turns out to be family": func(w *world, ctx context.Context, tx store.Tx) error {
			return w.config.Directory.Put(ctx, tx, directory.Registration{
				Person: w.manager, Issuer: issuer, Subject: "sub-manager",
				Particulars: directory.Particulars{GivenName: "manager", FamilyName: "Lee", DateOfBirth: "1980-01-01", Postcode: "CV1 1AA"},
			})
		},
		"the episode has closed": func(w *world, ctx context.Context, tx store.Tx) error {
			_, err := w.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: w.episode.ID}, func(e *episode.Episode) error {
				return e.Close(episode.Closing{Reason: "over", By: episode.By{Person: w.manager.ID, Role: "team_manager", At: now}})
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.household()
			w.start()
			r, err := w.askHousehold()
			w.must(err)
			if whole := chunksOf(w.watch(r.Ref())); len(whole) < 2 {
				t.Fatalf("%d chunks: nothing can move between them", len(whole))
			}
			shown := 0
			err = w.exchange.Watch(t.Context(), w.manager, r.Ref(), 0, func(e exchange.Event) error {
				if e.Chunk == nil {
					return nil
				}
				if shown++; shown == 1 {
					w.tx(func(ctx context.Context, tx store.Tx) error { return move(w, ctx, tx) })
				}
				return nil
			})
			if reasonOf(err) == "" || shown != 1 {
				t.Errorf("%d chunks were sent, then: %v", shown, err)
			}
		})
	}
}
