package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/plan"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
)

// story is a request being carried out.
type story struct {
	*Exchange
	request request.Request
	// pinned is nil where the revision the request was made under is gone; then nothing is asked and nothing released.
	pinned   *policy.Revision
	legs     map[string]*leg
	flags    []policy.Flag
	unknown  bool
	answered map[[2]string]bool

	mu    sync.Mutex
	bench *bench
}

// leg is a leg with what is known of it. It belongs to the goroutine that carries it out.
type leg struct {
	request.Leg
	progress progress
}

// progress is what a leg must find again after a restart.
type progress struct {
	Matches     map[string]fanout.Match      `json:"matches"`
	Mishap      *mishap                      `json:"mishap"`
	Collected   bool                         `json:"collected"`
	Completions map[string]fanout.Completion `json:"completions"`
	Tallies     map[string]tally             `json:"tallies"`
}

// mishap is a failure, as far as an answer needs it.
type mishap struct {
	Kind fanout.Kind `json:"kind"`
	Code string      `json:"code"`
}

// tally is what has come of one subject's answer so far.
type tally struct {
	Released int             `json:"released"`
	Held     []policy.Reason `json:"held"`
}

// story takes up a request from what the store holds of it.
func (e *Exchange) story(ctx context.Context, r request.Request) (*story, error) {
	s := &story{Exchange: e, request: r, legs: map[string]*leg{}, answered: map[[2]string]bool{}}
	var err error
	if s.pinned, err = e.Policy.Revision(r.Hub, r.Revision); err != nil && !errors.Is(err, policy.ErrNoRevision) {
		return nil, err
	}
	legs, err := e.Requests.Legs(ctx, r.Ref())
	if err != nil {
		return nil, fmt.Errorf("reading the legs: %w", err)
	}
	for _, l := range legs {
		if s.legs[l.Organisation], err = legOf(l); err != nil {
			return nil, err
		}
	}
	answers, err := e.Requests.Answers(ctx, r.Ref())
	if err != nil {
		return nil, fmt.Errorf("reading the answers: %w", err)
	}
	for _, a := range answers {
		s.answered[[2]string{a.Organisation, a.Subject}] = true
	}
	return s, nil
}

func legOf(l request.Leg) (*leg, error) {
	taken := &leg{Leg: l}
	if len(l.Progress) > 0 {
		if err := json.Unmarshal(l.Progress, &taken.progress); err != nil {
			return nil, fmt.Errorf("reading a leg's progress: %w", err)
		}
	}
	return taken, nil
}

// ruler gives the bench to decide on: the one at hand while the facts are fresh, else a new one.
func (s *story) ruler(ctx context.Context) (*bench, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bench != nil && s.bench.fresh() {
		return s.bench, nil
	}
	f, err := s.facts(ctx, matter{
		Hub: s.request.Hub, Episode: s.request.Episode, Who: directory.Person{ID: s.request.Requester, Hub: s.request.Input.Requester.Hub},
		Categories: s.request.Input.Categories, Flags: s.flags, LocationUnknown: s.unknown,
	})
	if err != nil {
		return nil, err
	}
	current, err := s.Policy.Active(s.request.Hub)
	if err != nil {
		return nil, err
	}
	s.bench, err = f.bench(ctx, s.pinned, current)
	return s.bench, err
}

// moved drops the bench after an errMoved, so that the next decision reads the facts anew.
func (s *story) moved(err error) error {
	if errors.Is(err, errMoved) {
		s.mu.Lock()
		s.bench = nil
		s.mu.Unlock()
	}
	return err
}

// locate asks every organisation that has not answered yet whom it knows. Only when each has answered, or its time is over, does
// anything else happen: until then nobody knows whose whereabouts must be protected.
func (s *story) locate(ctx context.Context) error {
	if s.pinned == nil {
		return nil
	}
	legs, err := s.pending(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for err := range fanout.Gather(ctx, legs, s.locateOne) {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// pending are the legs still to be located, each with what its organisation is told.
func (s *story) pending(ctx context.Context) ([]fanout.Leg, error) {
	b, err := s.ruler(ctx)
	if err != nil {
		return nil, err
	}
	telling, err := s.telling(ctx, b)
	if err != nil {
		return nil, err
	}
	var legs []fanout.Leg
	for _, l := range s.legs {
		if l.State != request.LegPending && l.State != request.LegLocating {
			continue
		}
		told, err := body(plan.Tell(plan.Leg{Organisation: l.Organisation, Subjects: l.Subjects}, telling))
		if err != nil {
			return nil, fmt.Errorf("writing what is told: %w", err)
		}
		legs = append(legs, fanout.Leg{ID: l.ID, Organisation: l.Organisation, Subjects: l.Subjects, Body: told, Permits: s.permit})
	}
	return legs, nil
}

// locateOne writes the answer down as it comes, so that the answers of several share a commit.
func (s *story) locateOne(ctx context.Context, of fanout.Leg) error {
	located := s.fanout.Locate(ctx, of)
	l := s.legs[located.Leg.Organisation]
	if located.Failure != nil && located.Failure.Kind == fanout.Interrupted {
		return s.moved(located.Failure)
	}
	l.progress.Matches, l.progress.Mishap = located.Matches, mishapOf(located.Failure)
	return s.save(ctx, l, request.LegLocated)
}

// refusedWarrant puts on the ledger that an organisation did not accept a warrant: it has put down the same on its side.
func (s *story) refusedWarrant(ctx context.Context, tx store.Tx, l *leg) error {
	_, err := s.Ledger.Append(ctx, tx, ledger.Entry{
		Hub: s.request.Hub, Kind: ledger.KindWarrantRefused, Actor: "organisations/" + l.Organisation, Episode: s.request.Episode,
		Request: s.request.ID, Organisation: l.Organisation, Subjects: l.Subjects, Reasons: []string{l.progress.Mishap.Code},
		Revision: s.request.Revision,
	})
	return err
}

func mishapOf(f *fanout.Failure) *mishap {
	if f == nil {
		return nil
	}
	return &mishap{Kind: f.Kind, Code: f.Code}
}

// save writes down how a leg's Locate or Collect ended.
func (s *story) save(ctx context.Context, l *leg, state request.LegState) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if m := l.progress.Mishap; m != nil && m.Code == fanout.CodeRefused {
			if err := s.refusedWarrant(ctx, tx, l); err != nil {
				return err
			}
		}
		return s.saveIn(ctx, tx, l, state)
	})
}

func (s *story) saveIn(ctx context.Context, tx store.Tx, l *leg, state request.LegState) error {
	kept, err := json.Marshal(l.progress)
	if err != nil {
		return fmt.Errorf("writing a leg's progress: %w", err)
	}
	l.State, l.Progress = state, kept
	return s.Requests.SaveLeg(ctx, tx, l.Leg)
}

// decideAgain takes the union of the protective flags for a fact of the whole request, and gives each leg the constraints that hold
// with it (design.md section 1).
func (s *story) decideAgain(ctx context.Context) ([]fanout.Leg, error) {
	s.flags, s.unknown = protection(s.legs, s.maySet())
	s.bench = nil
	var legs []fanout.Leg
	for _, l := range s.legs {
		if l.State == request.LegDone {
			continue
		}
		of := fanout.Leg{ID: l.ID, Organisation: l.Organisation, Permits: s.permit}
		if s.pinned != nil {
			b, err := s.ruler(ctx)
			if err != nil {
				return nil, err
			}
			if of.Constraints, err = b.constraints(ctx, l); err != nil {
				return nil, err
			}
		}
		for _, c := range of.Constraints {
			of.Subjects = union(of.Subjects, []string{c.Subject})
		}
		legs = append(legs, of)
	}
	return legs, nil
}

// constraints are what may be collected: about people the organisation knows, allowed by the revision in force too.
func (b *bench) constraints(ctx context.Context, l *leg) ([]policy.Constraint, error) {
	pinned, err := b.pinned.Constraints(ctx, l.Organisation)
	if err != nil {
		return nil, err
	}
	current := pinned
	if b.current != b.pinned {
		if current, err = b.current.Constraints(ctx, l.Organisation); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(pinned, func(c policy.Constraint) bool {
		allowed := slices.ContainsFunc(current, func(o policy.Constraint) bool { return o.Category == c.Category && o.Subject == c.Subject })
		return !allowed || !slices.Contains(l.Subjects, c.Subject) || l.progress.Matches[c.Subject].Outcome != fanout.Matched
	}), nil
}
