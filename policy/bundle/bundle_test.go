package bundle_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
)

// built is the default pack as an unsigned bundle, and the hub it is of.
func built(t testing.TB) (unsigned []byte, hub string) {
	t.Helper()
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err = bundle.Build(pack)
	if err != nil {
		t.Fatal(err)
	}
	return unsigned, pack.Manifest().Hub
}

// newSigner makes a key of the test's own.
func newSigner(t testing.TB, id string) (bundle.Signer, bundle.Keys) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := bundle.KeySigner(key, id)
	if err != nil {
		t.Fatal(err)
	}
	return signer, bundle.Keys{signer.KeyID(): signer.Public()}
}

func TestASignedBundleIsThePackItWasMadeOf(t *testing.T) {
	unsigned, hub := built(t)
	if again, _ := built(t); !bytes.Equal(unsigned, again) {
		t.Error("the same pack gave other bytes")
	}
	signer, keys := newSigner(t, "ig-2026")
	signed, err := bundle.Sign(t.Context(), unsigned, signer, hub)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(signed, keys, hub)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Revision != pack.ID() || opened.Pack.ID() != pack.ID() || opened.KeyID != "ig-2026" || opened.Digest != bundle.Digest(signed) {
		t.Errorf("opened %s (%s) of key %s with digest %s", opened.Revision, opened.Pack.ID(), opened.KeyID, opened.Digest)
	}
	if diff := cmp.Diff(pack.Manifest(), opened.Pack.Manifest()); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(pack.Data(), opened.Pack.Data()); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	revision, err := opened.Pack.Compile(context.Background(), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if revision.ID() != pack.ID() {
		t.Errorf("it compiles as %s", revision.ID())
	}
	if rebuilt, err := bundle.Build(opened.Pack); err != nil || !bytes.Equal(rebuilt, unsigned) {
		t.Errorf("what was opened builds other bytes: %v", err)
	}
}
