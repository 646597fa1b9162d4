package request

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/uptrace/bun"
)

// legRow is a leg as it is kept: Progress is sealed under the episode's key.
type legRow struct {
	bun.BaseModel `bun:"table:request_legs"`

	ID           string
	Request      string
	Organisation string
	State        LegState
	Attempt      int
	Subjects     string
	LeaseUntil   int64
	Deadline     int64
	Progress     []byte
}

// AddLegs keeps the legs of a request, one per organisation, pending and unclaimed.
func (s *Store) AddLegs(ctx context.Context, tx store.Tx, ref Ref, legs []Leg) ([]Leg, error) {
	kept := make([]Leg, 0, len(legs))
	for _, leg := range legs {
		leg.ID, leg.Request, leg.State = strings.ToLower(rand.Text()), ref, cmp.Or(leg.State, LegPending)
		row, err := s.sealLeg(leg)
		if err != nil {
			return nil, err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return nil, fmt.Errorf("request: keeping a leg: %w", err)
		}
		kept = append(kept, leg)
	}
	return kept, nil
}

// Legs returns the legs of a request, by organisation.
func (s *Store) Legs(ctx context.Context, ref Ref) ([]Leg, error) {
	var rows []legRow
	if err := s.db.Read().NewSelect().Model(&rows).Where("request = ?", ref.ID).Order("organisation").Scan(ctx); err != nil {
		return nil, fmt.Errorf("request: reading legs: %w", err)
	}
	legs := make([]Leg, 0, len(rows))
	for _, row := range rows {
		leg, err := s.openLeg(ref, row)
		if err != nil {
			return nil, err
		}
		legs = append(legs, leg)
	}
	return legs, nil
}

// Claim begins the next attempt at a leg that is not done, until the moment given: whoever held it before can no longer save it. The
// holder of the present attempt may claim at any time, anybody else once the lease is over; otherwise ErrLeaseLost. It returns the leg
// as it is kept.
func (s *Store) Claim(ctx context.Context, tx store.Tx, leg Leg, until time.Time) (Leg, error) {
	var row legRow
	err := tx.NewSelect().Model(&row).Where("id = ? AND request = ?", leg.ID, leg.Request.ID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Leg{}, fault.NotFound("leg")
	}
	if err != nil {
		return Leg{}, fmt.Errorf("request: claiming a leg: %w", err)
	}
	if row.State == LegDone || row.Attempt != leg.Attempt && row.LeaseUntil > s.clock.Now().UnixMicro() {
		return Leg{}, ErrLeaseLost
	}
	claimed, err := s.openLeg(leg.Request, row)
	if err != nil {
		return Leg{}, err
	}
	claimed.Attempt, claimed.LeaseUntil = row.Attempt+1, until.UTC()
	return claimed, s.saveLeg(ctx, tx, claimed, row.Attempt)
}

// SaveLeg keeps state, lease, deadline and progress of a leg that the caller still holds: ErrLeaseLost when its attempt is not the
// present one.
func (s *Store) SaveLeg(ctx context.Context, tx store.Tx, leg Leg) error {
	return s.saveLeg(ctx, tx, leg, leg.Attempt)
}

func (s *Store) saveLeg(ctx context.Context, tx store.Tx, leg Leg, attempt int) error {
	row, err := s.sealLeg(leg)
	if err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model(&row).Column("state", "attempt", "lease_until", "deadline", "progress").
		Where("id = ? AND request = ? AND attempt = ?", leg.ID, leg.Request.ID, attempt).Exec(ctx)
	return one(res, err, ErrLeaseLost)
}

// legPlace binds progress to the attempt that wrote it.
func legPlace(id string, attempt int) seal.Place {
	return seal.Place{Table: "request_legs", Column: "progress", Row: id + "@" + strconv.Itoa(attempt)}
}

func (s *Store) sealLeg(leg Leg) (legRow, error) {
	subjects, err := json.Marshal(leg.Subjects)
	if err != nil {
		return legRow{}, fmt.Errorf("request: writing a leg: %w", err)
	}
	progress, err := s.vault.Seal(leg.Request.Episode, legPlace(leg.ID, leg.Attempt), leg.Progress)
	return legRow{
		ID: leg.ID, Request: leg.Request.ID, Organisation: leg.Organisation, State: leg.State, Attempt: leg.Attempt, Subjects: string(subjects),
		LeaseUntil: micros(leg.LeaseUntil), Deadline: micros(leg.Deadline), Progress: progress,
	}, err
}

func (s *Store) openLeg(ref Ref, row legRow) (Leg, error) {
	leg := Leg{
		ID: row.ID, Request: ref, Organisation: row.Organisation, State: row.State, Attempt: row.Attempt,
		LeaseUntil: moment(row.LeaseUntil), Deadline: moment(row.Deadline),
	}
	if err := json.Unmarshal([]byte(row.Subjects), &leg.Subjects); err != nil {
		return Leg{}, fmt.Errorf("request: reading a leg: %w", err)
	}
	var err error
	if leg.Progress, err = s.vault.Open(ref.Episode, legPlace(row.ID, row.Attempt), row.Progress); err != nil {
		return Leg{}, fmt.Errorf("request: opening a leg: %w", err)
	}
	if len(leg.Progress) == 0 {
		leg.Progress = nil
	}
	return leg, nil
}
