package episode

import (
	"context"
	"fmt"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"google.golang.org/grpc/codes"
)

// Target names what is changed, and the state it was seen in.
type Target struct {
	Hub, ID string
	// ETag is that of the state the change was decided on; "" where the call takes none (a withdrawal never fails because the episode
	// moved). Referrals have none.
	ETag string
}

// Opening is what is decided when an episode is opened.
type Opening struct {
	Hub, Referral string
	// Stage is triage or mash_episode.
	Stage string
	// Rating is the first one; its By opens the episode. Concerns empty takes those of the referral.
	Rating    Rating
	Assignees []string
	// Expires is when the episode lapses; nil when it does not.
	Expires *time.Time
}

// Open opens the one episode of a referral. It takes over the form's people, consents and findings; its id is the referral's.
func (s *Store) Open(ctx context.Context, tx store.Tx, o Opening) (Episode, error) {
	r, err := s.changeReferral(ctx, tx, Target{Hub: o.Hub, ID: o.Referral}, func(r *Referral) error {
		if r.Opened {
			return &fault.Error{Code: codes.AlreadyExists, Reason: "EPISODE_EXISTS", Public: "The referral has an episode already."}
		}
		r.Opened = true
		return nil
	})
	if err != nil {
		return Episode{}, err
	}
	e := fromReferral(r)
	e.Stage, e.Expires, e.Version = o.Stage, o.Expires, 1
	e.CreateTime = s.clock.Now()
	e.UpdateTime = e.CreateTime
	if len(o.Rating.Concerns) == 0 {
		o.Rating.Concerns = r.Concerns
	}
	o.Rating.Facts.InformationOnly = o.Rating.Facts.InformationOnly || r.InformationOnly
	o.Rating.Facts.HasSocialWorker = o.Rating.Facts.HasSocialWorker || r.HasSocialWorker
	o.Rating.Facts.UASC = o.Rating.Facts.UASC || r.UASC
	if err := e.Rate(o.Rating); err != nil {
		return Episode{}, err
	}
	if err := e.Assign(o.Assignees); err != nil {
		return Episode{}, err
	}
	row, err := s.sealEpisode(e)
	if err != nil {
		return Episode{}, err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return Episode{}, fmt.Errorf("episode: keeping an episode: %w", err)
	}
	if err := s.keepMoves(ctx, tx, e, e); err != nil {
		return Episode{}, err
	}
	return e, keepAssignees(ctx, tx, e)
}

func fromReferral(r Referral) Episode {
	return Episode{
		ID: r.ID, Hub: r.Hub, Purpose: Purpose, Rating: None, Basis: None, Subjects: r.Subjects, Consents: r.Consents,
		Recorders: map[string][]string{FactReferral: {r.Submitter}},
	}
}

// Get reads an episode, or answers NOT_FOUND.
func (s *Store) Get(ctx context.Context, hub, id string) (Episode, error) {
	return s.episode(ctx, s.db.Read(), hub, id)
}

// GetTx reads an episode as the transaction sees it: nobody changes it until the transaction ends.
func (s *Store) GetTx(ctx context.Context, tx store.Tx, hub, id string) (Episode, error) {
	return s.episode(ctx, tx, hub, id)
}

func (s *Store) episode(ctx context.Context, q store.Querier, hub, id string) (Episode, error) {
	var row episodeRow
	if err := found(q.NewSelect().Model(&row).Where("hub = ? AND id = ?", hub, id).Scan(ctx), "episode"); err != nil {
		return Episode{}, err
	}
	return s.openEpisode(row)
}

// Change reads the episode, holds it to the etag, lets change alter it and keeps it with the next version, and with a Move for what it
// took away. A stale etag is a fault ETAG_MISMATCH, and nothing is changed then or when change returns an error.
func (s *Store) Change(ctx context.Context, tx store.Tx, at Target, change func(*Episode) error) (Episode, error) {
	e, err := s.episode(ctx, tx, at.Hub, at.ID)
	if err != nil {
		return Episode{}, err
	}
	if at.ETag != "" && at.ETag != e.ETag() {
		return Episode{}, fault.Conflict("The episode")
	}
	before := e
	if err := change(&e); err != nil {
		return Episode{}, err
	}
	e.Version++
	e.UpdateTime = s.clock.Now()
	row, err := s.sealEpisode(e)
	if err != nil {
		return Episode{}, err
	}
	_, err = tx.NewUpdate().Model(&row).ExcludeColumn("hub", "id", "create_time").Where("hub = ? AND id = ?", at.Hub, at.ID).Exec(ctx)
	if err != nil {
		return Episode{}, fmt.Errorf("episode: keeping an episode: %w", err)
	}
	if err := s.keepMoves(ctx, tx, before, e); err != nil {
		return Episode{}, err
	}
	return e, keepAssignees(ctx, tx, e)
}

func keepAssignees(ctx context.Context, tx store.Tx, e Episode) error {
	_, err := tx.NewDelete().Model((*assigneeRow)(nil)).Where("hub = ? AND episode = ?", e.Hub, e.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("episode: keeping assignees: %w", err)
	}
	rows := make([]assigneeRow, 0, len(e.Assignees))
	for _, p := range e.Assignees {
		rows = append(rows, assigneeRow{Hub: e.Hub, Episode: e.ID, Person: p})
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("episode: keeping assignees: %w", err)
	}
	return nil
}
