package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy/bundle"
)

// Bundle is a pack as it came: bytes that never change.
type Bundle struct {
	Hub string
	// Digest is SHA-256 of the bytes, in hexadecimal.
	Digest string
	// Pack is the id of the pack in it.
	Pack string
	// KeyID is the key that signed it; "" for the pack that is built in.
	KeyID string
	// Title, Version and ReviewDate are from its manifest.
	Title, Version, ReviewDate string
	// CreateTime is when it was first kept here. Keeping sets it.
	CreateTime time.Time
	Bytes      []byte
}

// BuiltIn tells that it is the gateway's own pack, which nobody signed.
func (b Bundle) BuiltIn() bool { return b.KeyID == "" }

// NewBundle is what was opened, for keeping. Only a bundle that package bundle has opened is one.
func NewBundle(hub string, opened *bundle.Opened, bytes []byte) Bundle {
	manifest := opened.Pack.Manifest()
	return Bundle{
		Hub: hub, Digest: digestOf(bytes), Pack: opened.Pack.ID(), KeyID: opened.KeyID, Title: manifest.Name, Version: manifest.Version,
		ReviewDate: manifest.ReviewDate, Bytes: bytes,
	}
}

type bundleRow struct {
	bun.BaseModel `bun:"table:policy_bundles,alias:b"`

	Hub, Digest, Pack          string
	KeyID                      string
	Title, Version, ReviewDate string
	CreateTime                 int64
	Bytes                      []byte
}

func (r bundleRow) bundle() Bundle {
	return Bundle{
		Hub: r.Hub, Digest: r.Digest, Pack: r.Pack, KeyID: r.KeyID, Title: r.Title, Version: r.Version, ReviewDate: r.ReviewDate,
		CreateTime: moment(r.CreateTime), Bytes: r.Bytes,
	}
}

// keep keeps a bundle once, however often it is handed in.
func (s *Store) keep(ctx context.Context, tx store.Tx, b Bundle) error {
	if b.Hub == "" || b.Pack == "" || b.Digest != digestOf(b.Bytes) {
		return errors.New("rollout: a bundle needs a hub, a pack and its own digest")
	}
	row := bundleRow{
		Hub: b.Hub, Digest: b.Digest, Pack: b.Pack, KeyID: b.KeyID, Title: b.Title, Version: b.Version, ReviewDate: b.ReviewDate,
		CreateTime: s.Clock.Now().UnixMicro(), Bytes: b.Bytes,
	}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT (hub, digest) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("rollout: keeping a bundle: %w", err)
	}
	return nil
}

// Bundle is a pack of the hub by its id: the one signed last where it was signed, else the built-in one; or NOT_FOUND.
func (s *Store) Bundle(ctx context.Context, hub, pack string) (Bundle, error) {
	var row bundleRow
	err := s.DB.Read().NewSelect().Model(&row).Where("hub = ? AND pack = ?", hub, pack).
		OrderExpr("key_id = '', create_time DESC, digest").Limit(1).Scan(ctx)
	return row.bundle(), found(err, "policy revision")
}

// BundleByDigest is the very bytes of an activation, or NOT_FOUND.
func (s *Store) BundleByDigest(ctx context.Context, hub, digest string) (Bundle, error) {
	var row bundleRow
	err := s.DB.Read().NewSelect().Model(&row).Where("hub = ? AND digest = ?", hub, digest).Scan(ctx)
	return row.bundle(), found(err, "policy revision")
}

// Page picks a page of a hub's list, newest first.
type Page struct {
	Hub string
	// Cursor is the one returned with the page before.
	Cursor string
	Limit  int
}

// Revisions are the packs that were ever decided on in the hub, without their bytes, and the cursor of the next page, "" at the end.
func (s *Store) Revisions(ctx context.Context, p Page) (page []Bundle, next string, err error) {
	var rows []bundleRow
	query := s.DB.Read().NewSelect().Model(&rows).ExcludeColumn("bytes").Where("b.hub = ?", p.Hub).
		Where("b.pack IN (SELECT pack FROM policy_activations WHERE hub = b.hub AND decide_time <> 0)").
		Where("NOT EXISTS (SELECT 1 FROM policy_bundles AS n WHERE n.hub = b.hub AND n.pack = b.pack AND (n.create_time, n.digest) > (b.create_time, b.digest))")
	if err := scanPage(ctx, query, "digest", p.Cursor, p.Limit); err != nil {
		return nil, "", err
	}
	if len(rows) > p.Limit {
		rows = rows[:p.Limit]
		next = cursor(rows[p.Limit-1].CreateTime, rows[p.Limit-1].Digest)
	}
	for _, r := range rows {
		page = append(page, r.bundle())
	}
	return page, next, nil
}
