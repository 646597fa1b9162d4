package adaptertest

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/mashgate/mashgate/policy"
)

// Rules compiles an agency's own pack as the agency does, and runs its Rego tests.
func Rules(t *testing.T, pack fs.FS) {
	if _, err := policy.CompileAgency(t.Context(), pack); err != nil {
		t.Fatal(err)
	}
	modules := map[string]*ast.Module{}
	names, err := fs.Glob(pack, "*.rego")
	if err != nil {
		t.Fatal(err)
	}
	tested := false
	for _, name := range names {
		source, err := fs.ReadFile(pack, name)
		if err != nil {
			t.Fatal(err)
		}
		tested = tested || strings.HasSuffix(name, "_test.rego")
		modules[path.Base(name)] = ast.MustParseModule(string(source))
	}
	if !tested {
		t.Fatal("the pack has no Rego tests")
	}
	results, err := tester.NewRunner().SetModules(modules).RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for result := range results {
		ran++
		if !result.Pass() {
			t.Errorf("%s: failed: %v", result.Name, result.Error)
		}
	}
	if ran == 0 {
		t.Error("no Rego test ran")
	}
}
