package authn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/internal/fault"
)

func TestANewKeyIsFetchedWhenATokenNamesIt(t *testing.T) {
	b := newBench(t)
	if _, err := b.call("Bearer " + b.good(t)); err != nil {
		t.Fatal(err)
	}
	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	b.publish(t, "next", next, nil)
	if _, err := b.call("Bearer " + sign(t, jwa.ES256(), next, header("next"), b.claims())); err != nil {
		t.Errorf("a token with the issuer's new key: %v", err)
	}
	if n := b.fetched.Load(); n != 2 {
		t.Errorf("the keys were fetched %d times, want 2", n)
	}
}

func TestAKeyThatTheIssuerHasWithdrawnGoes(t *testing.T) {
	b := newBench(t)
	token := b.good(t)
	if _, err := b.call("Bearer " + token); err != nil {
		t.Fatal(err)
	}
	b.keys = jwk.NewSet()
	b.clock.Advance(keysFresh + time.Second)
	if _, err := b.call("Bearer " + token); reason(err) != "UNKNOWN_KEY" {
		t.Errorf("error %v, want UNKNOWN_KEY", err)
	}
}

// TestMadeUpKeyIDsAreNotPassedOnToTheIssuer: a stranger must not make the gateway ask the issuer for each token.
func TestMadeUpKeyIDsAreNotPassedOnToTheIssuer(t *testing.T) {
	b := newBench(t)
	for i := range 50 {
		token := sign(t, jwa.ES256(), b.ec, header(fmt.Sprintf("made-up-%d", i)), b.claims())
		if _, err := b.call("Bearer " + token); reason(err) != "UNKNOWN_KEY" {
			t.Fatalf("error %v, want UNKNOWN_KEY", err)
		}
	}
	if n := b.fetched.Load(); n > refreshBurst {
		t.Errorf("the keys were fetched %d times for 50 made-up ids", n)
	}
	if _, err := b.call("Bearer " + b.good(t)); err != nil {
		t.Errorf("after that a good token is refused: %v", err)
	}
}

func TestAnIssuerThatIsDown(t *testing.T) {
	b := newBench(t)
	token := b.good(t)
	b.down.Store(true)
	_, err := b.call("Bearer " + token)
	var known *fault.Error
	if !errors.As(err, &known) || known.Code != codes.Unavailable {
		t.Fatalf("error %v, want unavailable: nothing is known about the token", err)
	}
	b.down.Store(false)
	if _, err := b.call("Bearer " + token); err != nil {
		t.Fatal(err)
	}
	b.down.Store(true)
	b.clock.Advance(keysFresh + time.Second)
	if _, err := b.call("Bearer " + token); err != nil {
		t.Errorf("keys known a quarter of an hour ago do not serve while the issuer is down: %v", err)
	}
	b.clock.Advance(keysStale)
	longer := sign(t, jwa.ES256(), b.ec, header("ec"), with(b.claims(), "exp", now.Add(24*time.Hour).Unix()))
	if _, err := b.call("Bearer " + longer); err == nil {
		t.Error("keys of hours ago still serve")
	}
}

func TestADiscoveryDocumentThatPointsElsewhere(t *testing.T) {
	for name, change := range map[string]func(*bench){
		"another issuer":    func(b *bench) { b.says = "https://evil.example" },
		"keys over HTTP":    func(b *bench) { b.jwks = "http://evil.example/jwks" },
		"keys from a file":  func(b *bench) { b.jwks = "file:///etc/passwd" },
		"keys from nowhere": func(b *bench) { b.jwks = "jwks" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			change(b)
			if _, err := b.call("Bearer " + b.good(t)); reason(err) != "ISSUER_UNAVAILABLE" {
				t.Errorf("error %v, want ISSUER_UNAVAILABLE", err)
			}
		})
	}
}

func TestDemoKeysAreForTheDemo(t *testing.T) {
	b := newBench(t)
	b.publish(t, "DEMO-1", b.ec, nil)
	token := sign(t, jwa.ES256(), b.ec, header("DEMO-1"), b.claims())
	if _, err := b.call("Bearer " + token); err != nil {
		t.Fatalf("the demo refuses its own key: %v", err)
	}
	strict := newIssuer(b.config.Issuers[0], Config{Clock: b.clock, HTTP: b.Client()})
	if _, err := strict.key(t.Context(), "DEMO-1"); !errors.Is(err, errDemoKey) {
		t.Errorf("error %v, want the demo key refused", err)
	}
	if _, err := strict.key(t.Context(), "demo-1"); !errors.Is(err, errDemoKey) {
		t.Errorf("error %v, want the demo key refused in any case", err)
	}
}

func TestIssuersThatNoGatewayStartsWith(t *testing.T) {
	good := Issuer{URL: "https://login.example", Audience: "mashgate", Algorithms: []string{"ES256"}, Hubs: []string{"coventry"}}
	if err := CheckIssuers([]Issuer{good}, false); err != nil {
		t.Fatalf("a good issuer is refused: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*Issuer)
		says   string
	}{
		"plain HTTP":      {func(i *Issuer) { i.URL = "http://login.example" }, "not HTTPS"},
		"localhost":       {func(i *Issuer) { i.URL = "https://localhost:8080" }, "this machine"},
		"a loopback":      {func(i *Issuer) { i.URL = "https://127.1.2.3" }, "this machine"},
		"the IPv6 one":    {func(i *Issuer) { i.URL = "https://[::1]" }, "this machine"},
		"any address":     {func(i *Issuer) { i.URL = "https://0.0.0.0" }, "this machine"},
		"below localhost": {func(i *Issuer) { i.URL = "https://x.LOCALHOST" }, "this machine"},
		"a password":      {func(i *Issuer) { i.URL = "https://a:b@login.example" }, "not an absolute URL"},
		"no URL":          {func(i *Issuer) { i.URL = "login" }, "not an absolute URL"},
		"no audience":     {func(i *Issuer) { i.Audience = "" }, "audience"},
		"no hubs":         {func(i *Issuer) { i.Hubs = nil }, "hubs"},
		"no algorithm":    {func(i *Issuer) { i.Algorithms = nil }, "algorithms"},
		"none":            {func(i *Issuer) { i.Algorithms = []string{"none"} }, "asymmetric"},
		"a symmetric one": {func(i *Issuer) { i.Algorithms = []string{"ES256", "HS256"} }, "asymmetric"},
		"an unknown one":  {func(i *Issuer) { i.Algorithms = []string{"ES257"} }, "asymmetric"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			c.change(&bad)
			if err := CheckIssuers([]Issuer{bad}, false); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
	if err := CheckIssuers([]Issuer{good, good}, false); err == nil {
		t.Error("an issuer may stand twice")
	}
	if err := CheckIssuers(nil, true); err == nil {
		t.Error("no issuer at all is accepted")
	}
	demo := good
	demo.URL = "http://127.0.0.1:1234"
	if err := CheckIssuers([]Issuer{demo}, true); err != nil {
		t.Errorf("the demo's own issuer is refused in the demo: %v", err)
	}
	demo.URL = "http://login.example"
	if err := CheckIssuers([]Issuer{demo}, true); err == nil {
		t.Error("the demo accepts plain HTTP from elsewhere")
	}
}
