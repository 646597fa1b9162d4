package agencies

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// Decided is how many records, alike in everything that rules read, one leg decided on, and how. With it the organisation can see what
// another policy of its own, or of the hub, would have done to what it was asked last year. It holds no reference and no field.
type Decided struct {
	// Seq is the order in the journal.
	Seq               int64
	At                time.Time
	Hub, Request, Leg string
	Attempt           int
	// Revision is the organisation's own policy revision that decided.
	Revision string
	// Told and About are all that the organisation's own rules knew of the request and of the person.
	Told  policy.AgencyRequest
	About policy.AgencyAbout
	// Header is what rules read, without the organisation's reference.
	Header  record.Header
	Records int
	// Warrant is what the warrant allowed.
	Warrant policy.Verdict
	// Own is what the organisation's own policy said, also where the warrant had refused already.
	Own history.Outcome
}

// LogValue tells which line it is, not about what.
func (d Decided) LogValue() slog.Value {
	return slog.GroupValue(slog.String("hub", d.Hub), slog.Int64("seq", d.Seq))
}

// AgencyHeader is what the organisation's own rules read.
func (d Decided) AgencyHeader() policy.AgencyHeader {
	return policy.AgencyHeader{Request: d.Told, Header: d.Header, About: d.About}
}

// decidedBody is what a line keeps beside its place.
type decidedBody struct {
	Purpose string          `json:"purpose"`
	Basis   string          `json:"basis"`
	Role    string          `json:"role"`
	Child   bool            `json:"child"`
	Header  decidedHeader   `json:"header"`
	Warrant policy.Verdict  `json:"warrant"`
	Own     history.Outcome `json:"own"`
}

// decidedHeader is read without asking again whether it is total: it was when it was written.
type decidedHeader record.Header

func (j *Journal) decided(ctx context.Context, tx *sql.Tx, entries []Decided) error {
	for _, d := range entries {
		body, err := json.Marshal(decidedBody{
			Purpose: d.Told.Purpose, Basis: d.Told.Basis, Role: d.About.Role, Child: d.About.Child, Header: decidedHeader(d.Header),
			Warrant: d.Warrant, Own: d.Own,
		})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO decided (at, hub, request, leg, attempt, revision, records, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			d.At.UnixMicro(), d.Hub, d.Request, d.Leg, d.Attempt, d.Revision, d.Records, string(body))
		if err != nil {
			return err
		}
	}
	return nil
}

// decidedPage is how many lines are read at a time, so that memory does not grow with the journal.
const decidedPage = 500

// Decisions gives what was decided since then, oldest first, a page at a time: the journal may be written to meanwhile. It ends at the
// first error.
func (j *Journal) Decisions(ctx context.Context, since time.Time) iter.Seq2[Decided, error] {
	return func(yield func(Decided, error) bool) {
		for after := int64(0); ; {
			page, err := list(ctx, j.db, `SELECT id, at, hub, request, leg, attempt, revision, records, body FROM decided
				WHERE id > ? AND at >= ? ORDER BY id LIMIT ?`, scanDecided, after, since.UnixMicro(), decidedPage)
			if err != nil {
				yield(Decided{}, err)
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
				after = d.Seq
			}
			if len(page) < decidedPage {
				return
			}
		}
	}
}

func scanDecided(rows *sql.Rows) (d Decided, err error) {
	var at int64
	var text string
	if err := rows.Scan(&d.Seq, &at, &d.Hub, &d.Request, &d.Leg, &d.Attempt, &d.Revision, &d.Records, &text); err != nil {
		return Decided{}, err
	}
	var body decidedBody
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return Decided{}, errors.New("a decision in the journal is malformed") // the decoder's words could quote a value
	}
	d.At = time.UnixMicro(at).UTC()
	d.Told = policy.AgencyRequest{Purpose: body.Purpose, Basis: body.Basis}
	d.About = policy.AgencyAbout{Role: body.Role, Child: body.Child}
	d.Header, d.Warrant, d.Own = record.Header(body.Header), body.Warrant, body.Own
	return d, nil
}

// tally counts records alike, by what rules read of them, while a leg is decided.
type tally struct {
	order []string
	by    map[string]*Decided
}

func (t *tally) add(key string, d Decided) {
	if known, ok := t.by[key]; ok {
		known.Records++
		return
	}
	if t.by == nil {
		t.by = map[string]*Decided{}
	}
	d.Records = 1
	t.by[key], t.order = &d, append(t.order, key)
}

func (t *tally) all() []Decided {
	all := make([]Decided, 0, len(t.order))
	for _, key := range t.order {
		all = append(all, *t.by[key])
	}
	return all
}

// decide is what the warrant and the organisation's own policy say to a record. The latter is asked also where the warrant has refused
// already: what another policy would have done can only be told if it is on record what this one did.
func (l *leg) decide(ctx context.Context, o order, c policy.Constraint, h record.Header) (ruling, error) {
	own, err := l.objection(ctx, o, h)
	if err != nil {
		return ruling{}, err
	}
	r := ruling{warrant: c.Apply(h), own: own}
	if own.Err != "" {
		return r, nil
	}
	verdict, err := history.OfRelease(l.agency.config.Policy.ID(), []policy.Decision{own})
	if err != nil {
		return ruling{}, fmt.Errorf("agencies: recording a decision: %w", err)
	}
	h.Ref = ""
	key, err := json.Marshal(h)
	l.tally.add(string(key), Decided{
		Told: l.request, About: policy.AgencyAbout{Role: o.subject.Role, Child: o.subject.Child}, Header: h, Warrant: r.warrant,
		Own: verdict.Outcomes[0],
	})
	return r, err
}

// ruling is what may be done with one record.
type ruling struct {
	warrant policy.Verdict
	own     policy.Decision
}
