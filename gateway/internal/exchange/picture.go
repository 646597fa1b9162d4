package exchange

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Page says which part of the chronology is wanted.
type Page struct {
	// Size is the number of records; 0 takes the default, and more than the largest takes the largest.
	Size int
	// Token is Picture.NextToken of the page before; empty for the first.
	Token string
}

// The number of records on a page.
const (
	defaultPage = 200
	largestPage = 1000
)

// Picture is a page of what one reader may see of one request.
type Picture struct {
	aggregate.Picture
	Request request.Request
	Time    time.Time
	// Complete is false while organisations are still to answer.
	Complete bool
	// Revision is the policy revision that decided on this reading.
	Revision string
	// Obligations are codes of the pack's data.
	Obligations []string
	// LedgerEntry records this reading.
	LedgerEntry int64
	NextToken   string
}

// LogValue tells which picture it is, not what is in it.
func (p Picture) LogValue() slog.Value {
	return slog.GroupValue(slog.String("request", p.Request.ID), slog.Any("picture", p.Picture))
}

// Picture takes step 9, and step 10 for this reading: what was released is decided again for this reader, put together, and shown
// when the ledger holds the entry.
func (e *Exchange) Picture(ctx context.Context, who directory.Person, ref request.Ref, page Page) (Picture, error) {
	return again(func() (Picture, error) {
		r, err := e.reader(ctx, who, ref)
		if err != nil {
			return Picture{}, err
		}
		picture, decided, err := r.picture(ctx, page)
		if err != nil {
			return Picture{}, err
		}
		if picture.LedgerEntry, err = e.record(ctx, r, picture, decided); err != nil {
			return Picture{}, err
		}
		return picture, nil
	})
}

func (r *reader) picture(ctx context.Context, page Page) (Picture, sitting, error) {
	options, err := r.options(ctx, page)
	if err != nil {
		return Picture{}, sitting{}, err
	}
	builder := aggregate.NewBuilder(options)
	held, decided, err := r.addTo(ctx, builder)
	if err != nil {
		return Picture{}, sitting{}, err
	}
	answers, err := r.exchange.Requests.Answers(ctx, r.request.Ref())
	if err != nil {
		return Picture{}, sitting{}, err
	}
	picture := Picture{
		Picture: builder.Picture(answers, held), Request: r.request, Time: r.input.At, Complete: r.request.State == request.Complete,
		Revision: r.current.Revision().ID(),
	}
	picture.Obligations = r.obligations(picture.Picture)
	if picture.Next != (aggregate.Position{}) {
		picture.NextToken = fmt.Sprintf("%d-%d", picture.Next.Seq, picture.Next.Index)
	}
	return picture, decided, nil
}

func (r *reader) options(ctx context.Context, page Page) (aggregate.Options, error) {
	options := aggregate.Options{
		Catalogue: r.exchange.Catalogue, Vocabulary: r.words(), LocationUnknown: r.input.LocationUnknown, Size: page.Size,
	}
	switch {
	case page.Size <= 0:
		options.Size = defaultPage
	case page.Size > largestPage:
		options.Size = largestPage
	}
	protected := r.current.Ask().Protected
	for _, s := range r.input.Subjects {
		options.Subjects = append(options.Subjects, aggregate.Subject{
			ID: s.ID, Role: s.Role, LivesWithIndex: s.LivesWithIndex, Protected: protected[s.ID],
		})
	}
	var err error
	if page.Token != "" {
		options.After, err = r.pageStart(ctx, page.Token)
	}
	return options, err
}

// pageStart finds the record that a token points at. The token says where the record stands and nothing of what it is, because it
// travels in a URL.
func (r *reader) pageStart(ctx context.Context, token string) (*record.Header, error) {
	var at aggregate.Position
	if n, err := fmt.Sscanf(token, "%d-%d", &at.Seq, &at.Index); n != 2 || err != nil || fmt.Sprintf("%d-%d", at.Seq, at.Index) != token {
		return nil, badToken()
	}
	events, err := r.exchange.Requests.Events(ctx, request.EventQuery{Request: r.request.Ref(), After: at.Seq - 1, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(events) != 1 || events[0].Seq != at.Seq || events[0].Chunk == nil || at.Index < 0 || at.Index >= len(events[0].Chunk.Records) {
		return nil, badToken()
	}
	return &events[0].Chunk.Records[at.Index].Record.Header, nil
}

// addTo decides every released record anew and adds what may be seen. What may not any longer joins what is held. All of it is one
// sitting.
func (r *reader) addTo(ctx context.Context, builder *aggregate.Builder) (held []request.Held, decided sitting, err error) {
	known := map[string]bool{}
	err = r.exchange.chunks(ctx, r.request.Ref(), func(event request.Event) error {
		if event.Held != nil {
			held = keepHeld(held, *event.Held)
		}
		if event.Chunk == nil {
			return nil
		}
		for i, released := range event.Chunk.Records {
			one, err := r.see(ctx, []request.Released{released})
			if err != nil {
				return err
			}
			decided.add(known, one.sitting)
			for _, s := range one.seen {
				builder.Add(aggregate.Visible{At: aggregate.Position{Seq: event.Seq, Index: i}, Released: s})
			}
			for _, h := range one.held {
				held = keepHeld(held, h)
			}
		}
		return nil
	})
	return held, decided, err
}

// keepHeld keeps one of those that look the same to a reader, so that memory does not grow with what is held.
func keepHeld(held []request.Held, h request.Held) []request.Held {
	same := func(o request.Held) bool {
		return o.Organisation == h.Organisation && o.Subject == h.Subject && o.Category == h.Category &&
			o.Decision.Effect == h.Decision.Effect && slices.Equal(codesOf(o.Decision.Reasons), codesOf(h.Decision.Reasons))
	}
	if slices.ContainsFunc(held, same) {
		return held
	}
	return append(held, h)
}

// obligations are those of asking and those that come with what is shown.
func (r *reader) obligations(p aggregate.Picture) []string {
	codes := slices.Clone(r.current.Ask().Obligations)
	add := func(reasons []policy.Reason) {
		for _, reason := range reasons {
			codes = append(codes, r.words().Reasons[reason.Code].Obligations...)
		}
	}
	for _, entry := range p.Chronology {
		add(entry.Decision.Reasons)
	}
	for _, h := range p.Held {
		add(h.Reasons)
	}
	return union(codes, nil)
}

// record puts the reading on the ledger: every record of the page, and those of which a value stands in the household.
func (e *Exchange) record(ctx context.Context, r *reader, p Picture, decided sitting) (seq int64, err error) {
	sealed, err := r.readAs(ctx, matterOf{request: r.request.ID}, decided)
	if err != nil {
		return 0, err
	}
	entry := r.entry(ledger.KindPictureRead, r.request.ID)
	for _, shown := range p.Chronology {
		entry.Items = append(entry.Items, itemOf(shown.Record.Header, shown.Decision))
		entry.Subjects = union(entry.Subjects, []string{shown.Record.Header.Subject})
	}
	for _, h := range p.Sources {
		entry.Items = append(entry.Items, ledger.Item{Ref: h.Ref, Subject: h.Subject, Category: h.Category, Effect: string(policy.Redact)})
		entry.Subjects = union(entry.Subjects, []string{h.Subject})
	}
	err = e.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := r.still(ctx, tx); err != nil {
			return err
		}
		written, err := e.put(ctx, tx, entry, sealed)
		seq = written.Seq
		return err
	})
	return seq, err
}
