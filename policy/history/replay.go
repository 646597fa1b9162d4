package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
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
// holds one record at a time.
type Replay struct {
	// Records come in order; an error that wraps ErrAltered is a finding, and the next record follows it.
	Records iter.Seq2[Record, error]
	// Revision finds one that has decided for the hub; its errors wrap ErrRevisionAltered or ErrRevisionGone where that is so.
	Revision func(ctx context.Context, hub, id string) (*policy.Revision, error)
	// Found is told each difference; an error ends the replay.
	Found func(Difference) error
	// Done is called after each record with the result so far; an error ends the replay.
	Done func(ctx context.Context, sofar Result) error
}

// Run replays all records. Its error is the caller's, the store's or the context's; differences are none.
func (r Replay) Run(ctx context.Context) (Result, error) {
	var result Result
	var decider Decider
	for record, err := range r.Records {
		if err != nil && !errors.Is(err, ErrAltered) {
			return result, err
		}
		result.Records++
		if err := r.one(ctx, &decider, &result, record, err); err != nil {
			return result, err
		}
		if err := r.Done(ctx, result); err != nil {
			return result, err
		}
	}
	return result, nil
}

// one replays one record; altered is set where it is not what was recorded.
func (r Replay) one(ctx context.Context, d *Decider, result *Result, record Record, altered error) error {
	count := int64(max(1, record.Decisions()))
	if record.Erased {
		result.Erased += count
		return nil
	}
	var found []Difference
	if altered != nil {
		found = []Difference{{Code: RecordAltered, Detail: altered.Error()}}
	}
	for _, was := range record.Verdicts {
		difference, err := r.verdict(ctx, d, record, was)
		if err != nil {
			return err
		}
		if difference.Code != "" {
			found = append(found, difference)
		}
	}
	if len(found) == 0 {
		result.Equal += count
		return nil
	}
	result.Different += count
	for _, difference := range found {
		difference.Seq, difference.Episode, difference.Request, difference.Organisation = record.Seq, record.Episode, record.Request, record.Organisation
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
	if err != nil || now.Digest == was.Digest && slices.Equal(summary(now), summary(was)) {
		return Difference{}, err
	}
	return Difference{Revision: was.Revision, Code: DecisionDiffers, Detail: differs(was, now)}, nil
}

// summary is what a verdict says in codes, line by line; it stands beside the digest, which is of the whole answer.
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
