package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
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
	referral episode.Referral
	legs     map[string]*leg
	// people are the subjects of each leg, which never change, for those who do not carry the leg out.
	people map[string][]string
	// located is set when every organisation has been asked whom it knows; flags and unknown say what came of it.
	located  bool
	flags    []policy.Flag
	unknown  bool
	answered map[[2]string]bool

	mu    sync.Mutex
	bench *bench
	// out calls back the legs that are out at an organisation, by organisation.
	out map[string]context.CancelCauseFunc
}

// leg is a leg with what is known of it. It belongs to the goroutine that carries it out.
type leg struct {
	request.Leg
	progress progress
}

// progress is what a leg must find again after a restart.
type progress struct {
	Matches map[string]fanout.Match `json:"matches"`
	Mishap  *mishap                 `json:"mishap"`
	// NotAsked is why nobody was located: nothing might be asked any longer when it was the organisation's turn.
	NotAsked    map[string][]policy.Reason   `json:"not_asked"`
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
	s := &story{
		Exchange: e, request: r, legs: map[string]*leg{}, people: map[string][]string{}, answered: map[[2]string]bool{},
		out: map[string]context.CancelCauseFunc{},
	}
	var err error
	if s.pinned, err = e.Policy.Pinned(ctx, r.Hub, r.Revision); err != nil && !errors.Is(err, policy.ErrNoRevision) {
		return nil, err
	}
	if s.referral, err = e.Episodes.GetReferral(ctx, r.Hub, r.Episode); err != nil {
		return nil, fmt.Errorf("reading the referral: %w", err)
	}
	legs, err := e.Requests.Legs(ctx, r.Ref())
	if err != nil {
		return nil, fmt.Errorf("reading the legs: %w", err)
	}
	for _, l := range legs {
		if s.legs[l.Organisation], err = legOf(l); err != nil {
			return nil, err
		}
		s.people[l.Organisation] = l.Subjects
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
	current, err := s.Policy.InForce(ctx, s.request.Hub)
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

// decideAgain gives each leg the constraints that hold with the flags (design.md section 1).
func (s *story) decideAgain(ctx context.Context) ([]fanout.Leg, error) {
	var legs []fanout.Leg
	for _, l := range s.legs {
		if l.State == request.LegDone {
			continue
		}
		of, err := s.collecting(ctx, l)
		if err != nil {
			return nil, err
		}
		legs = append(legs, of)
	}
	return legs, nil
}

// collecting is a leg with what may be collected now.
func (s *story) collecting(ctx context.Context, l *leg) (fanout.Leg, error) {
	of := fanout.Leg{ID: l.ID, Organisation: l.Organisation, Permits: s.permit}
	if s.pinned == nil {
		return of, nil
	}
	b, err := s.ruler(ctx)
	if err != nil {
		return of, err
	}
	if of.Constraints, err = b.constraints(ctx, l); err != nil {
		return of, err
	}
	for _, c := range of.Constraints {
		of.Subjects = union(of.Subjects, []string{c.Subject})
	}
	return of, nil
}

// constraints are what may be collected: what may be asked about the people whom the organisation knows.
func (b *bench) constraints(ctx context.Context, l *leg) ([]policy.Constraint, error) {
	askable, err := b.askable(ctx, l.Organisation, l.Subjects)
	return slices.DeleteFunc(askable, func(c policy.Constraint) bool { return l.progress.Matches[c.Subject].Outcome != fanout.Matched }), err
}

// askable is what an organisation may be asked about some people: what both the pinned revision and the one in force allow, within the
// limits of both. What was tightened in the meantime is held back at its source, and not only here.
func (b *bench) askable(ctx context.Context, organisation string, subjects []string) ([]policy.Constraint, error) {
	pinned, err := b.pinned.Constraints(ctx, organisation)
	if err != nil {
		return nil, err
	}
	pinned = slices.DeleteFunc(pinned, func(c policy.Constraint) bool { return !slices.Contains(subjects, c.Subject) })
	if b.current == b.pinned {
		return pinned, nil
	}
	current, err := b.current.Constraints(ctx, organisation)
	if err != nil {
		return nil, err
	}
	both := make([]policy.Constraint, 0, len(pinned))
	for _, c := range pinned {
		at := slices.IndexFunc(current, func(o policy.Constraint) bool { return o.Category == c.Category && o.Subject == c.Subject })
		if at >= 0 {
			both = append(both, c.And(current[at]))
		}
	}
	return both, nil
}
