package agencies

import (
	"context"
	"iter"
	"time"

	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// Source is one organisation's own system, read only. It is called from several goroutines at once and stops early when its context
// is over. An error is "could not look", which is never told as "nothing there".
type Source interface {
	// Candidates are the people who could be meant: a cheap superset, which the library narrows. A candidate left out is a false
	// "no trace", so when in doubt a person is in. If the organisation cannot tell which protective flags apply, it is an error.
	Candidates(ctx context.Context, who person.Identity) ([]matching.Candidate, error)
	// Records are all records of one person in one category, each with a reference that is unique in the organisation and says
	// nothing about anybody. Header.Organisation and Header.Subject stay empty: the library fills them.
	Records(ctx context.Context, ref string, category string) iter.Seq2[record.Record, error]
	// IndexAsOf is the moment up to which the system's index of people is complete.
	IndexAsOf(ctx context.Context) (time.Time, error)
}

// Failure is an error with a code that may be told in place of source_down ("labels_unknown"). A source returns it, wrapped or not.
type Failure struct { //nolint:errname // a source fails: agencies.Failure says so
	// Code is of the form [a-z_]{2,60} and says nothing about any person.
	Code  string
	Cause error
}

func (f *Failure) Error() string { return "agencies: " + f.Code + ": " + f.Cause.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }
