package exchange

import (
	"context"
	"errors"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/plan"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/policy"
)

// Need is what somebody needs to know.
type Need struct {
	Hub     string
	Episode string
	// Categories are those needed; none takes the hub's table for the episode's concerns.
	Categories []policy.Category
	// Key makes the call idempotent.
	Key request.Key
}

// Request tells the first half of the story (design.md section 1, steps 1 to 5) and returns when the intent is durable; the second
// half goes on when the caller is gone. A request that a gate stops is a request too, in state NotAsked with every reason. Where the
// episode or the policy moves between the decision and the record of it, everything is decided again.
func (e *Exchange) Request(ctx context.Context, who directory.Person, need Need) (request.Request, error) {
	asked, err := again(func() (request.Request, error) {
		question, err := e.question(ctx, who, need) // 1 authn, 2 episode: who asks, and is there a lawful reason
		if err != nil {
			return request.Request{}, err
		}
		if err := question.ask(ctx); err != nil { // 4 policy.Ask: what may be asked of whom
			return request.Request{}, err
		}
		legs := plan.Make(question.allowed) // 3 plan: what is allowed, as legs
		return question.intend(ctx, legs)   // 5 ledger: intent is durable
	})
	if err != nil || asked.State != request.Running {
		return asked, err
	}
	e.begin(asked)
	return asked, nil
}

// carryOut tells the second half (steps 6 to 10), from wherever it stands: it is also how a request goes on after a restart. Step 9,
// the picture, is put together when somebody reads it.
func (e *Exchange) carryOut(ctx context.Context, r request.Request) error {
	s, err := e.story(ctx, r)
	if err != nil {
		return err
	}
	defer e.takeUp(s)()
	if err := s.locate(ctx); err != nil { // 6 warrant, 7 fanout: Locate everywhere, before anything is collected
		return err
	}
	legs, err := s.decideAgain(ctx) // 4 again: the union of the flags is a fact for every organisation's records
	if err != nil {
		return err
	}
	var failed []error
	for err := range fanout.Gather(ctx, legs, s.answer) { // 6, 7: Collect, told why; 8 policy.Release; 10 ledger, then release
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return s.end(ctx)
}

// errMoved says that the episode, the policy or the requester moved between a decision and the transaction that rests on it.
var errMoved = errors.New("the facts moved after they were decided on")

// maxMoves is how often a decision is made again before the caller is told to try later.
const maxMoves = 10

// again repeats what rests on a decision until the facts stood still while it was written down.
func again[T any](do func() (T, error)) (T, error) {
	var result T
	var err error
	for range maxMoves {
		if result, err = do(); !errors.Is(err, errMoved) {
			return result, err
		}
	}
	return result, err
}
