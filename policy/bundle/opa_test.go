package bundle_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
	"github.com/mashgate/mashgate/policy/scenario"
)

// stock is OPA's own server, which verifies a signed bundle and decides by it: none of this module's code stands between them.
type stock struct {
	dir, public, keyID, scope string
}

// newStock builds the command, of the version that the product uses, in a folder of the test's own.
func newStock(t *testing.T, hub string, key bundle.Signer) *stock {
	t.Helper()
	root := filepath.Join("..", "..")
	modules := filepath.Join(root, "tools", "opa", "go.mod")
	if here, there := opaVersion(t, filepath.Join(root, "go.mod")), opaVersion(t, modules); here != there {
		t.Fatalf("the product decides with OPA %s, and this test with %s: change tools/opa/go.mod", here, there)
	}
	dir, err := os.MkdirTemp("", "opa") //nolint:usetesting // short, as the path of a socket has to be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	o := &stock{dir: dir, keyID: key.KeyID(), scope: hub, public: filepath.Join(dir, "public.pem")}
	build := exec.CommandContext(t.Context(), "go", "build", "-modfile="+modules, "-o", filepath.Join(dir, "opa"), "github.com/open-policy-agent/opa")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building OPA: %v: %s", err, out)
	}
	if err := os.WriteFile(o.public, publicPEM(t, key), 0o600); err != nil {
		t.Fatal(err)
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

// command is the server over a bundle, with the key that the bundle must be signed with.
func (o *stock) command(t *testing.T, b []byte) *exec.Cmd {
	t.Helper()
	file := filepath.Join(o.dir, "bundle.tar.gz")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), filepath.Join(o.dir, "opa"), "run", "--server", "--addr", "unix://"+o.socket(),
		"--skip-version-check", "--log-level", "debug", "--verification-key", o.public, "--verification-key-id", o.keyID,
		"--signing-alg", "ES256", "--scope", o.scope, "--bundle", file)
}

func (o *stock) socket() string { return filepath.Join(o.dir, "s") }

// start serves a bundle until the test ends. It returns once the server says that it serves, or with its last words.
func (o *stock) start(t *testing.T, b []byte) (opa *http.Client, refusal string) {
	t.Helper()
	command := o.command(t, b)
	var said bytes.Buffer // OPA prints why it ends
	command.Stdout = &said
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines, ready := bufio.NewScanner(log), false
	lines.Buffer(nil, 16<<20)
	for !ready && lines.Scan() {
		ready = strings.Contains(lines.Text(), "Server initialized")
	}
	if !ready {
		if err := command.Wait(); err == nil {
			t.Error("OPA ended without an error")
		}
		return nil, said.String()
	}
	drained := make(chan error)
	go func() { // a server whose log nobody reads stops
		_, err := io.Copy(io.Discard, log)
		drained <- err
	}()
	t.Cleanup(func() {
		if err := command.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-drained
		_ = command.Wait() // it was killed, and says so
	})
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", o.socket())
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}, ""
}

// each evaluates an entry point once for every input.
func each[T any](t *testing.T, opa *http.Client, entry string, inputs []any) []T {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": "answers = [a | some one in input; a := " + entry + " with input as one]", "input": inputs})
	if err != nil {
		t.Fatal(err)
	}
	response, err := opa.Post("http://opa/v1/query", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Result []struct{ Answers []T }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", entry, response.Status, err)
	}
	if len(answer.Result) != 1 || len(answer.Result[0].Answers) != len(inputs) {
		t.Fatalf("%s: not one answer for each of %d inputs", entry, len(inputs))
	}
	return answer.Result[0].Answers
}

// ask is data.mashgate.ask.decision.
type ask struct {
	Gates       []gate
	Tell        string
	Obligations []string
	LeftOut     map[string]gate `json:"left_out"`
	Protected   []string
	Categories  []string
	Shape       map[string]any
	Subjects    map[string]map[string]any
}

type gate struct{ Code, Rule string }

// contribution is one of data.mashgate.release.contributions.
type contribution struct {
	Effect, Reason, Rule string
	Masks                []string
}

// TestStockOPA: the bundle that the gateway decides by loads, verifies and decides the same in OPA's own command, for every scenario.
func TestStockOPA(t *testing.T) {
	unsigned, hub := built(t)
	signer, keys := newSigner(t, "ig-2026")
	signed, err := bundle.Sign(t.Context(), unsigned, signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	o := newStock(t, hub, signer)
	opened, err := bundle.Open(signed, keys, hub)
	if err != nil {
		t.Fatal(err)
	}
	revision, err := opened.Pack.Compile(t.Context(), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("bad bundles", func(t *testing.T) { o.refusesBadBundles(t, signed) })
	opa, refusal := o.start(t, signed)
	if opa == nil {
		t.Fatalf("OPA does not serve the bundle: %s", refusal)
	}
	t.Run("the pack's scenarios", func(t *testing.T) {
		folder, err := fs.Sub(rules.FS, "scenarios")
		if err != nil {
			t.Fatal(err)
		}
		cases, err := scenario.LoadFS(revision, folder)
		if err != nil {
			t.Fatal(err)
		}
		decidesAlike(t, opa, revision, cases)
	})
	t.Run("scenarios kept elsewhere", func(t *testing.T) {
		const variable = "MASHGATE_EXTERNAL_SCENARIOS"
		paths := filepath.SplitList(os.Getenv(variable))
		if len(paths) == 0 {
			t.Skipf("SKIPPED: set %s to files or folders of scenarios to hold stock OPA to them", variable)
		}
		cases, err := scenario.Load(revision, paths...)
		if err != nil {
			t.Fatal(err)
		}
		decidesAlike(t, opa, revision, cases)
	})
}

// decidesAlike compares the request decision of every case, and what the rules contribute to each of its records and to a record of
// every organisation, category and subject of it.
func decidesAlike(t *testing.T, opa *http.Client, revision *policy.Revision, cases []scenario.Scenario) {
	t.Helper()
	if len(cases) == 0 {
		t.Fatal("there are no scenarios")
	}
	inputs := make([]any, 0, len(cases))
	for _, c := range cases {
		inputs = append(inputs, listed(t, c.Input(revision.Vocabulary())))
	}
	asks := each[ask](t, opa, "data.mashgate.ask.decision", inputs)
	var records []any
	var want [][]contribution
	var of []string
	for i, c := range cases {
		request, err := revision.Open(t.Context(), c.Input(revision.Vocabulary()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plainAsk(request.Ask()), asks[i].plain()); diff != "" {
			t.Errorf("%s: the request (-engine +opa):\n%s", c.File, diff)
		}
		headers := headersOf(t, revision, c)
		decisions, err := request.Release(t.Context(), headers)
		if err != nil {
			t.Fatal(err)
		}
		for j, header := range headers {
			records = append(records, map[string]any{"request": asks[i].Shape, "record": recordOf(revision, asks[i], c, header)})
			want, of = append(want, contributions(decisions[j])), append(of, c.File+" "+header.Category+" about "+header.Subject)
		}
	}
	for i, got := range each[[]contribution](t, opa, "data.mashgate.release.contributions", records) {
		if diff := cmp.Diff(want[i], inOrder(got)); diff != "" {
			t.Errorf("%s (-engine +opa):\n%s", of[i], diff)
		}
	}
	t.Logf("%d scenarios, %d records", len(cases), len(records))
}

// headersOf are the case's own records, and a plain one of every organisation, category and subject.
func headersOf(t *testing.T, revision *policy.Revision, c scenario.Scenario) []record.Header {
	t.Helper()
	headers, err := c.Headers(revision.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	in := c.Input(revision.Vocabulary())
	for _, organisation := range in.Organisations {
		for _, category := range organisation.Categories {
			for _, subject := range in.Subjects {
				headers = append(headers, record.Header{
					Ref: "r", Organisation: organisation.ID, Category: category, Subject: subject.ID, Current: true, LabelsKnown: true,
				}.Normalised())
			}
		}
	}
	return headers
}

// recordOf is a header as release rules read it (policy/rules/README.md).
func recordOf(revision *policy.Revision, a ask, c scenario.Scenario, h record.Header) map[string]any {
	flags := []string{}
	for _, f := range c.Input(revision.Vocabulary()).Flags {
		if f.Subject == h.Subject && f.Organisation == h.Organisation && !slices.Contains(flags, f.Flag) {
			flags = append(flags, f.Flag)
		}
	}
	unlabelled := slices.DeleteFunc(slices.Clone(revision.Catalogue().Labels), func(l string) bool { return slices.Contains(h.Labels, l) })
	return map[string]any{
		"organisation": h.Organisation, "category": h.Category, "subject": h.Subject, "event_date": h.EventDate, "until": h.Until,
		"current": h.Current, "labels": append([]string{}, h.Labels...), "labels_known": h.LabelsKnown, "only_address": h.OnlyAddress,
		"about": a.Subjects[h.Subject], "holder_flags": flags, "unlabelled": unlabelled,
	}
}

// plain is the request decision in the words that both sides have.
type plain struct {
	Gates                              []string
	Tell                               string
	Obligations, Categories, Protected []string
	LeftOut                            map[string]string
}

func (a ask) plain() plain {
	p := plain{
		Tell: a.Tell, Obligations: sorted(a.Obligations), Categories: sorted(a.Categories), Protected: sorted(a.Protected),
		LeftOut: map[string]string{},
	}
	for _, g := range a.Gates {
		p.Gates = append(p.Gates, g.Code+" "+g.Rule)
	}
	for id, g := range a.LeftOut {
		p.LeftOut[id] = g.Code + " " + g.Rule
	}
	p.Gates = sorted(p.Gates)
	return p
}

func plainAsk(a policy.Ask) plain {
	p := plain{Tell: a.Tell, Obligations: sorted(a.Obligations), Categories: sorted(a.Categories), LeftOut: map[string]string{}}
	for _, reason := range a.Gates {
		p.Gates = append(p.Gates, reason.Code+" "+reason.Rule)
	}
	for id, reason := range a.LeftOut {
		p.LeftOut[id] = reason.Code + " " + reason.Rule
	}
	for id := range a.Protected {
		p.Protected = append(p.Protected, id)
	}
	p.Gates, p.Protected = sorted(p.Gates), sorted(p.Protected)
	return p
}

func sorted(items []string) []string {
	set := append([]string{}, items...)
	slices.Sort(set)
	return slices.Compact(set)
}

// contributions are what the rules said, without the engine's own word for their silence.
func contributions(d policy.Decision) []contribution {
	all := []contribution{}
	for _, reason := range d.Reasons {
		if reason.Rule != policy.ReasonNoRule {
			all = append(all, contribution{Effect: string(reason.Effect), Reason: reason.Code, Rule: reason.Rule, Masks: sorted(reason.Masks)})
		}
	}
	return inOrder(all)
}

func inOrder(all []contribution) []contribution {
	for i := range all {
		all[i].Masks = sorted(all[i].Masks)
	}
	slices.SortFunc(all, func(a, b contribution) int {
		return strings.Compare(a.Rule+a.Reason+a.Effect+strings.Join(a.Masks, " "), b.Rule+b.Reason+b.Effect+strings.Join(b.Masks, " "))
	})
	return all
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

// refusesBadBundles: stock OPA, given the key, refuses what was tampered with.
func (o *stock) refusesBadBundles(t *testing.T, signed []byte) {
	for name, test := range map[string]struct {
		want string
		make func(a *archive)
	}{
		"a rule changed":       {"digest mismatch", func(a *archive) { a.edit("release.rego", "package", "# more\npackage") }},
		"a value changed":      {"digest mismatch", func(a *archive) { a.edit("data.json", `"permit"`, `"redact"`) }},
		"a rule nobody signed": {"not included in bundle signature", func(a *archive) { a.add("more.rego", "package more\n") }},
		"a rule missing":       {"not found in the target bundle", func(a *archive) { a.remove("gates.rego") }},
		"no signature":         {"missing .signatures.json", func(a *archive) { a.remove(signaturesFile) }},
		"another key's":        {"verify", func(a *archive) { a.key = otherKey(a.t); a.resign(func(_, _ map[string]any) {}) }},
	} {
		t.Run(name, func(t *testing.T) {
			a := apart(t, signed)
			test.make(a)
			o.refuses(t, a.bytes(), test.want)
		})
	}
	t.Run("for another hub", func(t *testing.T) {
		elsewhere := *o
		elsewhere.scope = "elsewhere"
		elsewhere.refuses(t, signed, "scope mismatch")
	})
}

func (o *stock) refuses(t *testing.T, b []byte, want string) {
	t.Helper()
	if opa, refusal := o.start(t, b); opa != nil || !strings.Contains(refusal, want) {
		t.Errorf("OPA takes it, or for another reason does not: %s", refusal)
	}
}
