package episode

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/uptrace/bun"
)

// Cause is what took something away that decisions may rest on.
type Cause string

// The causes (history.proto, RecheckFinding).
const (
	CauseConsentWithdrawn Cause = "consent_withdrawn"
	CauseOverrideEnded    Cause = "override_ended"
	CauseBreakGlassEnded  Cause = "break_glass_ended"
	CauseClosed           Cause = "episode_closed"
)

// Move says that what was decided about an episode is to be decided again. It is written in the transaction of the change that calls
// for it, also for what ends by the clock later, and stays until somebody has taken it over.
type Move struct {
	ID           int64
	Hub, Episode string
	Cause        Cause
	// Time is when it happened.
	Time time.Time
}

type moveRow struct {
	bun.BaseModel `bun:"table:episode_moves"`

	ID           int64 `bun:",pk,autoincrement"`
	Hub, Episode string
	Cause        Cause
	Time         int64
}

// Moved receives after each commit that left a move; several commits may share one wake, and what is lost with the process is found by
// Due.
func (s *Store) Moved() <-chan struct{} { return s.moved }

// Due returns the oldest moves that have happened by now.
func (s *Store) Due(ctx context.Context, limit int) ([]Move, error) {
	var rows []moveRow
	err := s.db.Read().NewSelect().Model(&rows).Where("time <= ?", s.clock.Now().UnixMicro()).OrderExpr("time, id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("episode: looking for what has moved: %w", err)
	}
	moves := make([]Move, 0, len(rows))
	for _, r := range rows {
		moves = append(moves, Move{ID: r.ID, Hub: r.Hub, Episode: r.Episode, Cause: r.Cause, Time: time.UnixMicro(r.Time).UTC()})
	}
	return moves, nil
}

// Take removes a move that the caller's transaction takes over; false when it was taken before.
func (s *Store) Take(ctx context.Context, tx store.Tx, m Move) (taken bool, err error) {
	res, err := tx.NewDelete().Model((*moveRow)(nil)).Where("id = ?", m.ID).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("episode: taking a move: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// keepMoves writes down what a change took away, and what the clock will: anything that was to come is written anew.
func (s *Store) keepMoves(ctx context.Context, tx store.Tx, before, after Episode) error {
	now := s.clock.Now()
	_, err := tx.NewDelete().Model((*moveRow)(nil)).Where("hub = ? AND episode = ? AND time > ?", after.Hub, after.ID, now.UnixMicro()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("episode: keeping what will move: %w", err)
	}
	var rows []moveRow
	for _, cause := range lost(before, after, now) {
		rows = append(rows, moveRow{Hub: after.Hub, Episode: after.ID, Cause: cause, Time: now.UnixMicro()})
	}
	if len(rows) > 0 {
		tx.OnCommit(s.wake)
	}
	for cause, at := range after.ends(now) {
		rows = append(rows, moveRow{Hub: after.Hub, Episode: after.ID, Cause: cause, Time: at.UnixMicro()})
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("episode: keeping what has moved: %w", err)
	}
	return nil
}

func (s *Store) wake() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// lost is what stood before a change and does not stand after it.
func lost(before, after Episode, now time.Time) []Cause {
	var causes []Cause
	if consentLost(before.Consents, after.Consents) {
		causes = append(causes, CauseConsentWithdrawn)
	}
	if before.Override != nil && after.Override == nil {
		causes = append(causes, CauseOverrideEnded)
	}
	if before.BreakGlass.inForce(now) && !after.BreakGlass.inForce(now) {
		causes = append(causes, CauseBreakGlassEnded)
	}
	if before.Stage != StageClosed && after.Stage == StageClosed {
		causes = append(causes, CauseClosed)
	}
	return causes
}

// consentLost: an answer was withdrawn, or a yes that stood was followed by anything else.
func consentLost(before, after []Consent) bool {
	return slices.ContainsFunc(after[min(len(before), len(after)):], func(c Consent) bool {
		if c.Status == "withdrawn" {
			return true
		}
		for _, earlier := range slices.Backward(before) {
			if earlier.Kind == c.Kind && earlier.Giver == c.Giver {
				return earlier.Status == "yes" && c.Status != "yes"
			}
		}
		return false
	})
}

// ends is what will end by itself, and when.
func (e Episode) ends(now time.Time) map[Cause]time.Time {
	ends := map[Cause]time.Time{}
	if e.Stage == StageClosed {
		return ends
	}
	if e.BreakGlass.inForce(now) {
		ends[CauseBreakGlassEnded] = e.BreakGlass.Expires
	}
	if e.Expires != nil && e.Expires.After(now) {
		ends[CauseClosed] = *e.Expires
	}
	return ends
}

// inForce: what expires at a moment is over at that moment (domain.md 4.1).
func (b *BreakGlass) inForce(now time.Time) bool { return b != nil && b.Expires.After(now) }
