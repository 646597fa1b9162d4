package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/cmd/internal/dial"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// ran is what one run of mashctl came to.
type ran struct {
	code   int
	out    string
	errors string
}

// mashctl runs the command as main does, in this process.
func mashctl(t *testing.T, args ...string) ran {
	t.Helper()
	t.Setenv(profileEnv, "")
	var out, errOut bytes.Buffer
	cmd := newRoot()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	err := cmd.ExecuteContext(t.Context())
	r := ran{code: exitCode(err), out: out.String(), errors: errOut.String()}
	if err != nil {
		r.errors += describe(err)
	}
	return r
}

// ok runs a command that must do what it is told.
func ok(t *testing.T, args ...string) ran {
	t.Helper()
	r := mashctl(t, args...)
	if r.code != exitOK || r.errors != "" {
		t.Fatalf("mashctl %v: exit code %d, %s", args, r.code, r.errors)
	}
	return r
}

// inJSON runs a command with --json: standard output holds JSON and nothing else. It returns the first value.
func inJSON(t *testing.T, args ...string) map[string]any {
	t.Helper()
	r := ok(t, append(args, "--json")...)
	values := decode(t, r.out)
	if len(values) == 0 {
		t.Fatalf("mashctl %v --json prints nothing", args)
	}
	return values[0]
}

func decode(t *testing.T, text string) []map[string]any {
	t.Helper()
	var values []map[string]any
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var v map[string]any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil {
			t.Fatalf("not JSON alone: %v\n%s", err, text)
		}
		values = append(values, v)
	}
}

// as gives the profile of one of the hub's people before a command.
func as(h *demo.Hub, person string, args ...string) []string {
	return append([]string{"--profile", h.ProfileFile(person)}, args...)
}

func startHub(t *testing.T) *demo.Hub {
	t.Helper()
	h, err := demo.Start(t.Context(), demo.Options{Dir: filepath.Join(t.TempDir(), "demo")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// referral writes a referral about the showcase's index child to a file.
func referral(t *testing.T) string {
	t.Helper()
	r := &mashgatev1.Referral{
		Referrer: &mashgatev1.Referrer{GivenName: "Rita", FamilyName: "Demo-Referrer", Organisation: "A school", Professional: true},
		Subjects: []*mashgatev1.Subject{
			{
				Id: "child", Role: mashgatev1.SubjectRole_SUBJECT_ROLE_INDEX_CHILD,
				Identity: &mashgatev1.PersonIdentity{GivenName: "Testa", FamilyName: "Commandline", DateOfBirth: "2017-02-03"},
			},
			{
				Id: "mother", Role: mashgatev1.SubjectRole_SUBJECT_ROLE_PARENT,
				Identity: &mashgatev1.PersonIdentity{GivenName: "Mater", FamilyName: "Commandline", DateOfBirth: "1990-05-06"},
			},
		},
		Concerns: []string{"physical_abuse"}, Summary: "A bruise was seen.",
		Consents: []*mashgatev1.Consent{{
			Kind: mashgatev1.ConsentKind_CONSENT_KIND_REFERRAL, Giver: "mother", Status: mashgatev1.ConsentStatus_CONSENT_STATUS_YES,
		}},
	}
	text, err := protojson.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "referral.json", string(text))
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestACaseFromTheCommandLine goes the whole way with mashctl: referral, triage, episode, request, picture, ledger.
func TestACaseFromTheCommandLine(t *testing.T) {
	h := startHub(t)
	sent := inJSON(t, as(h, "rita", "referral", "submit", referral(t))...)
	name := sent["name"].(string)
	if number, _ := sent["referenceNumber"].(string); !strings.HasPrefix(number, "MARF-") {
		t.Errorf("the reference number is %q", number)
	}
	if r := ok(t, as(h, "tom", "referral", "list", "--untriaged")...); !strings.Contains(r.out, name) {
		t.Errorf("the referral is not among those that wait:\n%s", r.out)
	}
	ok(t, as(h, "tom", "referral", "triage", name, "--outcome", "mash_episode", "--reason", "threshold")...)
	if r := ok(t, as(h, "rita", "referral", "show", name)...); !strings.Contains(r.out, "mash episode") {
		t.Errorf("the referrer is not told what became of it:\n%s", r.out)
	}
	episode := inJSON(t, as(h, "sara", "episode", "open", name, "--rating", "amber", "--basis", "mash", "--reason", "partners hold more")...)["name"].(string)
	t.Run("not asked", func(t *testing.T) { stopped(t, h) })
	t.Run("episode", func(t *testing.T) { changes(t, h, episode) })
	t.Run("request", func(t *testing.T) { asks(t, h, episode) })
	t.Run("exit codes", func(t *testing.T) { exitCodes(t, h, name, episode) })
}

// stopped: a request that a gate stops has an exit code of its own and prints every reason.
func stopped(t *testing.T, h *demo.Hub) {
	t.Helper()
	sent := inJSON(t, as(h, "rita", "referral", "submit", referral(t))...)["name"].(string)
	episode := inJSON(t, as(h, "sara", "episode", "open", sent, "--rating", "none", "--basis", "none", "--level", "3", "--reason", "not judged")...)["name"].(string)
	r := mashctl(t, as(h, "sara", "request", episode)...)
	if r.code != exitNotAsked || !strings.Contains(r.out, "• ") || !strings.Contains(r.out, "not asked") {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.errors)
	}
	r = mashctl(t, as(h, "sara", "request", episode, "--json")...)
	gates, _ := decode(t, r.out)[0]["gates"].([]any)
	if r.code != exitNotAsked || len(gates) == 0 || gates[0].(map[string]any)["code"] != "no_episode_yet" {
		t.Errorf("exit code %d, gates %v", r.code, gates)
	}
}

func changes(t *testing.T, h *demo.Hub, episode string) {
	t.Helper()
	subjects := inJSON(t, as(h, "sara", "episode", "show", episode)...)["subjects"].([]any)
	mother := subjects[1].(map[string]any)["id"].(string)
	ok(t, as(h, "sara", "episode", "rate", episode, "--rating", "red", "--reason", "imminent", "--basis", "s47", "--fact", "s47_cause")...)
	rated := inJSON(t, as(h, "sara", "episode", "show", episode)...)
	if rated["rating"] != "red" || rated["basis"] != "s47" || rated["levelOfNeed"] != 4.0 {
		t.Errorf("rated as %v, %v, level %v", rated["rating"], rated["basis"], rated["levelOfNeed"])
	}
	for _, status := range []string{"yes", "withdrawn"} {
		ok(t, as(h, "sara", "episode", "consent", episode, "--kind", "share_with_agencies", "--by", mother, "--status", status)...)
	}
	if r := ok(t, as(h, "sara", "episode", "list", "--mine")...); !strings.Contains(r.out, episode) {
		t.Errorf("not among mine:\n%s", r.out)
	}
}

func asks(t *testing.T, h *demo.Hub, episode string) {
	t.Helper()
	r := ok(t, as(h, "sara", "request", episode, "--watch", "--json")...)
	events := decode(t, r.out)
	last := events[len(events)-1]["ended"].(map[string]any)
	request := last["name"].(string)
	if last["state"] != "STATE_COMPLETE" || len(events) < 18 {
		t.Errorf("%d events, the last of them %v", len(events), last["state"])
	}
	for _, text := range []string{
		ok(t, as(h, "sara", "request", episode, "--watch")...).out, ok(t, as(h, "sara", "picture", request)...).out,
	} {
		for _, want := range []string{"West Midlands Police", "no trace", "CHRONOLOGY"} {
			if !strings.Contains(text, want) {
				t.Errorf("nothing of %q is printed:\n%s", want, text)
			}
		}
	}
	if pic := inJSON(t, as(h, "sara", "picture", request)...); pic["complete"] != true || len(pic["answers"].([]any)) != 18 {
		t.Errorf("the picture is complete: %v, with %d answers", pic["complete"], len(pic["answers"].([]any)))
	}
	if entries := inJSON(t, as(h, "ada", "ledger", "list", "--episode", episode)...)["entries"].([]any); len(entries) < 10 {
		t.Errorf("%d entries are on the ledger", len(entries))
	}
	child := inJSON(t, as(h, "sara", "episode", "show", episode)...)["subjects"].([]any)[0].(map[string]any)["id"].(string)
	inJSON(t, as(h, "iris", "ledger", "disclosures", episode, child)...)
	inJSON(t, as(h, "ada", "policy", "explain", request)...)
	inJSON(t, as(h, "sara", "whoami")...)
	outcome := inJSON(t, as(h, "sara", "episode", "outcome", episode, "--outcome", "referral_to_childrens_services", "--reason", "threshold met",
		"--feedback", "Thank you; a social worker will visit.")...)
	if o, _ := outcome["outcome"].(map[string]any); o["code"] != "referral_to_childrens_services" {
		t.Errorf("the outcome is %v", outcome["outcome"])
	}
}

// exitCodes: one command for each class that a script can tell apart.
func exitCodes(t *testing.T, h *demo.Hub, name, episode string) {
	t.Helper()
	gone := profile(t, h, "sara", func(p *dial.Profile) { p.Address = "127.0.0.1:1" })
	forged := profile(t, h, "sara", func(p *dial.Profile) { p.TokenFile = file(t, "token", "not.a.token") })
	unknownKey := file(t, "profile.json", `{"address": "127.0.0.1:1", "token_file": "t", "hub": "coventry", "colour": "x"}`)
	badReferral := file(t, "referral.json", `{"summary": "x", "colour": "red"}`)
	emptyReferral := file(t, "referral.json", `{"summary": "x"}`)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{as(h, "sara", "whoami"), exitOK, ""},
		{[]string{"whoami"}, exitUsage, "no profile"},
		{[]string{"--profile", unknownKey, "whoami"}, exitUsage, `"colour"`},
		{[]string{"--profile", "/does/not/exist.json", "whoami"}, exitUsage, "exist.json"},
		{as(h, "sara", "episode", "shwo", "x"), exitUsage, `"shwo"`},
		{as(h, "sara", "whoami", "--colour"), exitUsage, "--colour"},
		{as(h, "sara", "picture"), exitUsage, "picture"},
		{as(h, "sara", "episode", "rate", episode, "--reason", "x", "--fact", "colour"), exitUsage, `"colour"`},
		{as(h, "sara", "episode", "consent", episode, "--kind", "photo", "--by", "x", "--status", "yes"), exitUsage, `"photo"`},
		{as(h, "rita", "referral", "submit", badReferral), exitUsage, "colour"},
		{as(h, "rita", "ledger", "list"), exitDenied, "reason:"},
		{as(h, "iris", "request", episode), exitDenied, "reason:"},
		{[]string{"--profile", forged, "whoami"}, exitDenied, "reason:"},
		{as(h, "sara", "episode", "show", "nosuchepisode"), exitNotFound, "reason:"},
		{as(h, "sara", "referral", "show", "nosuchreferral"), exitNotFound, "reason:"},
		{as(h, "rita", "referral", "submit", emptyReferral), exitInvalid, "subjects"},
		{as(h, "sara", "episode", "rate", episode, "--rating", "purple", "--reason", "x"), exitInvalid, "rating"},
		{as(h, "sara", "episode", "open", name), exitConflict, "EPISODE_EXISTS"},
		{[]string{"--profile", gone, "whoami"}, exitUnavailable, "mashctl:"},
	} {
		r := mashctl(t, c.args...)
		if r.code != c.code || !strings.Contains(r.errors, c.says) {
			t.Errorf("mashctl %v: exit code %d, want %d with %q: %s", c.args[2:], r.code, c.code, c.says, r.errors)
		}
		if r.code != exitOK && r.out != "" {
			t.Errorf("mashctl %v failed and prints on standard output: %s", c.args[2:], r.out)
		}
	}
}

// profile is somebody's profile with a change.
func profile(t *testing.T, h *demo.Hub, person string, change func(*dial.Profile)) string {
	t.Helper()
	p := h.Profile(person)
	change(&p)
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "profile.json", string(text))
}

func TestScenariosWithoutAServer(t *testing.T) {
	const cases = "../../policy/rules/scenarios/ali-closed-episode.yaml"
	if r := ok(t, "policy", "scenarios", cases); !strings.Contains(r.out, "expectations hold") {
		t.Errorf("it does not say how many hold:\n%s", r.out)
	}
	inJSON(t, "policy", "scenarios", cases)
	source, err := os.ReadFile(cases)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(source), "noask", "proceed", 1)
	if wrong == string(source) {
		t.Fatal("the scenario no longer says noask")
	}
	if r := mashctl(t, "policy", "scenarios", file(t, "wrong.yaml", wrong)); r.code != exitFailed || r.out == "" {
		t.Errorf("an expectation that does not hold: exit code %d\n%s%s", r.code, r.out, r.errors)
	}
	if r := mashctl(t, "policy", "scenarios", file(t, "bad.yaml", string(source)+"\ncolour: red\n")); r.code != exitUsage || !strings.Contains(r.errors, "colour") {
		t.Errorf("an unknown key: exit code %d, %s", r.code, r.errors)
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := ok(t, "completion", shell); !strings.Contains(r.out, "mashctl") {
			t.Errorf("%s: no script", shell)
		}
	}
	r := mashctl(t, "__complete", "episode", "")
	for _, want := range []string{"open", "show", "list", "rate", "consent", "outcome"} {
		if !strings.Contains(r.out, want+"\t") {
			t.Errorf("%s is not offered:\n%s", want, r.out)
		}
	}
}

// TestHelpNamesEveryExitCode: scripts rely on them.
func TestHelpNamesEveryExitCode(t *testing.T) {
	r := ok(t, "--help")
	for _, want := range []string{"0 done", "1 failed", "2 wrong use", "3 not allowed", "4 not found", "5 invalid", "6 changed", "7 cannot be reached", "8 policy stopped"} {
		if !strings.Contains(strings.ReplaceAll(r.out, "\n", " "), want) {
			t.Errorf("the help does not say %q", want)
		}
	}
}
