package policy_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/mashgate/mashgate/policy"
)

// compiled is the default pack.
func compiled(t testing.TB) *policy.Revision {
	t.Helper()
	revision, err := policy.Compile(context.Background(), os.DirFS("rules"), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func codesOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
