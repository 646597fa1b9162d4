package policy_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

// A pack of three rules over the default pack's data: small enough to break in one place.
const (
	tinyAsk = `package mashgate.ask

decision := {
	"gates": [], "tell": "identifiers_and_purpose", "obligations": [], "left_out": {}, "protected": [],
	"categories": ["pol.involvement"], "shape": {"basis": input.episode.basis},
	"subjects": {s.id: {"role": s.role} | some s in input.subjects}, "windows": {},
}
`
	tinyRelease = `package mashgate.release

contributions contains {"effect": "permit", "reason": "tier_permits", "masks": [], "rule": "release.tier"} if {
	input.record.category == "pol.involvement"
}
`
	tinyManifest = "{name: tiny, version: \"1\", hub: coventry, review_date: \"2026-09-30\"}"
	tinyCall     = `package mashgate.rpc

decision := {"allow": false, "reason": "unknown_method"}
`
)

// tinyPack is that pack with files replaced; "" removes one.
func tinyPack(t testing.TB, replaced map[string]string) fs.FS {
	t.Helper()
	pack := fstest.MapFS{}
	err := fs.WalkDir(rules.FS, "data", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := fs.ReadFile(rules.FS, name)
		pack[name] = &fstest.MapFile{Data: source}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"manifest.yaml": tinyManifest, "ask.rego": tinyAsk, "release.rego": tinyRelease, "rpc.rego": tinyCall}
	maps.Copy(files, replaced)
	for name, source := range files {
		if source == "" {
			delete(pack, name)
			continue
		}
		pack[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return pack
}

func involvement() record.Header {
	return record.Header{Ref: "r", Organisation: "police", Category: "pol.involvement", Subject: "s2", Current: true, LabelsKnown: true}
}

func TestAPackWithAnythingWrongNeverDecides(t *testing.T) {
	rule := func(body string) map[string]string {
		return map[string]string{"release.rego": tinyRelease + "\nextra if {\n" + body + "\n}\n"}
	}
	contribution := func(from, to string) map[string]string {
		return map[string]string{"release.rego": strings.Replace(tinyRelease, from, to, 1)}
	}
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"the network":           {rule(`http.send({"url": "http://localhost", "method": "get"})`), "http.send"},
		"name resolution":       {rule(`net.lookup_ip_addr("localhost")`), "net.lookup_ip_addr"},
		"the clock":             {rule(`time.now_ns() > 0`), "time.now_ns"},
		"chance":                {rule(`rand.intn("x", 2) == 0`), "rand.intn"},
		"random ids":            {rule(`uuid.rfc4122("x") != ""`), "uuid.rfc4122"},
		"the process":           {rule(`opa.runtime().env`), "opa.runtime"},
		"trace":                 {rule(`trace("x")`), "trace"},
		"unused variable":       {rule(`x := 1`), "unused"},
		"does not parse":        {map[string]string{"release.rego": "package"}, "release.rego"},
		"no entry point":        {map[string]string{"rpc.rego": "package mashgate.rpc\n\nother := 1\n"}, "data.mashgate.rpc.decision"},
		"head: unknown reason":  {contribution(`"tier_permits"`, `"because"`), "because"},
		"head: unknown effect":  {contribution(`"permit"`, `"allow"`), "allow"},
		"head: unknown mask":    {contribution(`[]`, `["colour"]`), "colour"},
		"head: maskless redact": {contribution(`"permit"`, `"redact"`), "redact without a mask"},
		"head: mask on permit":  {contribution(`[]`, `["risk"]`), "permit with a mask"},
		"head: no decider":      {contribution(`"permit"`, `"review"`), "decider"},
		"data: missing":         {map[string]string{"data/reasons.yaml": ""}, "data/reasons.yaml"},
		"data: key twice":       {map[string]string{"data/grounds.yaml": "a: 1\na: 2\n"}, "data/grounds.yaml"},
		"data: empty":           {map[string]string{"data/more.yaml": "\n"}, "data/more.yaml"},
		"data: in the rules":    {map[string]string{"data/mashgate.yaml": "a: 1"}, "data/mashgate.yaml"},
		"data: two files":       {map[string]string{"data/grounds.json": "{}"}, "given by two files"},
		"data: category":        {map[string]string{"data/refusals.yaml": "never_named: {categories: [pol.nothing]}"}, "pol.nothing"},
		"data: decider":         {map[string]string{"data/reasons.yaml": "a: {text: t, source: s, decider: nobody}"}, "nobody"},
		"schema: not JSON":      {map[string]string{"schemas/a.json": "{"}, "schemas/a.json"},
		"a file out of place":   {map[string]string{"deep/more.rego": "package more"}, "deep/more.rego"},
		"no Rego":               {map[string]string{"ask.rego": "", "release.rego": "", "rpc.rego": ""}, "no Rego"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Compile(context.Background(), tinyPack(t, test.files), policy.CompileOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	if _, err := policy.Compile(context.Background(), tinyPack(t, nil), policy.CompileOptions{}); err != nil {
		t.Errorf("the pack itself: %v", err)
	}
}

// TestAnUnusableAskDeniesEverything: undefined, several or malformed results are a deny with the error on record.
func TestAnUnusableAskDeniesEverything(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"undefined":           {"\n}\n", "\n} if input.hub == \"nowhere\"\n", "0 results"},
		"several":             {"package mashgate.ask", "package mashgate.ask\n\ndecision := {\"gates\": []}", "eval_conflict_error at ask.rego:5"},
		"key missing":         {`"protected": [],`, ``, `no "protected"`},
		"key unknown":         {`"protected": [],`, `"protected": [], "more": 1,`, "more"},
		"tell unknown":        {`"identifiers_and_purpose"`, `"everything"`, "everything"},
		"gate without words":  {`"gates": []`, `"gates": [{"code": "because", "rule": "r"}]`, "because"},
		"category unknown":    {`["pol.involvement"]`, `["pol.nothing"]`, "pol.nothing"},
		"a subject left out":  {`some s in input.subjects`, `some s in input.subjects; s.role == "parent"`, "no facts"},
		"facts not total":     {`{"role": s.role}`, `object.union({"role": s.role}, {s.id: true})`, "different facts"},
		"a fact in depth":     {`{"basis": input.episode.basis}`, `{"episode": input.episode}`, "episode"},
		"a window, not a day": {`"windows": {}`, `"windows": {"pol.involvement": {"s0": "yesterday"}}`, "yesterday"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := strings.Replace(tinyAsk, test.old, test.new, 1)
			revision, err := policy.Compile(context.Background(), tinyPack(t, map[string]string{"ask.rego": source}), policy.CompileOptions{})
			if err != nil {
				t.Fatal(err)
			}
			request := open(t, revision, family(revision.Vocabulary()))
			ask := request.Ask()
			if ask.Proceed || !strings.Contains(ask.Err, test.want) || len(ask.Gates) != 1 || ask.Gates[0].Code != policy.ReasonPolicyError {
				t.Errorf("got %+v, want a refusal with %q", ask, test.want)
			}
			if got := decideOne(t, request, involvement()); got.Effect != policy.Deny || got.Err == "" {
				t.Errorf("a record was decided %q (%q)", got.Effect, got.Err)
			}
		})
	}
}

// TestAnUnusableContributionDenies: heads that only deciding can check.
func TestAnUnusableContributionDenies(t *testing.T) {
	tests := map[string]struct{ head, want string }{
		"effect":           {`{"effect": input.request.basis, "reason": "tier_permits", "masks": [], "rule": "r"}`, `effect "s47"`},
		"reason":           {`{"effect": "permit", "reason": input.request.basis, "masks": [], "rule": "r"}`, `reason "s47"`},
		"mask":             {`{"effect": "redact", "reason": "tier_permits", "masks": [input.request.basis], "rule": "r"}`, `mask "s47"`},
		"masks no list":    {`{"effect": "permit", "reason": "tier_permits", "masks": input.request.basis, "rule": "r"}`, "wrong type"},
		"key missing":      {`{"effect": "permit", "reason": "tier_permits", "rule": "r"}`, "is not {effect"},
		"key unknown":      {`{"effect": "permit", "reason": "tier_permits", "masks": [], "rule": "r", "more": 1}`, "is not {effect"},
		"masks of numbers": {`{"effect": "redact", "reason": "tier_permits", "masks": [1], "rule": "r"}`, "wrong type"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := tinyRelease + "\ncontributions contains " + test.head + " if input.record.current\n"
			revision, err := policy.Compile(context.Background(), tinyPack(t, map[string]string{"release.rego": source}), policy.CompileOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := decideOne(t, open(t, revision, family(revision.Vocabulary())), involvement())
			if got.Effect != policy.Deny || !strings.Contains(got.Err, test.want) || got.Reasons[0].Code != policy.ReasonPolicyError {
				t.Errorf("got %+v, want a deny with %q", got, test.want)
			}
			if revision.Interpreted() != 1 {
				t.Error("such a rule is the interpreter's to decide")
			}
		})
	}
}

func TestContributionsAreJoined(t *testing.T) {
	source := tinyRelease + `
contributions contains {"effect": "redact", "reason": "third_party", "masks": ["third_party"], "rule": "release.one"} if input.record.current

contributions contains {"effect": "review", "reason": "narrative_held", "masks": [], "rule": "release.two"} if input.record.current

contributions contains {"effect": "redact", "reason": "informant", "masks": ["informant"], "rule": "release.three"} if input.record.current
`
	revision, err := policy.Compile(context.Background(), tinyPack(t, map[string]string{"release.rego": source}), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := decideOne(t, open(t, revision, family(revision.Vocabulary())), involvement())
	want := policy.Verdict{
		Effect: policy.Review, Masks: []string{"informant", "third_party"}, Tell: []string{"narrative_held"}, Decider: policy.DeciderHolder,
	}
	if diff := cmp.Diff(want, got.Verdict()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Reasons) != 4 || got.Reasons[0].Text == "" || got.Revision != revision.ID() {
		t.Errorf("reasons %+v of revision %q", got.Reasons, got.Revision)
	}
	if at := revision.RuleLocation("release.two"); len(at) != 1 || at[0].File != "release.rego" {
		t.Errorf("release.two stands at %v", at)
	}
}

func TestNoRuleIsADeny(t *testing.T) {
	revision, err := policy.Compile(context.Background(), tinyPack(t, nil), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	header := involvement()
	header.Category = "pol.missing"
	got := decideOne(t, open(t, revision, family(revision.Vocabulary())), header)
	if got.Effect != policy.Deny || got.Err != "" || got.Reasons[0].Code != policy.ReasonNoRule {
		t.Errorf("got %+v", got)
	}
}

func TestMalformedHeadersAreDenied(t *testing.T) {
	tests := map[string]func(*record.Header){
		"category": func(h *record.Header) { h.Category = "pol.nothing" },
		"subject":  func(h *record.Header) { h.Subject = "somebody else" },
		"label":    func(h *record.Header) { h.Labels = []string{"nice"} },
		"dates":    func(h *record.Header) { h.EventDate = "2026-01-01" },
	}
	request := open(t, compiled(t), family(compiled(t).Vocabulary()))
	for name, change := range tests {
		header := involvement()
		change(&header)
		if got := decideOne(t, request, header); got.Effect != policy.Deny || !strings.Contains(got.Err, "malformed header") {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestReleaseKeepsOrderAndIgnoresReferences(t *testing.T) {
	request := open(t, compiled(t), family(compiled(t).Vocabulary()))
	labelled := involvement()
	labelled.Labels = []string{"third_party"}
	again := involvement()
	again.Ref = "another"
	got, err := request.Release(context.Background(), []record.Header{involvement(), labelled, again})
	if err != nil {
		t.Fatal(err)
	}
	effects := []policy.Effect{got[0].Effect, got[1].Effect, got[2].Effect}
	if diff := cmp.Diff([]policy.Effect{policy.Permit, policy.Redact, policy.Permit}, effects); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	hides, err := request.FieldHider(context.Background(), involvement())
	if err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]bool{"third_party": true, "safe_address": true, "legally_restricted": true, "opinion": false, "nonsense": true} {
		if hides(label) != want {
			t.Errorf("a field labelled %s: hidden %v", label, !want)
		}
	}
}

func TestCancellationIsNoDecision(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	request := open(t, revision, in)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := revision.Open(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v", err)
	}
	if _, err := request.Release(ctx, []record.Header{involvement()}); !errors.Is(err, context.Canceled) {
		t.Errorf("Release: %v", err)
	}
	if _, err := revision.MayCall(ctx, policy.Call{}); !errors.Is(err, context.Canceled) {
		t.Errorf("MayCall: %v", err)
	}
	if got := decideOne(t, request, involvement()); got.Effect != policy.Permit {
		t.Errorf("after a cancelled call the request decides %q", got.Effect)
	}
}

func TestInputThatNoEpisodeGivesIsRefused(t *testing.T) {
	revision := compiled(t)
	tests := map[string]struct {
		change func(*policy.Input)
		want   string
	}{
		"no moment":    {func(in *policy.Input) { in.At = time.Time{} }, "moment"},
		"no subjects":  {func(in *policy.Input) { in.Subjects = nil }, "no subjects"},
		"id twice":     {func(in *policy.Input) { in.Subjects[1].ID = in.Subjects[0].ID }, "twice"},
		"consent by":   {func(in *policy.Input) { in.Consents = []policy.Consent{{By: "x"}} }, "consent 1"},
		"flag subject": {func(in *policy.Input) { in.Flags = []policy.Flag{{Subject: "x"}} }, "flag 1"},
	}
	for name, test := range tests {
		in := family(revision.Vocabulary())
		test.change(&in)
		if _, err := revision.Open(context.Background(), in); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestTheIDIsOfWhatDecides(t *testing.T) {
	id := func(files map[string]string) string {
		revision, err := policy.Compile(context.Background(), tinyPack(t, files), policy.CompileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return revision.ID()
	}
	plain := id(nil)
	if id(map[string]string{"more_test.rego": "package more_test\n", "scenarios/a.yaml": "x", "README.md": "x"}) != plain {
		t.Error("tests, scenarios and words change the id")
	}
	for name, source := range map[string]string{"data/more.yaml": "a: 1", "release.rego": tinyRelease + "\n", "schemas/a.json": "{}"} {
		if id(map[string]string{name: source}) == plain {
			t.Errorf("%s does not change the id", name)
		}
	}
}

func open(t testing.TB, revision *policy.Revision, in policy.Input) *policy.Request {
	t.Helper()
	request, err := revision.Open(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func decideOne(t testing.TB, request *policy.Request, h record.Header) policy.Decision {
	t.Helper()
	decisions, err := request.Release(context.Background(), []record.Header{h})
	if err != nil {
		t.Fatal(err)
	}
	return decisions[0]
}

func FuzzPackData(f *testing.F) {
	for _, seed := range []string{"years: {A: 2}", "a: &x [*x]", "? {a: 1}\n: b", "- 1\n---\n- 2", "{", "<<: {}", "a: !!binary x", "\xef\xbb\xbfa: 1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		pack, err := policy.ReadPack(fstest.MapFS{
			"rule.rego": &fstest.MapFile{Data: []byte("package p\n")}, "data/windows.yaml": &fstest.MapFile{Data: source},
		})
		if err == nil && pack.Data()["windows"] == nil {
			t.Errorf("%q was read as nothing", source)
		}
	})
}

// One revision decides for requests of different shapes at once; the race detector watches over what they share.
func TestOneRevisionDecidesForManyRequestsAtOnce(t *testing.T) {
	revision := compiled(t)
	bases := []string{"s47", "mash", "s17", "early_help"}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			input := family(revision.Vocabulary())
			input.Episode.Basis = bases[i%len(bases)]
			input.At = input.At.AddDate(0, 0, i/len(bases))
			request, err := revision.Open(t.Context(), input)
			if err != nil {
				t.Errorf("opening: %v", err)
				return
			}
			constraints, err := request.Constraints(t.Context(), "police")
			if err != nil || (bases[i%len(bases)] == "s47") != (len(constraints) > 0) {
				t.Errorf("%s: %d constraints, %v", input.Episode.Basis, len(constraints), err)
			}
		})
	}
	all.Wait()
}
