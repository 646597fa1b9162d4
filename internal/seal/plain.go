package seal

import (
	"bytes"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// T is the part of *testing.T that shows a test is running.
type T interface {
	Helper()
	TempDir() string
	Fatalf(format string, args ...any)
}

// NewPlainForTest returns a vault that seals nothing, so that a test which looks for canaries in a database can show that it would
// find them. It wants a running test and keeps its keys in that test's folder.
func NewPlainForTest(t T) *Vault {
	t.Helper()
	v, err := OpenVault(t.TempDir()+"/keys", make([]byte, KEKSize))
	if err != nil {
		t.Fatalf("opening a plain vault: %v", err)
	}
	v.read = func(string) (tink.AEAD, error) { return plain{}, nil }
	return v
}

// plain binds a value to its place and does not hide it.
type plain struct{}

func (plain) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	return append(bytes.Clone(associatedData), plaintext...), nil
}

func (plain) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	value, ok := bytes.CutPrefix(ciphertext, associatedData)
	if !ok {
		return nil, ErrUnsealable
	}
	return bytes.Clone(value), nil
}
