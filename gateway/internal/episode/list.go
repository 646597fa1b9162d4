package episode

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mashgate/mashgate/internal/fault"
	"github.com/uptrace/bun"
)

// ReferralQuery picks referrals of one hub, newest first.
type ReferralQuery struct {
	Hub string
	// Untriaged keeps those that triage has not decided.
	Untriaged bool
	// Submitter keeps those of one person: a referrer sees only their own.
	Submitter string
	// Cursor is the one returned with the page before.
	Cursor string
	Limit  int
}

// Query picks episodes of one hub, newest first.
type Query struct {
	Hub string
	// Assignee and Stage narrow it when set.
	Assignee, Stage string
	// Cursor is the one returned with the page before.
	Cursor string
	Limit  int
}

// ListReferrals returns a page and the cursor of the next one, "" at the end.
func (s *Store) ListReferrals(ctx context.Context, q ReferralQuery) (page []ReferralSummary, next string, err error) {
	var rows []referralRow
	query := s.db.Read().NewSelect().Model(&rows).ExcludeColumn("body").Where("hub = ?", q.Hub)
	if q.Untriaged {
		query = query.Where("outcome = ''")
	}
	if q.Submitter != "" {
		query = query.Where("submitter = ?", q.Submitter)
	}
	if err := scanPage(ctx, query, "submit_time", q.Cursor, q.Limit); err != nil {
		return nil, "", err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		next = cursor(rows[q.Limit-1].SubmitTime, rows[q.Limit-1].ID)
	}
	for _, r := range rows {
		page = append(page, ReferralSummary{
			ID: r.ID, Hub: r.Hub, Reference: r.Reference, SubmitTime: time.UnixMicro(r.SubmitTime).UTC(), Submitter: r.Submitter,
			TriageOutcome: r.Outcome, Opened: r.Opened,
		})
	}
	return page, next, nil
}

// List returns a page and the cursor of the next one, "" at the end.
func (s *Store) List(ctx context.Context, q Query) (page []Summary, next string, err error) {
	var rows []episodeRow
	query := s.db.Read().NewSelect().Model(&rows).ExcludeColumn("body").Where("hub = ?", q.Hub)
	if q.Stage != "" {
		query = query.Where("stage = ?", q.Stage)
	}
	if q.Assignee != "" {
		query = query.Where("id IN (SELECT episode FROM episode_assignees WHERE hub = ? AND person = ?)", q.Hub, q.Assignee)
	}
	if err := scanPage(ctx, query, "create_time", q.Cursor, q.Limit); err != nil {
		return nil, "", err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		next = cursor(rows[q.Limit-1].CreateTime, rows[q.Limit-1].ID)
	}
	for _, r := range rows {
		page = append(page, Summary{
			ID: r.ID, Hub: r.Hub, Version: r.Version, Stage: r.Stage, Rating: r.Rating, Basis: r.Basis,
			CreateTime: time.UnixMicro(r.CreateTime).UTC(), UpdateTime: time.UnixMicro(r.UpdateTime).UTC(),
			DecisionDue: moment(r.DueTime), Expires: moment(r.ExpireTime),
		})
	}
	return page, next, s.addAssignees(ctx, q.Hub, page)
}

func (s *Store) addAssignees(ctx context.Context, hub string, page []Summary) error {
	at := map[string]int{}
	ids := make([]string, 0, len(page))
	for i, e := range page {
		at[e.ID] = i
		ids = append(ids, e.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []assigneeRow
	err := s.db.Read().NewSelect().Model(&rows).Where("hub = ? AND episode IN (?)", hub, bun.List(ids)).Order("person").Scan(ctx)
	if err != nil {
		return fmt.Errorf("episode: listing assignees: %w", err)
	}
	for _, r := range rows {
		page[at[r.Episode]].Assignees = append(page[at[r.Episode]].Assignees, r.Person)
	}
	return nil
}

// scanPage reads one row more than the limit, newest first, so that the caller knows whether there is a next page.
func scanPage(ctx context.Context, query *bun.SelectQuery, column, after string, limit int) error {
	if limit <= 0 {
		return errors.New("episode: a page needs a limit")
	}
	if after != "" {
		us, id, err := parseCursor(after)
		if err != nil {
			return err
		}
		query = query.Where("(?, id) < (?, ?)", bun.Ident(column), us, id)
	}
	if err := query.OrderExpr("? DESC, id DESC", bun.Ident(column)).Limit(int64(limit) + 1).Scan(ctx); err != nil {
		return fmt.Errorf("episode: listing: %w", err)
	}
	return nil
}

func cursor(us int64, id string) string { return strconv.FormatInt(us, 10) + "." + id }

func parseCursor(s string) (us int64, id string, err error) {
	number, id, ok := strings.Cut(s, ".")
	us, err = strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return 0, "", fault.Invalid("page_token", "was not given by this list")
	}
	return us, id, nil
}
