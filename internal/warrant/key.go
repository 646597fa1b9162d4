package warrant

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jwa"
)

// The algorithms a warrant may be signed with.
const (
	EdDSA = "EdDSA"
	ES256 = "ES256"
)

// Key is a key that verifies warrants, with the one algorithm it is good for.
type Key struct {
	Algorithm string
	Public    crypto.PublicKey
}

// algorithm gives the library's name for an algorithm, if it is allowed and fits the key.
func algorithm(name string, public crypto.PublicKey) (jwa.SignatureAlgorithm, error) {
	switch key := public.(type) {
	case ed25519.PublicKey:
		if name == EdDSA && len(key) == ed25519.PublicKeySize {
			return jwa.EdDSA(), nil
		}
	case *ecdsa.PublicKey:
		if name == ES256 && key != nil && key.Curve == elliptic.P256() {
			return jwa.ES256(), nil
		}
	}
	return jwa.EmptySignatureAlgorithm(), fmt.Errorf("warrant: algorithm %q is not EdDSA or ES256 with a key that fits it", name)
}

// GenerateKey makes a private key for an algorithm.
func GenerateKey(name string) (crypto.Signer, error) {
	switch name {
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return nil, fmt.Errorf("warrant: algorithm %q is neither EdDSA nor ES256", name)
}

// ParsePrivateKey reads a PKCS #8 private key from PEM.
func ParsePrivateKey(source []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(source)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("warrant: not a PEM private key (PKCS #8)")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("warrant: reading a private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("warrant: the private key cannot sign")
	}
	return signer, nil
}

// ParsePublicKey reads a PKIX public key from PEM.
func ParsePublicKey(source []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(source)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("warrant: not a PEM public key (PKIX)")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("warrant: reading a public key: %w", err)
	}
	return key, nil
}

// EncodePrivateKey writes a private key as ParsePrivateKey reads it.
func EncodePrivateKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("warrant: writing a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// EncodePublicKey writes a public key as ParsePublicKey reads it.
func EncodePublicKey(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("warrant: writing a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
