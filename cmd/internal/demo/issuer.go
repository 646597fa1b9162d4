package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/mashgate/mashgate/internal/clock"
)

// tokenLife is how long a demo token lives.
const tokenLife = time.Hour

// audience is what demo tokens name; its mark tells anybody who meets one what it is.
const audience = "DEMO-mashgate"

// issuer is the demo's own OpenID provider: it publishes one key, marked DEMO, and hands out access tokens to the demo's made-up
// people without asking who they are. It listens on loopback only.
type issuer struct {
	url    string
	key    jwk.Key
	clock  clock.Clock
	server *http.Server
	done   chan error
}

func newIssuer(clk clock.Clock) (*issuer, error) {
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the demo issuer's key: %w", err)
	}
	key, err := jwk.Import(raw)
	if err != nil {
		return nil, fmt.Errorf("making the demo issuer's key: %w", err)
	}
	err = errors.Join(key.Set(jwk.KeyIDKey, "DEMO-"+rand.Text()), key.Set(jwk.AlgorithmKey, jwa.ES256()), key.Set(jwk.KeyUsageKey, "sig"))
	return &issuer{key: key, clock: clk, done: make(chan error, 1)}, err
}

// serve publishes discovery and the key until close is called.
func (i *issuer) serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the demo issuer: %w", err)
	}
	i.url = "http://" + listener.Addr().String()
	public, err := i.key.PublicKey()
	if err != nil {
		return fmt.Errorf("starting the demo issuer: %w", err)
	}
	set := jwk.NewSet()
	if err := set.AddKey(public); err != nil {
		return fmt.Errorf("starting the demo issuer: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{
			"issuer": i.url, "jwks_uri": i.url + "/jwks", "id_token_signing_alg_values_supported": []string{"ES256"},
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, set) })
	i.server = &http.Server{Handler: onlyHost(listener.Addr().String(), mux), ReadHeaderTimeout: 5 * time.Second}
	go func() { i.done <- i.server.Serve(listener) }()
	return nil
}

func (i *issuer) close(ctx context.Context) error {
	if err := i.server.Shutdown(ctx); err != nil {
		return fmt.Errorf("stopping the demo issuer: %w", err)
	}
	if err := <-i.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the demo issuer stopped: %w", err)
	}
	return nil
}

// token signs an access token (RFC 9068) for one of the demo's people.
func (i *issuer) token(subject string) (string, error) {
	now := i.clock.Now()
	claims, err := jwt.NewBuilder().Issuer(i.url).Subject(subject).Audience([]string{audience}).JwtID(rand.Text()).
		IssuedAt(now).NotBefore(now).Expiration(now.Add(tokenLife)).Claim("client_id", "DEMO").Build()
	if err != nil {
		return "", fmt.Errorf("making a demo token: %w", err)
	}
	headers := jws.NewHeaders()
	if err := headers.Set(jws.TypeKey, "at+jwt"); err != nil {
		return "", fmt.Errorf("making a demo token: %w", err)
	}
	token, err := jwt.Sign(claims, jwt.WithKey(jwa.ES256(), i.key, jws.WithProtectedHeaders(headers)))
	if err != nil {
		return "", fmt.Errorf("signing a demo token: %w", err)
	}
	return string(token), nil
}

// onlyHost refuses a request whose Host is another: a page elsewhere cannot rebind its name to this listener.
func onlyHost(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			http.Error(w, "this is a demo on "+host, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(http.ErrAbortHandler)
	}
}
