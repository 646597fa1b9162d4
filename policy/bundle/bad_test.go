package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// archive is a bundle taken apart, with nothing of package bundle between the test and the bytes.
type archive struct {
	t       *testing.T
	entries []entry
	key     *ecdsa.PrivateKey
	hub     string
}

type entry struct {
	header  tar.Header
	content []byte
}

func apart(t *testing.T, b []byte) *archive {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{t: t}
	for reader := tar.NewReader(packed); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return a
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		a.entries = append(a.entries, entry{*header, content})
	}
}

func (a *archive) bytes() []byte {
	a.t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	writer := tar.NewWriter(packed)
	for _, e := range a.entries {
		e.header.Size = int64(len(e.content))
		if err := writer.WriteHeader(&e.header); err != nil {
			a.t.Fatal(err)
		}
		if _, err := writer.Write(e.content); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := errors.Join(writer.Close(), packed.Close()); err != nil {
		a.t.Fatal(err)
	}
	return out.Bytes()
}

func (a *archive) at(name string) int {
	a.t.Helper()
	at := slices.IndexFunc(a.entries, func(e entry) bool { return e.header.Name == name })
	if at < 0 {
		a.t.Fatalf("there is no %s", name)
	}
	return at
}

func (a *archive) edit(name, old, by string) {
	a.t.Helper()
	e := &a.entries[a.at(name)]
	if !bytes.Contains(e.content, []byte(old)) {
		a.t.Fatalf("%s does not hold %q", name, old)
	}
	e.content = bytes.Replace(e.content, []byte(old), []byte(by), 1)
}

func (a *archive) remove(name string) { a.entries = slices.Delete(a.entries, a.at(name), a.at(name)+1) }

func (a *archive) add(name, content string) {
	a.entries = append(a.entries, entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, []byte(content)})
}

func (a *archive) link(name, to string) {
	a.entries = append(a.entries, entry{header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}})
}

const signaturesFile = ".signatures.json"

// token is the one signature in the bundle, taken apart.
func (a *archive) token() (header, payload map[string]any, signature string) {
	a.t.Helper()
	var of struct{ Signatures []string }
	if err := json.Unmarshal(a.entries[a.at(signaturesFile)].content, &of); err != nil {
		a.t.Fatal(err)
	}
	parts := strings.Split(of.Signatures[0], ".")
	for i, into := range []*map[string]any{&header, &payload} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			a.t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			a.t.Fatal(err)
		}
	}
	return header, payload, parts[2]
}

func (a *archive) setToken(tokens ...string) {
	a.t.Helper()
	content, err := json.Marshal(map[string]any{"signatures": tokens})
	if err != nil {
		a.t.Fatal(err)
	}
	a.entries[a.at(signaturesFile)].content = content
}

func part(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// sign signs with the key that is trusted: what only a holder of it could have done.
func (a *archive) sign(header, payload map[string]any) {
	a.t.Helper()
	a.setToken(es256(a.t, a.key, part(a.t, header)+"."+part(a.t, payload)))
}

func es256(t *testing.T, key *ecdsa.PrivateKey, signed string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// resign changes what the signature's header or payload says, and signs it with the trusted key.
func (a *archive) resign(change func(header, payload map[string]any)) {
	a.t.Helper()
	header, payload, _ := a.token()
	change(header, payload)
	a.sign(header, payload)
}

// rehash makes the signature fit whatever the files are now.
func (a *archive) rehash() {
	a.t.Helper()
	header, payload, _ := a.token()
	var files []any
	for _, e := range a.entries {
		if e.header.Name != signaturesFile {
			files = append(files, map[string]any{"name": e.header.Name, "hash": hashOf(a.t, e.header.Name, e.content), "algorithm": "SHA-256"})
		}
	}
	payload["files"] = files
	a.sign(header, payload)
}

func with(key string, value any) func(header, payload map[string]any) {
	return func(header, _ map[string]any) { header[key] = value }
}

// badBundles are ways in which a bundle can be wrong, and why each is refused. The hub trusts the key "ig"; it is the key in a.key.
var badBundles = map[string]struct {
	want bundle.Code
	make func(a *archive)
}{
	"no signature":                   {bundle.Unsigned, func(a *archive) { a.remove(signaturesFile) }},
	"an empty list of signatures":    {bundle.Unsigned, func(a *archive) { a.setToken() }},
	"two signatures":                 {bundle.Malformed, func(a *archive) { a.setToken("a.b.c", "a.b.c") }},
	"a plugin to verify it with":     {bundle.Malformed, func(a *archive) { a.edit(signaturesFile, `{`, `{"plugin":"mine",`) }},
	"another key under a known id":   {bundle.WrongSignature, func(a *archive) { a.key = otherKey(a.t); a.resign(func(_, _ map[string]any) {}) }},
	"a key nobody trusts":            {bundle.UnknownKey, func(a *archive) { a.resign(with("kid", "somebody")) }},
	"no key id":                      {bundle.UnknownKey, func(a *archive) { a.resign(func(h, _ map[string]any) { delete(h, "kid") }) }},
	"a key id in the payload alone":  {bundle.UnknownKey, func(a *archive) { a.resign(func(h, p map[string]any) { delete(h, "kid"); p["keyid"] = "ig" }) }},
	"a key id that is a path":        {bundle.UnknownKey, func(a *archive) { a.resign(with("kid", "../ig")) }},
	"algorithm none":                 {bundle.WrongAlgorithm, func(a *archive) { a.forge("none", func([]byte) []byte { return nil }) }},
	"HMAC with the public key":       {bundle.WrongAlgorithm, func(a *archive) { a.forge("HS256", a.hmacWithPublicKey) }},
	"RSA under a known id":           {bundle.WrongAlgorithm, func(a *archive) { a.forge("RS256", a.rsaSignature) }},
	"ES384 in the header":            {bundle.WrongAlgorithm, func(a *archive) { a.resign(with("alg", "ES384")) }},
	"a key in the header (jwk)":      {bundle.WrongAlgorithm, func(a *archive) { a.resign(with("jwk", map[string]any{"kty": "EC"})) }},
	"a key's address (jku)":          {bundle.WrongAlgorithm, func(a *archive) { a.resign(with("jku", "https://keys.example/")) }},
	"a certificate in it (x5c)":      {bundle.WrongAlgorithm, func(a *archive) { a.resign(with("x5c", []string{"MIIB"})) }},
	"a critical extension":           {bundle.WrongAlgorithm, func(a *archive) { a.resign(with("crit", []string{"b64"})) }},
	"the header's key id twice":      {bundle.Malformed, func(a *archive) { a.twiceKeyID() }},
	"another type of token":          {bundle.Malformed, func(a *archive) { a.resign(with("typ", "mashgate-warrant+jwt")) }},
	"a signature in ASN.1 DER":       {bundle.WrongSignature, func(a *archive) { a.derSignature() }},
	"a signature of zeros":           {bundle.WrongSignature, func(a *archive) { a.forge("ES256", func([]byte) []byte { return make([]byte, 64) }) }},
	"spare bits in the signature":    {bundle.Malformed, func(a *archive) { a.spareBits() }},
	"not a token":                    {bundle.Malformed, func(a *archive) { a.setToken("nothing") }},
	"signed for another hub":         {bundle.WrongScope, func(a *archive) { a.resign(func(_, p map[string]any) { p["scope"] = "elsewhere" }) }},
	"signed for no hub":              {bundle.WrongScope, func(a *archive) { a.resign(func(_, p map[string]any) { delete(p, "scope") }) }},
	"another hub's pack":             {bundle.WrongHub, func(a *archive) { a.otherHub() }},
	"a rule changed":                 {bundle.Altered, func(a *archive) { a.edit("release.rego", "package", "# more\npackage") }},
	"a value changed":                {bundle.Altered, func(a *archive) { a.edit("data.json", `"permit"`, `"redact"`) }},
	"a schema changed":               {bundle.Altered, func(a *archive) { a.edit("schemas/ask_input.json", "{", "{ ") }},
	"the revision changed":           {bundle.Altered, func(a *archive) { a.edit(".manifest", `"revision":"`, `"revision":"0`) }},
	"a rule nobody signed":           {bundle.Altered, func(a *archive) { a.add("more.rego", "package mashgate.release\n") }},
	"another pack's name, signed":    {bundle.Altered, func(a *archive) { a.edit(".manifest", `"revision":"`, `"revision":"0`); a.rehash() }},
	"a rule missing":                 {bundle.Incomplete, func(a *archive) { a.remove("gates.rego") }},
	"a schema missing":               {bundle.Incomplete, func(a *archive) { a.remove("schemas/ask_input.json") }},
	"the data missing":               {bundle.Incomplete, func(a *archive) { a.remove("data.json"); a.rehash() }},
	"the manifest missing":           {bundle.Incomplete, func(a *archive) { a.remove(".manifest"); a.rehash() }},
	"a delta":                        {bundle.Delta, func(a *archive) { a.add("patch.json", `{"data":[]}`) }},
	"a delta and nothing else":       {bundle.Delta, func(a *archive) { a.entries = nil; a.add("patch.json", `{"data":[]}`) }},
	"a signed delta":                 {bundle.Delta, func(a *archive) { a.add("patch.json", `{"data":[]}`); a.rehash() }},
	"hashes of MD5":                  {bundle.WrongAlgorithm, func(a *archive) { a.resign(md5) }},
	"a file signed twice over":       {bundle.Malformed, func(a *archive) { a.resign(twice) }},
	"a file twice":                   {bundle.Malformed, func(a *archive) { a.add("data.json", "{}") }},
	"the signatures twice":           {bundle.Malformed, func(a *archive) { a.add(signaturesFile, `{"signatures":[]}`) }},
	"a path that climbs":             {bundle.Malformed, func(a *archive) { a.add("../more.rego", "package more\n") }},
	"an absolute path":               {bundle.Malformed, func(a *archive) { a.add("/more.rego", "package more\n") }},
	"a symbolic link":                {bundle.Malformed, func(a *archive) { a.link("more.rego", "/etc/passwd") }},
	"a folder":                       {bundle.Malformed, func(a *archive) { a.folder("schemas") }},
	"a Rego test, signed":            {bundle.Malformed, func(a *archive) { a.add("ask_test.rego", "package t\n"); a.rehash() }},
	"data below the root, signed":    {bundle.Malformed, func(a *archive) { a.add("emergency/data.json", "[]"); a.rehash() }},
	"data among the schemas, signed": {bundle.Malformed, func(a *archive) { a.add("schemas/data.json", "{}"); a.rehash() }},
	"YAML data, signed":              {bundle.Malformed, func(a *archive) { a.add("data.yaml", "{}"); a.rehash() }},
	"WebAssembly, signed":            {bundle.Malformed, func(a *archive) { a.add("policy.wasm", "\x00asm"); a.rehash() }},
	"a second manifest, signed":      {bundle.Malformed, func(a *archive) { a.add("x.manifest", "{}"); a.rehash() }},
	"roots in the manifest, signed":  {bundle.Malformed, func(a *archive) { a.edit(".manifest", `{`, `{"roots":["mashgate"],`); a.rehash() }},
	"an older Rego, signed":          {bundle.Malformed, func(a *archive) { a.edit(".manifest", `"rego_version":1`, `"rego_version":0`); a.rehash() }},
	"more in its manifest, signed":   {bundle.Malformed, func(a *archive) { a.edit(".manifest", `"metadata":{`, `"metadata":{"boss":"x",`); a.rehash() }},
	"data that is no JSON, signed": {bundle.Malformed, func(a *archive) {
		a.entries[a.at("data.json")].content = []byte("{")
		a.resign(func(_, _ map[string]any) {})
	}},
	"a rule that is no Rego, signed": {bundle.DoesNotCompile, func(a *archive) { a.add("more.rego", "package"); a.rehash() }},
	"an engine's own data, signed":   {bundle.DoesNotCompile, func(a *archive) { a.edit("data.json", `{`, `{"emergency":[],`); a.rehash() }},
	"more files than a pack has":     {bundle.TooLarge, func(a *archive) { a.manyFiles(1001) }},
	"larger than a pack can be":      {bundle.TooLarge, func(a *archive) { a.add("more.rego", strings.Repeat("\n", 33<<20)) }},
}

func TestBadBundlesAreRefused(t *testing.T) {
	unsigned, hub := built(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := bundle.KeySigner(key, "ig")
	if err != nil {
		t.Fatal(err)
	}
	keys := bundle.Keys{"ig": key.Public(), "ig-next": otherKey(t).Public()}
	good, err := bundle.Sign(t.Context(), unsigned, signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	// The test's own hand makes a bundle that is accepted: what is refused below is refused for what was done to it.
	sound := apart(t, good)
	sound.key = key
	sound.rehash()
	if _, err := bundle.Open(sound.bytes(), keys, hub); err != nil {
		t.Fatalf("a bundle signed by hand: %v", err)
	}
	for name, bad := range badBundles {
		t.Run(name, func(t *testing.T) {
			a := apart(t, good)
			a.key, a.hub = key, hub
			bad.make(a)
			opened, err := bundle.Open(a.bytes(), keys, hub)
			refused(t, err, bad.want)
			if opened != nil {
				t.Error("what was refused was handed out all the same")
			}
		})
	}
}

// refused holds an error to a refusal with public words that tell nothing of what was in it.
func refused(t *testing.T, err error, want bundle.Code) {
	t.Helper()
	refusal, ok := errors.AsType[*bundle.Refusal](err)
	if !ok || refusal.Code != want {
		t.Fatalf("got %v, want a refusal: %s", err, want)
	}
	if refusal.Public == "" || refusal.Public != bundle.Refuse(want, nil).Public {
		t.Errorf("in public it says %q", refusal.Public)
	}
}

// TestWhatCannotBeCompiledIsNotInForce: a rule that calls the network parses, and is signed; the decision point refuses it.
func TestWhatCannotBeCompiledIsNotInForce(t *testing.T) {
	unsigned, hub := built(t)
	signer, keys := newSigner(t, "ig")
	a := apart(t, unsigned)
	a.add("more.rego", "package more\n\nx := http.send({})\n")
	unsignedID(a)
	signed, err := bundle.Sign(t.Context(), a.bytes(), signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(signed, keys, hub)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Pack.Compile(t.Context(), policy.CompileOptions{}); err == nil || !strings.Contains(err.Error(), "http.send") {
		t.Errorf("compiling: %v", err)
	}
}

func TestBytesThatAreNoBundle(t *testing.T) {
	unsigned, hub := built(t)
	signer, keys := newSigner(t, "ig")
	good, err := bundle.Sign(t.Context(), unsigned, signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	var bomb bytes.Buffer
	packed, _ := gzip.NewWriterLevel(&bomb, gzip.BestCompression)
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := packed.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		want bundle.Code
		b    []byte
	}{
		"nothing":                   {bundle.Malformed, nil},
		"no gzip":                   {bundle.Malformed, []byte("not at all")},
		"cut off":                   {bundle.Malformed, good[:len(good)-20]},
		"another archive behind it": {bundle.Malformed, append(slices.Clone(good), good...)},
		"a byte behind it":          {bundle.Malformed, append(slices.Clone(good), 'x')},
		"more than is read":         {bundle.TooLarge, make([]byte, 4<<20+1)},
		"64 MB in 64 kB":            {bundle.TooLarge, bomb.Bytes()},
		"a sparse terabyte":         {bundle.TooLarge, sparse(t)},
		"hidden behind the end":     {bundle.Malformed, hidden(t)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.Open(bad.b, keys, hub)
			refused(t, err, bad.want)
		})
	}
}

func TestNoKeysOpenNothing(t *testing.T) {
	unsigned, hub := built(t)
	signer, keys := newSigner(t, "ig")
	good, err := bundle.Sign(t.Context(), unsigned, signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]bundle.Keys{
		"none": nil, "empty": {}, "nil key": {"ig": nil}, "a shared secret": {"ig": []byte("secret")}, "RSA": {"ig": weak.Public()},
		"P-384": {"ig": p384.Public()}, "no id": {"": signer.Public()}, "one good, one not": {"ig": signer.Public(), "x": []byte("s")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.Open(good, keys, hub)
			refused(t, err, bundle.UnknownKey)
		})
	}
	_, err = bundle.Open(good, keys, "")
	refused(t, err, bundle.WrongScope)
	_, err = bundle.Open(unsigned, keys, hub)
	refused(t, err, bundle.Unsigned)
	_, err = bundle.OpenUnsigned(good)
	refused(t, err, bundle.Malformed)
}

func TestKeysRotate(t *testing.T) {
	unsigned, hub := built(t)
	old, oldKeys := newSigner(t, "2025")
	young, youngKeys := newSigner(t, "2026")
	both := maps.Clone(oldKeys)
	maps.Copy(both, youngKeys)
	for _, signer := range []bundle.Signer{old, young} {
		signed, err := bundle.Sign(t.Context(), unsigned, signer, hub)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := bundle.Open(signed, both, hub); err != nil || opened.KeyID != signer.KeyID() {
			t.Errorf("with both keys: %v, %v", opened, err)
		}
	}
	signed, err := bundle.Sign(t.Context(), unsigned, old, hub)
	if err != nil {
		t.Fatal(err)
	}
	_, err = bundle.Open(signed, youngKeys, hub)
	refused(t, err, bundle.UnknownKey)
}

func TestWhatWouldBeRefusedIsNotSigned(t *testing.T) {
	unsigned, hub := built(t)
	signer, _ := newSigner(t, "ig")
	_, err := bundle.Sign(t.Context(), unsigned, signer, "elsewhere")
	refused(t, err, bundle.WrongHub)
	_, err = bundle.Sign(t.Context(), unsigned, signer, "")
	refused(t, err, bundle.WrongHub)
	signed, err := bundle.Sign(t.Context(), unsigned, signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	_, err = bundle.Sign(t.Context(), signed, signer, hub)
	refused(t, err, bundle.Malformed)
	_, err = bundle.Sign(t.Context(), unsigned, liar{signer}, hub)
	refused(t, err, bundle.WrongSignature)
	if _, err = bundle.Sign(t.Context(), unsigned, mute{signer}, hub); err == nil {
		t.Error("a signature that is none was taken")
	}
	if _, err = bundle.Sign(t.Context(), unsigned, nameless{signer}, hub); err == nil {
		t.Error("a key without an id signed")
	}
}

// liar signs with another key than it says; mute signs nothing; nameless has no key id.
type (
	liar     struct{ bundle.Signer }
	mute     struct{ bundle.Signer }
	nameless struct{ bundle.Signer }
)

func (l liar) Public() crypto.PublicKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key.Public()
}

func (mute) Sign(context.Context, []byte) ([]byte, error) { return []byte("signed"), nil }

func (nameless) KeyID() string { return "" }

func otherKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// forge puts an algorithm into the header and whatever it makes of the signed part behind it.
func (a *archive) forge(algorithm string, signature func(signed []byte) []byte) {
	a.t.Helper()
	header, payload, _ := a.token()
	header["alg"] = algorithm
	signed := part(a.t, header) + "." + part(a.t, payload)
	a.setToken(signed + "." + base64.RawURLEncoding.EncodeToString(signature([]byte(signed))))
}

// hmacWithPublicKey is the classic confusion: the public key, which everybody has, taken for a shared secret.
func (a *archive) hmacWithPublicKey(signed []byte) []byte {
	der, err := x509.MarshalPKIXPublicKey(a.key.Public())
	if err != nil {
		a.t.Fatal(err)
	}
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write(signed)
	return mac.Sum(nil)
}

func (a *archive) rsaSignature(signed []byte) []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		a.t.Fatal(err)
	}
	digest := sha256.Sum256(signed)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return signature
}

func (a *archive) twiceKeyID() {
	_, payload, _ := a.token()
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"other","kid":"ig","typ":"JWT"}`))
	a.setToken(es256(a.t, a.key, header+"."+part(a.t, payload)))
}

func (a *archive) derSignature() {
	a.forge("ES256", func(signed []byte) []byte {
		digest := sha256.Sum256(signed)
		der, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
		if err != nil {
			a.t.Fatal(err)
		}
		return der
	})
}

// spareBits spells the last letter of the signature in another way that decodes to the same bytes.
func (a *archive) spareBits() {
	header, payload, signature := a.token()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, signature[len(signature)-1])
	a.setToken(part(a.t, header) + "." + part(a.t, payload) + "." + signature[:len(signature)-1] + string(letters[last^1]))
}

func (a *archive) otherHub() {
	a.edit(".manifest", `"hub":"`+a.hub+`"`, `"hub":"elsewhere"`)
	a.edit("data.json", `"code":"`+a.hub+`"`, `"code":"elsewhere"`)
	unsignedID(a)
	a.rehash()
}

func md5(_, payload map[string]any) {
	payload["files"].([]any)[0].(map[string]any)["algorithm"] = "MD5"
}

func twice(_, payload map[string]any) {
	payload["files"] = append(payload["files"].([]any), payload["files"].([]any)[0])
}

func (a *archive) folder(name string) {
	a.entries = append(a.entries, entry{header: tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}})
}

func (a *archive) manyFiles(n int) {
	for i := range n {
		a.add("m"+big.NewInt(int64(i)).String()+".rego", "package m\n")
	}
}
