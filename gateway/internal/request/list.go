package request

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mashgate/mashgate/internal/fault"
)

// Query picks the requests of one episode, newest first.
type Query struct {
	Hub, Episode string
	// Cursor is the one returned with the page before.
	Cursor string
	Limit  int
}

// List returns a page and the cursor of the next one, "" at the end.
func (s *Store) List(ctx context.Context, q Query) (page []Request, next string, err error) {
	if q.Limit <= 0 {
		return nil, "", errors.New("request: a page needs a limit")
	}
	var rows []requestRow
	query := s.db.Read().NewSelect().Model(&rows).Where("hub = ? AND episode = ?", q.Hub, q.Episode)
	if q.Cursor != "" {
		number, id, ok := strings.Cut(q.Cursor, ".")
		us, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			return nil, "", fault.Invalid("page_token", "was not given by this list")
		}
		query = query.Where("(create_time, id) < (?, ?)", us, id)
	}
	if err := query.OrderExpr("create_time DESC, id DESC").Limit(int64(q.Limit) + 1).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("request: listing: %w", err)
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		next = strconv.FormatInt(last.CreateTime, 10) + "." + last.ID
	}
	page, err = s.openAll(rows)
	return page, next, err
}

// Walk goes through the requests of a hub, or of one episode of it, oldest first.
type Walk struct {
	Hub string
	// Episode narrows it when set.
	Episode string
	// Cursor is the Place after which it goes on; empty for the beginning.
	Cursor string
	Limit  int
}

// Place is a request on a walk, unopened.
type Place struct {
	Ref    Ref
	State  State
	Cursor string
}

// Places returns the next places of a walk; none at its end.
func (s *Store) Places(ctx context.Context, w Walk) ([]Place, error) {
	var rows []requestRow
	query := s.db.Read().NewSelect().Model(&rows).Column("hub", "episode", "id", "state", "create_time").Where("hub = ?", w.Hub)
	if w.Episode != "" {
		query = query.Where("episode = ?", w.Episode)
	}
	if w.Cursor != "" {
		number, id, _ := strings.Cut(w.Cursor, ".")
		us, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("request: walking on from %q: %w", w.Cursor, err)
		}
		query = query.Where("(create_time, id) > (?, ?)", us, id)
	}
	if err := query.OrderExpr("create_time, id").Limit(int64(w.Limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("request: walking: %w", err)
	}
	places := make([]Place, 0, len(rows))
	for _, row := range rows {
		places = append(places, Place{
			Ref: Ref{Hub: row.Hub, Episode: row.Episode, ID: row.ID}, State: row.State, Cursor: strconv.FormatInt(row.CreateTime, 10) + "." + row.ID,
		})
	}
	return places, nil
}

// Unfinished returns every running request, oldest first: what a process takes up again when it starts.
func (s *Store) Unfinished(ctx context.Context) ([]Request, error) {
	var rows []requestRow
	err := s.db.Read().NewSelect().Model(&rows).Where("state = 'running'").OrderExpr("create_time, id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("request: looking for unfinished requests: %w", err)
	}
	return s.openAll(rows)
}

func (s *Store) openAll(rows []requestRow) ([]Request, error) {
	all := make([]Request, 0, len(rows))
	for _, row := range rows {
		r, err := s.openRequest(row)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
