package policy

import (
	"context"
	"strings"
	"sync"

	"github.com/mashgate/mashgate/internal/record"
)

// cellKey is what the records of one organisation, category and subject have in common, as far as rules can tell: two subjects with the
// same facts are one, in whatever request, where no rule reads who they are.
type cellKey struct {
	rules                                         *residual
	organisation, category, subject, facts, flags string
}

// cell are the bodies of the rules that can speak about such records, and what was derived of them. It is shared between requests.
type cell struct {
	bodies []*residualBody
	reads  reads

	mu      sync.Mutex
	derived map[string]Constraint
}

// cells are those of a revision. Any number of goroutines may use them.
type cells struct {
	mu  sync.Mutex
	all map[cellKey]*cell
}

func (c *cells) find(key cellKey, settle func() []*residualBody) *cell {
	c.mu.Lock()
	known, ok := c.all[key]
	c.mu.Unlock()
	if ok {
		return known
	}
	fresh := &cell{bodies: settle(), derived: map[string]Constraint{}}
	for _, body := range fresh.bodies {
		fresh.reads |= body.reads
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= memoLimit {
		clear(c.all)
	}
	c.all[key] = fresh
	return fresh
}

// group is whose records of what about whom.
type group struct{ organisation, category, subject string }

// cell is the header's.
func (q *Request) cell(rules *residual, v *view) *cell {
	of := group{v.header.Organisation, v.header.Category, v.header.Subject}
	q.mu.Lock()
	known, ok := q.cells[of]
	q.mu.Unlock()
	if ok {
		return known
	}
	key := cellKey{
		rules: rules, organisation: of.organisation, category: of.category, facts: q.facts[of.subject],
		flags: strings.Join(q.holderFlags(v.header), "\x00"),
	}
	if rules.reads&readsSubject != 0 {
		key.subject = of.subject
	}
	known = q.revision.cells.find(key, func() []*residualBody { return rules.settle(v) })
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.cells) >= memoLimit {
		clear(q.cells)
	}
	q.cells[of] = known
	return known
}

// constraint derives what may leave of the plain header's group, or finds what was derived of records that no rule can tell from these:
// of the made-up headers that a constraint comes from only the days move, so it is the same where they compare alike.
func (q *Request) constraint(ctx context.Context, plain record.Header, base Decision) (Constraint, error) {
	from := q.windows[plain.Category][plain.Subject]
	before := plain
	beforeWindow(&before, from)
	rules, err := q.compiledRules(ctx)
	if err != nil {
		return Constraint{}, err
	}
	if rules == nil || q.admit(before) != nil {
		return q.derive(ctx, plain, base)
	}
	atPlain, atBefore := view{request: q, header: plain}, view{request: q, header: before}
	of := q.cell(rules, &atPlain)
	if of.reads&readsBoth != 0 {
		return q.derive(ctx, plain, base)
	}
	key := of.days(&atPlain)
	if from != "" {
		key += "," + of.days(&atBefore)
	}
	of.mu.Lock()
	known, ok := of.derived[key]
	of.mu.Unlock()
	if !ok {
		if known, err = q.derive(ctx, plain, base); err != nil {
			return Constraint{}, err
		}
		of.mu.Lock()
		of.derived[key] = known
		of.mu.Unlock()
	}
	known.Subject, known.From = plain.Subject, from
	return known, nil
}

// days are how the header's days compare wherever a rule compares them.
func (c *cell) days(v *view) string {
	var compared strings.Builder
	for _, body := range c.bodies {
		for _, holds := range body.dated {
			if holds(v) {
				compared.WriteByte('1')
			} else {
				compared.WriteByte('0')
			}
		}
	}
	return compared.String()
}
