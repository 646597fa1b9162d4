// Package oidcprovider_test signs people in with a real OpenID Connect provider (npm oidc-provider) and holds authn to what such a
// provider really issues.
package oidcprovider_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
)

// install puts the pinned provider into a folder of the test's own.
func install(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			need(t, tool+" is not installed: install Node.js 20 or later with npm (Debian: apt-get install nodejs npm)")
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "provider.mjs"} {
		content, err := os.ReadFile(name)
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		need(t, "npm ci could not fetch oidc-provider; it needs an npm registry or a filled cache:\n"+string(out))
	}
	return dir
}

// need fails where the suite says that servers must be there (make test does), and says why it skips elsewhere.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MASHGATE_REQUIRE_SERVERS") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs the provider until the test ends and returns its issuer.
func start(t *testing.T) string {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", "provider.mjs")
	node.Dir = install(t)
	var complaints strings.Builder
	node.Stderr = &complaints
	out, err := node.StdoutPipe()
	check(t, err)
	check(t, node.Start())
	lines := bufio.NewReader(out)
	issuer, err := lines.ReadString('\n')
	if err != nil {
		_ = node.Wait()
		t.Fatalf("the provider did not start: %v\n%s", err, complaints.String())
	}
	t.Cleanup(func() {
		_ = node.Process.Kill()
		_ = node.Wait() // it was killed: that is its error
	})
	return strings.TrimSpace(issuer)
}

// tokens are what the provider issues.
type tokens struct {
	AccessToken string `json:"access_token"`
	IDToken     string `json:"id_token"`
}

const redirect = "http://127.0.0.1/signed-in"

// signIn goes the way of a browser: authorization code with PKCE, the provider's own pages for who it is and what is agreed to.
func signIn(t *testing.T, issuer, who string) tokens {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	verifier := strings.Repeat("a-verifier-of-the-test-", 3)
	digest := sha256.Sum256([]byte(verifier))
	page := get(t, browser, issuer+"/auth?"+url.Values{
		"client_id": {"console"}, "response_type": {"code"}, "scope": {"openid mash"}, "redirect_uri": {redirect},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])}, "code_challenge_method": {"S256"}, "resource": {"urn:mashgate"},
	}.Encode())
	page = post(t, browser, issuer+action(t, page), url.Values{"prompt": {"login"}, "login": {who}, "password": {"any"}})
	page = post(t, browser, issuer+action(t, page), url.Values{"prompt": {"consent"}})
	back, err := url.Parse(page.location)
	check(t, err)
	code := back.Query().Get("code")
	if code == "" {
		t.Fatalf("no code came back: %s", page.location)
	}
	answer := post(t, browser, issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "client_id": {"console"}, "code_verifier": {verifier},
		"resource": {"urn:mashgate"},
	})
	var issued tokens
	check(t, json.Unmarshal([]byte(answer.body), &issued))
	if issued.AccessToken == "" || issued.IDToken == "" {
		t.Fatalf("tokens are missing: %s", answer.body)
	}
	return issued
}

type page struct{ body, location string }

func get(t *testing.T, browser *http.Client, address string) page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	check(t, err)
	return read(t, browser, req)
}

func post(t *testing.T, browser *http.Client, address string, form url.Values) page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return read(t, browser, req)
}

func read(t *testing.T, browser *http.Client, req *http.Request) page {
	t.Helper()
	resp, err := browser.Do(req)
	check(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	if resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s: %d %s", req.URL.Path, resp.StatusCode, body)
	}
	return page{string(body), resp.Header.Get("Location")}
}

var formAction = regexp.MustCompile(`action="(?:http://[^/"]+)?(/interaction/[^"]+)"`)

func action(t *testing.T, p page) string {
	t.Helper()
	found := formAction.FindStringSubmatch(p.body)
	if found == nil {
		t.Fatalf("no form in:\n%s", p.body)
	}
	return found[1]
}

// people knows Sara.
type people struct{ issuer string }

func (p people) ByToken(_ context.Context, issuer, subject string) (directory.Person, error) {
	if issuer == p.issuer && subject == "sara" {
		return directory.Person{ID: "sara", Hub: "coventry", Role: "social_worker", Active: true}, nil
	}
	return directory.Person{}, errors.New("nobody else is known")
}

// TestARealProvider: its access tokens get in, its ID tokens do not, and a key it rotates to is found without a restart.
func TestARealProvider(t *testing.T) {
	issuer := start(t)
	now := &clock.Fake{}
	now.Set(time.Now())
	door, err := authn.New(authn.Config{
		People: people{issuer}, Clock: now, HTTP: http.DefaultClient, Demo: true,
		Issuers: []authn.Issuer{{URL: issuer, Audience: "mashgate", Algorithms: []string{"ES256"}, Hubs: []string{"coventry"}}},
	})
	check(t, err)
	call := func(token string) (authn.Principal, error) {
		md := metadata.Pairs("authorization", "Bearer "+token)
		return door.Authenticate(metadata.NewIncomingContext(t.Context(), md))
	}
	issued := signIn(t, issuer, "sara")
	who, err := call(issued.AccessToken)
	if err != nil || who.Kind != authn.Human || who.Person.ID != "sara" {
		t.Fatalf("principal %v, error %v; want Sara", who, err)
	}
	var refusal *fault.Error
	if _, err := call(issued.IDToken); !errors.As(err, &refusal) || refusal.Reason != "NOT_AN_ACCESS_TOKEN" {
		t.Errorf("the ID token: %v, want NOT_AN_ACCESS_TOKEN", err)
	}
	post(t, http.DefaultClient, issuer+"/rotate", nil)
	after := signIn(t, issuer, "sara")
	if kid(t, after.AccessToken) == kid(t, issued.AccessToken) {
		t.Fatal("the provider did not rotate its key")
	}
	if _, err := call(after.AccessToken); err != nil {
		t.Errorf("a token with the key rotated to: %v", err)
	}
	now.Advance(2 * time.Hour)
	if _, err := call(after.AccessToken); !errors.As(err, &refusal) || refusal.Reason != "TOKEN_EXPIRED" {
		t.Errorf("two hours later: %v, want TOKEN_EXPIRED", err)
	}
}

func kid(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(head)
	check(t, err)
	var header struct{ Kid string }
	check(t, json.Unmarshal(decoded, &header))
	return header.Kid
}
