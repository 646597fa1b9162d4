package exchange

import (
	"context"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/plan"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// question is a request before it is one: who asks, about which episode, and what policy says.
type question struct {
	exchange *Exchange
	need     Need
	bench    *bench
	allowed  plan.Request
	// verdict is what was decided, to be recorded.
	verdict history.Verdict
}

// question takes steps 1 and 2: the requester as the directory knows them, the episode as it stands.
func (e *Exchange) question(ctx context.Context, who directory.Person, need Need) (*question, error) {
	if err := e.Policy.MayAsk(need.Hub); err != nil {
		return nil, err
	}
	facts, err := e.facts(ctx, matter{Hub: need.Hub, Episode: need.Episode, Who: who, Categories: need.Categories})
	if err != nil {
		return nil, err
	}
	revision, err := e.Policy.InForce(ctx, need.Hub)
	if err != nil {
		return nil, fmt.Errorf("choosing the policy revision: %w", err)
	}
	b, err := facts.bench(ctx, revision, revision)
	return &question{exchange: e, need: need, bench: b}, err
}

// ask takes step 4: the constraints of each organisation, and what it is not asked for.
func (q *question) ask(ctx context.Context) error {
	words := q.bench.pinned.Revision().Vocabulary()
	q.allowed = plan.Request{NeverNamed: words.NeverNamed.Categories}
	for _, subject := range q.bench.input.Subjects {
		q.allowed.Subjects = append(q.allowed.Subjects, subject.ID)
	}
	allowed, err := history.Decide(ctx, q.bench.pinned, q.bench.input.Organisations)
	if err != nil {
		return err
	}
	for i, o := range q.bench.input.Organisations {
		q.allowed.Organisations = append(q.allowed.Organisations, plan.Organisation{
			ID: o.ID, Connected: o.Connected, Constraints: allowed[i].Constraints, NotAsked: allowed[i].NotAsked,
		})
	}
	q.verdict, err = history.OfAsk(q.bench.pinned.Ask(), allowed)
	return err
}

// intend takes step 5: the request with its legs, the answers that need no asking and the ledger's entry are written together, in a
// transaction that reads the episode and the active revision again (invariant 7).
func (q *question) intend(ctx context.Context, p plan.Plan) (request.Request, error) {
	e := q.exchange
	draft := q.draft(p)
	sealed, err := q.bench.sealed(ctx, history.Ask, matterOf{request: draft.ID}, nil, []history.Verdict{q.verdict})
	if err != nil {
		return request.Request{}, err
	}
	var asked request.Request
	err = e.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := q.bench.still(ctx, tx); err != nil {
			return err
		}
		stored, created, err := e.Requests.Create(ctx, tx, draft)
		if err != nil || !created {
			asked = stored
			return err
		}
		entry, err := e.put(ctx, tx, q.entry(stored), sealed)
		if err != nil {
			return err
		}
		stored.IntentEntry = entry.Seq
		asked = stored
		if err := e.Requests.SetIntent(ctx, tx, stored.Ref(), entry.Seq); err != nil {
			return err
		}
		return q.write(ctx, tx, stored, p)
	})
	if err != nil {
		return request.Request{}, fmt.Errorf("recording the intent: %w", err)
	}
	return asked, nil
}

// draft is the request as it starts: where anybody is asked, identifiers and purpose are told at least.
func (q *question) draft(p plan.Plan) request.Request {
	ask := q.bench.pinned.Ask()
	state, told := request.Running, ""
	if len(p.Legs) > 0 {
		told = policy.TellIdentifiers
	}
	if !ask.Proceed {
		state = request.NotAsked
	}
	return request.Request{
		ID: request.NewID(), Hub: q.need.Hub, Episode: q.need.Episode, Key: q.need.Key, State: state, Requester: q.bench.who.ID, Revision: ask.Revision,
		Input: q.bench.input, Ask: ask, Told: told,
	}
}

// entry is why somebody will be asked, or why nobody is. What will be asked of whom follows in an entry for each leg.
func (q *question) entry(r request.Request) ledger.Entry {
	ask := q.bench.pinned.Ask()
	entry := q.bench.entry(ledger.KindRequestIntent, r.ID)
	entry.Subjects, entry.Reasons = q.allowed.Subjects, ask.Obligations
	if !ask.Proceed {
		entry.Kind, entry.Reasons = ledger.KindRequestRefused, codesOf(ask.Gates)
	}
	return entry
}

// write keeps the legs and everything that is known without asking: what is held before the answer, after which nothing may follow.
func (q *question) write(ctx context.Context, tx store.Tx, r request.Request, p plan.Plan) error {
	if r.State != request.Running {
		return nil
	}
	e := q.exchange
	legs := make([]request.Leg, 0, len(p.Legs))
	for _, leg := range p.Legs {
		legs = append(legs, request.Leg{
			Organisation: leg.Organisation, State: request.LegPending, Subjects: leg.Subjects, Deadline: e.Clock.Now().Add(e.Timeouts.Leg),
		})
		intent := q.bench.entry(ledger.KindRequestIntent, r.ID)
		intent.Organisation, intent.Subjects, intent.Items = leg.Organisation, leg.Subjects, askedItems(leg.Constraints)
		if _, err := e.Ledger.Append(ctx, tx, intent); err != nil {
			return err
		}
	}
	if _, err := e.Requests.AddLegs(ctx, tx, r.Ref(), legs); err != nil {
		return err
	}
	for _, h := range p.Held {
		held := request.Held{
			Organisation: h.Organisation, Subject: h.Subject, Category: h.Category,
			Decision: policy.Decision{Effect: h.Effect, Masks: []string{}, Reasons: h.Reasons, Revision: r.Revision},
		}
		if _, err := e.Requests.AddHeld(ctx, tx, r.Ref(), held); err != nil {
			return err
		}
	}
	for _, u := range p.Unasked {
		answer := request.Answer{Organisation: u.Organisation, Subject: u.Subject, Kind: aggregate.NotAsked, Reasons: u.Reasons}
		if _, err := e.Requests.AddAnswer(ctx, tx, r.Ref(), answer); err != nil {
			return err
		}
	}
	return nil
}
