package bundle

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Signer signs policy. The key itself may be anywhere: in a file, in a token behind PKCS #11, at a key service.
type Signer interface {
	// KeyID is the name under which verifiers know the key; never empty.
	KeyID() string
	// Sign signs a SHA-256 digest with ECDSA on P-256 and returns ASN.1 DER.
	Sign(ctx context.Context, digest []byte) ([]byte, error)
	// Public is the key that verifies.
	Public() crypto.PublicKey
}

// KeySigner signs with a key that is already at hand. Without an id the key has its thumbprint.
func KeySigner(key crypto.Signer, keyID string) (Signer, error) {
	id, err := idOf(key.Public(), keyID)
	if err != nil {
		return nil, err
	}
	return keySigner{key: key, id: id}, nil
}

func idOf(public crypto.PublicKey, given string) (string, error) {
	own, err := KeyID(public)
	switch {
	case err != nil:
		return "", err
	case given == "":
		return own, nil
	case !keyIDPattern.MatchString(given):
		return "", fmt.Errorf("bundle: %q is no key id", given)
	}
	return given, nil
}

type keySigner struct {
	key crypto.Signer
	id  string
}

func (s keySigner) KeyID() string            { return s.id }
func (s keySigner) Public() crypto.PublicKey { return s.key.Public() }

func (s keySigner) Sign(_ context.Context, digest []byte) ([]byte, error) {
	return s.key.Sign(rand.Reader, digest, crypto.SHA256)
}

// FileSigner signs with a private key in a file (PEM, PKCS #8 or SEC 1, P-256) that nobody but its owner may read. Without an id the
// key has its thumbprint.
func FileSigner(path, keyID string) (Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("bundle: reading the signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("bundle: reading the signing key: others than its owner may read %s: chmod 600", path)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("bundle: reading the signing key: %w", err)
	}
	key, err := parsePrivate(source)
	if err != nil {
		return nil, fmt.Errorf("bundle: reading the signing key %s: %w", path, err)
	}
	return KeySigner(key, keyID)
}

func parsePrivate(source []byte) (*ecdsa.PrivateKey, error) {
	for block, rest := pem.Decode(source); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "EC PARAMETERS": // openssl ecparam writes the curve's name in front of the key
			continue
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			if key, ok := parsed.(*ecdsa.PrivateKey); ok {
				return key, nil
			}
		}
		return nil, errors.New("not an ECDSA key on P-256")
	}
	return nil, errors.New("not a PEM private key")
}

// DigestArgument stands for the digest, in hexadecimal, among a signing command's arguments.
const DigestArgument = "{digest}"

// maxSignature bounds what a signing command may say (bytes); a signature has about 70.
const maxSignature = 4096

// waitDelay is how long a signing command that was called off may hold on to what it writes to.
const waitDelay = 5 * time.Second

// CommandSigner signs with a command of the operator's, in front of PKCS #11 or a key service: it gets the SHA-256 digest on standard
// input as 32 bytes, or where an argument holds {digest} in hexadecimal in its place, and writes the signature to standard output as
// ASN.1 DER. No shell is in between. What it returns is held to the public key.
func CommandSigner(argv []string, keyID string, public crypto.PublicKey) (Signer, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("bundle: no signing command is given")
	}
	id, err := idOf(public, keyID)
	if err != nil {
		return nil, err
	}
	return commandSigner{argv: slices.Clone(argv), id: id, public: public}, nil
}

type commandSigner struct {
	argv   []string
	id     string
	public crypto.PublicKey
}

func (s commandSigner) KeyID() string            { return s.id }
func (s commandSigner) Public() crypto.PublicKey { return s.public }

func (s commandSigner) Sign(ctx context.Context, digest []byte) ([]byte, error) {
	argv, asArgument := slices.Clone(s.argv), false
	for i, argument := range argv {
		asArgument = asArgument || strings.Contains(argument, DigestArgument)
		argv[i] = strings.ReplaceAll(argument, DigestArgument, hex.EncodeToString(digest))
	}
	command := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the operator's own command is the point of it
	out, complaint := limited{strict: true}, limited{}
	command.Stdout, command.Stderr, command.WaitDelay = &out, &complaint, waitDelay
	if !asArgument {
		command.Stdin = bytes.NewReader(digest)
	}
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("the signing command %s: %w: %s", argv[0], err, strings.TrimSpace(complaint.kept.String()))
	}
	key, ok := p256(s.public)
	if !ok || !ecdsa.VerifyASN1(key, digest, out.kept.Bytes()) {
		return nil, fmt.Errorf("what the signing command %s wrote is not the configured key's signature in ASN.1 DER", argv[0])
	}
	return out.kept.Bytes(), nil
}

// limited keeps the first bytes of what a command says, and stops one that says more where it must not. The buffer is not embedded:
// its ReadFrom would take everything.
type limited struct {
	kept   bytes.Buffer
	strict bool
}

func (l *limited) Write(p []byte) (int, error) {
	room := maxSignature - l.kept.Len()
	if l.strict && len(p) > room {
		return 0, errors.New("it says more than a signature")
	}
	if _, err := l.kept.Write(p[:min(len(p), room)]); err != nil {
		return 0, err
	}
	return len(p), nil
}
