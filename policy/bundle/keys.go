package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Keys are the keys that verify, by key id. They are configuration: nothing that is received can add to them.
type Keys map[string]crypto.PublicKey

// keyIDPattern is what a key id may be: it stands in file names and on the ledger.
var keyIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)

var errNoKeys = errors.New("no verification keys are configured")

// check refuses a set that could verify nothing, or with something else than what signs policy.
func (k Keys) check() error {
	if len(k) == 0 {
		return errNoKeys
	}
	for id, key := range k {
		if !keyIDPattern.MatchString(id) {
			return fmt.Errorf("%q is no key id", id)
		}
		if _, ok := p256(key); !ok {
			return fmt.Errorf("key %q is not an ECDSA key on P-256", id)
		}
	}
	return nil
}

func p256(key crypto.PublicKey) (*ecdsa.PublicKey, bool) {
	public, ok := key.(*ecdsa.PublicKey)
	return public, ok && public != nil && public.Curve == elliptic.P256()
}

// ReadKeys reads public keys (PEM, PKIX) from files by key id, as a configuration names them.
func ReadKeys(files map[string]string) (Keys, error) {
	keys := make(Keys, len(files))
	for id, file := range files {
		key, err := readPublic(file)
		if err != nil {
			return nil, fmt.Errorf("bundle: reading key %q: %w", id, err)
		}
		keys[id] = key
	}
	if err := keys.check(); err != nil {
		return nil, fmt.Errorf("bundle: reading keys: %w", err)
	}
	return keys, nil
}

// ReadKeyFolder reads every *.pem of a folder as a public key whose id is the file's name.
func ReadKeyFolder(dir string) (Keys, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, fmt.Errorf("bundle: reading keys: %w", err)
	}
	files := make(map[string]string, len(names))
	for _, name := range names {
		files[strings.TrimSuffix(filepath.Base(name), ".pem")] = name
	}
	return ReadKeys(files)
}

func readPublic(file string) (*ecdsa.PublicKey, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(source)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("not a PEM public key (PKIX)")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := p256(parsed)
	if !ok {
		return nil, errors.New("not an ECDSA key on P-256")
	}
	return key, nil
}

func encodePublic(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("bundle: writing a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// KeyID is a key's own id: its JWK thumbprint (RFC 7638). Whoever configures a key may give it another.
func KeyID(key crypto.PublicKey) (string, error) {
	public, ok := p256(key)
	if !ok {
		return "", errors.New("bundle: a key id is of an ECDSA key on P-256")
	}
	point, err := public.Bytes() // 0x04, x, y
	if err != nil {
		return "", fmt.Errorf("bundle: making a key id: %w", err)
	}
	// The members that RFC 7638 section 3.2 wants, in its order.
	jwk, err := json.Marshal(struct {
		Curve string `json:"crv"`
		Type  string `json:"kty"`
		X     string `json:"x"`
		Y     string `json:"y"`
	}{"P-256", "EC", base64.RawURLEncoding.EncodeToString(point[1 : 1+half]), base64.RawURLEncoding.EncodeToString(point[1+half:])})
	if err != nil {
		return "", fmt.Errorf("bundle: making a key id: %w", err)
	}
	sum := sha256.Sum256(jwk)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// KeyPair is a new signing key in PEM: the private half for the one who signs, the public half for all who verify.
type KeyPair struct {
	KeyID           string
	Private, Public []byte
}

// GenerateKey makes a signing key. Without an id it has its thumbprint.
func GenerateKey(id string) (KeyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return KeyPair{}, fmt.Errorf("bundle: making a key: %w", err)
	}
	pair := KeyPair{KeyID: id}
	if id == "" {
		if pair.KeyID, err = KeyID(key.Public()); err != nil {
			return KeyPair{}, err
		}
	}
	if !keyIDPattern.MatchString(pair.KeyID) {
		return KeyPair{}, fmt.Errorf("bundle: making a key: %q is no key id", id)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("bundle: writing a private key: %w", err)
	}
	pair.Private = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	pair.Public, err = encodePublic(key.Public())
	return pair, err
}
