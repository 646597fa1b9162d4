package policy

import (
	"context"

	"github.com/mashgate/mashgate/internal/record"
)

// Interpret decides by the interpreter alone, for comparing the compiled rules with it.
func (q *Request) Interpret(ctx context.Context, h record.Header) (Decision, error) {
	return q.interpret(ctx, h.Normalised())
}

// MergePatch, CanonicalNumber and ReadManifest are tested by the standard's own cases and by fuzzing.
var (
	MergePatch      = mergePatch
	CanonicalNumber = canonicalNumber
	ReadManifest    = readManifest
)
