package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// indexFile holds the wrapped root of the blind indexes. Its name is no scope.
const indexFile = "INDEX.root"

// Index returns a blind index of a value: equal for equal values of one field of one hub, and telling nothing without the vault. An
// index row is deleted with what it points to; there is none in the ledger.
func (v *Vault) Index(hub, field, value string) string {
	key, err := hkdf.Key(sha256.New, v.indexes, nil, fmt.Sprintf("mashgate blind index %q %q", hub, field), sha256.Size)
	if err != nil {
		panic("seal: HKDF of a constant length cannot fail: " + err.Error())
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))
}

// openIndexRoot reads the root of the indexes and makes it in a new folder. Where there are keys without it, the folder is damaged, and
// a new root would quietly find nobody. Unwrapping it is also what tells a wrong hub key at the start.
func (v *Vault) openIndexRoot() ([]byte, error) {
	path := filepath.Join(v.dir, indexFile)
	wrapped, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return v.newIndexRoot(path)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: reading the index root: %w", err)
	}
	root, err := v.kek.Decrypt(wrapped, []byte("mashgate index root"))
	if err != nil {
		return nil, errors.New("seal: the hub key does not open this key folder")
	}
	return root, nil
}

func (v *Vault) newIndexRoot(path string) ([]byte, error) {
	keys, err := filepath.Glob(filepath.Join(v.dir, "*.key"))
	if err != nil || len(keys) > 0 {
		return nil, fmt.Errorf("seal: the key folder holds %d keys but not %s", len(keys), indexFile)
	}
	root := make([]byte, sha256.Size)
	_, _ = rand.Read(root) // never fails: it ends the process instead
	wrapped, err := v.kek.Encrypt(root, []byte("mashgate index root"))
	if err != nil {
		return nil, fmt.Errorf("seal: wrapping the index root: %w", err)
	}
	if err := writeOnce(path, wrapped); err != nil {
		return nil, err
	}
	return root, nil
}
