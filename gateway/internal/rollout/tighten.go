package rollout

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// Tightening is an emergency overlay, joined to whatever the active revision decides.
type Tightening struct {
	Hub string
	// Number is that of the change which set it. Setting and lifting both count it up, so that it names one set of rules.
	Number int64
	Rules  []policy.TighteningRule
	Reason string
	// Actor, LiftProposer and Lifter are resource names; the last two are empty while it stands unquestioned.
	Actor                string
	CreateTime           time.Time
	LiftProposer, Lifter string
	// LiftTime is zero while it is in force.
	LiftTime time.Time
}

type tighteningRow struct {
	bun.BaseModel `bun:"table:policy_tightenings,alias:t"`

	Hub          string
	Number       int64
	Rules        string
	Reason       string
	Actor        string
	CreateTime   int64
	LiftProposer string
	LiftIdentity string
	Lifter       string
	LiftTime     int64
}

func (r tighteningRow) tightening() (Tightening, error) {
	rules, err := readRules(r.Rules)
	return Tightening{
		Hub: r.Hub, Number: r.Number, Rules: rules, Reason: r.Reason, Actor: r.Actor, CreateTime: moment(r.CreateTime),
		LiftProposer: r.LiftProposer, Lifter: r.Lifter, LiftTime: moment(r.LiftTime),
	}, err
}

// Tighten puts rules in force at once, on one person's word. They have been held to the active revision (Revision.CheckTightening), and can
// only hold back.
func (s *Store) Tighten(ctx context.Context, who directory.Person, rules []policy.TighteningRule, reason string) (Tightening, error) {
	text, err := writeRules(rules)
	if err != nil {
		return Tightening{}, err
	}
	var set Tightening
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		now, err := inForce(ctx, tx, who.Hub, s.Clock.Now())
		if err != nil {
			return err
		}
		if len(now.Tightening)+len(rules) > bundle.MaxTightening {
			return fault.Precondition("TOO_MANY_RULES", fmt.Sprintf(
				"There would be more than %d emergency rules in force, which peers could not follow. Say the same with fewer, wider ones.", bundle.MaxTightening))
		}
		row := tighteningRow{Hub: who.Hub, Rules: text, Reason: reason, Actor: who.Name(), CreateTime: s.Clock.Now().UnixMicro()}
		if row, err = s.set(ctx, tx, row, 0); err != nil {
			return err
		}
		if set, err = row.tightening(); err != nil {
			return err
		}
		return s.append(ctx, tx, who, ledger.Entry{
			Kind: ledger.KindPolicyTightened, Revision: effective(now.Pack, row.Number), Digest: digestOf([]byte(text)), Reasons: []string{reason},
		})
	})
	return set, err
}

// set keeps a tightening under the next number, in the place of another where one is given, and what is held back from now on.
func (s *Store) set(ctx context.Context, tx store.Tx, row tighteningRow, insteadOf int64) (tighteningRow, error) {
	var err error
	if row.Number, err = nextOverlay(ctx, tx, row.Hub); err != nil {
		return row, err
	}
	if row.Rules != "[]" {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return row, fmt.Errorf("rollout: keeping a tightening: %w", err)
		}
	}
	if insteadOf != 0 {
		if err := s.end(ctx, tx, tighteningRow{Hub: row.Hub, Number: insteadOf, Lifter: row.Actor}); err != nil {
			return row, err
		}
	}
	return row, keepOverlay(ctx, tx, row.Hub, row.Number)
}

// end takes a tightening out of force.
func (s *Store) end(ctx context.Context, tx store.Tx, row tighteningRow) error {
	_, err := tx.NewUpdate().Model((*tighteningRow)(nil)).Set("lifter = ?, lift_time = ?", row.Lifter, s.Clock.Now().UnixMicro()).
		Where("hub = ? AND number = ?", row.Hub, row.Number).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rollout: lifting a tightening: %w", err)
	}
	return nil
}

// keepOverlay writes down every rule that is in force now, under the number of the change.
func keepOverlay(ctx context.Context, tx store.Tx, hub string, number int64) error {
	var rows []tighteningRow
	err := tx.NewSelect().Model(&rows).Where("hub = ? AND lift_time = 0", hub).Order("number").Scan(ctx)
	if err != nil {
		return fmt.Errorf("rollout: reading tightenings: %w", err)
	}
	var all []policy.TighteningRule
	for _, row := range rows {
		rules, err := readRules(row.Rules)
		if err != nil {
			return err
		}
		all = append(all, rules...)
	}
	text, err := writeRules(all)
	if err != nil {
		return err
	}
	if _, err := tx.NewRaw("INSERT INTO policy_overlays (hub, number, rules) VALUES (?, ?, ?)", hub, number, text).Exec(ctx); err != nil {
		return fmt.Errorf("rollout: keeping what is held back: %w", err)
	}
	return nil
}

// Lift takes two people: the first proposes, and another lifts. The first one's second call changes nothing.
func (s *Store) Lift(ctx context.Context, who directory.Person, number int64, reason string) (Tightening, error) {
	var lifted Tightening
	err := s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		row, err := readTightening(ctx, tx, who.Hub, number)
		if err != nil {
			return err
		}
		if row.LiftTime != 0 {
			return fault.Precondition("ALREADY_LIFTED", "The tightening has been lifted already.")
		}
		identity, err := s.Directory.Identity(ctx, tx, who.Hub, who.ID)
		if err != nil {
			return err
		}
		switch {
		case row.LiftProposer == "":
			err = s.proposeLift(ctx, tx, who, row, identity, reason)
		case row.LiftProposer != who.Name() && row.LiftIdentity != identity:
			err = s.lift(ctx, tx, who, row, reason)
		case row.LiftProposer != who.Name():
			err = samePerson()
		}
		if err != nil {
			return err
		}
		if row, err = readTightening(ctx, tx, who.Hub, number); err != nil {
			return err
		}
		lifted, err = row.tightening()
		return err
	})
	return lifted, err
}

func (s *Store) proposeLift(ctx context.Context, tx store.Tx, who directory.Person, row tighteningRow, identity, reason string) error {
	_, err := tx.NewUpdate().Model((*tighteningRow)(nil)).Set("lift_proposer = ?, lift_identity = ?", who.Name(), identity).
		Where("hub = ? AND number = ?", row.Hub, row.Number).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rollout: proposing to lift a tightening: %w", err)
	}
	return s.append(ctx, tx, who, ledger.Entry{
		Kind: ledger.KindPolicyApproved, Digest: digestOf([]byte(row.Rules)), Reasons: []string{reason, "lift_proposed"},
	})
}

func (s *Store) lift(ctx context.Context, tx store.Tx, who directory.Person, row tighteningRow, reason string) error {
	row.Lifter = who.Name()
	if err := s.end(ctx, tx, row); err != nil {
		return err
	}
	number, err := nextOverlay(ctx, tx, row.Hub)
	if err != nil {
		return err
	}
	if err := keepOverlay(ctx, tx, row.Hub, number); err != nil {
		return err
	}
	now, err := inForce(ctx, tx, row.Hub, s.Clock.Now())
	if err != nil {
		return err
	}
	return s.append(ctx, tx, who, ledger.Entry{
		Kind: ledger.KindPolicyLifted, Revision: now.Revision, Digest: digestOf([]byte(row.Rules)), Reasons: []string{reason},
	})
}

func readTightening(ctx context.Context, q store.Querier, hub string, number int64) (row tighteningRow, err error) {
	err = q.NewSelect().Model(&row).Where("hub = ? AND number = ?", hub, number).Scan(ctx)
	return row, found(err, "policy tightening")
}

// Tightenings are those of a hub, newest first, and the cursor of the next page, "" at the end.
func (s *Store) Tightenings(ctx context.Context, p Page) (page []Tightening, next string, err error) {
	before, err := numberCursor(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	var rows []tighteningRow
	query := s.DB.Read().NewSelect().Model(&rows).Where("hub = ? AND number < ?", p.Hub, before).OrderExpr("number DESC").Limit(int64(p.Limit) + 1)
	if err := query.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("rollout: listing tightenings: %w", err)
	}
	if len(rows) > p.Limit {
		rows = rows[:p.Limit]
		next = strconv.FormatInt(rows[p.Limit-1].Number, 10)
	}
	for _, r := range rows {
		t, err := r.tightening()
		if err != nil {
			return nil, "", err
		}
		page = append(page, t)
	}
	return page, next, nil
}

// tightenedSince tells whether a tightening was set since a moment, whatever became of it.
func tightenedSince(ctx context.Context, q store.Querier, hub string, since time.Time) (bool, error) {
	set, err := q.NewSelect().Model((*tighteningRow)(nil)).Where("hub = ? AND create_time >= ?", hub, since.UnixMicro()).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("rollout: reading tightenings: %w", err)
	}
	return set, nil
}
