package bundle_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"io/fs"
	"testing"
	"time"

	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
)

// fixedSigner has the same key in every process: what one fuzzing worker signed another verifies.
func fixedSigner(f *testing.F) (bundle.Signer, bundle.Keys) {
	f.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	signer, err := bundle.KeySigner(key, "ig")
	if err != nil {
		f.Fatal(err)
	}
	return signer, bundle.Keys{"ig": signer.Public()}
}

// FuzzOpen: whatever the bytes, they are refused with a code or are the pack that was signed; nothing panics and nothing grows.
func FuzzOpen(f *testing.F) {
	unsigned, hub := built(f)
	signer, keys := fixedSigner(f)
	signed, err := bundle.Sign(f.Context(), unsigned, signer, hub)
	if err != nil {
		f.Fatal(err)
	}
	want, err := bundle.Open(signed, keys, hub)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add(unsigned)
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, b []byte) {
		opened, err := bundle.Open(b, keys, hub)
		if err == nil && opened.Revision != want.Revision {
			t.Errorf("a pack that nobody signed was opened: %s", opened.Revision)
		}
		if err != nil && bundle.CodeOf(err) == "" {
			t.Errorf("refused without a code: %v", err)
		}
		if _, err := bundle.OpenUnsigned(b); err != nil && bundle.CodeOf(err) == "" {
			t.Errorf("refused without a code: %v", err)
		}
	})
}

// FuzzTree: what is read as a tree can be walked and written again to the same files.
func FuzzTree(f *testing.F) {
	archive, err := bundle.Archive(rules.FS)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(archive)
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, b []byte) {
		tree, err := bundle.Tree(b)
		if err != nil {
			if bundle.CodeOf(err) == "" {
				t.Errorf("refused without a code: %v", err)
			}
			return
		}
		err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !fs.ValidPath(name) {
				t.Errorf("%q is no path", name)
			}
			if err == nil && !entry.IsDir() {
				_, err = fs.ReadFile(tree, name)
			}
			return err
		})
		if err != nil {
			t.Errorf("a tree that cannot be walked: %v", err)
		}
	})
}

// FuzzOpenStatement: nothing but what the key signed is believed.
func FuzzOpenStatement(f *testing.F) {
	signer, keys := fixedSigner(f)
	want := statement("north")
	signed, err := want.Sign(f.Context(), signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte("a.b.c"))
	f.Add(bytes.ReplaceAll(signed, []byte("."), []byte("..")))
	f.Fuzz(func(t *testing.T, jws []byte) {
		got, err := bundle.OpenStatement(jws, keys, "north")
		if err == nil && (got.Number != want.Number || got.Revision != want.Revision) {
			t.Errorf("a statement that nobody signed was believed: %+v", got)
		}
		if err != nil && bundle.CodeOf(err) == "" {
			t.Errorf("refused without a code: %v", err)
		}
	})
}

func statement(hub string) bundle.Statement {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	return bundle.Statement{
		Hub: hub, Number: 7, Revision: "0123456789abcdef0123456789abcdef", Digest: bundle.Digest([]byte("bundle")), ActivateTime: at, IssuedAt: at,
	}
}
