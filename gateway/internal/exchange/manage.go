package exchange

import (
	"context"
	"errors"

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
