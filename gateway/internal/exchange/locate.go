package exchange

import (
	"context"
	"errors"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/plan"
	"github.com/mashgate/mashgate/gateway/internal/request"
)

// locate asks every organisation that has not answered yet whom it knows. Only when each has answered, or its time is over, does
// anything else happen: until then nobody knows whose whereabouts must be protected. Then those that could not look without knowing
// where somebody lives are asked again, with the postcode of whoever is not protected.
func (s *story) locate(ctx context.Context) error {
	if s.pinned == nil {
		return nil
	}
	if err := s.locateAll(ctx, s.pending()); err != nil {
		return err
	}
	lost, err := s.placeless(ctx)
	if err != nil {
		return err
	}
	return s.locateAll(ctx, lost)
}

func (s *story) locateAll(ctx context.Context, legs []fanout.Leg) error {
	var failed []error
	for err := range fanout.Gather(ctx, legs, s.locateOne) {
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	s.protect()
	return nil
}

// protect takes the union of the protective flags for a fact of the whole request, on which everything is decided from now on.
func (s *story) protect() {
	flags, unknown := protection(s.legs, s.maySet())
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.located || unknown != s.unknown || !slices.Equal(flags, s.flags) {
		s.bench = nil
	}
	s.located, s.flags, s.unknown = true, flags, unknown
}

// pending are the legs still to be located.
func (s *story) pending() []fanout.Leg {
	var legs []fanout.Leg
	for _, l := range s.legs {
		if l.State == request.LegPending || l.State == request.LegLocating {
			legs = append(legs, s.locating(l))
		}
	}
	return legs
}

// placeless are the legs whose organisation knows too little of somebody whose postcode it may be told.
func (s *story) placeless(ctx context.Context) ([]fanout.Leg, error) {
	var legs []fanout.Leg
	for _, l := range s.legs {
		lost := slices.DeleteFunc(slices.Clone(l.Subjects), func(id string) bool { return l.progress.Matches[id].Code != fanout.CodeTooFew })
		if l.State != request.LegLocated || len(lost) == 0 {
			continue
		}
		b, err := s.ruler(ctx)
		if err != nil {
			return nil, err
		}
		told := plan.Tell(plan.Leg{Organisation: l.Organisation, Subjects: lost}, s.telling(b))
		if slices.ContainsFunc(told.People, func(p plan.Person) bool { return len(p.Identity.Addresses) > 0 }) {
			legs = append(legs, s.locating(l))
		}
	}
	return legs, nil
}

func (s *story) locating(l *leg) fanout.Leg {
	return fanout.Leg{ID: l.ID, Organisation: l.Organisation, Subjects: l.Subjects, Permits: s.permit}
}

// locateOne asks one organisation, and asks again where the facts moved meanwhile.
func (s *story) locateOne(ctx context.Context, of fanout.Leg) (err error) {
	for range maxMoves {
		if err = s.moved(s.locateAs(ctx, of)); !errors.Is(err, errMoved) {
			return err
		}
	}
	return err
}

// locateAs writes the answer down as it comes, so that the answers of several share a commit. An organisation that may be asked nothing
// any longer is not told of anybody; since it could not say whom it protects, everybody stays protected.
func (s *story) locateAs(ctx context.Context, of fanout.Leg) error {
	l := s.legs[of.Organisation]
	why, err := s.nothingToAsk(ctx, l)
	if err != nil {
		return err
	}
	if why != nil {
		if l.progress.Matches == nil {
			l.progress.NotAsked = why
		}
		return s.save(ctx, l, request.LegLocated)
	}
	asking, back := s.goOut(ctx, l)
	defer back()
	located := s.fanouts[s.request.Hub].Locate(asking, of)
	if located.Failure != nil && located.Failure.Kind == fanout.Interrupted {
		return calledBack(asking, located.Failure)
	}
	l.progress.Matches, l.progress.Mishap = located.Matches, mishapOf(located.Failure)
	return s.save(ctx, l, request.LegLocated)
}
