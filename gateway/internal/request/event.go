package request

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/uptrace/bun"
)

// The kinds of event.
const (
	kindAnswer = "answer"
	kindChunk  = "chunk"
	kindHeld   = "held"
	kindEnded  = "ended"
)

// eventRow is an event as it is kept, sealed under the episode's key.
type eventRow struct {
	bun.BaseModel `bun:"table:request_events"`

	Request string
	Seq     int64
	Time    int64
	Kind    string
	Body    []byte
}

type answerRow struct {
	bun.BaseModel `bun:"table:request_answers"`

	Request, Organisation, Subject string
	Seq                            int64
}

type ended struct{ State State }

// AddAnswer keeps the one answer of an organisation on a subject: ErrAnswered for a second one, ErrEnded after the end.
func (s *Store) AddAnswer(ctx context.Context, tx store.Tx, ref Ref, a Answer) (Answer, error) {
	if err := checkUnanswered(ctx, tx, ref, a.Organisation, a.Subject); err != nil {
		return Answer{}, err
	}
	seq, err := s.add(ctx, tx, ref, kindAnswer, a)
	if err != nil {
		return Answer{}, err
	}
	a.Seq = seq
	row := answerRow{Request: ref.ID, Organisation: a.Organisation, Subject: a.Subject, Seq: seq}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return Answer{}, fmt.Errorf("request: keeping an answer: %w", err)
	}
	return a, nil
}

// AddChunk keeps at most record.MaxChunk released records of an organisation that has not answered on the subject yet, with the ledger
// entry of the disclosure, which stands in the same transaction.
func (s *Store) AddChunk(ctx context.Context, tx store.Tx, ref Ref, c Chunk) (Chunk, error) {
	if n := len(c.Records); n == 0 || n > record.MaxChunk {
		return Chunk{}, fmt.Errorf("request: a chunk of %d records", n)
	}
	if c.LedgerEntry <= 0 {
		return Chunk{}, errors.New("request: a chunk without its ledger entry")
	}
	for _, r := range c.Records {
		if h := r.Record.Header; h.Organisation != c.Organisation || h.Subject != c.Subject || !r.Decision.Effect.Content() {
			return Chunk{}, errors.New("request: a chunk holds a record of another organisation or subject, or one that was not released")
		}
	}
	if err := checkUnanswered(ctx, tx, ref, c.Organisation, c.Subject); err != nil {
		return Chunk{}, err
	}
	var err error
	c.Seq, err = s.add(ctx, tx, ref, kindChunk, keepChunk(c))
	return c, err
}

// AddHeld keeps something that an organisation holds and that is not released, before its answer.
func (s *Store) AddHeld(ctx context.Context, tx store.Tx, ref Ref, h Held) (Held, error) {
	if h.Decision.Effect.Content() {
		return Held{}, errors.New("request: what may be released is not held")
	}
	if err := checkUnanswered(ctx, tx, ref, h.Organisation, h.Subject); err != nil {
		return Held{}, err
	}
	var err error
	h.Seq, err = s.add(ctx, tx, ref, kindHeld, h)
	return h, err
}

func checkUnanswered(ctx context.Context, tx store.Tx, ref Ref, organisation, subject string) error {
	if organisation == "" || subject == "" {
		return errors.New("request: an answer needs an organisation and a subject")
	}
	answered, err := tx.NewSelect().Model((*answerRow)(nil)).
		Where("request = ? AND organisation = ? AND subject = ?", ref.ID, organisation, subject).Exists(ctx)
	if err != nil {
		return fmt.Errorf("request: looking for an answer: %w", err)
	}
	if answered {
		return ErrAnswered
	}
	return nil
}

// add keeps the next event of a running request and wakes those who watch once it is durable.
func (s *Store) add(ctx context.Context, tx store.Tx, ref Ref, kind string, body any) (int64, error) {
	seq, err := nextSeq(ctx, tx, ref)
	if err != nil {
		return 0, err
	}
	sealed, err := s.seal(ref.Episode, eventPlace(ref.ID, seq), body)
	if err != nil {
		return 0, err
	}
	row := eventRow{Request: ref.ID, Seq: seq, Time: s.clock.Now().UnixMicro(), Kind: kind, Body: sealed}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return 0, fmt.Errorf("request: keeping an event: %w", err)
	}
	tx.OnCommit(func() { s.watchers.wake(ref.ID) })
	return seq, nil
}

// nextSeq numbers the events of a request and, by writing its row, lets nothing in after the end.
func nextSeq(ctx context.Context, tx store.Tx, ref Ref) (seq int64, err error) {
	err = tx.NewRaw("UPDATE requests SET last_seq = last_seq + 1 WHERE hub = ? AND episode = ? AND id = ? AND state = ? RETURNING last_seq",
		ref.Hub, ref.Episode, ref.ID, Running).Scan(ctx, &seq)
	if !errors.Is(err, sql.ErrNoRows) {
		if err != nil {
			return 0, fmt.Errorf("request: numbering an event: %w", err)
		}
		return seq, nil
	}
	there, err := tx.NewSelect().Model((*requestRow)(nil)).Where("hub = ? AND episode = ? AND id = ?", ref.Hub, ref.Episode, ref.ID).Exists(ctx)
	if err != nil {
		return 0, fmt.Errorf("request: numbering an event: %w", err)
	}
	if !there {
		return 0, fault.NotFound("information request")
	}
	return 0, ErrEnded
}

// EventQuery picks the events of a request, in sequence.
type EventQuery struct {
	Request Ref
	// After is the last sequence number already seen.
	After int64
	// Limit is the largest number of events returned; 0 returns all.
	Limit int
}

// Events returns events in sequence. A request that is not there has none.
func (s *Store) Events(ctx context.Context, q EventQuery) ([]Event, error) {
	return s.events(ctx, q, "")
}

// LastSeq is the sequence number of the newest event; 0 when there is none.
func (s *Store) LastSeq(ctx context.Context, ref Ref) (seq int64, err error) {
	err = s.db.Read().NewSelect().Model((*eventRow)(nil)).ColumnExpr("COALESCE(MAX(seq), 0)").Where("request = ?", ref.ID).Scan(ctx, &seq)
	if err != nil {
		return 0, fmt.Errorf("request: looking for the newest event: %w", err)
	}
	return seq, nil
}

// Answers returns the answers so far, in the order in which they came.
func (s *Store) Answers(ctx context.Context, ref Ref) ([]Answer, error) {
	events, err := s.events(ctx, EventQuery{Request: ref}, kindAnswer)
	answers := make([]Answer, 0, len(events))
	for _, e := range events {
		answers = append(answers, *e.Answer)
	}
	return answers, err
}

func (s *Store) events(ctx context.Context, q EventQuery, kind string) ([]Event, error) {
	var rows []eventRow
	query := s.db.Read().NewSelect().Model(&rows).Where("request = ? AND seq > ?", q.Request.ID, q.After).Order("seq")
	if q.Limit > 0 {
		query = query.Limit(int64(q.Limit))
	}
	if kind != "" {
		query = query.Where("kind = ?", kind)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("request: reading events: %w", err)
	}
	events := make([]Event, 0, len(rows))
	for _, row := range rows {
		e, err := s.openEvent(q.Request, row)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// openEvent opens an event under the key of the episode that the caller named: a request of another episode does not open.
func (s *Store) openEvent(ref Ref, row eventRow) (Event, error) {
	e := Event{Seq: row.Seq, Time: time.UnixMicro(row.Time).UTC()}
	var into any
	var end ended
	var chunk keptChunk
	switch row.Kind {
	case kindAnswer:
		e.Answer = &Answer{}
		into = e.Answer
	case kindChunk:
		into = &chunk
	case kindHeld:
		e.Held = &Held{}
		into = e.Held
	case kindEnded:
		into = &end
	default:
		return Event{}, fmt.Errorf("request: event %d of an unknown kind", row.Seq)
	}
	if err := s.open(ref.Episode, eventPlace(ref.ID, row.Seq), row.Body, into); err != nil {
		return Event{}, err
	}
	var err error
	switch row.Kind {
	case kindAnswer:
		e.Answer.Seq = row.Seq
	case kindChunk:
		e.Chunk, err = chunk.chunk(row.Seq)
	case kindHeld:
		e.Held.Seq = row.Seq
	default:
		e.Ended = end.State
	}
	return e, err
}
