// Package rollout keeps how a policy comes into force in a hub: drafts with their reports and approvals, signed bundles, the numbered
// log of activations, emergency tightenings, and which replica serves what. It stands beside step 4 of the path: it says which revision
// decides, and the decision point only has it compiled. It writes the ledger entry of every step in the transaction of the step, so
// that no policy comes into force off the record. It trusts the directory for who a person is, and a signature only under the keys it was
// started with: no call can add one. It refuses a step whose predecessor is missing, an approval by the author or twice by one person,
// a bundle that is not what was approved, and everything that would release more on one person's word.
package rollout

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// Config is what a Store needs; all of it but Keys and Changed is required.
type Config struct {
	DB        *store.DB
	Directory *directory.Directory
	Ledger    *ledger.Ledger
	Clock     clock.Clock
	// Compiles tells whether a pack can decide under emergency rules. What cannot would leave the hub without a policy.
	Compiles func(context.Context, *policy.Pack, []policy.TighteningRule) error
	// Keys are those that bundles are verified with, by hub. A hub without keys takes no bundle.
	Keys map[string]bundle.Keys
	// Changed is told of a hub in which something may have come into force, once it is durable; nil tells nobody. It must not wait.
	Changed func(hub string)
}

// Store keeps the rollout of every hub. It is safe for concurrent use.
type Store struct{ Config }

// New checks the configuration.
func New(config Config) (*Store, error) {
	if config.DB == nil || config.Directory == nil || config.Ledger == nil || config.Clock == nil || config.Compiles == nil {
		return nil, errors.New("rollout: something that is required is missing")
	}
	return &Store{config}, nil
}

// nextNumber gives the hub's next number of an activation. The head's row is written, and so locked, by the transaction that uses it.
func nextNumber(ctx context.Context, tx store.Tx, hub string) (number int64, err error) {
	err = tx.NewRaw("INSERT INTO policy_heads (hub, activation, overlay) VALUES (?, 1, 0) "+
		"ON CONFLICT (hub) DO UPDATE SET activation = policy_heads.activation + 1 RETURNING activation", hub).Scan(ctx, &number)
	if err != nil {
		return 0, fmt.Errorf("rollout: next activation: %w", err)
	}
	return number, nil
}

// nextOverlay gives the hub's next number of a change to what is held back in an emergency.
func nextOverlay(ctx context.Context, tx store.Tx, hub string) (number int64, err error) {
	err = tx.NewRaw("INSERT INTO policy_heads (hub, activation, overlay) VALUES (?, 0, 1) "+
		"ON CONFLICT (hub) DO UPDATE SET overlay = policy_heads.overlay + 1 RETURNING overlay", hub).Scan(ctx, &number)
	if err != nil {
		return 0, fmt.Errorf("rollout: next overlay: %w", err)
	}
	return number, nil
}

// append writes the ledger entry of a person's step.
func (s *Store) append(ctx context.Context, tx store.Tx, who directory.Person, e ledger.Entry) error {
	e.Actor, e.ActorRole = who.Name(), who.Role
	return s.record(ctx, tx, who.Hub, e)
}

// record writes the ledger entry of a step. No step is without one, so here is where whoever waits for a step hears of it.
func (s *Store) record(ctx context.Context, tx store.Tx, hub string, e ledger.Entry) error {
	e.Hub = hub
	if _, err := s.Ledger.Append(ctx, tx, e); err != nil {
		return err
	}
	if s.Changed != nil {
		tx.OnCommit(func() { s.Changed(hub) })
	}
	return nil
}

// found turns a missing row into the one answer for what is not there and what is not the caller's.
func found(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound(what)
	}
	if err != nil {
		return fmt.Errorf("rollout: reading a %s: %w", what, err)
	}
	return nil
}

// scanPage reads one row more than the limit, newest first, so that the caller knows whether there is a next page.
func scanPage(ctx context.Context, query *bun.SelectQuery, id, after string, limit int) error {
	if limit <= 0 {
		return errors.New("rollout: a page needs a limit")
	}
	if after != "" {
		number, key, ok := strings.Cut(after, ".")
		us, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			return fault.Invalid("page_token", "was not given by this list")
		}
		query = query.Where("(create_time, ?) < (?, ?)", bun.Ident(id), us, key)
	}
	if err := query.OrderExpr("create_time DESC, ? DESC", bun.Ident(id)).Limit(int64(limit) + 1).Scan(ctx); err != nil {
		return fmt.Errorf("rollout: listing: %w", err)
	}
	return nil
}

func cursor(us int64, id string) string { return strconv.FormatInt(us, 10) + "." + id }

// numberCursor reads the cursor of a list that is ordered by number, newest first.
func numberCursor(after string) (int64, error) {
	if after == "" {
		return 1<<63 - 1, nil
	}
	number, err := strconv.ParseInt(after, 10, 64)
	if err != nil || number < 1 {
		return 0, fault.Invalid("page_token", "was not given by this list")
	}
	return number, nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func newID() string { return strings.ToLower(rand.Text()) }

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
