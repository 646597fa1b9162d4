package simulate

import (
	"context"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// deciding decides records under both revisions. Records of one request follow one another, and their request is opened once; what the
// rules leave over for a request's shape is kept by the revisions themselves.
type deciding struct {
	against, draft *policy.Revision
	decider        history.Decider
}

// compared is one record under both revisions.
type compared struct {
	was, now history.Verdict
	// wasAllowed and nowAllowed are what may be asked, with its limits; of an ask alone.
	wasAllowed, nowAllowed []history.Allowed
	// anew is true where the revision in force had not decided the record itself.
	anew bool
}

func (d *deciding) compare(ctx context.Context, r history.Record) (c compared, err error) {
	recorded, known := decidedBy(r, d.against.ID())
	c.anew = !known
	if !known || r.Kind == history.Ask { // what may be asked is recorded without its limits
		if c.was, c.wasAllowed, err = d.decide(ctx, d.against, r); err != nil {
			return compared{}, err
		}
	}
	if known {
		c.was = recorded
	}
	c.now, c.nowAllowed, err = d.decide(ctx, d.draft, r)
	return c, err
}

// decidedBy is what a revision itself decided when the record was made.
func decidedBy(r history.Record, revision string) (history.Verdict, bool) {
	for _, v := range r.Verdicts {
		asked := v.Ask != nil || r.Kind == history.Release
		if v.Revision == revision && asked && len(v.Outcomes) == len(r.Headers) {
			return v, true
		}
	}
	return history.Verdict{}, false
}

func (d *deciding) decide(ctx context.Context, revision *policy.Revision, r history.Record) (history.Verdict, []history.Allowed, error) {
	if r.Kind != history.Ask {
		verdict, err := d.decider.Again(ctx, revision, r)
		return verdict, nil, err
	}
	request, err := d.decider.Open(ctx, revision, r)
	if err != nil {
		return history.Verdict{}, nil, err
	}
	allowed, err := history.Decide(ctx, request, r.Input.Organisations)
	if err != nil {
		return history.Verdict{}, nil, err
	}
	verdict, err := history.OfAsk(request.Ask(), allowed)
	return verdict, allowed, err
}
