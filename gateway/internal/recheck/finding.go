package recheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
)

// Finding is something that was seen and would not be shown now. It holds ids and codes.
type Finding struct {
	ID                              int64
	Request                         request.Ref
	Time                            time.Time
	Cause                           string
	Organisation, Subject, Category string
	// Records is how many, Was what they were seen as, Now what would be decided.
	Records  int
	Was, Now policy.Effect
	Reasons  []string
	// SeenBy are people by resource name, and Entries the ledger entries that say so, the first of them where there are many.
	SeenBy  []string
	Entries []int64
}

type findingRow struct {
	bun.BaseModel `bun:"table:recheck_findings"`

	ID                              int64 `bun:",pk,autoincrement"`
	Hub, Episode, Request           string
	Time                            int64
	Cause                           string
	Organisation, Subject, Category string
	Records                         int
	Was, Now                        policy.Effect
	Reasons, SeenBy, Entries        string
}

// recordRow says that a record was found already, for that person and with that outcome.
type recordRow struct {
	bun.BaseModel `bun:"table:recheck_records"`

	Request, Person, Organisation, Subject, Category, Ref string
	// Outcome is the effect, and the classes masked.
	Outcome string
	Finding int64
}

func recordOf(s sighting) recordRow {
	h := s.released.Record.Header
	return recordRow{
		Person: s.who, Organisation: h.Organisation, Subject: h.Subject, Category: h.Category, Ref: h.Ref,
		Outcome: strings.Join(append([]string{string(s.now.Effect)}, s.now.Masks...), " "),
	}
}

// kind is what findings are told apart by.
type kind struct {
	organisation, subject, category string
	was, now                        policy.Effect
	why                             string
}

// group is a finding being put together.
type group struct {
	kind
	reasons []string
	records []recordRow
	seenBy  []string
	entries []int64
}

// results are what was found about one request.
type results struct {
	concerned bool
	revision  string
	groups    []*group
	byKind    map[kind]*group
}

// listed bounds the people and entries that a finding lists (history.proto).
const listed = 1000

func (r *results) add(s sighting, row recordRow, was policy.Effect, reasons []string) {
	h := s.released.Record.Header
	k := kind{h.Organisation, h.Subject, h.Category, was, s.now.Effect, strings.Join(reasons, " ")}
	g, known := r.byKind[k]
	if !known {
		if r.byKind == nil {
			r.byKind = map[kind]*group{}
		}
		g = &group{kind: k, reasons: reasons}
		r.byKind[k], r.groups = g, append(r.groups, g)
	}
	g.records = append(g.records, row)
	if !slices.Contains(g.seenBy, s.who) && len(g.seenBy) < listed {
		g.seenBy = append(g.seenBy, s.who)
	}
	for _, seq := range s.seen.entries {
		if !slices.Contains(g.entries, seq) && len(g.entries) < listed {
			g.entries = append(g.entries, seq)
		}
	}
}

// whyLess are the codes of what holds a record back now, or masks the classes that were lost.
func whyLess(now policy.Decision, lost []string) []string {
	var codes []string
	for _, reason := range now.Reasons {
		masks := slices.ContainsFunc(reason.Masks, func(class string) bool { return slices.Contains(lost, class) })
		if (reason.Effect == now.Effect && !now.Effect.Content() || now.Effect.Content() && masks) && !slices.Contains(codes, reason.Code) {
			codes = append(codes, reason.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

// foundBefore are the records that were found already for a person.
func (w *Worker) foundBefore(ctx context.Context, ref request.Ref, who string) (map[recordRow]bool, error) {
	var rows []recordRow
	if err := w.DB.Read().NewSelect().Model(&rows).Where("request = ? AND person = ?", ref.ID, who).Scan(ctx); err != nil {
		return nil, fmt.Errorf("recheck: reading what was found before: %w", err)
	}
	before := make(map[recordRow]bool, len(rows))
	for _, r := range rows {
		r.Request, r.Finding = "", 0
		before[r] = true
	}
	return before, nil
}

// rowsAtOnce bounds how many rows one statement writes.
const rowsAtOnce = 500

func (w *Worker) keepGroup(ctx context.Context, tx store.Tx, t task, ref request.Ref, g *group) error {
	slices.Sort(g.entries)
	things := map[thing]bool{}
	for _, r := range g.records {
		things[thing{r.Subject, r.Category, r.Ref}] = true
	}
	row := findingRow{
		Hub: ref.Hub, Episode: ref.Episode, Request: ref.ID, Time: w.Clock.Now().UnixMicro(), Cause: t.Cause, Organisation: g.organisation,
		Subject: g.subject, Category: g.category, Records: len(things), Was: g.was, Now: g.now,
		Reasons: asJSON(g.reasons), SeenBy: asJSON(g.seenBy), Entries: asJSON(g.entries),
	}
	if _, err := tx.NewInsert().Model(&row).Returning("id").Exec(ctx); err != nil {
		return fmt.Errorf("recheck: keeping a finding: %w", err)
	}
	for i := range g.records {
		g.records[i].Request, g.records[i].Finding = ref.ID, row.ID
	}
	for page := range slices.Chunk(g.records, rowsAtOnce) {
		if _, err := tx.NewInsert().Model(&page).Exec(ctx); err != nil {
			return fmt.Errorf("recheck: keeping what was found: %w", err)
		}
	}
	return nil
}

func asJSON[T string | int64](list []T) string {
	if list == nil {
		list = []T{}
	}
	text, _ := json.Marshal(list) //nolint:errchkjson // strings and numbers cannot fail
	return string(text)
}

// Query picks findings of one hub, newest first.
type Query struct {
	Hub string
	// Cursor is the one returned with the page before.
	Cursor string
	Limit  int
}

// Findings returns a page and the cursor of the next one, "" at the end.
func (w *Worker) Findings(ctx context.Context, q Query) (page []Finding, next string, err error) {
	var rows []findingRow
	query := w.DB.Read().NewSelect().Model(&rows).Where("hub = ?", q.Hub)
	if q.Cursor != "" {
		before, err := strconv.ParseInt(q.Cursor, 10, 64)
		if err != nil {
			return nil, "", fault.Invalid("page_token", "was not given by this list")
		}
		query = query.Where("id < ?", before)
	}
	if err := query.OrderExpr("id DESC").Limit(int64(q.Limit) + 1).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("recheck: listing: %w", err)
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		next = strconv.FormatInt(rows[q.Limit-1].ID, 10)
	}
	for _, row := range rows {
		f, err := row.finding()
		if err != nil {
			return nil, "", err
		}
		page = append(page, f)
	}
	return page, next, nil
}

func (r findingRow) finding() (Finding, error) {
	f := Finding{
		ID: r.ID, Request: request.Ref{Hub: r.Hub, Episode: r.Episode, ID: r.Request}, Time: time.UnixMicro(r.Time).UTC(), Cause: r.Cause,
		Organisation: r.Organisation, Subject: r.Subject, Category: r.Category, Records: r.Records, Was: r.Was, Now: r.Now,
	}
	err := errors.Join(json.Unmarshal([]byte(r.Reasons), &f.Reasons), json.Unmarshal([]byte(r.SeenBy), &f.SeenBy),
		json.Unmarshal([]byte(r.Entries), &f.Entries))
	if err != nil {
		return Finding{}, fmt.Errorf("recheck: reading finding %d: %w", r.ID, err)
	}
	return f, nil
}

// Sweep removes what was found before a moment, at most a page a call: again while n > 0.
func Sweep(ctx context.Context, tx store.Tx, hub string, before time.Time) (n int, err error) {
	res, err := tx.NewDelete().Model((*findingRow)(nil)).
		Where("id IN (SELECT id FROM recheck_findings WHERE hub = ? AND time < ? LIMIT ?)", hub, before.UnixMicro(), rowsAtOnce).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("recheck: removing what is over: %w", err)
	}
	if _, err := tx.NewDelete().Model((*task)(nil)).Where("hub = ? AND done_time > 0 AND done_time < ?", hub, before.UnixMicro()).Exec(ctx); err != nil {
		return 0, fmt.Errorf("recheck: removing what is over: %w", err)
	}
	removed, err := res.RowsAffected()
	return int(removed), err
}
