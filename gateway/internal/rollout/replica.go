package rollout

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy/bundle"
)

// Replica is one process over this store, or one peer that fetches bundles, with what it serves.
type Replica struct {
	Hub, ID string
	// Peer is true for one that fetches bundles.
	Peer bool
	// Number and Revision are those of the activation it serves.
	Number   int64
	Revision string
	// Seen is when it last said so.
	Seen time.Time
	// Refused is the code of the last bundle it refused; "" where it refused none since its last activation.
	Refused bundle.Code
}

type replicaRow struct {
	bun.BaseModel `bun:"table:policy_replicas,alias:r"`

	Hub, ID  string
	Peer     bool
	Number   int64
	Revision string
	SeenTime int64
	Refused  string
}

// forgotten is how long a replica is listed that says nothing.
const forgotten = 7 * 24 * time.Hour

// replicaLimit is how many are listed (policy_service.proto).
const replicaLimit = 1000

// Heartbeat keeps what a replica serves, and forgets those that have long said nothing. Its time is now where Seen is zero.
func (s *Store) Heartbeat(ctx context.Context, tx store.Tx, r Replica) error {
	now := s.Clock.Now()
	if r.Seen.IsZero() {
		r.Seen = now
	}
	row := replicaRow{
		Hub: r.Hub, ID: r.ID, Peer: r.Peer, Number: r.Number, Revision: r.Revision, SeenTime: r.Seen.UnixMicro(), Refused: string(r.Refused),
	}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (hub, id, peer) DO UPDATE").
		Set("number = EXCLUDED.number, revision = EXCLUDED.revision, seen_time = EXCLUDED.seen_time, refused = EXCLUDED.refused").Exec(ctx)
	if err != nil {
		return fmt.Errorf("rollout: keeping what a replica serves: %w", err)
	}
	if _, err := tx.NewDelete().Model((*replicaRow)(nil)).Where("hub = ? AND seen_time < ?", r.Hub, now.Add(-forgotten).UnixMicro()).Exec(ctx); err != nil {
		return fmt.Errorf("rollout: forgetting replicas: %w", err)
	}
	return nil
}

// Replicas are those of a hub, the gateway's own first, then the peers.
func (s *Store) Replicas(ctx context.Context, hub string) (all []Replica, err error) {
	var rows []replicaRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("hub = ?", hub).Order("peer", "id").Limit(replicaLimit).Scan(ctx); err != nil {
		return nil, fmt.Errorf("rollout: listing replicas: %w", err)
	}
	for _, r := range rows {
		all = append(all, Replica{
			Hub: r.Hub, ID: r.ID, Peer: r.Peer, Number: r.Number, Revision: r.Revision, Seen: moment(r.SeenTime), Refused: bundle.Code(r.Refused),
		})
	}
	return all, nil
}
