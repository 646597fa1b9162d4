package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/uptrace/bun"
)

// Directory keeps hubs, people and organisations. It is safe for concurrent use.
type Directory struct {
	db    *store.DB
	vault *seal.Vault
}

// New returns the directory kept in db.
func New(db *store.DB, vault *seal.Vault) *Directory { return &Directory{db, vault} }

type hubRow struct {
	bun.BaseModel `bun:"table:hubs"`

	ID, Title string
}

type issuerRow struct {
	bun.BaseModel `bun:"table:hub_issuers"`

	Issuer, Hub string
}

// personRow is a person as they are kept: Token is a blind index, Body is sealed under the key of the hub's directory.
type personRow struct {
	bun.BaseModel `bun:"table:people"`

	Hub, ID, Token, Role, Agency string
	Active                       bool
	Body                         []byte
}

type personBody struct {
	DisplayName string
	Particulars Particulars
}

type organisationRow struct {
	bun.BaseModel `bun:"table:organisations"`

	Hub, ID, Address string
	SAN              string `bun:"san"`
}

// PutHub adds or replaces a hub and the issuers bound to it.
func (d *Directory) PutHub(ctx context.Context, tx store.Tx, h Hub) error {
	if h.ID == "" || len(h.Issuers) == 0 {
		return errors.New("directory: a hub needs an id and at least one issuer")
	}
	_, err := tx.NewInsert().Model(&hubRow{ID: h.ID, Title: h.Title}).On("CONFLICT (id) DO UPDATE").Set("title = EXCLUDED.title").Exec(ctx)
	if err != nil {
		return fmt.Errorf("directory: keeping a hub: %w", err)
	}
	if _, err := tx.NewDelete().Model((*issuerRow)(nil)).Where("hub = ?", h.ID).Exec(ctx); err != nil {
		return fmt.Errorf("directory: keeping issuers: %w", err)
	}
	for _, issuer := range h.Issuers {
		if _, err := tx.NewInsert().Model(&issuerRow{Issuer: issuer, Hub: h.ID}).Exec(ctx); err != nil {
			return fmt.Errorf("directory: keeping issuers: %w", err)
		}
	}
	return nil
}

// Put adds or replaces a person. It refuses an issuer that is not bound to the person's hub, and a token that is somebody else's.
func (d *Directory) Put(ctx context.Context, tx store.Tx, r Registration) error {
	if r.ID == "" || r.Role == "" || r.Subject == "" {
		return errors.New("directory: a person needs an id, a role and the subject of their tokens")
	}
	bound, err := tx.NewSelect().Model((*issuerRow)(nil)).Where("issuer = ? AND hub = ?", r.Issuer, r.Hub).Exists(ctx)
	if err != nil {
		return fmt.Errorf("directory: keeping a person: %w", err)
	}
	if !bound {
		return fmt.Errorf("directory: the issuer of person %s is not bound to hub %s", r.ID, r.Hub)
	}
	row := personRow{Hub: r.Hub, ID: r.ID, Token: d.token(r.Hub, r.Issuer, r.Subject), Role: r.Role, Agency: r.Agency, Active: r.Active}
	if row.Body, err = d.sealBody(row, personBody{r.DisplayName, r.Particulars}); err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&row).On("CONFLICT (hub, id) DO UPDATE").
		Set("token = EXCLUDED.token, role = EXCLUDED.role, agency = EXCLUDED.agency, active = EXCLUDED.active, body = EXCLUDED.body").Exec(ctx)
	if err != nil {
		return fmt.Errorf("directory: keeping person %s: %w", r.ID, err)
	}
	return nil
}

// KeepOnly ends the access of everybody in the hub who is not on the list: somebody taken out of the configuration has left.
func (d *Directory) KeepOnly(ctx context.Context, tx store.Tx, hub string, ids []string) error {
	query := tx.NewUpdate().Model((*personRow)(nil)).Set("active = FALSE").Where("hub = ?", hub)
	if len(ids) > 0 {
		query = query.Where("id NOT IN (?)", bun.List(ids))
	}
	if _, err := query.Exec(ctx); err != nil {
		return fmt.Errorf("directory: ending access: %w", err)
	}
	return nil
}

// PutOrganisation adds or replaces how a partner is reached. One that is reached needs the identity its certificate must carry.
func (d *Directory) PutOrganisation(ctx context.Context, tx store.Tx, o Organisation) error {
	if o.ID == "" || o.Connected() && o.SAN == "" {
		return errors.New("directory: an organisation needs an id and, where it is dialled, the name in its certificate")
	}
	row := organisationRow{Hub: o.Hub, ID: o.ID, Address: o.Address, SAN: o.SAN}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (hub, id) DO UPDATE").Set("address = EXCLUDED.address, san = EXCLUDED.san").Exec(ctx)
	if err != nil {
		return fmt.Errorf("directory: keeping organisation %s: %w", o.ID, err)
	}
	return nil
}

// token is a blind index: the subject of a token is often a name or an e-mail address.
func (d *Directory) token(hub, issuer, subject string) string {
	return d.vault.Index(hub, "token", fmt.Sprintf("%q %q", issuer, subject))
}

func scope(hub string) string { return "directory-" + hub }

func place(row personRow) seal.Place {
	return seal.Place{Table: "people", Column: "body", Row: row.Hub + "/" + row.ID}
}

func (d *Directory) sealBody(row personRow, body personBody) ([]byte, error) {
	if err := d.vault.Ensure(scope(row.Hub)); err != nil {
		return nil, fmt.Errorf("directory: key of the directory: %w", err)
	}
	plain, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("directory: writing person %s: %w", row.ID, err)
	}
	return d.vault.Seal(scope(row.Hub), place(row), plain)
}

func (d *Directory) openBody(row personRow) (body personBody, err error) {
	plain, err := d.vault.Open(scope(row.Hub), place(row), row.Body)
	if err != nil {
		return personBody{}, fmt.Errorf("directory: opening person %s: %w", row.ID, err)
	}
	if err := json.Unmarshal(plain, &body); err != nil {
		return personBody{}, fmt.Errorf("directory: reading person %s: malformed", row.ID)
	}
	return body, nil
}

// found turns a missing row into the one answer for what is not there and what is not the caller's.
func found(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound(what)
	}
	if err != nil {
		return fmt.Errorf("directory: reading %s: %w", what, err)
	}
	return nil
}
