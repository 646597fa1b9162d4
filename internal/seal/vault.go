// Package seal keeps person data unreadable at rest. Each case (a referral and its episode) has a data key of its own, wrapped by the
// hub's key and kept in a folder apart from the database and its backups, so that erasing one small file makes the case unreadable
// everywhere. It trusts nobody who can write to the database: a sealed value opens only in the table, column, row and scope it was
// sealed for. It refuses to start with the wrong hub key.
package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// KEKSize is the size of a hub's key-encryption key (bytes).
const KEKSize = 32

// The errors of a vault. None of them names what was sealed.
var (
	// ErrNoKey says that the scope has no key: it was never created, or it was erased.
	ErrNoKey = errors.New("seal: no key for this scope")
	// ErrExists says that the scope has a key already.
	ErrExists = errors.New("seal: the scope has a key already")
	// ErrUnsealable says that a value is not what was sealed for this place: altered, moved, or of another scope.
	ErrUnsealable = errors.New("seal: the value does not open in this place")
)

// Place is where a sealed value stands. The value opens there and nowhere else.
type Place struct{ Table, Column, Row string }

// Vault seals and opens values under one key per scope. It is safe for concurrent use.
type Vault struct {
	dir     string
	kek     tink.AEAD
	indexes []byte // root of the blind indexes
	read    func(scope string) (tink.AEAD, error)

	mu   sync.Mutex
	open map[string]tink.AEAD
}

// maxOpen bounds the number of data keys held in memory.
const maxOpen = 4096

// OpenVault opens the key folder, and makes it if it is not there yet. It refuses a hub key that is not the one the folder was made
// with, and a folder that others can read.
func OpenVault(dir string, kek []byte) (*Vault, error) {
	if len(kek) != KEKSize {
		return nil, fmt.Errorf("seal: the hub key has %d bytes, not %d", len(kek), KEKSize)
	}
	wrap, err := subtle.NewAESGCM(kek)
	if err != nil {
		return nil, fmt.Errorf("seal: hub key: %w", err)
	}
	if err := privateFolder(dir); err != nil {
		return nil, err
	}
	v := &Vault{dir: dir, kek: wrap, open: map[string]tink.AEAD{}}
	v.read = v.readKey
	if v.indexes, err = v.openIndexRoot(); err != nil {
		return nil, err
	}
	return v, nil
}

// Create makes the key of a new scope. When it returns the key is durable. It returns ErrExists for a scope that has one.
func (v *Vault) Create(scope string) error {
	path, err := v.path(scope)
	if err != nil {
		return err
	}
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("seal: making a data key: %w", err)
	}
	var wrapped bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), v.kek, keyContext(scope)); err != nil {
		return fmt.Errorf("seal: wrapping a data key: %w", err)
	}
	return writeOnce(path, wrapped.Bytes())
}

// Ensure makes the key of a scope that lives as long as the hub. Cases use Create: a key that was erased must not come back.
func (v *Vault) Ensure(scope string) error {
	if err := v.Create(scope); err != nil && !errors.Is(err, ErrExists) {
		return err
	}
	return nil
}

// Seal encrypts a value for one place.
func (v *Vault) Seal(scope string, at Place, plain []byte) ([]byte, error) {
	key, err := v.key(scope)
	if err != nil {
		return nil, err
	}
	sealed, err := key.Encrypt(plain, at.bind(scope))
	if err != nil {
		return nil, fmt.Errorf("seal: sealing %s.%s: %w", at.Table, at.Column, err)
	}
	return sealed, nil
}

// Open decrypts a value sealed for the same place and scope; ErrUnsealable for any other.
func (v *Vault) Open(scope string, at Place, sealed []byte) ([]byte, error) {
	key, err := v.key(scope)
	if err != nil {
		return nil, err
	}
	plain, err := key.Decrypt(sealed, at.bind(scope))
	if err != nil {
		return nil, fmt.Errorf("%w: %s.%s", ErrUnsealable, at.Table, at.Column)
	}
	return plain, nil
}

// Erase removes the key of a scope, and with it every value sealed under it. Erasing twice is not an error.
func (v *Vault) Erase(scope string) error {
	path, err := v.path(scope)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.open, scope)
	return removeDurably(path)
}

// key returns the data key of a scope. The file is looked for each time, so that what another process erased is gone here as well.
func (v *Vault) key(scope string) (tink.AEAD, error) {
	path, err := v.path(scope)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		delete(v.open, scope)
		return nil, ErrNoKey
	}
	if key, ok := v.open[scope]; ok {
		return key, nil
	}
	key, err := v.read(scope)
	if err != nil {
		return nil, err
	}
	if len(v.open) >= maxOpen {
		clear(v.open)
	}
	v.open[scope] = key
	return key, nil
}

func (v *Vault) readKey(scope string) (tink.AEAD, error) {
	path, err := v.path(scope)
	if err != nil {
		return nil, err
	}
	wrapped, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("seal: reading a wrapped key: %w", err)
	}
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), v.kek, keyContext(scope))
	if err != nil {
		return nil, fmt.Errorf("seal: unwrapping the key of %s: %w", scope, err)
	}
	key, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("seal: using the key of %s: %w", scope, err)
	}
	return key, nil
}

// scopes are ids given by the hub, so that a scope can be a file's name and never says who it is about.
var scopes = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,80}$`)

func (v *Vault) path(scope string) (string, error) {
	if !scopes.MatchString(scope) {
		return "", errors.New("seal: a scope is an id of small letters, digits, - and _")
	}
	return filepath.Join(v.dir, scope+".key"), nil
}

func keyContext(scope string) []byte { return []byte("mashgate data key\x00" + scope) }

// bind is the associated data: each part with its length before it, so that no two places read the same.
func (p Place) bind(scope string) []byte {
	var b []byte
	for _, part := range []string{"mashgate sealed value", scope, p.Table, p.Column, p.Row} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}
