package exchange

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/policy"
)

// Reconsider makes the stories of an episode, or with "" those of a whole hub, decide anew before anything more is asked or released,
// and calls back the legs of which nothing may be asked any longer. It is for promptness: no story needs it to hold back what has
// become forbidden, because every transaction that tells or releases reads the facts again. So it may be called too often and be lost.
func (e *Exchange) Reconsider(ctx context.Context, hub, episode string) error {
	var failed []error
	for _, s := range e.toldOf(hub, episode) {
		if err := s.reconsider(ctx); err != nil {
			failed = append(failed, fmt.Errorf("reconsidering request %s: %w", s.request.ID, err))
		}
	}
	return errors.Join(failed...)
}

func (e *Exchange) toldOf(hub, episode string) []*story {
	e.mu.Lock()
	defer e.mu.Unlock()
	var found []*story
	for _, s := range e.told {
		if s.request.Hub == hub && (episode == "" || s.request.Episode == episode) {
			found = append(found, s)
		}
	}
	return found
}

// takeUp lists a story while it is told.
func (e *Exchange) takeUp(s *story) (putDown func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told[s.request.ID] = s
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.told, s.request.ID)
	}
}

func (s *story) reconsider(ctx context.Context) error {
	_ = s.moved(errMoved)
	if s.pinned == nil {
		return nil
	}
	b, err := s.ruler(ctx)
	if err != nil {
		return err
	}
	for organisation, people := range s.people {
		askable, err := b.askable(ctx, organisation, people)
		if err != nil {
			return err
		}
		if len(askable) == 0 {
			s.callBack(organisation)
		}
	}
	return nil
}

// goOut is a context for asking a leg's organisation, which callBack ends.
func (s *story) goOut(ctx context.Context, l *leg) (asking context.Context, back func()) {
	asking, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out[l.Organisation] = cancel
	return asking, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.out, l.Organisation)
		cancel(nil)
	}
}

func (s *story) callBack(organisation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, out := s.out[organisation]; out {
		cancel(errMoved)
	}
}

// calledBack tells a leg that was called back from one whose asking stopped otherwise.
func calledBack(asking context.Context, failure *fanout.Failure) error {
	if errors.Is(context.Cause(asking), errMoved) {
		return errMoved
	}
	return failure
}

// nothingToAsk is why nothing may be asked about each person of a leg; nil while something may be.
func (s *story) nothingToAsk(ctx context.Context, l *leg) (map[string][]policy.Reason, error) {
	b, err := s.ruler(ctx)
	if err != nil {
		return nil, err
	}
	askable, err := b.askable(ctx, l.Organisation, l.Subjects)
	if err != nil || len(askable) > 0 {
		return nil, err
	}
	why := map[string][]policy.Reason{}
	for _, subject := range l.Subjects {
		if why[subject], err = b.whyNot(ctx, l.Organisation, subject); err != nil {
			return nil, err
		}
	}
	return why, nil
}

// allows holds an attempt to the bench that its transaction rests on: something may be asked, and no more is than was planned.
func (s *story) allows(ctx context.Context, b *bench, of fanout.Leg, method fanout.Method) error {
	l := s.legs[of.Organisation]
	if method == fanout.Locate {
		askable, err := b.askable(ctx, l.Organisation, l.Subjects)
		if err == nil && len(askable) == 0 {
			return errMoved
		}
		return err
	}
	now, err := b.constraints(ctx, l)
	if err == nil && !reflect.DeepEqual(now, of.Constraints) {
		return errMoved
	}
	return err
}
