package gateway_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
)

const hub = "coventry"

// roles are every role of the hub; each has one person of the same name, and "stranger" is a social worker of another hub's issuer.
var roles = []string{
	"triage_worker", "social_worker", "team_manager", "partner_representative", "referrer", "ig_officer", "auditor", "administrator",
}

// world is a whole gateway on loopback, with its own issuer and authority.
type world struct {
	t         *testing.T
	issuer    *httptest.Server
	key       *ecdsa.PrivateKey
	authority *peer.Authority
	permits   crypto.Signer
	files     peer.Files // of the listener, its authority among them
	at        gateway.Addresses
	http      *http.Client
	logs      *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld starts a gateway; change alters its configuration first. It ends with the test.
func newWorld(t *testing.T, change ...func(*world, *gateway.Config)) *world {
	t.Helper()
	w := aside(t)
	c := w.config()
	for _, each := range change {
		each(w, &c)
	}
	ready := make(chan gateway.Addresses, 1)
	c.Ready = func(at gateway.Addresses) { ready <- at }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Run(ctx, c) }()
	select {
	case w.at = <-ready:
	case err := <-ended:
		cancel()
		t.Fatalf("the gateway did not start: %v", err)
	}
	t.Cleanup(func() {
		w.http.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(must(os.ReadFile(w.files.Authority))(t))
	w.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	return w
}

// aside is everything that a gateway needs around it.
func aside(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, logs: &lockedBuffer{}}
	w.key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	w.authority = must(peer.NewAuthority(peer.DemoMark))(t)
	w.serveIssuer()
	return w
}

// serveIssuer serves discovery and one key.
func (w *world) serveIssuer() {
	public := must(jwk.Import(w.key.Public()))(w.t)
	check(w.t, public.Set(jwk.KeyIDKey, "DEMO-1"))
	set := jwk.NewSet()
	check(w.t, set.AddKey(public))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(map[string]string{"issuer": w.issuer.URL, "jwks_uri": w.issuer.URL + "/jwks"})
	})
	mux.HandleFunc("GET /jwks", func(rw http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(rw).Encode(set) })
	w.issuer = httptest.NewServer(mux)
	w.t.Cleanup(w.issuer.Close)
}

// config is a demo's: its keys are made here. Everything else is as in service.
func (w *world) config() gateway.Config {
	t := w.t
	dir := t.TempDir()
	machine := must(must(w.authority.Issue(peer.Identity{Kind: peer.Gateway, Name: hub}, "127.0.0.1", "localhost"))(t).Write(filepath.Join(dir, "machine")))(t)
	w.files = machine
	hubKey := make([]byte, 32)
	_, _ = rand.Read(hubKey)
	secret := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, content, 0o600))
		return path
	}
	c := gateway.Defaults()
	c.Demo = true
	c.Data.Database, c.Data.Keys = filepath.Join(dir, "mashgate.db"), filepath.Join(dir, "keys")
	c.Data.HubKey = secret("hub.key", []byte(base64.StdEncoding.EncodeToString(hubKey)))
	c.Listen.GRPC.Address, c.Listen.REST.Address, c.Listen.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Listen.GRPC.Certificate, c.Listen.GRPC.Key, c.Listen.GRPC.ClientAuthority = machine.Certificate, machine.Key, machine.Authority
	c.Listen.REST.Certificate, c.Listen.REST.Key = machine.Certificate, machine.Key
	w.permits = must(warrant.GenerateKey(warrant.EdDSA))(t)
	h := gateway.Hub{ID: hub, Policy: gateway.Policy{Pack: gateway.DefaultPolicy}}
	h.Machine.Certificate, h.Machine.Key, h.Machine.Authority = machine.Certificate, machine.Key, machine.Authority
	h.Warrants.KeyID, h.Warrants.Algorithm = "DEMO-w", warrant.EdDSA
	h.Warrants.Key = secret("warrants.pem", must(warrant.EncodePrivateKey(w.permits))(t))
	c.Issuers = []gateway.Issuer{{URL: w.issuer.URL, Audience: "mashgate", Algorithms: []string{"ES256"}, Hubs: []string{hub}}}
	c.Services = []gateway.Service{{Name: "case_system", Hubs: []string{hub}}}
	// Nobody listens there: what organisations answer is tested elsewhere.
	h.Organisations = []gateway.Organisation{{ID: "police", Address: "127.0.0.1:1"}}
	c.Limits.CallsPerSecond, c.Limits.Burst = 1e6, 1e6
	for _, role := range roles {
		h.People = append(h.People, w.person(role, role))
	}
	h.People = append(h.People, w.person("second_referrer", "referrer"), w.person("second_worker", "social_worker"))
	c.Hubs = []gateway.Hub{h}
	c.Logger = slog.New(slog.NewJSONHandler(w.logs, nil))
	return c
}

func (w *world) person(id, role string) gateway.Person {
	agency := "children_services"
	if role == "partner_representative" {
		agency = "police"
	}
	return gateway.Person{
		ID: id, Role: role, Agency: agency, Issuer: w.issuer.URL, Subject: "sub-" + id, GivenName: "Test", FamilyName: "Of-" + id,
		DateOfBirth: "1980-01-31", Postcode: "ZZ99 9ZZ",
	}
}

// token is an access token of a person, an hour long.
func (w *world) token(id string) string {
	w.t.Helper()
	now := time.Now()
	header := jws.NewHeaders()
	check(w.t, header.Set("typ", "at+jwt"))
	check(w.t, header.Set("kid", "DEMO-1"))
	payload := must(json.Marshal(map[string]any{
		"iss": w.issuer.URL, "aud": "mashgate", "sub": "sub-" + id, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}))(w.t)
	return string(must(jws.Sign(payload, jws.WithKey(jwa.ES256(), w.key, jws.WithProtectedHeaders(header))))(w.t))
}

// as is a context with a person's token; nobody has none.
func (w *world) as(id string) context.Context {
	if id == "" {
		return w.t.Context()
	}
	return metadata.AppendToOutgoingContext(w.t.Context(), "authorization", "Bearer "+w.token(id))
}

// dial connects over TLS, with a machine's certificate if one is named.
func (w *world) dial(machine ...peer.Identity) *grpc.ClientConn {
	w.t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(must(os.ReadFile(w.files.Authority))(w.t))
	secure := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	for _, who := range machine {
		files := must(must(w.authority.Issue(who))(w.t).Write(w.t.TempDir()))(w.t)
		secure.Certificates = append(secure.Certificates, must(tls.LoadX509KeyPair(files.Certificate, files.Key))(w.t))
	}
	conn := must(grpc.NewClient(w.at.GRPC, grpc.WithTransportCredentials(credentials.NewTLS(secure))))(w.t)
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// answer is what REST answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%d: %v in %s", a.status, err, a.body)
	}
}

// problem is what a refusal says; a body that is no problem fails the test.
func (a answer) problem(t *testing.T) problem {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("%d with content type %q and %s, want a problem", a.status, got, a.body)
	}
	var p problem
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	check(t, decoder.Decode(&p))
	return p
}

type problem struct {
	Type, Title, Detail, Reason string
	Status                      int
	RequestID                   string `json:"request_id"`
	Fields                      []struct{ Name, Description string }
}

// rest makes one call; extra are headers in pairs. A body that is no string is written as JSON.
func (w *world) rest(who, method, path string, body any, extra ...string) answer {
	w.t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		content = bytes.NewReader(must(json.Marshal(body))(w.t))
	}
	req := must(http.NewRequestWithContext(w.t.Context(), method, "https://"+w.at.REST+path, content))(w.t)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+w.token(who))
	}
	for i := 0; i+1 < len(extra); i += 2 {
		if extra[i] == "Host" {
			req.Host = extra[i+1]
			continue
		}
		req.Header.Del(extra[i])
		if extra[i+1] != "" {
			req.Header.Set(extra[i], extra[i+1])
		}
	}
	resp := must(w.http.Do(req))(w.t)
	defer resp.Body.Close()
	return answer{status: resp.StatusCode, header: resp.Header, body: must(io.ReadAll(resp.Body))(w.t)}
}
