package episode

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/uptrace/bun"
)

// Store keeps referrals and episodes. It is safe for concurrent use.
type Store struct {
	db    *store.DB
	vault *seal.Vault
	clock clock.Clock
	moved chan struct{}
}

// New returns the store of referrals and episodes kept in db.
func New(db *store.DB, vault *seal.Vault, clk clock.Clock) *Store {
	return &Store{db: db, vault: vault, clock: clk, moved: make(chan struct{}, 1)}
}

// referralRow is a referral as it is kept: Body is the whole referral, sealed.
type referralRow struct {
	bun.BaseModel `bun:"table:referrals"`

	Hub        string
	ID         string
	Version    int64
	Reference  string
	Submitter  string
	SubmitTime int64
	Outcome    string
	Opened     bool
	Body       []byte
}

// episodeRow is an episode as it is kept: Body is the whole episode, sealed.
type episodeRow struct {
	bun.BaseModel `bun:"table:episodes"`

	Hub        string
	ID         string
	Version    int64
	Stage      string
	Rating     string
	Basis      string
	CreateTime int64
	UpdateTime int64
	DueTime    int64
	ExpireTime int64
	Body       []byte
}

type assigneeRow struct {
	bun.BaseModel `bun:"table:episode_assignees"`

	Hub, Episode, Person string
}

func (s *Store) sealReferral(r Referral) (referralRow, error) {
	body, err := s.seal("referrals", r.ID, r.Version, r)
	row := referralRow{
		Hub: r.Hub, ID: r.ID, Version: r.Version, Reference: r.Reference, Submitter: r.Submitter, SubmitTime: r.SubmitTime.UnixMicro(),
		Opened: r.Opened, Body: body,
	}
	if r.Triage != nil {
		row.Outcome = r.Triage.Outcome
	}
	return row, err
}

func (s *Store) sealEpisode(e Episode) (episodeRow, error) {
	body, err := s.seal("episodes", e.ID, e.Version, e)
	return episodeRow{
		Hub: e.Hub, ID: e.ID, Version: e.Version, Stage: e.Stage, Rating: e.Rating, Basis: e.Basis, CreateTime: e.CreateTime.UnixMicro(),
		UpdateTime: e.UpdateTime.UnixMicro(), DueTime: micros(e.DecisionDue), ExpireTime: micros(e.Expires), Body: body,
	}, err
}

// place binds a body to its row and version: an older body put back into the row does not open.
func place(table, id string, version int64) seal.Place {
	return seal.Place{Table: table, Column: "body", Row: id + "@" + strconv.FormatInt(version, 10)}
}

func (s *Store) seal(table, id string, version int64, value any) ([]byte, error) {
	// Marshalled by its fields: the types' own Format and LogValue do not touch JSON.
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("episode: writing %s: %w", table, err)
	}
	return s.vault.Seal(id, place(table, id, version), plain)
}

func (s *Store) openReferral(row referralRow) (r Referral, err error) {
	err = s.open("referrals", row.ID, row.Version, row.Body, &r)
	return r, err
}

func (s *Store) openEpisode(row episodeRow) (e Episode, err error) {
	err = s.open("episodes", row.ID, row.Version, row.Body, &e)
	return e, err
}

func (s *Store) open(table, id string, version int64, body []byte, into any) error {
	plain, err := s.vault.Open(id, place(table, id, version), body)
	if err != nil {
		return fmt.Errorf("episode: opening %s %s: %w", table, id, err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("episode: reading %s %s: malformed", table, id) // the decoder's words could quote a value
	}
	return nil
}

// found turns a missing row into the one answer for what is not there and what is not the caller's.
func found(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound(what)
	}
	if err != nil {
		return fmt.Errorf("episode: reading %s: %w", what, err)
	}
	return nil
}

func newID() string { return strings.ToLower(rand.Text()) }

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := time.UnixMicro(us).UTC()
	return &t
}
