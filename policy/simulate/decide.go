package simulate

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// deciding decides records under both revisions. Records of one request come together and have the same input: a few opened requests
// are kept. What the rules leave over for a request's shape is kept by the revisions themselves.
type deciding struct {
	against, draft side
}

func newDeciding(against, draft *policy.Revision) deciding {
	return deciding{against: side{revision: against}, draft: side{revision: draft}}
}

// side is one of the two revisions.
type side struct {
	revision *policy.Revision
	opened   []opened
}

type opened struct {
	key     [sha256.Size]byte
	request *policy.Request
	allowed []history.Allowed
}

// keptOpen is how many requests stay open on each side.
const keptOpen = 8

// open opens the request of a record, or finds it among those opened last.
func (s *side) open(ctx context.Context, key [sha256.Size]byte, input policy.Input) (*opened, error) {
	if at := slices.IndexFunc(s.opened, func(o opened) bool { return o.key == key }); at >= 0 {
		return &s.opened[at], nil
	}
	request, err := s.revision.Open(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("simulate: opening a record: %w", err)
	}
	if len(s.opened) == keptOpen {
		s.opened = slices.Delete(s.opened, 0, 1)
	}
	s.opened = append(s.opened, opened{key: key, request: request})
	return &s.opened[len(s.opened)-1], nil
}

// compared is one record under both revisions.
type compared struct {
	was, now history.Verdict
	// wasAllowed and nowAllowed are what may be asked, with its limits; of an ask alone.
	wasAllowed, nowAllowed []history.Allowed
	// anew is true where the revision in force had not decided the record itself.
	anew bool
}

func (d *deciding) compare(ctx context.Context, r history.Record) (compared, error) {
	if r.Erased {
		return compared{}, nil
	}
	encoded, err := json.Marshal(r.Input)
	if err != nil {
		return compared{}, fmt.Errorf("simulate: reading an input: %w", err)
	}
	key := sha256.Sum256(encoded)
	var c compared
	recorded, known := decidedBy(r, d.against.revision.ID())
	c.anew = !known
	if !known || r.Kind == history.Ask {
		if c.was, c.wasAllowed, err = d.against.decide(ctx, key, r); err != nil {
			return compared{}, err
		}
	}
	if known {
		c.was = recorded
	}
	c.now, c.nowAllowed, err = d.draft.decide(ctx, key, r)
	return c, err
}

// decidedBy is what a revision itself decided when the record was made.
func decidedBy(r history.Record, revision string) (history.Verdict, bool) {
	for _, verdict := range r.Verdicts {
		if verdict.Revision == revision && (r.Kind != history.Ask || verdict.Ask != nil) &&
			(r.Kind == history.Ask || len(verdict.Outcomes) == len(r.Headers)) {
			return verdict, true
		}
	}
	return history.Verdict{}, false
}

// decide decides as history.Again does, over a request that may be open already.
func (s *side) decide(ctx context.Context, key [sha256.Size]byte, r history.Record) (history.Verdict, []history.Allowed, error) {
	o, err := s.open(ctx, key, r.Input)
	if err != nil {
		return history.Verdict{}, nil, err
	}
	if r.Kind == history.Ask {
		if o.allowed == nil {
			if o.allowed, err = history.Decide(ctx, o.request, r.Input.Organisations); err != nil {
				return history.Verdict{}, nil, err
			}
		}
		verdict, err := history.OfAsk(o.request.Ask(), o.allowed)
		return verdict, o.allowed, err
	}
	decisions, err := o.request.Release(ctx, r.Headers)
	if err != nil {
		return history.Verdict{}, nil, err
	}
	if r.Kind == history.Read {
		verdict, err := history.OfRead(o.request.Ask(), decisions)
		return verdict, nil, err
	}
	verdict, err := history.OfRelease(s.revision.ID(), decisions)
	return verdict, nil, err
}
