package exchange_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// opa is OPA's own command over the default pack's files: none of package policy stands between them.
type opa struct {
	binary, dir string
	pack        []string
}

// newOPA builds the command, of the version that the product uses, in a folder of the test's own.
func newOPA(t *testing.T) *opa {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	modules := filepath.Join(root, "tools", "opa", "go.mod")
	if here, there := opaVersion(t, filepath.Join(root, "go.mod")), opaVersion(t, modules); here != there {
		t.Fatalf("the product decides with OPA %s, and this test with %s: change tools/opa/go.mod", here, there)
	}
	dir := t.TempDir()
	o := &opa{binary: filepath.Join(dir, "opa"), dir: dir}
	o.run(t, "go", "build", "-modfile="+modules, "-o", o.binary, "github.com/open-policy-agent/opa")
	rules := filepath.Join(root, "policy", "rules")
	for _, file := range glob(t, filepath.Join(rules, "*.rego")) {
		if !strings.HasSuffix(file, "_test.rego") {
			o.pack = append(o.pack, "--data", file)
		}
	}
	for _, file := range glob(t, filepath.Join(rules, "data", "*.yaml")) {
		o.pack = append(o.pack, "--data", strings.TrimSuffix(filepath.Base(file), ".yaml")+":"+file)
	}
	return o
}

func opaVersion(t *testing.T, modules string) string {
	t.Helper()
	source, err := os.ReadFile(modules)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`github\.com/open-policy-agent/opa (v\S+)`).FindSubmatch(source)
	if found == nil {
		t.Fatalf("%s does not name OPA", modules)
	}
	return string(found[1])
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of %s: %v", len(files), pattern, err)
	}
	return files
}

func (o *opa) run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	var failed bytes.Buffer
	command.Stderr = &failed
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s%s", filepath.Base(name), err, failed.String(), out)
	}
	return out
}

// eval evaluates a query with an input and with something more under data.oracle, and holds it to one result.
func (o *opa) eval(t *testing.T, query string, input, more, into any) {
	t.Helper()
	args := append([]string{"eval", "--format", "json", "--strict-builtin-errors"}, o.pack...)
	args = append(args, "--input", o.write(t, input), "--data", "oracle:"+o.write(t, more), query)
	var answer struct {
		Result []struct {
			Expressions []struct{ Value json.RawMessage }
		}
	}
	if err := json.Unmarshal(o.run(t, o.binary, args...), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Result) != 1 || len(answer.Result[0].Expressions) != 1 {
		t.Fatalf("%s has %d results", query, len(answer.Result))
	}
	if err := json.Unmarshal(answer.Result[0].Expressions[0].Value, into); err != nil {
		t.Fatal(err)
	}
}

func (o *opa) write(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(o.dir, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// ruling is what the pack's rules contribute to each record, and what of one record's labels it hides on a field.
type ruling struct {
	contributions [][]contribution
	hiding        map[string]bool
}

type contribution struct {
	Effect string
	Masks  []string
}

// rule evaluates the two entry points of the pack, as policy/rules/README.md describes their inputs.
func (o *opa) rule(t *testing.T, c *record.Catalogue, input policy.Input, headers []record.Header) ruling {
	t.Helper()
	var ask struct {
		Gates    []any
		Shape    map[string]any
		Subjects map[string]map[string]any
	}
	o.eval(t, "data.mashgate.ask.decision", listed(t, input), nil, &ask)
	if len(ask.Gates) > 0 {
		t.Fatalf("a gate stops the request: %v", ask.Gates)
	}
	inputs := make([]map[string]any, 0, len(headers))
	for _, h := range headers {
		inputs = append(inputs, map[string]any{"request": ask.Shape, "record": map[string]any{
			"organisation": h.Organisation, "category": h.Category, "subject": h.Subject, "event_date": h.EventDate, "until": h.Until,
			"current": h.Current, "labels": h.Labels, "labels_known": h.LabelsKnown, "only_address": h.OnlyAddress,
			"about": ask.Subjects[h.Subject], "holder_flags": holderFlags(input, h), "unlabelled": others(c.Labels, h.Labels),
		}})
	}
	r := ruling{hiding: map[string]bool{}}
	o.eval(t, "[c | some r in data.oracle; c := data.mashgate.release.contributions with input as r]", nil, inputs, &r.contributions)
	if len(r.contributions) != len(headers) {
		t.Fatalf("%d rulings on %d records", len(r.contributions), len(headers))
	}
	var labels map[string]struct {
		Effect  string
		ByBasis map[string]string `json:"by_basis"`
	}
	o.eval(t, "data.labels", nil, nil, &labels)
	for label, does := range labels {
		r.hiding[label] = does.Effect != "" || does.ByBasis != nil
	}
	return r
}

// listed writes the input with an empty list for every list that has nothing in it, as its schema wants; what may be null stays so.
func listed(t *testing.T, input policy.Input) map[string]any {
	t.Helper()
	encoded, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	var plain map[string]any
	if err := json.Unmarshal(encoded, &plain); err != nil {
		t.Fatal(err)
	}
	mayBeNull := []string{"expires", "override", "break_glass", "consent_position"}
	for _, object := range []any{plain, plain["requester"], plain["episode"]} {
		fields, ok := object.(map[string]any)
		for key, value := range fields {
			if ok && value == nil && !slices.Contains(mayBeNull, key) {
				fields[key] = []any{}
			}
		}
	}
	return plain
}

func holderFlags(input policy.Input, h record.Header) []string {
	flags := []string{}
	for _, f := range input.Flags {
		if f.Subject == h.Subject && f.Organisation == h.Organisation && !slices.Contains(flags, f.Flag) {
			flags = append(flags, f.Flag)
		}
	}
	return flags
}

func others(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(label string) bool { return slices.Contains(some, label) })
}

// shown are the values of a record that may be seen: the strictest effect, without the classes of any mask (domain.md section 4), and
// without the fields whose own label hides them.
func (r ruling) shown(i int, c *record.Catalogue, full record.Record) []string {
	strictness := []string{"deny", "review", "exist", "redact", "permit"}
	effect, masks := len(strictness), []string{}
	for _, given := range r.contributions[i] {
		effect, masks = min(effect, slices.Index(strictness, given.Effect)), append(masks, given.Masks...)
	}
	if effect != slices.Index(strictness, "redact") && effect != slices.Index(strictness, "permit") {
		return nil // no rule that speaks is a deny, too
	}
	var values []string
	for _, f := range full.Fields {
		spec, listed := c.Categories[full.Header.Category].Field(f.Name)
		if listed && !slices.Contains(masks, spec.Class) && !slices.ContainsFunc(f.Labels, func(l string) bool { return r.hiding[l] }) {
			values = append(values, f.Value)
		}
	}
	return values
}
