package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// publisher signs packs and says in a folder which one is in force, as the information-governance team of a hub does with files.
type publisher struct {
	t      *testing.T
	hub    string
	signer bundle.Signer
	// dir is the folder, and public the file of the key.
	dir, public string
	number      int64
}

func newPublisher(t *testing.T, hub string) *publisher {
	t.Helper()
	p := &publisher{t: t, hub: hub, signer: newSigner(t, "ig-"+hub), dir: t.TempDir()}
	p.public = writeKey(t, p.signer)
	return p
}

func newSigner(t *testing.T, id string) bundle.Signer {
	t.Helper()
	return must(bundle.KeySigner(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t), id))(t)
}

// writeKey writes the public half of a signer's key to a file.
func writeKey(t *testing.T, of bundle.Signer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), of.KeyID()+".pub")
	check(t, os.WriteFile(path, must(warrant.EncodePublicKey(of.Public()))(t), 0o600))
	return path
}

// keys are the publisher's key as a configuration names it.
func (p *publisher) keys() map[string]string { return map[string]string{p.signer.KeyID(): p.public} }

// The default pack is large: each overlay of it is read once.
var overlays sync.Map

// overlay is the default pack with a version, and files, of its own: pairs of name and content.
func overlay(t *testing.T, hub, version string, files ...string) *policy.Pack {
	t.Helper()
	key := fmt.Sprint(hub, version, files)
	if known, ok := overlays.Load(key); ok {
		return known.(*policy.Pack)
	}
	tree := fstest.MapFS{
		"manifest.yaml": {Data: fmt.Appendf(nil, "name: own\nversion: %q\nhub: %s\nbase: default\nreview_date: \"2026-11-01\"\n", version, hub)},
		"data/hub.yaml": {Data: fmt.Appendf(nil, "code: %s\ntitle: Hub %s\n", hub, version)},
	}
	for i := 0; i+1 < len(files); i += 2 {
		tree[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	pack := must(policy.ReadPack(tree))(t)
	overlays.Store(key, pack)
	return pack
}

func (p *publisher) sign(pack *policy.Pack) []byte {
	p.t.Helper()
	return must(bundle.Sign(p.t.Context(), must(bundle.Build(pack))(p.t), p.signer, p.hub))(p.t)
}

// statement says that a bundle is in force under the number after the last.
func (p *publisher) statement(pack *policy.Pack, signed []byte) bundle.Statement {
	p.number++
	now := time.Now().UTC()
	return bundle.Statement{
		Hub: p.hub, Number: p.number, Revision: pack.ID(), Digest: bundle.Digest(signed), ActivateTime: now.Add(-time.Second), IssuedAt: now,
	}
}

// publish puts a pack in force, and returns its id.
func (p *publisher) publish(pack *policy.Pack) string {
	p.t.Helper()
	signed := p.sign(pack)
	says := must(p.statement(pack, signed).Sign(p.t.Context(), p.signer))(p.t)
	check(p.t, bundle.Publish(p.dir, bundle.Published{Statement: says, Bundle: signed}))
	return pack.ID()
}

// eventually waits for what a gateway does by itself.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("in vain: %s", what)
		}
	}
}

// revision is what a hub says it decides by.
func (w *world) revision(who, hub string) string {
	w.t.Helper()
	var answer struct{ Revision string }
	w.ok(w.rest(who, "GET", "/v1/hubs/"+hub, nil)).json(w.t, &answer)
	return answer.Revision
}
