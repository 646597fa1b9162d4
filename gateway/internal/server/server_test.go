package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// canary stands for person data: it must be in no answer, log or trace.
const canary = "Canaryton"

// episodes answers GetEpisode as a test tells it to.
type episodes struct {
	mashgatev1.UnimplementedEpisodeServiceServer
	get func() (*mashgatev1.Episode, error)
}

func (e *episodes) GetEpisode(context.Context, *mashgatev1.GetEpisodeRequest) (*mashgatev1.Episode, error) {
	return e.get()
}

// people are one for each role, by the role's name.
type people struct{}

func (people) ByToken(_ context.Context, _, subject string) (directory.Person, error) {
	return directory.Person{ID: subject, Hub: "coventry", Role: subject, Active: true}, nil
}

// bench is a door with nothing behind it but episodes.
type bench struct {
	t        *testing.T
	episodes *episodes
	ledger   *ledger.Ledger
	broken   atomic.Bool // the store cannot commit
	logs     *logBuffer
	spans    *tracetest.InMemoryExporter
	issuer   *httptest.Server
	key      *ecdsa.PrivateKey
	rest     string
	admin    string
	grpc     *grpc.ClientConn
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, logs: &logBuffer{}, spans: tracetest.NewInMemoryExporter(), episodes: &episodes{}}
	b.serveIssuer()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "db"), Fault: func(store.Point) error {
		if b.broken.Load() {
			return errors.New("the disk is full of " + canary)
		}
		return nil
	}})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	b.ledger = ledger.New(db, seal.NewPlainForTest(t), clock.System{})
	revision, err := policy.Compile(t.Context(), rules.FS, policy.CompileOptions{})
	check(t, err)
	point := policy.NewPoint()
	check(t, point.Activate("coventry", revision))
	door, err := authn.New(authn.Config{
		People: people{}, Clock: clock.System{}, HTTP: http.DefaultClient, Demo: true,
		Issuers: []authn.Issuer{{URL: b.issuer.URL, Audience: "mashgate", Algorithms: []string{"ES256"}, Hubs: []string{"coventry"}}},
	})
	check(t, err)
	server, err := New(t.Context(), Config{
		Hubs: []string{"coventry"}, Authenticator: door, Policy: point, DB: db, Ledger: b.ledger, Registry: prometheus.NewRegistry(),
		Limits: Limits{CallsPerSecond: 1e6, Burst: 1e6, BodyBytes: 1 << 20}, Hosts: []string{"127.0.0.1"},
		Tracer: sdktrace.NewTracerProvider(sdktrace.WithSyncer(b.spans)), Log: slog.New(slog.NewJSONHandler(b.logs, nil)),
		Services: Services{
			Episodes: b.episodes, Information: mashgatev1.UnimplementedInformationServiceServer{},
			Directory: mashgatev1.UnimplementedDirectoryServiceServer{}, Ledger: ledgerv1.UnimplementedLedgerServiceServer{},
			Policy: policyv1.UnimplementedPolicyServiceServer{},
		},
	})
	check(t, err)
	b.serve(server)
	return b
}

func (b *bench) serve(server *Server) {
	listen := func() net.Listener {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(b.t, err)
		return listener
	}
	on := Listeners{GRPC: listen(), REST: listen(), Admin: listen()}
	b.rest, b.admin = "http://"+on.REST.Addr().String(), "http://"+on.Admin.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, on) }()
	var err error
	b.grpc, err = grpc.NewClient(on.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(b.t, err)
	b.t.Cleanup(func() {
		check(b.t, b.grpc.Close())
		http.DefaultClient.CloseIdleConnections()
		cancel()
		check(b.t, <-ended)
	})
}

func (b *bench) serveIssuer() {
	var err error
	b.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(b.t, err)
	public, err := jwk.Import(b.key.Public())
	check(b.t, err)
	check(b.t, public.Set(jwk.KeyIDKey, "k"))
	set := jwk.NewSet()
	check(b.t, set.AddKey(public))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": b.issuer.URL, "jwks_uri": b.issuer.URL + "/jwks"})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(set) })
	b.issuer = httptest.NewServer(mux)
	b.t.Cleanup(b.issuer.Close)
}

func (b *bench) token(role string) string {
	b.t.Helper()
	header := jws.NewHeaders()
	check(b.t, errors.Join(header.Set("typ", "at+jwt"), header.Set("kid", "k")))
	payload, err := json.Marshal(map[string]any{
		"iss": b.issuer.URL, "aud": "mashgate", "sub": role, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	check(b.t, err)
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256(), b.key, jws.WithProtectedHeaders(header)))
	check(b.t, err)
	return "Bearer " + string(signed)
}

// get makes one REST call; extra are headers in pairs.
func (b *bench) get(role, address string, extra ...string) (*http.Response, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	check(b.t, err)
	if role != "" {
		req.Header.Set("Authorization", b.token(role))
	}
	for i := 0; i+1 < len(extra); i += 2 {
		req.Header.Set(extra[i], extra[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	check(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(b.t, err)
	return resp, string(body)
}

const episodePath = "/v1/hubs/coventry/episodes/e1"

func (b *bench) call(role string) error {
	ctx := metadata.AppendToOutgoingContext(b.t.Context(), "authorization", b.token(role))
	_, err := mashgatev1.NewEpisodeServiceClient(b.grpc).GetEpisode(ctx, &mashgatev1.GetEpisodeRequest{Name: "hubs/coventry/episodes/e1"})
	return err
}

// TestNoErrorTextEscapes: whatever a handler returns or panics with, the caller reads only what was written for callers, over both
// transports, and the log holds nothing of it.
func TestNoErrorTextEscapes(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		fails func() (*mashgatev1.Episode, error)
		code  codes.Code
		http  int
	}{
		"an error":           {func() (*mashgatev1.Episode, error) { return nil, errors.New(canary) }, codes.Internal, 500},
		"a status of a peer": {func() (*mashgatev1.Episode, error) { return nil, status.Error(codes.NotFound, canary) }, codes.Internal, 500},
		"a panic":            {func() (*mashgatev1.Episode, error) { panic(canary) }, codes.Internal, 500},
		"a cause": {func() (*mashgatev1.Episode, error) {
			return nil, fault.Unavailable("DOWN", "a part is down", errors.New(canary))
		}, codes.Unavailable, 503},
		"a cancelled context": {func() (*mashgatev1.Episode, error) { return nil, context.Canceled }, codes.Canceled, 499},
		"a deadline":          {func() (*mashgatev1.Episode, error) { return nil, context.DeadlineExceeded }, codes.DeadlineExceeded, 504},
		"a refusal":           {func() (*mashgatev1.Episode, error) { return nil, fault.Precondition("CLOSED", "it is closed") }, codes.FailedPrecondition, 409},
	} {
		t.Run(name, func(t *testing.T) {
			b.episodes.get = c.fails
			err := b.call("team_manager")
			if status.Code(err) != c.code || strings.Contains(err.Error(), canary) {
				t.Errorf("over gRPC: %v, want %v", err, c.code)
			}
			resp, body := b.get("team_manager", b.rest+episodePath)
			if resp.StatusCode != c.http || strings.Contains(body, canary) {
				t.Errorf("over REST: %d %s, want %d", resp.StatusCode, body, c.http)
			}
		})
	}
	if strings.Contains(b.logs.String(), canary) {
		t.Errorf("the log repeats it: %s", b.logs.String())
	}
	if !strings.Contains(b.logs.String(), `"msg":"panic"`) {
		t.Error("the panic is not in the log")
	}
}

// TestNoRecordNoAnswer: a call that is denied while the ledger cannot be written is not denied but unavailable: no decision leaves
// without its record.
func TestNoRecordNoAnswer(t *testing.T) {
	b := newBench(t)
	if err := b.call("auditor"); status.Code(err) != codes.PermissionDenied {
		t.Fatalf("%v, want PermissionDenied", err)
	}
	b.broken.Store(true)
	if err := b.call("auditor"); status.Code(err) != codes.Unavailable {
		t.Errorf("%v, want Unavailable", err)
	}
	resp, body := b.get("auditor", b.rest+episodePath)
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "LEDGER_UNAVAILABLE") || resp.Header.Get("Retry-After") == "" {
		t.Errorf("over REST: %d %s", resp.StatusCode, body)
	}
	b.broken.Store(false)
	entries, err := b.ledger.List(t.Context(), ledger.Query{Hub: "coventry", Limit: 10})
	check(t, err)
	if len(entries) != 1 || entries[0].Kind != ledger.KindCallDenied {
		t.Errorf("the ledger holds %v, want the one denial that was answered", entries)
	}
}

// TestTracesStartHere: a caller's trace is not gone on with, its baggage does not come in, and spans name method and outcome only.
func TestTracesStartHere(t *testing.T) {
	b := newBench(t)
	b.episodes.get = func() (*mashgatev1.Episode, error) { return &mashgatev1.Episode{Etag: "v1"}, nil }
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	resp, _ := b.get("team_manager", b.rest+episodePath+"?", "traceparent", "00-"+theirs+"-00f067aa0ba902b7-01", "baggage", "child="+canary)
	ours := resp.Header.Get("traceparent")
	if ours == "" || strings.Contains(ours, theirs) {
		t.Errorf("traceparent %q, want one of our own", ours)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", b.token("team_manager"),
		"traceparent", "00-"+theirs+"-00f067aa0ba902b7-01", "baggage", "child="+canary)
	_, err := mashgatev1.NewEpisodeServiceClient(b.grpc).GetEpisode(ctx, &mashgatev1.GetEpisodeRequest{Name: "hubs/coventry/episodes/e1"})
	check(t, err)
	spans := b.spansAtLeast(4) // REST, mux to server, server; and gRPC
	for _, span := range spans {
		if span.SpanContext.TraceID().String() == theirs {
			t.Errorf("the span %s goes on with the caller's trace", span.Name)
		}
		for _, each := range span.Attributes {
			if each.Value.Type() == attribute.STRING && strings.Contains(each.Value.AsString(), canary) {
				t.Errorf("the span %s holds %s", span.Name, each.Key)
			}
		}
	}
}

// spansAtLeast waits for spans: a server ends its span after the answer has left.
func (b *bench) spansAtLeast(n int) tracetest.SpanStubs {
	b.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for {
		if spans := b.spans.GetSpans(); len(spans) >= n {
			return spans
		}
		select {
		case <-tick.C:
		case <-deadline:
			b.t.Fatalf("%d spans, want %d", len(b.spans.GetSpans()), n)
		}
	}
}

// TestRequestIDs: a caller's UUID is kept, anything else is replaced, because it would come into the log.
func TestRequestIDs(t *testing.T) {
	b := newBench(t)
	b.episodes.get = func() (*mashgatev1.Episode, error) { return &mashgatev1.Episode{}, nil }
	const theirs = "6f1b1a3e-3b0e-4a53-9a0c-7d4f0d6f2a11"
	if resp, _ := b.get("team_manager", b.rest+episodePath, "X-Request-Id", theirs); resp.Header.Get("X-Request-Id") != theirs {
		t.Errorf("request id %q, want %q", resp.Header.Get("X-Request-Id"), theirs)
	}
	if resp, _ := b.get("team_manager", b.rest+episodePath, "X-Request-Id", canary); resp.Header.Get("X-Request-Id") == canary {
		t.Error("a request id that is no UUID is kept")
	}
	if !strings.Contains(b.logs.String(), theirs) || strings.Contains(b.logs.String(), canary) {
		t.Errorf("log %s", b.logs.String())
	}
}

func TestTheInterfaceIsDescribedAndCanBeTried(t *testing.T) {
	b := newBench(t)
	for path, want := range map[string]struct{ media, holds string }{
		"/openapi.json": {"application/json", `"openapi": "3.1.0"`},
		"/openapi.yaml": {"application/yaml", "openapi: 3.1.0"},
		"/docs":         {"text/html", "swagger-ui"},
		"/docs/":        {"text/html", "/openapi.json"},
	} {
		resp, body := b.get("", b.rest+path)
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), want.media) || !strings.Contains(body, want.holds) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
	resp, body := b.get("", b.rest+"/docs/swagger-ui-bundle.js")
	if resp.StatusCode != http.StatusOK || len(body) < 1<<16 {
		t.Errorf("the page's script: %d, %d bytes", resp.StatusCode, len(body))
	}
	if page, _ := b.get("", b.rest+"/docs/"); !strings.Contains(page.Header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Error("the page may load from elsewhere")
	}
}

func TestTheAdminPort(t *testing.T) {
	b := newBench(t)
	b.episodes.get = func() (*mashgatev1.Episode, error) { return &mashgatev1.Episode{}, nil }
	check(t, b.call("team_manager"))
	for path, holds := range map[string]string{
		"/livez": "alive", "/readyz": "serving", "/debug/pprof/": "goroutine",
		"/metrics": `mashgate_calls_total{code="OK",method="/mashgate.v1.EpisodeService/GetEpisode"} 1`,
	} {
		if resp, body := b.get("", b.admin+path); resp.StatusCode != http.StatusOK || !strings.Contains(body, holds) {
			t.Errorf("%s: %d, want it to hold %s", path, resp.StatusCode, holds)
		}
	}
	if resp, _ := b.get("", b.rest+"/metrics"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("metrics on the port for people: %d", resp.StatusCode)
	}
}

func TestNothingIsServedWithAPartMissing(t *testing.T) {
	_, err := New(t.Context(), Config{})
	for _, part := range []string{"hubs", "authenticator", "policy", "database", "ledger", "registry", "tracer", "log", "limits", "services"} {
		if err == nil || !strings.Contains(err.Error(), part+" missing") {
			t.Errorf("error %v does not say that %s is missing", err, part)
		}
	}
}
