package bundle_test

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/policy/bundle"
)

// keyFiles writes a new key pair into a folder: the private half as key.pem, the public half as keys/<kid>.pem.
func keyFiles(t *testing.T, id string) (private, folder string, pair bundle.KeyPair) {
	t.Helper()
	pair, err := bundle.GenerateKey(id)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	private, folder = filepath.Join(dir, "key.pem"), filepath.Join(dir, "keys")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{private: pair.Private, filepath.Join(folder, pair.KeyID+".pem"): pair.Public} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return private, folder, pair
}

func TestAKeyInAFileSigns(t *testing.T) {
	unsigned, hub := built(t)
	private, folder, pair := keyFiles(t, "")
	if len(pair.KeyID) != 43 {
		t.Errorf("a thumbprint is SHA-256 in base64url, not %q", pair.KeyID)
	}
	signer, err := bundle.FileSigner(private, "")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := bundle.ReadKeyFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := bundle.Sign(t.Context(), unsigned, signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := bundle.Open(signed, keys, hub); err != nil || opened.KeyID != pair.KeyID {
		t.Errorf("%v, %v", opened, err)
	}
}

// TestAKeyAsOpenSSLWritesIt: `openssl ecparam -genkey` puts the curve's name in front of the key (SEC 1).
func TestAKeyAsOpenSSLWritesIt(t *testing.T) {
	key := otherKey(t)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	curve := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}})
	private := filepath.Join(t.TempDir(), "ec.pem")
	if err := os.WriteFile(private, append(curve, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})...), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := bundle.FileSigner(private, "ig")
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(signer.Public()) {
		t.Error("it is another key")
	}
}

func TestKeyFilesThatAreRefused(t *testing.T) {
	private, folder, pair := keyFiles(t, "ig")
	if err := os.Chmod(private, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := bundle.FileSigner(private, "ig"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others may read: %v", err)
	}
	public := filepath.Join(folder, "ig.pem")
	if _, err := bundle.FileSigner(public, "ig"); err == nil {
		t.Error("a public key signed")
	}
	if _, err := bundle.FileSigner(filepath.Join(folder, "none"), "ig"); err == nil {
		t.Error("no file signed")
	}
	if _, err := bundle.GenerateKey("../ig"); err == nil {
		t.Error("a key id that is a path")
	}
	if _, err := bundle.ReadKeys(nil); err == nil {
		t.Error("no keys were read as some")
	}
	if _, err := bundle.ReadKeyFolder(t.TempDir()); err == nil {
		t.Error("an empty folder was read as keys")
	}
	if err := os.WriteFile(filepath.Join(folder, "private.pem"), pair.Private, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bundle.ReadKeyFolder(folder); err == nil || !strings.Contains(err.Error(), `"private"`) {
		t.Errorf("a private key among those that verify: %v", err)
	}
}

// TestMain is also the command in front of a token: told to sign, this binary signs a digest with a key that the test cannot see.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "sign-with" {
		if err := signAsAToken(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func signAsAToken(private string, digest []string) error {
	signer, err := bundle.FileSigner(private, "")
	if err != nil {
		return err
	}
	var given []byte
	if len(digest) > 0 {
		given, err = hex.DecodeString(digest[0])
	} else {
		given, err = io.ReadAll(os.Stdin)
	}
	if err != nil || len(given) != 32 {
		return fmt.Errorf("a digest of %d bytes: %w", len(given), err)
	}
	signature, err := signer.Sign(context.Background(), given)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(signature)
	return err
}

func TestACommandSigns(t *testing.T) {
	unsigned, hub := built(t)
	private, folder, pair := keyFiles(t, "hsm")
	keys, err := bundle.ReadKeyFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	token, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, argv := range map[string][]string{
		"digest on standard input": {token, "sign-with", private},
		"digest as an argument":    {token, "sign-with", private, bundle.DigestArgument},
	} {
		t.Run(name, func(t *testing.T) {
			signer, err := bundle.CommandSigner(argv, pair.KeyID, keys[pair.KeyID])
			if err != nil {
				t.Fatal(err)
			}
			signed, err := bundle.Sign(t.Context(), unsigned, signer, hub)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bundle.Open(signed, keys, hub); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestACommandThatDoesNotSign(t *testing.T) {
	signer, keys := newSigner(t, "hsm")
	digest := make([]byte, 32)
	for name, test := range map[string]struct {
		argv []string
		want string
	}{
		"says nothing":       {[]string{"true"}, "not the configured key's signature"},
		"says anything":      {[]string{"echo", "signed"}, "not the configured key's signature"},
		"repeats the digest": {[]string{"cat"}, "not the configured key's signature"},
		"never ends":         {[]string{"yes"}, "the signing command yes"},
		"fails with a word":  {[]string{"sh", "-c", "echo locked >&2; exit 3"}, "locked"},
		"is not there":       {[]string{"/no/such/command"}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			command, err := bundle.CommandSigner(test.argv, "hsm", keys[signer.KeyID()])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := command.Sign(t.Context(), digest); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	if _, err := bundle.CommandSigner(nil, "hsm", signer.Public()); err == nil {
		t.Error("no command signed")
	}
	if _, err := bundle.CommandSigner([]string{"true"}, "hsm", nil); err == nil {
		t.Error("a command without a public key to hold it to")
	}
}
