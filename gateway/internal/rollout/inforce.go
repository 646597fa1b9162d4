package rollout

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
)

// InForce is what decides in a hub.
type InForce struct {
	// Number is the activation's. What is older is judged on it.
	Number int64
	// Revision is the id of what decides: the pack's, with "+" and TighteningNumber where a tightening is in force.
	Revision string
	// Pack and Bundle are the pack's id and the digest of the bundle it came in.
	Pack, Bundle string
	Kind         Kind
	// Tightening is every emergency rule in force, and TighteningNumber the last change to them; 0 where there is none.
	Tightening       []policy.TighteningRule
	TighteningNumber int64
	// Overlay is the number of the last change to the emergency rules, set or lifted: it only rises. 0 where there never was one.
	Overlay int64
	// Since is when the activation came into force.
	Since time.Time
}

// ErrNoneInForce means that nothing was ever activated in the hub: nothing may be asked or released for it.
var ErrNoneInForce = errors.New("rollout: no policy is in force in the hub")

// InForceTx is what decides in a hub at a moment, read in the transaction that rests on it (design.md invariant 7). A moment that has
// not come counts what is scheduled; the tightenings are those of now, whatever the moment. Without any it is ErrNoneInForce.
func (s *Store) InForceTx(ctx context.Context, tx store.Tx, hub string, at time.Time) (InForce, error) {
	return inForce(ctx, tx, hub, at)
}

// InForce is the same as it was a moment ago: good enough to compile, to show and to warn, not to decide by.
func (s *Store) InForce(ctx context.Context, hub string, at time.Time) (InForce, error) {
	return inForce(ctx, s.DB.Read(), hub, at)
}

// inForce reads activation and tightenings in one statement, so that no combination comes out that never was. The latest decision whose
// time has come stands: it also supersedes what was decided before it for a time after it.
func inForce(ctx context.Context, q store.Querier, hub string, at time.Time) (InForce, error) {
	var row struct {
		Number, ActivateTime int64
		Pack, Bundle         string
		Kind                 Kind
		Overlay              int64
		Rules                string
	}
	err := q.NewRaw(`SELECT a.number, a.activate_time, a.pack, a.bundle, a.kind, COALESCE(o.number, 0) AS overlay, COALESCE(o.rules, '[]') AS rules
		FROM policy_activations AS a
		LEFT JOIN policy_overlays AS o ON o.hub = a.hub AND o.number = (SELECT MAX(number) FROM policy_overlays WHERE hub = a.hub)
		WHERE a.hub = ? AND a.decide_time <> 0 AND a.activate_time <= ? ORDER BY a.number DESC LIMIT 1`, hub, at.UnixMicro()).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return InForce{}, ErrNoneInForce
	}
	if err != nil {
		return InForce{}, fmt.Errorf("rollout: reading what is in force: %w", err)
	}
	now := InForce{
		Number: row.Number, Revision: row.Pack, Pack: row.Pack, Bundle: row.Bundle, Kind: row.Kind, Overlay: row.Overlay, Since: moment(row.ActivateTime),
	}
	if now.Tightening, err = readRules(row.Rules); err != nil {
		return InForce{}, err
	}
	if len(now.Tightening) > 0 {
		now.TighteningNumber = row.Overlay
		now.Revision = effective(row.Pack, row.Overlay)
	}
	return now, nil
}

// effective is the id of a pack under an emergency tightening, as policy.Compile makes it.
func effective(pack string, overlay int64) string { return pack + "+" + strconv.FormatInt(overlay, 10) }

// Next is when something that was decided on comes into force by its time; the zero time where nothing waits for one.
func (s *Store) Next(ctx context.Context, hub string, after time.Time) (time.Time, error) {
	var next sql.NullInt64
	err := s.DB.Read().NewRaw(`SELECT MIN(activate_time) FROM policy_activations WHERE hub = ? AND decide_time <> 0 AND activate_time > ?
		AND number > COALESCE((SELECT MAX(number) FROM policy_activations WHERE hub = ? AND decide_time <> 0 AND activate_time <= ?), 0)`,
		hub, after.UnixMicro(), hub, after.UnixMicro()).Scan(ctx, &next)
	if err != nil {
		return time.Time{}, fmt.Errorf("rollout: reading what is scheduled: %w", err)
	}
	return moment(next.Int64), nil
}

// Overlay is every emergency rule that the number in a revision's id stands for, or NOT_FOUND.
func (s *Store) Overlay(ctx context.Context, hub string, number int64) ([]policy.TighteningRule, error) {
	var rules string
	err := s.DB.Read().NewRaw("SELECT rules FROM policy_overlays WHERE hub = ? AND number = ?", hub, number).Scan(ctx, &rules)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.NotFound("policy tightening")
	}
	if err != nil {
		return nil, fmt.Errorf("rollout: reading a tightening: %w", err)
	}
	return readRules(rules)
}

func readRules(text string) (rules []policy.TighteningRule, err error) {
	if err := json.Unmarshal([]byte(text), &rules); err != nil {
		return nil, fmt.Errorf("rollout: reading emergency rules: %w", err)
	}
	if len(rules) == 0 {
		return nil, nil
	}
	return rules, nil
}

func writeRules(rules []policy.TighteningRule) (string, error) {
	if rules == nil {
		rules = []policy.TighteningRule{}
	}
	text, err := json.Marshal(rules)
	if err != nil {
		return "", fmt.Errorf("rollout: writing emergency rules: %w", err)
	}
	return string(text), nil
}
