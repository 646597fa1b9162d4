package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy/bundle"
)

// mashgate runs the command as main does, in this process.
func mashgate(ctx context.Context, args ...string) (out string, err error) {
	var stdout bytes.Buffer
	cmd := newRoot()
	cmd.SetArgs(args)
	cmd.SetOut(&stdout)
	cmd.SetErr(&stdout)
	err = cmd.ExecuteContext(ctx)
	return stdout.String(), err
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDemoOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	out, err := mashgate(t.Context(), "demo", "--once", "--data", dir, "--families", "5")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DEMO", "West Midlands Police", "no trace", "CHRONOLOGY", "[masked:", "ledger"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing of %q is printed:\n%s", want, out)
		}
	}
	for path, mode := range map[string]os.FileMode{"": 0o700, "mashgate.log": 0o600, "profiles/sara.token": 0o600, "gateway": 0o700} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%q: %v, %v", path, info, err)
		}
	}
	t.Run("as JSON", func(t *testing.T) { demoAsJSON(t, dir) })
}

// demoAsJSON runs it again in the same folder. Standard output holds the picture and nothing else, and it shows what the demo promises.
func demoAsJSON(t *testing.T, dir string) {
	t.Helper()
	out, err := mashgate(t.Context(), "demo", "--json", "--data", dir, "--families", "5")
	if err != nil {
		t.Fatal(err)
	}
	var pic struct {
		Answers    []struct{ Organisation, Kind string }
		Chronology []struct{ Effect string }
		HeldBack   []struct{ Effect string }
	}
	if err := json.Unmarshal([]byte(out), &pic); err != nil {
		t.Fatalf("not JSON alone: %v\n%s", err, out)
	}
	answered, kinds, effects := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, a := range pic.Answers {
		kinds[a.Kind] = true
		answered[a.Organisation] = answered[a.Organisation] || a.Kind == "ANSWER_KIND_RECORDS"
	}
	for _, r := range slices.Concat(pic.Chronology, pic.HeldBack) {
		effects[r.Effect] = true
	}
	delete(answered, "hospital")
	if len(answered) < 6 || !kinds["ANSWER_KIND_NO_TRACE"] || !effects["EFFECT_PERMIT"] || !effects["EFFECT_REDACT"] || !effects["EFFECT_REVIEW"] {
		t.Errorf("answered %v, kinds %v, effects %v", answered, kinds, effects)
	}
}

// TestDemoRefusesAFolderOfOthers: it empties its folder, so it takes none that it did not make, and leaves all there as it was.
func TestDemoRefusesAFolderOfOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "thesis")
	mine, beside := write(t, filepath.Join(dir, "chapter-1.txt"), "years of work"), write(t, dir+".log", "a log of mine")
	if _, err := mashgate(t.Context(), "demo", "--once", "--data", dir); err == nil || !strings.Contains(err.Error(), "no demo made") {
		t.Errorf("it takes the folder: %v", err)
	}
	for path, want := range map[string]string{mine: "years of work", beside: "a log of mine"} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s is now %q, %v", path, got, err)
		}
	}
}

// site is a folder with everything that the sample configuration names.
type site struct {
	dir   string
	files map[string]peer.Files
}

// newSite makes the keys of a gateway; mark is that of their authority.
func newSite(t *testing.T, mark string) site {
	t.Helper()
	s := site{dir: t.TempDir(), files: map[string]peer.Files{}}
	authority, err := peer.NewAuthority(mark)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"machine", "grpc", "rest"} {
		material, err := authority.Issue(peer.Identity{Kind: peer.Gateway, Name: "coventry"}, "mash.example.gov.uk")
		if err != nil {
			t.Fatal(err)
		}
		if s.files[name], err = material.Write(s.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	signer, err := warrant.GenerateKey(warrant.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := warrant.EncodePrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.path("warrants.pem"), string(pem))
	signing, err := bundle.GenerateKey("coventry-ig-2026")
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.path("policy.pub"), string(signing.Public))
	write(t, s.path("hub.key"), base64.StdEncoding.EncodeToString(make([]byte, 32)))
	write(t, s.path("directory.yaml"), "people:\n  - {id: jsmith, role: social_worker, agency: children_services, "+
		"issuer: https://login.example.gov.uk/realms/mash, subject: '1'}\n")
	return s
}

func (s site) path(name string) string { return filepath.Join(s.dir, name) }

// config is the sample with the site's files put in, and then the changes.
func (s site) config(t *testing.T, changes ...string) string {
	t.Helper()
	text := strings.NewReplacer(
		"/var/lib/mashgate/mashgate.db", s.path("data/mashgate.db"), "/var/lib/mashgate-keys", s.path("keys"),
		"/etc/mashgate/hub.key", s.path("hub.key"), "/etc/mashgate/coventry/policy.pub", s.path("policy.pub"),
		"/etc/mashgate/coventry/warrants.pem", s.path("warrants.pem"),
		"/etc/mashgate/coventry/directory.yaml", s.path("directory.yaml"),
		"/etc/mashgate/tls/grpc.pem", s.files["grpc"].Certificate, "/etc/mashgate/tls/grpc.key", s.files["grpc"].Key,
		"/etc/mashgate/tls/services.pem", s.files["grpc"].Authority,
		"/etc/mashgate/tls/rest.pem", s.files["rest"].Certificate, "/etc/mashgate/tls/rest.key", s.files["rest"].Key,
		"/etc/mashgate/coventry/gateway.pem", s.files["machine"].Certificate, "/etc/mashgate/coventry/gateway.key", s.files["machine"].Key,
		"/etc/mashgate/coventry/authority.pem", s.files["machine"].Authority,
	).Replace(gateway.SampleConfig())
	for i := 0; i < len(changes); i += 2 {
		changed := strings.Replace(text, changes[i], changes[i+1], 1)
		if changed == text {
			t.Fatalf("the sample has no %q to change", changes[i])
		}
		text = changed
	}
	return write(t, filepath.Join(t.TempDir(), "mashgate.yaml"), text)
}

// TestTheSampleIsFine: what `config sample` prints, with its files made, is what a gateway can start with.
func TestTheSampleIsFine(t *testing.T) {
	printed, err := mashgate(t.Context(), "config", "sample")
	if err != nil || printed != gateway.SampleConfig() {
		t.Errorf("config sample prints something else: %v", err)
	}
	out, err := mashgate(t.Context(), "config", "check", "--config", newSite(t, "TEST").config(t))
	if err != nil || !strings.Contains(out, "fine; hub coventry, 2 organisations: [education police]; policy: default, then what is activated") {
		t.Errorf("%s%v", out, err)
	}
}

// TestRefusals: serve and config check refuse the same things, and say all of them at once.
func TestRefusals(t *testing.T) {
	clean, marked := newSite(t, "TEST"), newSite(t, peer.DemoMark)
	write(t, filepath.Join(clean.dir, "made-by-demo", "DEMO"), "")
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"unknown keys": {clean.config(t, "hubs:\n", "hubb: x\ndemo: true\nhubs:\n", "      algorithm: EdDSA", "      algorithm: EdDSA\n      secret: x"),
			[]string{"hubb", "demo", "secret"}},
		"plain HTTP and empty security fields": {
			clean.config(t, "certificate: "+clean.files["rest"].Certificate, `certificate: ""`,
				"key: "+clean.files["grpc"].Key, `key: ""`, "audience: mashgate", `audience: ""`, "address: 127.0.0.1:9090", "address: 0.0.0.0:9090"),
			[]string{"listen/rest/certificate", "listen/grpc/key", "issuers/0/audience", "listen/admin/address"},
		},
		"an issuer over HTTP, with a secret for a key": {
			clean.config(t, "https://login.example.gov.uk/realms/mash", "http://127.0.0.1:8080", "[ES256, RS256]", "[HS256]"),
			[]string{"http://127.0.0.1:8080", "is not HTTPS", "HS256", "directory/people/0/issuer"},
		},
		"a loopback issuer": {
			clean.config(t, "https://login.example.gov.uk", "https://localhost:8080"), []string{"https://localhost:8080", "this machine"},
		},
		"a demo's folder and key id": {
			clean.config(t, clean.path("data/mashgate.db"), clean.path("made-by-demo/gateway/mashgate.db"), "coventry-2026-11", "DEMO-1"),
			[]string{"data/database: is in a folder that a demo made", "warrants/key_id: is of a key that a demo made"},
		},
		"a demo's certificates": {marked.config(t), []string{"machine: the certificate was made by a demo", "listen: the certificate was made by a demo"}},
		"no files":              {clean.config(t, clean.path("hub.key"), clean.path("gone"), clean.path("warrants.pem"), clean.path("gone")), []string{"data/hub_key", "warrants/key"}},
		"another organisation":  {clean.config(t, "id: police", "id: polcie"), []string{"organisations/0/id"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, command := range [][]string{{"serve"}, {"config", "check"}} {
				_, err := mashgate(t.Context(), append(command, "--config", c.file)...)
				for _, want := range c.want {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%v does not say %q: %v", command, want, err)
					}
				}
			}
		})
	}
	if _, err := os.Stat(clean.path("data")); err == nil {
		t.Error("a gateway that was refused has made its data folder")
	}
}

// TestServe starts a gateway from a file and ends it as a service manager would.
func TestServe(t *testing.T) {
	s := newSite(t, "TEST")
	if err := os.Mkdir(s.path("data"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := s.config(t, "0.0.0.0:8443", "127.0.0.1:0", "0.0.0.0:443", "127.0.0.1:0", "127.0.0.1:9090", "127.0.0.1:0")
	p := startProcess(t, "serve", "--config", file)
	p.waitFor(t, `"msg":"listening"`)
	p.terminate(t)
}

func TestAgencyIsToldApart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	h, err := demo.Start(t.Context(), demo.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	text, err := os.ReadFile(agencyFile(dir, "police"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ organisation, text, want string }{
		"another name":     {"education", string(text), "is about police, not education"},
		"an unknown key":   {"police", string(text) + "colour: red\n", "colour"},
		"nothing in it":    {"police", "organisation: police\n", "warrant_keys is empty"},
		"another's papers": {"education", strings.Replace(string(text), "organisation: police", "organisation: education", 1), "it names mashgate://agency/police"},
	} {
		changed := write(t, filepath.Join(t.TempDir(), "agency.yaml"), c.text)
		if _, err := mashgate(t.Context(), "agency", c.organisation, "--config", changed); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, fmt.Sprint(err))
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out, err := mashgate(t.Context(), "completion", shell); err != nil || !strings.Contains(out, "mashgate") {
			t.Errorf("%s: %v", shell, err)
		}
	}
	out, err := mashgate(t.Context(), "__complete", "agency", "")
	if err != nil || !strings.Contains(out, "youth_justice") {
		t.Errorf("organisations are not offered: %v\n%s", err, out)
	}
}
