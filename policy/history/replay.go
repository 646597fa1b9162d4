package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"slices"

	"github.com/mashgate/mashgate/policy"
)

// What replay is told about what it cannot decide again.
var (
	// ErrAltered says that a record is not what was recorded, though the key it was sealed under is there.
	ErrAltered = errors.New("history: the record is not what was recorded")
	// ErrRevisionAltered says that what is kept of a revision no longer comes to the revision's id.
	ErrRevisionAltered = errors.New("history: the revision is not what decided")
	// ErrRevisionGone says that a revision is no longer kept.
	ErrRevisionGone = errors.New("history: the revision is gone")
)

// The codes of a Difference.
const (
	DecisionDiffers = "decision_differs"
	RecordAltered   = "record_altered"
	RevisionAltered = "revision_altered"
	RevisionGone    = "revision_gone"
	// RecordMissing is of a decision that the ledger tells of and of which there is no record.
	RecordMissing = "record_missing"
)

// Difference is one record that was not reproduced under one of its revisions.
type Difference struct {
	Seq                                      int64
	Episode, Request, Organisation, Revision string
	Code                                     string
	// Detail says in codes what differs.
	Detail string
}

// LogValue tells which record it is about.
func (d Difference) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("seq", d.Seq), slog.String("code", d.Code))
}

// Result counts decisions, but for Records.
type Result struct{ Records, Equal, Different, Erased int64 }

// Replay decides records again, each under the revisions that decided it, and tells what does not come out bit for bit the same. It
// holds a few records at a time, as Ahead does.
type Replay struct {
	// Records come in order; an error that wraps ErrAltered is a finding, and the next record follows it.
	Records iter.Seq2[Record, error]
	// Revision finds one that has decided for the hub; its errors wrap ErrRevisionAltered or ErrRevisionGone where that is so. It is called
	// by several goroutines at once.
	Revision func(ctx context.Context, hub, id string) (*policy.Revision, error)
	// Found is told each difference; an error ends the replay.
	Found func(Difference) error
	// Done is called after each record with the result so far; an error ends the replay.
	Done func(ctx context.Context, sofar Result) error
}

// Run replays all records. Its error is the caller's, the store's or the context's; differences are none.
func (r Replay) Run(ctx context.Context) (Result, error) {
	var result Result
	replay := func(d *Decider, record Record, altered error) replayed { return r.one(ctx, d, record, altered) }
	for one := range Ahead(r.Records, runtime.GOMAXPROCS(0), replay) {
		if one.err != nil {
			return result, one.err
		}
		result.Records++
		if err := r.count(&result, one); err != nil {
			return result, err
		}
		if err := r.Done(ctx, result); err != nil {
			return result, err
		}
	}
	return result, nil
}

// replayed is one record decided again.
type replayed struct {
	record Record
	found  []Difference
	err    error
}

// one replays one record; altered is set where it is not what was recorded.
func (r Replay) one(ctx context.Context, d *Decider, record Record, altered error) replayed {
	one := replayed{record: record}
	if altered != nil && !errors.Is(altered, ErrAltered) {
		one.err = altered
		return one
	}
	if record.Erased {
		return one
	}
	if altered != nil {
		one.found = []Difference{{Code: RecordAltered, Detail: altered.Error()}}
	}
	for _, was := range record.Verdicts {
		var difference Difference
		if difference, one.err = r.verdict(ctx, d, record, was); one.err != nil {
			return one
		}
		if difference.Code != "" {
			one.found = append(one.found, difference)
		}
	}
	return one
}

func (r Replay) count(result *Result, one replayed) error {
	count := int64(max(1, one.record.Decisions()))
	switch {
	case one.record.Erased:
		result.Erased += count
		return nil
	case len(one.found) == 0:
		result.Equal += count
		return nil
	}
	result.Different += count
	for _, difference := range one.found {
		of := one.record
		difference.Seq, difference.Episode, difference.Request, difference.Organisation = of.Seq, of.Episode, of.Request, of.Organisation
		if err := r.Found(difference); err != nil {
			return err
		}
	}
	return nil
}

// verdict decides again under one of the record's revisions; the zero Difference where it comes out the same.
func (r Replay) verdict(ctx context.Context, d *Decider, record Record, was Verdict) (Difference, error) {
	revision, err := r.Revision(ctx, record.Hub, was.Revision)
	switch {
	case errors.Is(err, ErrRevisionAltered):
		return Difference{Revision: was.Revision, Code: RevisionAltered, Detail: "what is kept of the revision does not come to its id"}, nil
	case errors.Is(err, ErrRevisionGone):
		return Difference{Revision: was.Revision, Code: RevisionGone, Detail: "the revision is no longer kept"}, nil
	case err != nil:
		return Difference{}, fmt.Errorf("history: finding a revision: %w", err)
	}
	now, err := d.Again(ctx, revision, record)
	if err != nil || now.Digest == was.Digest && alike(was, now) {
		return Difference{}, err
	}
	return Difference{Revision: was.Revision, Code: DecisionDiffers, Detail: differs(was, now)}, nil
}

// alike tells whether two verdicts say the same in codes; it stands beside the digest, which is of the whole answer.
func alike(was, now Verdict) bool {
	return (was.Ask == nil) == (now.Ask == nil) && (was.Ask == nil || askedAlike(*was.Ask, *now.Ask)) &&
		slices.EqualFunc(was.Outcomes, now.Outcomes, func(a, b Outcome) bool {
			return a.Effect == b.Effect && slices.Equal(a.Masks, b.Masks) && slices.Equal(a.Rules, b.Rules)
		})
}

func askedAlike(was, now Asked) bool {
	return was.Tell == now.Tell && slices.Equal(was.Gates, now.Gates) && slices.Equal(was.Obligations, now.Obligations) &&
		slices.EqualFunc(was.Asks, now.Asks, func(a, b Asks) bool {
			return a.Organisation == b.Organisation && a.Category == b.Category && a.Subject == b.Subject && a.Asked == b.Asked &&
				a.Effect == b.Effect && slices.Equal(a.Reasons, b.Reasons)
		})
}

// summary is what a verdict says in codes, line by line.
func summary(v Verdict) []string {
	lines := make([]string, 0, len(v.Outcomes)+1)
	if v.Ask != nil {
		lines = append(lines, fmt.Sprintf("gates %v, tell %s, obligations %v", v.Ask.Gates, v.Ask.Tell, v.Ask.Obligations))
		for _, a := range v.Ask.Asks {
			lines = append(lines, fmt.Sprintf("%s %s %s: asked %t, %s %v", a.Organisation, a.Category, a.Subject, a.Asked, a.Effect, a.Reasons))
		}
	}
	for _, o := range v.Outcomes {
		lines = append(lines, fmt.Sprintf("%s %v %v", o.Effect, o.Masks, o.Rules))
	}
	return lines
}

// maxDetail is how much of a difference is told (bytes).
const maxDetail = 1000

// differs names the first line that differs.
func differs(was, now Verdict) string {
	before, after := summary(was), summary(now)
	detail := fmt.Sprintf("%d results were recorded, deciding again gives %d", len(before), len(after))
	if len(before) == len(after) {
		detail = "the words differ, the codes do not"
		for i := range before {
			if before[i] != after[i] {
				detail = fmt.Sprintf("result %d was %s; deciding again gives %s", i+1, before[i], after[i])
				break
			}
		}
	}
	return detail[:min(len(detail), maxDetail)]
}
