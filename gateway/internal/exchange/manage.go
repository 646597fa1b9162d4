package exchange

import (
	"context"
	"errors"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
)

// Standing is a request with its answers so far, without records.
type Standing struct {
	request.Request
	Answers []request.Answer
}

// gateRequester is the gate that concerns who somebody is. Whoever it stops learns nothing of a request, unless it is their own: then
// they learn why it was stopped, and no answer.
const gateRequester = "requester"

// Get is where a request stands, for somebody who could have made it.
func (e *Exchange) Get(ctx context.Context, who directory.Person, ref request.Ref) (Standing, error) {
	r, err := e.looker(ctx, who, ref)
	if err != nil {
		return Standing{}, err
	}
	if err := r.gate(gateRequester); err != nil {
		if r.request.Requester != r.who.ID {
			return Standing{}, e.refused(ctx, r, err)
		}
		return Standing{Request: r.request}, nil
	}
	answers, err := e.Requests.Answers(ctx, ref)
	return Standing{Request: r.request, Answers: answers}, err
}

// List is the requests of an episode, newest last, for somebody who could have made one. They come without answers.
func (e *Exchange) List(ctx context.Context, who directory.Person, q request.Query) (page []request.Request, next string, err error) {
	f, err := e.facts(ctx, matter{Hub: q.Hub, Episode: q.Episode, Who: who})
	if err != nil {
		return nil, "", err
	}
	revision, err := e.Policy.InForce(ctx, q.Hub)
	if err != nil {
		return nil, "", err
	}
	b, err := f.bench(ctx, revision, revision)
	if err != nil {
		return nil, "", err
	}
	if err := b.gate(gateRequester); err != nil {
		return nil, "", err
	}
	return e.Requests.List(ctx, q)
}

// Cancel ends what is outstanding: whoever has not answered is put down as not_answered, and what has not been released is discarded.
func (e *Exchange) Cancel(ctx context.Context, who directory.Person, ref request.Ref) (Standing, error) {
	r, err := e.looker(ctx, who, ref)
	if err != nil {
		return Standing{}, err
	}
	if err := r.gate(gateRequester); err != nil {
		return Standing{}, e.refused(ctx, r, err)
	}
	legs, err := e.Requests.Legs(ctx, ref)
	if err != nil {
		return Standing{}, err
	}
	err = e.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error { return e.cancel(ctx, tx, r, legs) })
	if err != nil {
		return Standing{}, err
	}
	e.stop(ref.ID)
	return e.Get(ctx, who, ref)
}

func (e *Exchange) cancel(ctx context.Context, tx store.Tx, r *reader, legs []request.Leg) error {
	ref := r.request.Ref()
	for _, l := range legs {
		for _, subject := range l.Subjects {
			answer := request.Answer{
				Organisation: l.Organisation, Subject: subject, Kind: aggregate.NotAnswered, Reasons: []policy.Reason{pathReason(codeCancelled)},
			}
			if _, err := e.Requests.AddAnswer(ctx, tx, ref, answer); err != nil && !errors.Is(err, request.ErrAnswered) {
				return err
			}
		}
		if err := e.Requests.DropStaged(ctx, tx, ref, l.Organisation); err != nil {
			return err
		}
	}
	if _, err := e.Requests.End(ctx, tx, ref, request.Cancelled); err != nil {
		return err
	}
	_, err := e.Ledger.Append(ctx, tx, r.entry(ledger.KindCancelled, ref.ID))
	return err
}

// Filter narrows an explanation; its zero value asks for all of it.
type Filter struct{ Organisation, Subject, Category string }

// Explanation is one decision of a request, with the rules that gave it. Lines that read the same stand once.
type Explanation struct {
	Organisation, Subject, Category string
	Effect                          policy.Effect
	Masks                           []string
	// Reasons may all be told; Locations are where the rules of each stand in the pack.
	Reasons   []policy.Reason
	Locations []policy.Location
	Revision  string
}

// Explain says why a request was decided as it was (invariant 6). It leaves out what may not be told. Roles that make requests are
// held to the same gate as for Get; others (IG officers, auditors) to the role table alone.
func (e *Exchange) Explain(ctx context.Context, who directory.Person, ref request.Ref, filter Filter) (request.Request, []Explanation, error) {
	r, err := e.looker(ctx, who, ref)
	if err != nil {
		return request.Request{}, nil, err
	}
	if r.words().Roles[r.who.Role].MayRequest {
		if err := r.gate(gateRequester); err != nil && r.request.Requester != r.who.ID {
			return request.Request{}, nil, e.refused(ctx, r, err)
		}
	}
	var lines []Explanation
	err = e.chunks(ctx, ref, func(event request.Event) error {
		if event.Held != nil {
			lines = r.explain(lines, filter, *event.Held)
		}
		if event.Chunk != nil {
			for _, released := range event.Chunk.Records {
				lines = r.explain(lines, filter, heldOf(released.Record.Header, released.Decision))
			}
		}
		return nil
	})
	return r.request, lines, err
}

// explain adds a decision, unless it may not be told or reads like one that stands there.
func (r *reader) explain(lines []Explanation, filter Filter, h request.Held) []Explanation {
	line := Explanation{
		Organisation: h.Organisation, Subject: h.Subject, Category: h.Category, Effect: h.Decision.Effect, Revision: h.Decision.Revision,
		Reasons: slices.DeleteFunc(slices.Clone(h.Decision.Reasons), func(reason policy.Reason) bool { return !reason.Tellable }),
	}
	if !filter.matches(line) || !line.Effect.Content() && len(aggregate.Tellable(h.Decision)) == 0 {
		return lines
	}
	for _, reason := range line.Reasons {
		line.Masks = union(line.Masks, reason.Masks)
		line.Locations = append(line.Locations, r.current.Revision().RuleLocation(reason.Rule)...)
	}
	if line.Effect == policy.Exist {
		line.Category = ""
	}
	same := func(o Explanation) bool {
		return o.Organisation == line.Organisation && o.Subject == line.Subject && o.Category == line.Category && o.Effect == line.Effect &&
			slices.Equal(codesOf(o.Reasons), codesOf(line.Reasons))
	}
	if slices.ContainsFunc(lines, same) {
		return lines
	}
	return append(lines, line)
}

func (f Filter) matches(line Explanation) bool {
	return (f.Organisation == "" || f.Organisation == line.Organisation) && (f.Subject == "" || f.Subject == line.Subject) &&
		(f.Category == "" || f.Category == line.Category && line.Effect != policy.Exist)
}
