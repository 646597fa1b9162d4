package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/uptrace/bun"
	"google.golang.org/grpc/codes"
)

// ByToken says who speaks with a token that has been verified. The issuer counts only for the hubs bound to it. Somebody unknown, or
// who has left, is a fault UNAUTHENTICATED with reason UNKNOWN_PERSON.
func (d *Directory) ByToken(ctx context.Context, issuer, subject string) (Person, error) {
	unknown := &fault.Error{Code: codes.Unauthenticated, Reason: "UNKNOWN_PERSON", Public: "You are not registered with a hub. Ask your hub's administrator."}
	var hubs []string
	err := d.db.Read().NewSelect().Model((*issuerRow)(nil)).Column("hub").Where("issuer = ?", issuer).Scan(ctx, &hubs)
	if err != nil {
		return Person{}, fmt.Errorf("directory: reading issuers: %w", err)
	}
	tokens := make([]string, 0, len(hubs))
	for _, hub := range hubs {
		tokens = append(tokens, d.token(hub, issuer, subject))
	}
	if len(tokens) == 0 || issuer == "" || subject == "" {
		return Person{}, unknown
	}
	var rows []personRow
	if err := d.db.Read().NewSelect().Model(&rows).Where("token IN (?) AND active", bun.List(tokens)).Scan(ctx); err != nil {
		return Person{}, fmt.Errorf("directory: looking for a person: %w", err)
	}
	// A token that stands for people in two hubs says nothing about which of them is speaking.
	if len(rows) != 1 {
		return Person{}, unknown
	}
	return d.person(rows[0])
}

// Person reads a person of a hub, or answers NOT_FOUND.
func (d *Directory) Person(ctx context.Context, hub, id string) (Person, error) {
	row, err := d.row(ctx, hub, id)
	if err != nil {
		return Person{}, err
	}
	return d.person(row)
}

func (d *Directory) row(ctx context.Context, hub, id string) (row personRow, err error) {
	err = d.db.Read().NewSelect().Model(&row).Where("hub = ? AND id = ?", hub, id).Scan(ctx)
	return row, found(err, "person")
}

func (d *Directory) person(row personRow) (Person, error) {
	body, err := d.openBody(row)
	return Person{ID: row.ID, Hub: row.Hub, Role: row.Role, Agency: row.Agency, Active: row.Active, DisplayName: body.DisplayName}, err
}

// Query picks the people of one hub, by id.
type Query struct {
	Hub string
	// Cursor is the one returned with the page before.
	Cursor string
	Limit  int
}

// List returns a page and the cursor of the next one, "" at the end.
func (d *Directory) List(ctx context.Context, q Query) (page []Person, next string, err error) {
	if q.Limit <= 0 {
		return nil, "", errors.New("directory: a page needs a limit")
	}
	var rows []personRow
	err = d.db.Read().NewSelect().Model(&rows).Where("hub = ? AND id > ?", q.Hub, q.Cursor).Order("id").Limit(int64(q.Limit) + 1).Scan(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("directory: listing people: %w", err)
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		next = rows[q.Limit-1].ID
	}
	for _, row := range rows {
		p, err := d.person(row)
		if err != nil {
			return nil, "", err
		}
		page = append(page, p)
	}
	return page, next, nil
}

// Hub reads a hub, or answers NOT_FOUND.
func (d *Directory) Hub(ctx context.Context, id string) (Hub, error) {
	var row hubRow
	if err := found(d.db.Read().NewSelect().Model(&row).Where("id = ?", id).Scan(ctx), "hub"); err != nil {
		return Hub{}, err
	}
	h := Hub{ID: row.ID, Title: row.Title}
	err := d.db.Read().NewSelect().Model((*issuerRow)(nil)).Column("issuer").Where("hub = ?", id).Order("issuer").Scan(ctx, &h.Issuers)
	if err != nil {
		return Hub{}, fmt.Errorf("directory: reading issuers: %w", err)
	}
	return h, nil
}

// Organisation reads how a partner is reached, or answers NOT_FOUND.
func (d *Directory) Organisation(ctx context.Context, hub, id string) (Organisation, error) {
	var row organisationRow
	err := d.db.Read().NewSelect().Model(&row).Where("hub = ? AND id = ?", hub, id).Scan(ctx)
	return Organisation{Hub: row.Hub, ID: row.ID, Address: row.Address, SAN: row.SAN}, found(err, "organisation")
}

// Organisations returns every partner of a hub, by id.
func (d *Directory) Organisations(ctx context.Context, hub string) ([]Organisation, error) {
	var rows []organisationRow
	if err := d.db.Read().NewSelect().Model(&rows).Where("hub = ?", hub).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("directory: listing organisations: %w", err)
	}
	all := make([]Organisation, 0, len(rows))
	for _, row := range rows {
		all = append(all, Organisation{Hub: row.Hub, ID: row.ID, Address: row.Address, SAN: row.SAN})
	}
	return all, nil
}

// Identity is a blind index of the issuer and subject of a person of a hub, or NOT_FOUND. Where two people are needed, two ids with one
// identity are one.
func (d *Directory) Identity(ctx context.Context, q store.Querier, hub, id string) (string, error) {
	var row personRow
	err := q.NewSelect().Model(&row).Column("token").Where("hub = ? AND id = ? AND active", hub, id).Scan(ctx)
	return row.Token, found(err, "person")
}
