package gateway_test

import (
	"context"
	"iter"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/internal/record"
)

// gated is a source that gives its records when its gate is closed (as a channel), so that a test can watch it wait.
type gated struct {
	agencies.Source
	gate <-chan struct{}
}

// Records implements agencies.Source.
func (g gated) Records(ctx context.Context, ref, category string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		select {
		case <-g.gate:
		case <-ctx.Done():
			yield(record.Record{}, ctx.Err())
			return
		}
		for r, err := range g.Source.Records(ctx, ref, category) {
			if !yield(r, err) {
				return
			}
		}
	}
}
