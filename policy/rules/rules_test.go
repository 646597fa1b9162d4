package rules_test

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/mashgate/mashgate/policy/rules"
)

// unreachable are builtins through which a rule could reach the network, the clock, chance or the process.
var unreachable = []string{"http.send", "net.lookup_ip_addr", "time.now_ns", "rand.intn", "uuid.rfc4122", "opa.runtime"}

func pureCapabilities() *ast.Capabilities {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.AllowNet = []string{}
	capabilities.Builtins = slices.DeleteFunc(slices.Clone(capabilities.Builtins), func(b *ast.Builtin) bool {
		return b.Nondeterministic || slices.Contains(unreachable, b.Name)
	})
	return capabilities
}

func eachFile(t *testing.T, folder, extension string, visit func(name string, source []byte)) {
	t.Helper()
	names, err := fs.Glob(rules.FS, path.Join(folder, "*"+extension))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s files in %q: %v", extension, folder, err)
	}
	for _, name := range names {
		source, err := fs.ReadFile(rules.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		visit(name, source)
	}
}

func modules(t *testing.T) map[string]*ast.Module {
	t.Helper()
	parsed := map[string]*ast.Module{}
	eachFile(t, ".", ".rego", func(name string, source []byte) {
		module, err := ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{
			ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: pureCapabilities(),
		})
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = module
	})
	return parsed
}

func data(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{}
	eachFile(t, "data", ".yaml", func(name string, source []byte) {
		var value any
		if err := util.Unmarshal(source, &value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(path.Base(name), ".yaml")] = value
	})
	return all
}

func schemas(t *testing.T) *ast.SchemaSet {
	t.Helper()
	set := ast.NewSchemaSet()
	eachFile(t, "schemas", ".json", func(name string, source []byte) {
		var schema any
		if err := util.UnmarshalJSON(source, &schema); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		key := strings.TrimSuffix(path.Base(name), ".json")
		set.Put(ast.Ref{ast.SchemaRootDocument, ast.StringTerm(key)}, schema)
	})
	return set
}

func strictCompiler(t *testing.T) *ast.Compiler {
	return ast.NewCompiler().
		WithCapabilities(pureCapabilities()).
		WithStrict(true).
		WithSchemas(schemas(t)).
		WithUseTypeCheckAnnotations(true).
		WithDefaultRegoVersion(ast.RegoV1)
}

// Every Rego test passes under the strict compiler, and between them they run every line of every rule.
func TestRegoTestsPassAndCoverEveryRule(t *testing.T) {
	coverage := cover.New()
	source := modules(t)
	store := inmem.NewFromObjectWithOpts(data(t), inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	results, err := tester.NewRunner().
		SetCompiler(strictCompiler(t)).
		SetStore(store).
		SetModules(source).
		SetCoverageQueryTracer(coverage).
		SetTimeout(time.Minute).
		RunTests(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for result := range results {
		ran++
		if !result.Pass() {
			t.Errorf("%s %s.%s: %v", result.Location, result.Package, result.Name, result.Error)
		}
	}
	if ran == 0 {
		t.Fatal("no Rego test ran")
	}
	for name, file := range coverage.Report(source).Files {
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		for _, missed := range file.NotCovered {
			t.Errorf("%s:%d-%d: no test runs these lines", name, missed.Start.Row, missed.End.Row)
		}
	}
}

func TestRegoIsFormatted(t *testing.T) {
	eachFile(t, ".", ".rego", func(name string, source []byte) {
		formatted, err := format.SourceWithOpts(name, source, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(formatted, source) {
			t.Errorf("%s is not as `opa fmt` writes it", name)
		}
	})
}
