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
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/uptrace/bun"
	"google.golang.org/grpc/codes"
)

// What the store refuses, for the exchange to act on.
var (
	// ErrAnswered says that the organisation has answered on this subject already: an answer is never followed by another, nor by records.
	ErrAnswered = errors.New("request: the organisation has answered on this subject already")
	// ErrEnded says that the request has ended; what comes now is discarded.
	ErrEnded = errors.New("request: the request has ended")
	// ErrLeaseLost says that another claimer took the leg over; what this one found must not be written.
	ErrLeaseLost = errors.New("request: the lease on the leg was lost")
)

// Store keeps requests, legs and events. It is safe for concurrent use.
type Store struct {
	db       *store.DB
	vault    *seal.Vault
	clock    clock.Clock
	watchers watchers
}

// New returns the store of requests kept in db.
func New(db *store.DB, vault *seal.Vault, clk clock.Clock) *Store {
	return &Store{db: db, vault: vault, clock: clk, watchers: watchers{wakes: map[string]map[chan struct{}]bool{}}}
}

// requestRow is a request as it is kept: Body holds what was decided on and how, sealed under the episode's key.
type requestRow struct {
	bun.BaseModel `bun:"table:requests"`

	Hub         string
	Episode     string
	ID          string
	State       State
	Requester   string
	Revision    string
	Told        string
	CreateTime  int64
	EndTime     int64
	IntentEntry int64
	LastSeq     int64
	IdemKey     *string
	IdemBody    *string
	Body        []byte
}

type requestBody struct {
	Input policy.Input
	Ask   policy.Ask
}

// NewID is a random id, for a request that its caller must be able to name before it is created.
func NewID() string { return strings.ToLower(rand.Text()) }

// Create keeps a request, running unless its state says otherwise. A key that named a request before returns that one, and false; with
// another message it is a fault IDEMPOTENCY_KEY_REUSED.
func (s *Store) Create(ctx context.Context, tx store.Tx, r Request) (stored Request, created bool, err error) {
	r.ID, r.State, r.CreateTime = cmp.Or(r.ID, NewID()), cmp.Or(r.State, Running), s.clock.Now()
	if r.State != Running {
		r.EndTime = r.CreateTime
	}
	row, err := s.sealRequest(r)
	if err != nil {
		return Request{}, false, err
	}
	if r.Key.Value != "" {
		row.IdemKey, row.IdemBody = s.indexKey(r.Hub, r.Key)
		if earlier, found, err := s.byKey(ctx, tx, row); found || err != nil {
			return earlier, false, err
		}
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return Request{}, false, fmt.Errorf("request: keeping a request: %w", err)
	}
	return r, true, nil
}

// indexKey keeps neither key nor message: both may be chosen, or guessed, from what is known about a person.
func (s *Store) indexKey(hub string, k Key) (key, body *string) {
	name := s.vault.Index(hub, "idempotency_key", fmt.Sprintf("%q %q %q", k.Principal, k.Method, k.Value))
	message := s.vault.Index(hub, "idempotency_body", string(k.Body))
	return &name, &message
}

func (s *Store) byKey(ctx context.Context, tx store.Tx, want requestRow) (Request, bool, error) {
	var row requestRow
	err := tx.NewSelect().Model(&row).Where("idem_key = ?", *want.IdemKey).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Request{}, false, nil
	}
	if err != nil {
		return Request{}, false, fmt.Errorf("request: looking for an earlier request: %w", err)
	}
	if *row.IdemBody != *want.IdemBody || row.Episode != want.Episode || row.Hub != want.Hub {
		return Request{}, false, &fault.Error{
			Code: codes.AlreadyExists, Reason: "IDEMPOTENCY_KEY_REUSED", Public: "This key has named another request before: use a new one.",
		}
	}
	r, err := s.openRequest(row)
	return r, true, err
}

// SetIntent keeps the ledger entry that was written with the request.
func (s *Store) SetIntent(ctx context.Context, tx store.Tx, ref Ref, entry int64) error {
	res, err := tx.NewUpdate().Model((*requestRow)(nil)).Set("intent_entry = ?", entry).
		Where("hub = ? AND episode = ? AND id = ?", ref.Hub, ref.Episode, ref.ID).Exec(ctx)
	return one(res, err, fault.NotFound("information request"))
}

// Get reads a request, or answers NOT_FOUND.
func (s *Store) Get(ctx context.Context, ref Ref) (Request, error) {
	return s.get(ctx, s.db.Read(), ref)
}

// GetTx reads a request as the transaction sees it.
func (s *Store) GetTx(ctx context.Context, tx store.Tx, ref Ref) (Request, error) {
	return s.get(ctx, tx, ref)
}

func (s *Store) get(ctx context.Context, q store.Querier, ref Ref) (Request, error) {
	var row requestRow
	err := q.NewSelect().Model(&row).Where("hub = ? AND episode = ? AND id = ?", ref.Hub, ref.Episode, ref.ID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Request{}, fault.NotFound("information request")
	}
	if err != nil {
		return Request{}, fmt.Errorf("request: reading a request: %w", err)
	}
	return s.openRequest(row)
}

// SaveTold keeps, with the attempt that tells it, the most that an organisation has been told of a running request.
func (s *Store) SaveTold(ctx context.Context, tx store.Tx, ref Ref, told string) error {
	res, err := tx.NewUpdate().Model((*requestRow)(nil)).Set("told = ?", told).
		Where("hub = ? AND episode = ? AND id = ? AND state = ?", ref.Hub, ref.Episode, ref.ID, Running).Exec(ctx)
	return one(res, err, ErrEnded)
}

// End ends a running request as complete or cancelled; ErrEnded when it has ended already. Nothing is added to it afterwards, and what
// was staged is discarded.
func (s *Store) End(ctx context.Context, tx store.Tx, ref Ref, state State) (Request, error) {
	if _, err := s.add(ctx, tx, ref, kindEnded, ended{State: state}); err != nil {
		return Request{}, err
	}
	if err := dropAllStaged(ctx, tx, ref); err != nil {
		return Request{}, err
	}
	_, err := tx.NewUpdate().Model((*requestRow)(nil)).Set("state = ?, end_time = ?", state, s.clock.Now().UnixMicro()).Where("id = ?", ref.ID).Exec(ctx)
	if err != nil {
		return Request{}, fmt.Errorf("request: ending: %w", err)
	}
	return s.GetTx(ctx, tx, ref)
}

func (s *Store) sealRequest(r Request) (requestRow, error) {
	row := requestRow{
		Hub: r.Hub, Episode: r.Episode, ID: r.ID, State: r.State, Requester: r.Requester, Revision: r.Revision, Told: r.Told,
		CreateTime: micros(r.CreateTime), EndTime: micros(r.EndTime), IntentEntry: r.IntentEntry,
	}
	var err error
	row.Body, err = s.seal(r.Episode, seal.Place{Table: "requests", Column: "body", Row: r.ID}, requestBody{r.Input, r.Ask})
	return row, err
}

func (s *Store) openRequest(row requestRow) (Request, error) {
	var body requestBody
	if err := s.open(row.Episode, seal.Place{Table: "requests", Column: "body", Row: row.ID}, row.Body, &body); err != nil {
		return Request{}, err
	}
	return Request{
		ID: row.ID, Hub: row.Hub, Episode: row.Episode, State: row.State, Requester: row.Requester, Revision: row.Revision, Told: row.Told,
		CreateTime: moment(row.CreateTime), EndTime: moment(row.EndTime), IntentEntry: row.IntentEntry, Input: body.Input, Ask: body.Ask,
	}, nil
}

func (s *Store) seal(episode string, at seal.Place, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("request: writing %s: %w", at.Table, err)
	}
	return s.vault.Seal(episode, at, plain)
}

func (s *Store) open(episode string, at seal.Place, sealed []byte, into any) error {
	plain, err := s.vault.Open(episode, at, sealed)
	if err != nil {
		return fmt.Errorf("request: opening %s %s: %w", at.Table, at.Row, err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("request: reading %s %s: malformed", at.Table, at.Row) // the decoder's words could quote a value
	}
	return nil
}

// one holds an update to exactly one row; none answers with missing.
func one(res sql.Result, err, missing error) error {
	if err != nil {
		return fmt.Errorf("request: updating: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("request: updating: %w", err)
	}
	if n != 1 {
		return missing
	}
	return nil
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func eventPlace(request string, seq int64) seal.Place {
	return seal.Place{Table: "request_events", Column: "body", Row: request + "/" + strconv.FormatInt(seq, 10)}
}
