// Package layout_test holds the import rule: packages point one way. A new package needs a row here before it compiles into the
// product; an arrow that a row does not allow fails.
package layout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/mashgate/mashgate/"

// rows are read from the top: the first whose place matches a package decides what that package may import of this module.
// A trailing /... stands for everything below.
var rows = []struct {
	place string
	may   []string
}{
	{"proto/gen/...", []string{"proto/gen/..."}},
	{"internal/layout", nil},
	{"internal/fault", nil},
	{"internal/clock", nil},
	{"internal/tracing", nil},
	{"internal/person", []string{"proto/gen/..."}},
	{"internal/record", []string{"proto/gen/...", "internal/fault"}},
	{"internal/peer", []string{"internal/fault"}},
	{"internal/seal", []string{"internal/fault"}},
	{"internal/extract", []string{"internal/record", "internal/person"}},
	{"internal/warrant", []string{"internal/fault", "internal/peer", "internal/record", "internal/clock"}},
	{"internal/city", []string{"internal/record", "internal/person", "internal/extract"}},
	{"policy/rules", nil},
	{"policy", []string{"internal/record", "internal/fault", "policy/rules"}},
	{"policy/...", []string{"policy", "policy/...", "internal/record", "internal/fault"}},
	{"gateway/internal/store", []string{"gateway/internal/store/...", "internal/..."}},
	{"gateway/internal/store/...", []string{"internal/..."}},
	{"gateway/internal/directory", []string{"gateway/internal/store", "policy", "internal/..."}},
	{"gateway/internal/episode", nounMay},
	{"gateway/internal/request", nounMay},
	{"gateway/internal/ledger", nounMay},
	// A policy comes into force together with its ledger entry or not at all: this noun writes its own.
	{"gateway/internal/rollout", append([]string{"gateway/internal/ledger", "policy/bundle"}, nounMay...)},
	{"gateway/internal/decision", append([]string{"policy/history"}, nounMay...)},
	{"gateway/internal/plan", stepMay},
	{"gateway/internal/aggregate", stepMay},
	{"gateway/internal/fanout", append([]string{"proto/gen/..."}, stepMay...)},
	{"gateway/internal/authn/oidcprovider", nil}, // a test against a real provider
	{"gateway/internal/authn", append([]string{"gateway/internal/directory"}, stepMay...)},
	{"gateway/internal/exchange", []string{
		"gateway/internal/store", "gateway/internal/directory", "gateway/internal/episode", "gateway/internal/request",
		"gateway/internal/ledger", "gateway/internal/plan", "gateway/internal/aggregate", "gateway/internal/fanout",
		"gateway/internal/authn", "gateway/internal/decision", "policy", "policy/history", "policy/explain", "internal/...", "proto/gen/...",
	}},
	{"gateway/internal/recheck", []string{
		"gateway/internal/store", "gateway/internal/episode", "gateway/internal/request", "gateway/internal/ledger", "gateway/internal/rollout",
		"gateway/internal/exchange", "policy", "internal/...",
	}},
	{"gateway/internal/api/...", []string{
		"gateway/internal/recheck",
		"gateway/internal/exchange", "gateway/internal/store", "gateway/internal/directory", "gateway/internal/episode",
		"gateway/internal/request", "gateway/internal/ledger", "gateway/internal/aggregate", "gateway/internal/authn",
		"gateway/internal/rollout", "gateway/internal/decision", "gateway/internal/api/...", "policy", "policy/...", "internal/...", "proto/gen/...",
	}},
	{"gateway/internal/keeper", []string{
		"gateway/internal/store", "gateway/internal/ledger", "gateway/internal/rollout", "policy", "policy/...", "internal/...",
	}},
	{"gateway/internal/config", []string{"internal/...", "policy"}},
	{"gateway/internal/server", []string{
		"gateway/internal/api/...", "gateway/internal/authn", "gateway/internal/config", "gateway/internal/ledger",
		"gateway/internal/directory", "gateway/internal/store", "policy", "internal/...", "proto/gen/...",
	}},
	{"gateway/bench", nil}, // tests alone
	{"gateway", []string{"gateway/internal/...", "policy/...", "policy", "internal/...", "proto/gen/..."}},
	{"agencies/...", []string{"agencies", "agencies/...", "policy", "internal/...", "proto/gen/..."}},
	{"agencies", []string{"agencies/matching", "policy", "policy/history", "internal/...", "proto/gen/..."}},
	{"cmd/...", []string{"cmd/...", "gateway", "agencies", "agencies/...", "policy", "policy/...", "internal/...", "proto/gen/..."}},
}

var (
	nounMay = []string{"gateway/internal/store", "gateway/internal/directory", "policy", "internal/..."}
	stepMay = []string{
		"gateway/internal/directory", "gateway/internal/episode", "gateway/internal/request", "gateway/internal/ledger",
		"gateway/internal/store", "policy", "internal/...",
	}
)

// cityUsers may import the synthetic city with its truth file; an adapter or matching that could read the truth would prove nothing.
var cityUsers = []string{"cmd/..."}

func TestImportsPointOneWay(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		place := strings.TrimPrefix(p.ImportPath, module)
		row := -1
		for i, r := range rows {
			if matches(place, r.place) {
				row = i
				break
			}
		}
		if row < 0 {
			t.Errorf("%s has no row in the import table: decide where it stands and add one", place)
			continue
		}
		seen++
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module)
			if ours && !allowed(to, rows[row].may) {
				t.Errorf("%s may not import %s", place, to)
			}
			if to == "internal/city" && !allowed(place, cityUsers) {
				t.Errorf("%s may not import the city", place)
			}
		}
	}
	if seen < 10 {
		t.Fatalf("only %d packages were checked", seen)
	}
}

func matches(place, pattern string) bool {
	if root, below := strings.CutSuffix(pattern, "/..."); below {
		return strings.HasPrefix(place, root+"/")
	}
	return place == pattern
}

func allowed(to string, may []string) bool {
	for _, m := range may {
		if matches(to, m) {
			return true
		}
	}
	return false
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing packages: %v\n%s", err, stderr.String())
	}
	var all []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("reading the list of packages: %v", err)
		}
		all = append(all, p)
	}
}
