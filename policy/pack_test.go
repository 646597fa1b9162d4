package policy_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

// compiled is the default pack.
func compiled(t testing.TB) *policy.Revision {
	t.Helper()
	revision, err := policy.Compile(context.Background(), rules.FS, policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func codesOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
