package warrant_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
)

const issuer = "https://gateway.test"

var (
	now     = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	gateway = peer.Identity{Kind: peer.Gateway, Name: "coventry"}
	body    = []byte("a body")
)

func locate() warrant.Claims {
	return warrant.Claims{
		Audience: "police", Hub: "coventry", Request: "r1", Leg: "l1", Attempt: 1, Method: warrant.Locate, BodyDigest: warrant.Digest(body),
		Purpose: "safeguarding_children", Basis: "s47", RequesterRole: "social_worker",
		Subjects: []warrant.Subject{{ID: "s1", Role: "index_child", Child: true}},
	}
}

func collect() warrant.Claims {
	c := locate()
	c.Method, c.BodyDigest, c.Constraints = warrant.Collect, "", json.RawMessage(`[{"category":"pol.involvement"}]`)
	return c
}

// collectTold is a Collect that comes with a body.
func collectTold() warrant.Claims {
	c := collect()
	c.BodyDigest = warrant.Digest(body)
	return c
}

// rig is a gateway and an agency that believes two of its keys.
type rig struct {
	clock    *clock.Fake
	keys     map[string]crypto.Signer
	minter   *warrant.Minter
	verifier *warrant.Verifier
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{clock: clock.NewFake(now), keys: map[string]crypto.Signer{}}
	known := map[string]warrant.Key{}
	for id, alg := range map[string]string{"ed": warrant.EdDSA, "es": warrant.ES256} {
		key, err := warrant.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		r.keys[id], known[id] = key, warrant.Key{Algorithm: alg, Public: key.Public()}
	}
	r.minter = r.mints(t, "ed", warrant.EdDSA, issuer)
	var err error
	r.verifier, err = warrant.NewVerifier(warrant.VerifierConfig{Keys: known, Issuer: issuer, Audience: "police", Clock: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) mints(t testing.TB, kid, alg, from string) *warrant.Minter {
	t.Helper()
	m, err := warrant.NewMinter(warrant.MinterConfig{KeyID: kid, Algorithm: alg, Key: r.keys[kid], Issuer: from, Gateway: gateway, Clock: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mint(t testing.TB, m *warrant.Minter, c warrant.Claims) string {
	t.Helper()
	token, err := m.Mint(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func want(method string) warrant.Want {
	w := warrant.Want{Method: method, PeerSAN: gateway.SAN()}
	if method == warrant.Locate {
		w.Body = body
	}
	return w
}

func TestAccepted(t *testing.T) {
	r := newRig(t)
	for name, m := range map[string]*warrant.Minter{"EdDSA": r.minter, "ES256": r.mints(t, "es", warrant.ES256, issuer)} {
		for _, claims := range []warrant.Claims{locate(), collect(), collectTold()} {
			asked := want(claims.Method)
			if claims.BodyDigest != "" {
				asked.Body = body
			}
			got, err := r.verifier.Verify(mint(t, m, claims), asked)
			if err != nil {
				t.Fatalf("%s %s: %v", name, claims.Method, err)
			}
			if got.ID == "" || got.Expires-got.IssuedAt != 120 {
				t.Errorf("%s: id %q, lives %d seconds", name, got.ID, got.Expires-got.IssuedAt)
			}
			claims.ID, claims.Issuer, claims.Gateway, claims.IssuedAt, claims.Expires = got.ID, issuer, gateway.SAN(), now.Unix(), got.Expires
			if diff := cmp.Diff(claims, got); diff != "" {
				t.Errorf("%s: claims (-minted +verified):\n%s", name, diff)
			}
		}
	}
}

func TestEachWarrantHasItsOwnID(t *testing.T) {
	r := newRig(t)
	seen := map[string]bool{}
	for range 100 {
		claims, err := r.verifier.Verify(mint(t, r.minter, locate()), want(warrant.Locate))
		if err != nil || seen[claims.ID] {
			t.Fatalf("id %q again, or %v", claims.ID, err)
		}
		seen[claims.ID] = true
	}
}

// forge signs any header and payload with the rig's key, which the library's own minter would never do.
func (r *rig) forge(t testing.TB, header map[string]any, payload string) string {
	t.Helper()
	headers := jws.NewHeaders()
	for name, value := range header {
		if name == "alg" {
			continue
		}
		if err := headers.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	token, err := jws.Sign([]byte(payload), jws.WithKey(jwa.EdDSA(), r.keys["ed"], jws.WithProtectedHeaders(headers)))
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

func part(token string, i int) string { return strings.Split(token, ".")[i] }

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func decode(t testing.TB, s string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// respelt changes the bits of the last character that no byte of the signature uses.
func respelt(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])+1])
}

func TestRefused(t *testing.T) {
	r := newRig(t)
	good := mint(t, r.minter, locate())
	payload := decode(t, part(good, 1))
	stranger := newRig(t)
	public, err := jwk.Import(r.keys["ed"].Public())
	if err != nil {
		t.Fatal(err)
	}
	header := func(more map[string]any) map[string]any {
		h := map[string]any{"kid": "ed", "typ": "mashgate-warrant+jwt"}
		maps.Copy(h, more)
		return h
	}
	as := func(said, says string) string {
		return r.forge(t, header(nil), strings.Replace(payload, said, says, 1))
	}
	hs256 := func() string { // the public key taken for an HMAC secret
		signed := encode(`{"alg":"HS256","kid":"ed","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1)
		mac := hmac.New(sha256.New, r.keys["ed"].Public().(ed25519.PublicKey))
		mac.Write([]byte(signed))
		return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	tests := map[string]struct {
		token string
		want  warrant.Want
		after time.Duration
		code  warrant.Code
	}{
		"expired to the second":    {token: good, after: 2 * time.Minute, code: warrant.Expired},
		"from the future":          {token: good, after: -31 * time.Second, code: warrant.NotYetValid},
		"another method":           {token: good, want: want(warrant.Collect), code: warrant.WrongMethod},
		"a Collect for a Locate":   {token: mint(t, r.minter, collect()), want: want(warrant.Locate), code: warrant.WrongMethod},
		"another machine":          {token: good, want: warrant.Want{Method: warrant.Locate, PeerSAN: "mashgate://gateway/warwick", Body: body}, code: warrant.WrongPeer},
		"no machine":               {token: good, want: warrant.Want{Method: warrant.Locate, Body: body}, code: warrant.WrongPeer},
		"another body":             {token: good, want: warrant.Want{Method: warrant.Locate, PeerSAN: gateway.SAN(), Body: []byte("A body")}, code: warrant.WrongBody},
		"a body beside a Collect":  {token: mint(t, r.minter, collect()), want: warrant.Want{Method: warrant.Collect, PeerSAN: gateway.SAN(), Body: body}, code: warrant.WrongBody},
		"a Collect's other body":   {token: mint(t, r.minter, collectTold()), want: warrant.Want{Method: warrant.Collect, PeerSAN: gateway.SAN(), Body: []byte("A body")}, code: warrant.WrongBody},
		"a Collect's body missing": {token: mint(t, r.minter, collectTold()), want: want(warrant.Collect), code: warrant.WrongBody},
		"no body":                  {token: good, want: warrant.Want{Method: warrant.Locate, PeerSAN: gateway.SAN()}, code: warrant.WrongBody},
		"another organisation's":   {token: as(`"aud":"police"`, `"aud":"education"`), code: warrant.WrongAudience},
		"another issuer's":         {token: mint(t, r.mints(t, "ed", warrant.EdDSA, "https://else.test"), locate()), code: warrant.WrongIssuer},
		"another gateway's key":    {token: mint(t, stranger.minter, locate()), code: warrant.Altered},
		"cut at the front":         {token: good[1:], code: warrant.Malformed},
		"altered payload":          {token: part(good, 0) + "." + encode(strings.Replace(payload, `"attempt":1`, `"attempt":2`, 1)) + "." + part(good, 2), code: warrant.Altered},
		"altered signature":        {token: part(good, 0) + "." + part(good, 1) + "." + encode(strings.Repeat("x", 64)), code: warrant.Altered},
		"spelt with a line break":  {token: good + "\n", code: warrant.Malformed},
		"spelt with spare bits":    {token: respelt(good), code: warrant.Malformed},
		"no signature":             {token: part(good, 0) + "." + part(good, 1) + ".", code: warrant.Altered},
		"alg none":                 {token: encode(`{"alg":"none","kid":"ed","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1) + ".", code: warrant.WrongAlgorithm},
		"alg none signed":          {token: encode(`{"alg":"none","kid":"ed","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1) + "." + part(good, 2), code: warrant.WrongAlgorithm},
		"alg swapped":              {token: encode(`{"alg":"ES256","kid":"ed","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1) + "." + part(good, 2), code: warrant.WrongAlgorithm},
		"alg HS256 by public key":  {token: hs256(), code: warrant.WrongAlgorithm},
		"no alg":                   {token: encode(`{"kid":"ed","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1) + "." + part(good, 2), code: warrant.WrongAlgorithm},
		"kid of the other key":     {token: encode(`{"alg":"EdDSA","kid":"es","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1) + "." + part(good, 2), code: warrant.WrongAlgorithm},
		"unknown kid":              {token: r.forge(t, header(map[string]any{"kid": "other"}), payload), code: warrant.UnknownKey},
		"no kid":                   {token: encode(`{"alg":"EdDSA","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1) + "." + part(good, 2), code: warrant.UnknownKey},
		"a key of its own (jwk)":   {token: r.forge(t, header(map[string]any{"jwk": public}), payload), code: warrant.ForbiddenHeader},
		"a key elsewhere (jku)":    {token: r.forge(t, header(map[string]any{"jku": "https://evil.test/keys"}), payload), code: warrant.ForbiddenHeader},
		"a chain of its own (x5c)": {token: encode(`{"alg":"EdDSA","kid":"ed","typ":"mashgate-warrant+jwt","x5c":["AA=="]}`) + "." + part(good, 1) + "." + part(good, 2), code: warrant.ForbiddenHeader},
		"a chain elsewhere (x5u)":  {token: r.forge(t, header(map[string]any{"x5u": "https://evil.test/chain"}), payload), code: warrant.ForbiddenHeader},
		"crit":                     {token: encode(`{"alg":"EdDSA","kid":"ed","typ":"mashgate-warrant+jwt","crit":["exp"]}`) + "." + part(good, 1) + "." + part(good, 2), code: warrant.ForbiddenHeader},
		"another type of token":    {token: r.forge(t, header(map[string]any{"typ": "at+jwt"}), payload), code: warrant.Malformed},
		"not a token":              {token: "warrant", code: warrant.Malformed},
		"nothing":                  {token: "", code: warrant.Malformed},
		"JSON serialisation":       {token: `{"payload":"","signatures":[]}`, code: warrant.Malformed},
		"too long":                 {token: strings.Repeat("x", 1<<20+1) + "..", code: warrant.Malformed},
		"unknown claim":            {token: as(`{"jti"`, `{"more":1,"jti"`), code: warrant.Malformed},
		"something after claims":   {token: r.forge(t, header(nil), payload+"{}"), code: warrant.Malformed},
		"lives too long":           {token: as(`"exp":`, `"exp":9`), code: warrant.Malformed},
		"no leg":                   {token: as(`"leg":"l1"`, `"leg":""`), code: warrant.Malformed},
		"no expiry":                {token: as(`"exp":`, `"exp":-`), code: warrant.Malformed},
		"about nobody":             {token: as(`[{"id":"s1","role":"index_child","child":true}]`, `[]`), code: warrant.Malformed},
		"names somebody twice":     {token: as(`[{"id":"s1"`, `[{"id":"s1","role":"x","child":true},{"id":"s1"`), code: warrant.Malformed},
		"Locate with constraints":  {token: as(`"purpose"`, `"constraints":[],"purpose"`), code: warrant.Malformed},
		"unknown method":           {token: as(`"method":"Locate"`, `"method":"Describe"`), code: warrant.Malformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r.clock.Set(now.Add(test.after))
			if test.want.Method == "" {
				test.want = want(warrant.Locate)
			}
			claims, err := r.verifier.Verify(test.token, test.want)
			var refusal *warrant.Refusal
			if !errors.As(err, &refusal) || refusal.Code != test.code {
				t.Fatalf("gives %v, want %s", err, test.code)
			}
			if signed := claims.ID != ""; signed && test.code == warrant.Altered {
				t.Error("claims that nobody signed are passed on")
			}
		})
	}
}

// TestRefusalKeepsSignedClaims: a refusal can be recorded under its leg once the signature stood.
func TestRefusalKeepsSignedClaims(t *testing.T) {
	r := newRig(t)
	token := mint(t, r.minter, locate())
	r.clock.Advance(time.Hour)
	claims, err := r.verifier.Verify(token, want(warrant.Locate))
	if err == nil || claims.Leg != "l1" || claims.Request != "r1" {
		t.Errorf("an expired warrant gives %v and leg %q", err, claims.Leg)
	}
}

func TestMintRefuses(t *testing.T) {
	r := newRig(t)
	tests := map[string]func(*warrant.Claims){
		"no audience":        func(c *warrant.Claims) { c.Audience = "" },
		"no attempt":         func(c *warrant.Claims) { c.Attempt = 0 },
		"no basis":           func(c *warrant.Claims) { c.Basis = "" },
		"nobody":             func(c *warrant.Claims) { c.Subjects = nil },
		"no digest":          func(c *warrant.Claims) { c.BodyDigest = "" },
		"no method":          func(c *warrant.Claims) { c.Method = "" },
		"Collect of nothing": func(c *warrant.Claims) { c.Method = warrant.Collect },
		"more than is read":  func(c *warrant.Claims) { c.Purpose = strings.Repeat("x", 1<<20) },
	}
	for name, change := range tests {
		claims := locate()
		change(&claims)
		if token, err := r.minter.Mint(claims); err == nil {
			t.Errorf("%s: minted %d bytes", name, len(token))
		}
	}
}

func TestConfigurationIsNeeded(t *testing.T) {
	r := newRig(t)
	full := warrant.MinterConfig{KeyID: "ed", Algorithm: warrant.EdDSA, Key: r.keys["ed"], Issuer: issuer, Gateway: gateway, Clock: r.clock}
	for name, change := range map[string]func(*warrant.MinterConfig){
		"key id":    func(c *warrant.MinterConfig) { c.KeyID = "" },
		"key":       func(c *warrant.MinterConfig) { c.Key = nil },
		"algorithm": func(c *warrant.MinterConfig) { c.Algorithm = warrant.ES256 },
		"issuer":    func(c *warrant.MinterConfig) { c.Issuer = "" },
		"gateway":   func(c *warrant.MinterConfig) { c.Gateway = peer.Identity{Kind: peer.Agency, Name: "police"} },
		"clock":     func(c *warrant.MinterConfig) { c.Clock = nil },
	} {
		config := full
		change(&config)
		if _, err := warrant.NewMinter(config); err == nil {
			t.Errorf("a minter without its %s", name)
		}
	}
	known := map[string]warrant.Key{"ed": {Algorithm: warrant.EdDSA, Public: r.keys["ed"].Public()}}
	for name, config := range map[string]warrant.VerifierConfig{
		"keys":      {Issuer: issuer, Audience: "police", Clock: r.clock},
		"issuer":    {Keys: known, Audience: "police", Clock: r.clock},
		"audience":  {Keys: known, Issuer: issuer, Clock: r.clock},
		"clock":     {Keys: known, Issuer: issuer, Audience: "police"},
		"algorithm": {Keys: map[string]warrant.Key{"ed": {Algorithm: "none", Public: known["ed"].Public}}, Issuer: issuer, Audience: "police", Clock: r.clock},
		"key id":    {Keys: map[string]warrant.Key{"": known["ed"]}, Issuer: issuer, Audience: "police", Clock: r.clock},
	} {
		if _, err := warrant.NewVerifier(config); err == nil {
			t.Errorf("a verifier without its %s", name)
		}
	}
}

func TestKeysAsPEM(t *testing.T) {
	for _, alg := range []string{warrant.EdDSA, warrant.ES256} {
		key, err := warrant.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		private, err := warrant.EncodePrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		public, err := warrant.EncodePublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		gotPrivate, err := warrant.ParsePrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		gotPublic, err := warrant.ParsePublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		same := key.Public().(interface {
			Equal(other crypto.PublicKey) bool
		})
		if !same.Equal(gotPrivate.Public()) || !same.Equal(gotPublic) {
			t.Errorf("%s: another key reads back", alg)
		}
		if _, err := warrant.ParsePrivateKey(public); err == nil {
			t.Errorf("%s: a public key is taken for a private one", alg)
		}
		if _, err := warrant.ParsePublicKey(private); err == nil {
			t.Errorf("%s: a private key is taken for a public one", alg)
		}
	}
	if _, err := warrant.GenerateKey("RS256"); err == nil {
		t.Error("a key for RS256")
	}
}

// FuzzVerify: nothing that the gateway did not sign is ever accepted, and no input breaks the verifier.
func FuzzVerify(f *testing.F) {
	r := newRig(f)
	good := mint(f, r.minter, locate())
	f.Add(good)
	f.Add(mint(f, r.minter, collect()))
	f.Add(encode(`{"alg":"none","kid":"ed","typ":"mashgate-warrant+jwt"}`) + "." + part(good, 1) + ".")
	f.Add("a.b.c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := r.verifier.Verify(token, want(warrant.Locate))
		if err == nil && token != good {
			t.Errorf("a warrant that was never minted is accepted")
		}
		var refusal *warrant.Refusal
		if err != nil && (!errors.As(err, &refusal) || refusal.Code == "") {
			t.Errorf("refused without a code: %v", err)
		}
		if claims.ID != "" && decode(t, part(token, 1)) != decode(t, part(good, 1)) && claims.Method == warrant.Locate {
			t.Error("claims that nobody signed are passed on")
		}
	})
}
