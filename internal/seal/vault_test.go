package seal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mashgate/mashgate/internal/seal"
)

var kek = bytes.Repeat([]byte{7}, seal.KEKSize)

func open(t *testing.T, dir string) *seal.Vault {
	t.Helper()
	v, err := seal.OpenVault(dir, kek)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAValueOpensOnlyWhereItWasSealed(t *testing.T) {
	v := open(t, t.TempDir()+"/keys")
	for _, scope := range []string{"e1", "e2"} {
		if err := v.Create(scope); err != nil {
			t.Fatal(err)
		}
	}
	at := seal.Place{Table: "episodes", Column: "body", Row: "e1@1"}
	sealed, err := v.Seal("e1", at, []byte("Anna Example"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("Anna")) {
		t.Error("the sealed value shows its content")
	}
	if got, err := v.Open("e1", at, sealed); err != nil || string(got) != "Anna Example" {
		t.Errorf("Open in its own place = %q, %v", got, err)
	}
	altered := bytes.Clone(sealed)
	altered[len(altered)-1] ^= 1
	for name, c := range map[string]struct {
		scope string
		at    seal.Place
		value []byte
	}{
		"another table":             {"e1", seal.Place{Table: "referrals", Column: "body", Row: "e1@1"}, sealed},
		"another column":            {"e1", seal.Place{Table: "episodes", Column: "notes", Row: "e1@1"}, sealed},
		"another row":               {"e1", seal.Place{Table: "episodes", Column: "body", Row: "e2@1"}, sealed},
		"another scope":             {"e2", at, sealed},
		"parts run into each other": {"e1", seal.Place{Table: "episodesbody", Row: "e1@1"}, sealed},
		"altered":                   {"e1", at, altered},
		"cut short":                 {"e1", at, sealed[:8]},
		"empty":                     {"e1", at, nil},
	} {
		if got, err := v.Open(c.scope, c.at, c.value); !errors.Is(err, seal.ErrUnsealable) || got != nil {
			t.Errorf("%s: Open = %q, %v; want ErrUnsealable", name, got, err)
		}
	}
}

func TestKeysOutliveTheProcessAndNotTheErasure(t *testing.T) {
	dir := t.TempDir() + "/keys"
	first := open(t, dir)
	if err := first.Create("e1"); err != nil {
		t.Fatal(err)
	}
	if err := first.Create("e1"); !errors.Is(err, seal.ErrExists) {
		t.Errorf("a second key for one scope: %v, want ErrExists", err)
	}
	sealed, err := first.Seal("e1", seal.Place{Table: "t"}, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	second := open(t, dir)
	if got, err := second.Open("e1", seal.Place{Table: "t"}, sealed); err != nil || string(got) != "x" {
		t.Fatalf("after reopening: %q, %v", got, err)
	}
	if err := errors.Join(first.Erase("e1"), first.Erase("e1")); err != nil {
		t.Fatal(err)
	}
	// The second vault holds the key in memory, and must not use it.
	for name, v := range map[string]*seal.Vault{"here": first, "another process": second, "reopened": open(t, dir)} {
		if _, err := v.Open("e1", seal.Place{Table: "t"}, sealed); !errors.Is(err, seal.ErrNoKey) {
			t.Errorf("%s: after erasure: %v, want ErrNoKey", name, err)
		}
	}
	if _, err := first.Seal("never", seal.Place{}, nil); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("a scope without a key: %v, want ErrNoKey", err)
	}
}

func TestTheVaultRefusesToOpen(t *testing.T) {
	dir := t.TempDir() + "/keys"
	v := open(t, dir)
	if err := v.Create("e1"); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenVault(dir, bytes.Repeat([]byte{8}, seal.KEKSize)); err == nil {
		t.Error("another hub's key opened the folder")
	}
	if _, err := seal.OpenVault(dir, kek[:16]); err == nil {
		t.Error("a short key was taken")
	}
	if err := os.Remove(filepath.Join(dir, "INDEX.root")); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenVault(dir, kek); err == nil {
		t.Error("a folder whose index root is lost was given a new one")
	}
	shared := t.TempDir() + "/shared"
	if err := os.Mkdir(shared, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenVault(shared, kek); err == nil || !strings.Contains(err.Error(), "0700") {
		t.Errorf("a folder others can read: %v", err)
	}
}

func TestAKeyCopiedToAnotherScopeDoesNotOpen(t *testing.T) {
	dir := t.TempDir() + "/keys"
	if err := open(t, dir).Create("e1"); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "e1.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "e2.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Seal("e2", seal.Place{}, []byte("x")); err == nil {
		t.Error("a wrapped key was used under another scope's name")
	}
}

func TestFilesArePrivateAndNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir() + "/keys"
	if err := open(t, dir).Create("e1"); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", d.Name(), info.Mode().Perm())
		}
		if !d.IsDir() {
			names = append(names, d.Name())
		}
		return nil
	})
	if err != nil || strings.Join(names, " ") != "INDEX.root e1.key" {
		t.Errorf("the folder holds %v, %v", names, err)
	}
}

func TestAScopeIsAnIDAndNoPath(t *testing.T) {
	v := open(t, t.TempDir()+"/keys")
	for _, scope := range []string{"", "..", "../x", "a/b", "A", "a.key", "INDEX.root", "a\x00", strings.Repeat("a", 200)} {
		if err := errors.Join(v.Create(scope)); err == nil {
			t.Errorf("scope %q was taken", scope)
		}
		if err := v.Erase(scope); err == nil {
			t.Errorf("scope %q was erased", scope)
		}
	}
}

func TestOneOfManyCreatesTheKey(t *testing.T) {
	v := open(t, t.TempDir()+"/keys")
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = v.Create("e1") })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if !errors.Is(err, seal.ErrExists) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d of 8 made the key", made)
	}
	if err := v.Ensure("e1"); err != nil {
		t.Errorf("Ensure of a scope that is there: %v", err)
	}
}

func TestABlindIndexIsStableAndItsOwnPerHubAndField(t *testing.T) {
	dir := t.TempDir() + "/keys"
	v := open(t, dir)
	index := v.Index("coventry", "nhs", "9434765919")
	if again := open(t, dir).Index("coventry", "nhs", "9434765919"); again != index {
		t.Error("the index changed when the vault was opened again")
	}
	seen := map[string]bool{index: true}
	for _, other := range []string{
		v.Index("warwick", "nhs", "9434765919"), v.Index("coventry", "upn", "9434765919"), v.Index("coventry", "nhs", "9434765918"),
		v.Index("coventrynhs", "", "9434765919"), open(t, t.TempDir()+"/keys").Index("coventry", "nhs", "9434765919"),
	} {
		if seen[other] {
			t.Error("two different things share an index")
		}
		seen[other] = true
	}
}

func TestThePlainVaultStillBindsAndHidesNothing(t *testing.T) {
	v := seal.NewPlainForTest(t)
	if err := v.Create("e1"); err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal("e1", seal.Place{Table: "t"}, []byte("CANARY"))
	if err != nil || !bytes.Contains(sealed, []byte("CANARY")) {
		t.Fatalf("Seal = %q, %v", sealed, err)
	}
	if _, err := v.Open("e1", seal.Place{Table: "u"}, sealed); !errors.Is(err, seal.ErrUnsealable) {
		t.Errorf("in another place: %v", err)
	}
}
