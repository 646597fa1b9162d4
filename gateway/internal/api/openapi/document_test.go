package openapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/mashgate/mashgate/gateway/internal/api/openapi"
	_ "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1" // registered, to be found by descriptor
	_ "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1" // as above
	_ "github.com/mashgate/mashgate/proto/gen/mashgate/v1"        // as above
	generated "github.com/mashgate/mashgate/proto/gen/openapi"
)

func document(t *testing.T) map[string]any {
	t.Helper()
	d, err := openapi.Document(generated.FS)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var plain map[string]any
	if err := json.Unmarshal(encoded, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

// operations are all of them by their id.
func operations(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	paths, _ := document(t)["paths"].(map[string]any)
	for path, item := range paths {
		methods, _ := item.(map[string]any)
		for method, operation := range methods {
			op, _ := operation.(map[string]any)
			id := fmt.Sprint(op["operationId"])
			if found[id] != "" {
				t.Errorf("%s stands twice", id)
			}
			found[id] = method + " " + path
			holdsOperation(t, id, path, op)
		}
	}
	return found
}

var placeholder = regexp.MustCompile(`\{([^}]+)\}`)

// holdsOperation checks that path parameters have names of their own, and that problems are described.
func holdsOperation(t *testing.T, id, path string, op map[string]any) {
	t.Helper()
	var want, got []string
	for _, found := range placeholder.FindAllStringSubmatch(path, -1) {
		want = append(want, found[1])
	}
	parameters, _ := op["parameters"].([]any)
	for _, each := range parameters {
		if p, _ := each.(map[string]any); p["in"] == "path" {
			got = append(got, fmt.Sprint(p["name"]))
		}
	}
	if !slices.Equal(want, got) || strings.Contains(path, "_1") {
		t.Errorf("%s: %s has the parameters %v", id, path, got)
	}
	answers, _ := op["responses"].(map[string]any)
	for _, code := range []string{"200", "401", "403", "429", "default"} {
		if answers[code] == nil {
			t.Errorf("%s does not describe %s", id, code)
		}
	}
	if op["summary"] == "" {
		t.Errorf("%s has no summary", id)
	}
}

// TestEveryRPCOnRESTIsDescribed takes the RPCs from the descriptors.
func TestEveryRPCOnRESTIsDescribed(t *testing.T) {
	described := operations(t)
	rpcs := 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
				if rule == nil {
					continue
				}
				rpcs++
				if described[string(service.Name())+"_"+string(method.Name())] == "" {
					t.Errorf("%s is not described", method.FullName())
				}
			}
		}
		return true
	})
	if rpcs != len(described) || rpcs < 30 {
		t.Errorf("%d operations are described, and %d RPCs are on REST", len(described), rpcs)
	}
}

func TestDescriptionsThatDoNotFit(t *testing.T) {
	file := func(schema string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`{"paths":{},"components":{"schemas":{"A":` + schema + `}}}`)}
	}
	for name, fsys := range map[string]fstest.MapFS{
		"a schema that differs": {"a.openapi.json": file(`{"type":"string"}`), "b.openapi.json": file(`{"type":"integer"}`)},
		"no JSON":               {"a.openapi.json": {Data: []byte("{")}},
		"a path without calls":  {"a.openapi.json": {Data: []byte(`{"paths":{"/v1/x":7}}`)}},
	} {
		if _, err := openapi.Document(fsys); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestTheDocumentIsValid has a linter judge the document (npm @redocly/cli).
func TestTheDocumentIsValid(t *testing.T) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			need(t, tool+" is not installed: install Node.js 20 or later with npm (Debian: apt-get install nodejs npm)")
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", "lint", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := json.Marshal(document(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"); err != nil {
		need(t, "npm ci could not fetch the linter; it needs an npm registry or a filled cache:\n"+out)
	}
	if out, err := run(t, dir, "node", "node_modules/@redocly/cli/bin/cli.js", "lint", "--extends=recommended", "openapi.json"); err != nil {
		t.Errorf("the document is not valid:\n%s", out)
	}
}

func run(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	out, err := command.CombinedOutput()
	return string(out), err
}

// need fails where the suite says that servers and tools must be there (make test does), and says why it skips elsewhere.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MASHGATE_REQUIRE_SERVERS") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}
