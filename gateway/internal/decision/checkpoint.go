package decision

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/seal"
)

// Run names a run over the recorded decisions of a hub: one draft's at a time.
type Run struct{ Hub, Draft string }

type checkpointRow struct {
	bun.BaseModel `bun:"table:simulation_checkpoints"`

	Hub   string `bun:",pk"`
	Draft string
	Place string
	Body  []byte
}

// SaveCheckpoint keeps where a run stands, in the place of whatever the hub had kept. It is sealed under a key of the hub's, because a
// run goes across cases; DropCheckpoint follows when the run has ended.
func (s *Store) SaveCheckpoint(ctx context.Context, tx store.Tx, of Run, state []byte) error {
	if err := s.vault.Ensure(of.scope()); err != nil {
		return wrap("key of the hub's simulations", err)
	}
	kept := checkpointRow{Hub: of.Hub, Draft: of.Draft, Place: strings.ToLower(rand.Text())}
	var err error
	if kept.Body, err = s.sealText(of.scope(), kept.at(), state); err != nil {
		return err
	}
	if err := s.DropCheckpoint(ctx, tx, of.Hub); err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&kept).Exec(ctx)
	return wrap("keeping a checkpoint", err)
}

// Checkpoint is where a run was stopped, or nil where there is nothing to go on from.
func (s *Store) Checkpoint(ctx context.Context, of Run) ([]byte, error) {
	var kept checkpointRow
	err := s.db.Read().NewSelect().Model(&kept).Where("hub = ? AND draft = ?", of.Hub, of.Draft).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("reading a checkpoint", err)
	}
	state, err := s.open(of.scope(), kept.at(), kept.Body)
	if errors.Is(err, seal.ErrNoKey) || errors.Is(err, seal.ErrUnsealable) || errors.Is(err, errForm) {
		return nil, nil // what cannot be gone on from is begun again
	}
	return state, err
}

// DropCheckpoint forgets where a run of the hub was stopped; nothing being there is no error.
func (s *Store) DropCheckpoint(ctx context.Context, tx store.Tx, hub string) error {
	_, err := tx.NewDelete().Model((*checkpointRow)(nil)).Where("hub = ?", hub).Exec(ctx)
	return wrap("dropping a checkpoint", err)
}

func (r Run) scope() string { return "simulation-" + r.Hub }

func (r checkpointRow) at() seal.Place {
	return seal.Place{Table: "simulation_checkpoints", Column: "body", Row: strings.Join([]string{r.Hub, r.Draft, r.Place}, "/")}
}
