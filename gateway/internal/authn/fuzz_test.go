package authn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
)

// FuzzToken: a string that nobody signed is nobody's token, whatever it looks like, and is refused in words of ours.
func FuzzToken(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	public, err := jwk.Import(key.Public())
	if err != nil {
		f.Fatal(err)
	}
	if err := public.Set(jwk.KeyIDKey, "k"); err != nil {
		f.Fatal(err)
	}
	set := jwk.NewSet()
	if err := set.AddKey(public); err != nil {
		f.Fatal(err)
	}
	config := Config{Clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
	from := newIssuer(Issuer{URL: "https://login.example", Audience: "mashgate", Algorithms: []string{"ES256"}, Hubs: []string{"coventry"}}, config)
	from.keys, from.fetched = set, config.Clock.Now() // so that nothing is fetched
	from.limiter.SetBurst(0)
	a := &Authenticator{config: config, issuers: map[string]*issuer{from.URL: from}}
	f.Add("eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.")
	f.Add("..")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		proof, err := a.verify(t.Context(), token)
		var known *fault.Error
		if !errors.As(err, &known) || proof.subject != "" {
			t.Errorf("%q proves %q with error %v", token, proof.subject, err)
		}
	})
}
