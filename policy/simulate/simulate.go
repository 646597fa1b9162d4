// Package simulate says what a draft policy would have done: it decides recorded decisions again under the draft and reports every
// difference to the policy in force, with which of its figures are exact and which are not. It stands beside the path: it is handed the
// records (from a hub's history, from scenarios, from a made-up city, or a fixed grid) and reads nothing else. It trusts the two
// compiled revisions and the records; it refuses to go on from a state that another run has left, and keeps no more in memory for a
// million decisions than for a thousand.
package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"time"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// Kind is where the records come from; it decides which figures are exact.
type Kind string

// The kinds of run.
const (
	// History is a hub's own recorded decisions. The hub never had the headers of what was denied at its source.
	History Kind = "history"
	// Scenarios are a pack's cases, City made-up families with everything that is held on them, Combinations a fixed grid.
	Scenarios    Kind = "scenarios"
	City         Kind = "city"
	Combinations Kind = "combinations"
	// Journal is an agency's own record of what it decided on (RunAgency).
	Journal Kind = "journal"
)

// Whole tells whether every record that exists is among those decided, so that what would newly be released is known.
func (k Kind) Whole() bool { return k != History }

// lived tells whether the decisions were made about somebody.
func (k Kind) lived() bool { return k == History || k == Journal }

// Options are one run.
type Options struct {
	Kind Kind
	// Against is the revision in force; a record that it decided is compared with what it then decided, any other is decided by it anew.
	Against, Draft *policy.Revision
	// Records come in the order of their Seq.
	Records iter.Seq2[history.Record, error]
	// Total is how many records there are, for telling how long it still takes; 0 where nobody knows.
	Total int64
	// Audience is the role that the examples are explained to: the zero value tells no more than any practitioner may know.
	Audience string
	// Agencies are counts that agencies made over their own records.
	Agencies []Counts
	// State is where an earlier run stopped; records up to it are passed over.
	State *State
	// Checkpoint is given the state from time to time and when the run is stopped; nil keeps none. A State holds facts of some recorded
	// decisions (no names): whoever keeps it seals it.
	Checkpoint func(State) error
	// Progress is told how far the run has come; nil tells nobody.
	Progress func(Progress)
	// Yield is called before each record: it may wait while there is something more urgent to do.
	Yield func(context.Context) error
	// Workers is how many records are decided at once; 0 is as many as there are processors. The report is the same.
	Workers int
}

// Progress is how far a run has come.
type Progress struct {
	// Done and Total are records; Total is 0 where nobody knows.
	Done, Total int64
	// Left is an estimate from the pace of this run so far; 0 where there is none yet.
	Left time.Duration
}

// checkpointEvery is how many records lie between two checkpoints, progressEvery between two tellings.
const (
	checkpointEvery = 2000
	progressEvery   = 50
)

// Run decides every record under the draft and reports what differs. When the context ends it stops between two records, hands the
// state to Checkpoint and returns the context's error; a later run with that State ends in the same report as one that was not stopped.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Against == nil || o.Draft == nil || o.Records == nil {
		return Report{}, errors.New("simulate: a run needs two revisions and records")
	}
	r, err := newRun(o)
	if err != nil {
		return Report{}, err
	}
	if err := r.all(ctx); err != nil {
		return Report{}, errors.Join(err, r.keep())
	}
	return r.report(ctx)
}

// run is one run under way.
type run struct {
	Options
	state *State
	began time.Time
	sofar int64
	// stopped is why no more records are taken; nil when there are none.
	stopped error
}

func newRun(o Options) (*run, error) {
	r := &run{Options: o, state: newState(o), began: time.Now()}
	for _, counts := range o.Agencies {
		if err := counts.check(o.Draft.ID()); err != nil {
			return nil, err
		}
	}
	if o.State != nil {
		if err := o.State.fits(o); err != nil {
			return nil, err
		}
		r.state = o.State.clone()
	}
	return r, nil
}

// all decides the records and counts them in their order, also where several are decided at once. What was begun when it is stopped is
// finished and counted.
func (r *run) all(ctx context.Context) error {
	decide := func(d *history.Decider, record history.Record, altered error) decided {
		return r.decide(context.WithoutCancel(ctx), d, record, altered)
	}
	for one := range history.Ahead(r.due(ctx), cmp.Or(r.Workers, runtime.GOMAXPROCS(0)), decide) {
		if err := r.count(one); err != nil {
			return err
		}
	}
	if r.stopped == nil {
		r.tell()
	}
	return r.stopped
}

// due are the records still to be decided, until the run is stopped.
func (r *run) due(ctx context.Context) iter.Seq2[history.Record, error] {
	after, first := r.state.After, r.state.Records == 0
	return func(yield func(history.Record, error) bool) {
		for record, err := range r.Records {
			if err != nil && !errors.Is(err, history.ErrAltered) {
				r.stopped = fmt.Errorf("simulate: reading the records: %w", err)
				return
			}
			if record.Seq <= after && !first {
				continue
			}
			if r.stopped = r.giveWay(ctx); r.stopped != nil || !yield(record, err) {
				return
			}
		}
	}
}

func (r *run) giveWay(ctx context.Context) error {
	if r.Yield != nil {
		if err := r.Yield(ctx); err != nil {
			return fmt.Errorf("simulate: giving way: %w", err)
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("simulate: stopped: %w", context.Cause(ctx))
	}
	return nil
}

// decided is one record under both revisions; err is set where it could not be decided under one, or is not what was recorded, which
// is replay's to tell.
type decided struct {
	record history.Record
	compared
	err error
}

func (r *run) decide(ctx context.Context, d *history.Decider, record history.Record, altered error) decided {
	one := decided{record: record, err: altered}
	if !record.Erased && altered == nil {
		one.compared, one.err = r.compare(ctx, d, record)
	}
	return one
}

// count takes in all of one record, so that the state always stands between two.
func (r *run) count(one decided) error {
	if one.err != nil && r.Kind.Whole() {
		return fmt.Errorf("simulate: deciding what was made up: %w", one.err)
	}
	r.state.count(one.record, one.compared, one.err)
	r.sofar++
	if r.sofar%progressEvery == 0 {
		r.tell()
	}
	if r.sofar%checkpointEvery == 0 {
		return r.keep()
	}
	return nil
}

func (r *run) keep() error {
	if r.Checkpoint == nil {
		return nil
	}
	if err := r.Checkpoint(*r.state.clone()); err != nil {
		return fmt.Errorf("simulate: keeping the state: %w", err)
	}
	return nil
}

func (r *run) tell() {
	if r.Progress == nil {
		return
	}
	p := Progress{Done: r.state.Records, Total: r.Total}
	if left := r.Total - r.state.Records; left > 0 && r.sofar > 0 {
		p.Left = time.Duration(float64(time.Since(r.began)) / float64(r.sofar) * float64(left))
	}
	r.Progress(p)
}
