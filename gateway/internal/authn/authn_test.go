package authn

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
)

const audience = "mashgate"

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// provider is an issuer whose keys can be changed under way.
type provider struct {
	*httptest.Server
	keys    jwk.Set
	fetched atomic.Int32
	down    atomic.Bool
	says    string // the issuer in its discovery document; "" is the truth
	jwks    string // jwks_uri; "" is its own
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{keys: jwk.NewSet()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		if p.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		issuer, keys := p.says, p.jwks
		if issuer == "" {
			issuer = p.URL
		}
		if keys == "" {
			keys = p.URL + "/jwks"
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer, "jwks_uri": keys})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		p.fetched.Add(1)
		_ = json.NewEncoder(w).Encode(p.keys)
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// publish adds the public half of a key under an id.
func (p *provider) publish(t *testing.T, kid string, private crypto.Signer, set map[string]any) {
	t.Helper()
	key, err := jwk.Import(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	must(t, key.Set(jwk.KeyIDKey, kid))
	for name, value := range set {
		must(t, key.Set(name, value))
	}
	must(t, p.keys.AddKey(key))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// people are two people: Sara of Coventry, and Hal of another hub.
type people map[[2]string]directory.Person

func (p people) ByToken(_ context.Context, issuer, subject string) (directory.Person, error) {
	if subject == "broken" {
		return directory.Person{}, errors.New("the disk is on fire")
	}
	if found, ok := p[[2]string{issuer, subject}]; ok {
		return found, nil
	}
	return directory.Person{}, &fault.Error{Code: codes.Unauthenticated, Reason: "UNKNOWN_PERSON", Public: "nobody of that name"}
}

// bench is an authenticator with one provider and one key of each kind.
type bench struct {
	*provider
	clock  *clock.Fake
	ec     *ecdsa.PrivateKey
	rsa    *rsa.PrivateKey
	ed     ed25519.PrivateKey
	config Config
	authn  *Authenticator
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{provider: newProvider(t), clock: clock.NewFake(now)}
	var err error
	b.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	b.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	_, b.ed, err = ed25519.GenerateKey(rand.Reader)
	must(t, err)
	b.publish(t, "ec", b.ec, nil)
	b.publish(t, "rsa", b.rsa, nil)
	b.publish(t, "ed", b.ed, nil)
	b.publish(t, "enc", b.rsa, map[string]any{jwk.KeyUsageKey: "enc"})
	b.publish(t, "other-alg", b.ec, map[string]any{jwk.AlgorithmKey: jwa.ES384()})
	b.config = Config{
		Clock: b.clock, HTTP: b.Client(), Demo: true,
		Issuers: []Issuer{{URL: b.URL, Audience: audience, Algorithms: []string{"ES256", "RS256"}, Hubs: []string{"coventry"}}},
		People: people{
			{b.URL, "sara"}: {ID: "p-sara", Hub: "coventry", Role: "social_worker", Agency: "children_services", Active: true},
			{b.URL, "hal"}:  {ID: "p-hal", Hub: "elsewhere", Role: "social_worker", Agency: "children_services", Active: true},
		},
	}
	b.authn, err = New(b.config)
	must(t, err)
	return b
}

// claims are those of a good token.
func (b *bench) claims() map[string]any {
	return map[string]any{
		"iss": b.URL, "aud": audience, "sub": "sara", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"jti": "1", "client_id": "console",
	}
}

// sign makes a token by hand, so that it can be wrong in every way.
func sign(t *testing.T, alg jwa.SignatureAlgorithm, key any, header, claims map[string]any) string {
	t.Helper()
	protected := jws.NewHeaders()
	for name, value := range header {
		must(t, protected.Set(name, value))
	}
	payload, err := json.Marshal(claims)
	must(t, err)
	signed, err := jws.Sign(payload, jws.WithKey(alg, key, jws.WithProtectedHeaders(protected)))
	must(t, err)
	return string(signed)
}

func header(kid string) map[string]any { return map[string]any{"typ": "at+jwt", "kid": kid} }

func with(m map[string]any, name string, value any) map[string]any {
	if value == nil {
		delete(m, name)
	} else {
		m[name] = value
	}
	return m
}

func (b *bench) call(authorization ...string) (Principal, error) {
	md := metadata.MD{}
	md.Append("authorization", authorization...)
	return b.authn.Authenticate(metadata.NewIncomingContext(context.Background(), md))
}

func (b *bench) good(t *testing.T) string {
	t.Helper()
	return sign(t, jwa.ES256(), b.ec, header("ec"), b.claims())
}

func reason(err error) string {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known.Reason
	}
	return ""
}

func TestAGoodTokenIsThePersonOfTheDirectory(t *testing.T) {
	b := newBench(t)
	for name, token := range map[string]string{
		"ES256":               b.good(t),
		"RS256":               sign(t, jwa.RS256(), b.rsa, header("rsa"), b.claims()),
		"application/at+jwt":  sign(t, jwa.ES256(), b.ec, with(header("ec"), "typ", "application/at+jwt"), b.claims()),
		"several audiences":   sign(t, jwa.ES256(), b.ec, header("ec"), with(b.claims(), "aud", []string{"x", audience})),
		"expired within skew": sign(t, jwa.ES256(), b.ec, header("ec"), with(b.claims(), "exp", now.Add(-20*time.Second).Unix())),
		"claims a role":       sign(t, jwa.ES256(), b.ec, header("ec"), with(with(b.claims(), "role", "administrator"), "hub", "elsewhere")),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := b.call("Bearer " + token)
			if err != nil {
				t.Fatal(err)
			}
			if got.Kind != Human || got.Role() != "social_worker" || !slices.Equal(got.Hubs, []string{"coventry"}) || got.ID() != "hubs/coventry/people/p-sara" {
				t.Errorf("principal %v %q, want Sara as a social worker of Coventry", got.Kind, got.ID())
			}
		})
	}
}

// TestTokenAttacks is every token that must not get in, each with the reason it is told.
func TestTokenAttacks(t *testing.T) {
	b := newBench(t)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	publicRSA, err := x509.MarshalPKIXPublicKey(b.rsa.Public())
	must(t, err)
	strangerJWK, err := jwk.Import(stranger.Public())
	must(t, err)
	part := func(v any) string {
		encoded, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(encoded)
	}
	good := b.good(t)
	parts := strings.Split(good, ".")
	es := func(h, c map[string]any) string { return sign(t, jwa.ES256(), b.ec, h, c) }
	for name, attack := range map[string]struct{ token, reason string }{
		"alg none":                      {part(map[string]string{"alg": "none", "typ": "at+jwt", "kid": "ec"}) + "." + part(b.claims()) + ".", "BAD_"},
		"alg None":                      {part(map[string]string{"alg": "None", "typ": "at+jwt", "kid": "ec"}) + "." + part(b.claims()) + ".", "BAD_"},
		"HS256 with the public key":     {sign(t, jwa.HS256(), publicRSA, header("rsa"), b.claims()), "BAD_ALGORITHM"},
		"an algorithm not allowed":      {sign(t, jwa.EdDSA(), b.ed, header("ed"), b.claims()), "BAD_ALGORITHM"},
		"a key for another algorithm":   {es(header("other-alg"), b.claims()), "BAD_TOKEN"},
		"a key for encryption":          {sign(t, jwa.RS256(), b.rsa, header("enc"), b.claims()), "BAD_TOKEN"},
		"EC header, RSA key":            {es(header("rsa"), b.claims()), "BAD_TOKEN"},
		"a stranger's key":              {sign(t, jwa.ES256(), stranger, header("ec"), b.claims()), "BAD_TOKEN"},
		"unknown kid":                   {es(header("nobody"), b.claims()), "UNKNOWN_KEY"},
		"no kid":                        {es(with(header("ec"), "kid", nil), b.claims()), "BAD_TOKEN"},
		"a key in the header (jwk)":     {sign(t, jwa.ES256(), stranger, with(header("ec"), "jwk", strangerJWK), b.claims()), "BAD_TOKEN"},
		"a pointer to a key (jku)":      {es(with(header("ec"), "jku", b.URL+"/jwks"), b.claims()), "BAD_TOKEN"},
		"a pointer to a cert (x5u)":     {es(with(header("ec"), "x5u", b.URL+"/x"), b.claims()), "BAD_TOKEN"},
		"critical extensions":           {es(with(with(header("ec"), "crit", []string{"x"}), "x", 1), b.claims()), "BAD_TOKEN"},
		"an ID token":                   {es(with(header("ec"), "typ", "JWT"), with(b.claims(), "nonce", "n")), "NOT_AN_ACCESS_TOKEN"},
		"no type":                       {es(with(header("ec"), "typ", nil), b.claims()), "NOT_AN_ACCESS_TOKEN"},
		"a logout token":                {es(with(header("ec"), "typ", "logout+jwt"), b.claims()), "NOT_AN_ACCESS_TOKEN"},
		"another issuer":                {es(header("ec"), with(b.claims(), "iss", "https://evil.example")), "UNKNOWN_ISSUER"},
		"the issuer with a slash":       {es(header("ec"), with(b.claims(), "iss", b.URL+"/")), "UNKNOWN_ISSUER"},
		"no issuer":                     {es(header("ec"), with(b.claims(), "iss", nil)), "UNKNOWN_ISSUER"},
		"another audience":              {es(header("ec"), with(b.claims(), "aud", "payroll")), "WRONG_AUDIENCE"},
		"no audience":                   {es(header("ec"), with(b.claims(), "aud", nil)), "WRONG_AUDIENCE"},
		"expired":                       {es(header("ec"), with(b.claims(), "exp", now.Add(-time.Minute).Unix())), "TOKEN_EXPIRED"},
		"no end":                        {es(header("ec"), with(b.claims(), "exp", nil)), "BAD_TOKEN"},
		"not yet":                       {es(header("ec"), with(b.claims(), "nbf", now.Add(time.Minute).Unix())), "BAD_TOKEN"},
		"issued in the future":          {es(header("ec"), with(b.claims(), "iat", now.Add(time.Minute).Unix())), "BAD_TOKEN"},
		"no time of issue":              {es(header("ec"), with(b.claims(), "iat", nil)), "BAD_TOKEN"},
		"no subject":                    {es(header("ec"), with(b.claims(), "sub", nil)), "BAD_TOKEN"},
		"an empty subject":              {es(header("ec"), with(b.claims(), "sub", "")), "BAD_TOKEN"},
		"a subject nobody knows":        {es(header("ec"), with(b.claims(), "sub", "mallory")), "UNKNOWN_PERSON"},
		"a subject in other case":       {es(header("ec"), with(b.claims(), "sub", "Sara")), "UNKNOWN_PERSON"},
		"somebody of another hub":       {es(header("ec"), with(b.claims(), "sub", "hal")), "ISSUER_NOT_BOUND"},
		"an altered payload":            {parts[0] + "." + part(with(b.claims(), "sub", "hal")) + "." + parts[2], "BAD_TOKEN"},
		"an altered header":             {part(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": "ec", "x": "y"}) + "." + parts[1] + "." + parts[2], "BAD_TOKEN"},
		"a cut signature":               {good[:len(good)-4], "BAD_TOKEN"},
		"no signature":                  {parts[0] + "." + parts[1] + ".", "BAD_TOKEN"},
		"two parts":                     {parts[0] + "." + parts[1], "BAD_TOKEN"},
		"JSON serialisation":            {`{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`, "BAD_TOKEN"},
		"nonsense":                      {"nonsense", "BAD_TOKEN"},
		"a token of 20,000 bytes":       {strings.Repeat("a", 20_000), "BAD_TOKEN"},
		"a good one and something else": {good + " " + good, "BAD_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := b.call("Bearer " + attack.token)
			var known *fault.Error
			if !errors.As(err, &known) || known.Code != codes.Unauthenticated {
				t.Fatalf("principal %v, error %v; want it refused as unauthenticated", got, err)
			}
			if !strings.HasPrefix(known.Reason, attack.reason) {
				t.Errorf("reason %s, want %s", known.Reason, attack.reason)
			}
			if got.Kind == Human {
				t.Error("a refused token still names a person")
			}
			if strings.Contains(known.Public, attack.token) {
				t.Error("the refusal repeats the token")
			}
		})
	}
}

func TestAuthorizationThatIsNoBearerToken(t *testing.T) {
	b := newBench(t)
	good := b.good(t)
	for name, values := range map[string][]string{
		"basic":         {"Basic c2FyYTpzYXJh"},
		"no scheme":     {good},
		"empty":         {""},
		"bearer alone":  {"Bearer"},
		"bearer, empty": {"Bearer  "},
		"two":           {"Bearer " + good, "Bearer " + good},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := b.call(values...); reason(err) != "BAD_AUTHORIZATION" {
				t.Errorf("principal %v, error %v; want BAD_AUTHORIZATION", got, err)
			}
		})
	}
	if got, err := b.call("bearer " + good); err != nil || got.Kind != Human {
		t.Errorf("the scheme in other case: %v, %v", got, err)
	}
}

func TestNoCredentialIsNobody(t *testing.T) {
	b := newBench(t)
	got, err := b.authn.Authenticate(context.Background())
	if err != nil || got.Kind != None || got.ID() != "" || len(got.Hubs) != 0 {
		t.Errorf("principal %v, error %v; want nobody", got, err)
	}
	if _, err := Requester(NewContext(context.Background(), got)); reason(err) != "PERSON_REQUIRED" {
		t.Errorf("nobody is a requester: %v", err)
	}
	if _, err := Requester(context.Background()); reason(err) != "PERSON_REQUIRED" {
		t.Errorf("a context that never went through the door has a requester: %v", err)
	}
}

func TestADirectoryThatCannotBeReadIsNotARefusal(t *testing.T) {
	b := newBench(t)
	_, err := b.call("Bearer " + sign(t, jwa.ES256(), b.ec, header("ec"), with(b.claims(), "sub", "broken")))
	var known *fault.Error
	if !errors.As(err, &known) || known.Code != codes.Unavailable || strings.Contains(known.Public, "fire") {
		t.Errorf("error %v, want unavailable without the cause's words", err)
	}
}
