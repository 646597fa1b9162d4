package simulate

import (
	"context"

	"github.com/mashgate/mashgate/policy/history"
)

// compared is one record under both revisions.
type compared struct {
	was, now history.Verdict
	// wasAllowed and nowAllowed are what may be asked, with its limits; of an ask alone.
	wasAllowed, nowAllowed []history.Allowed
	// anew is true where the revision in force had not decided the record itself.
	anew bool
}

// compare decides a record under the draft, and under the revision in force where that did not decide it itself.
func (r *run) compare(ctx context.Context, d *history.Decider, record history.Record) (c compared, err error) {
	recorded, known := decidedBy(record, r.Against.ID())
	c.anew = !known
	if !known || record.Kind == history.Ask { // what may be asked is recorded without its limits
		answer, err := d.Answer(ctx, r.Against, record)
		if err != nil {
			return compared{}, err
		}
		c.was, c.wasAllowed = answer.Codes(), answer.Allowed
	}
	if known {
		c.was = recorded
	}
	answer, err := d.Answer(ctx, r.Draft, record)
	if err != nil {
		return compared{}, err
	}
	c.now, c.nowAllowed = answer.Codes(), answer.Allowed
	return c, nil
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
