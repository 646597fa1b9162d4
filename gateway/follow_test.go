package gateway_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// often is how soon a test's gateway sees what is published. A publisher's two files are replaced one after the other: looked at too often,
// a pair that does not fit together is one more refusal.
const often = 50 * time.Millisecond

// withFolder has the hub follow a publisher's folder.
func withFolder(ig *publisher) func(*world, *gateway.Config) {
	return func(_ *world, c *gateway.Config) {
		of := &c.Hubs[0].Policy
		of.Keys, of.Publishers, of.Follow, of.Poll = ig.keys(), ig.keys(), ig.dir, often
	}
}

// TestReplicasConverge: a second gateway follows the first over HTTP and mutual TLS. Whatever comes into force at the first, by a new
// pack, a rollback, a tightening or its end, comes into force at the second, and the first sees which number its peer has.
func TestReplicasConverge(t *testing.T) {
	ig := newPublisher(t, hub)
	one := ig.publish(overlay(t, hub, "one"))
	const san = "mashgate://gateway/" + hub
	var public string
	first := newWorld(t, withFolder(ig), func(w *world, c *gateway.Config) {
		signer := must(warrant.GenerateKey(warrant.ES256))(t)
		public = filepath.Join(t.TempDir(), "warrants.pub")
		check(t, os.WriteFile(public, must(warrant.EncodePublicKey(signer.Public()))(t), 0o600))
		check(t, os.WriteFile(c.Hubs[0].Warrants.Key, must(warrant.EncodePrivateKey(signer))(t), 0o600))
		c.Hubs[0].Warrants.Algorithm = warrant.ES256
		c.Listen.Bundles = gateway.Bundles{
			Address: "127.0.0.1:0", Certificate: w.files.Certificate, Key: w.files.Key, ClientAuthority: w.files.Authority,
			Peers: []gateway.Peer{{SAN: san, Hubs: []string{hub}}},
		}
	})
	second := newWorld(t, func(_ *world, c *gateway.Config) {
		machine := must(must(first.authority.Issue(peer.Identity{Kind: peer.Gateway, Name: hub}))(t).Write(t.TempDir()))(t)
		of := &c.Hubs[0]
		of.Machine.Certificate, of.Machine.Key, of.Machine.Authority = machine.Certificate, machine.Key, machine.Authority
		of.Policy.Keys, of.Policy.Publishers = ig.keys(), map[string]string{of.Warrants.KeyID: public}
		of.Policy.Follow, of.Policy.Poll = "https://"+first.at.Bundles+"/v1/hubs/"+hub+"/policy", often
	})
	converge := func(what, revision string) {
		t.Helper()
		for at, w := range map[string]*world{"the first": first, "the second": second} {
			eventually(t, what+" at "+at, func() bool { return w.revision("social_worker", hub) == revision })
		}
	}
	converge("the first pack", one)
	two := ig.publish(overlay(t, hub, "two"))
	converge("another pack", two)
	first.ok(first.rest("ig_officer", http.MethodPost, "/v1/hubs/"+hub+"/policyActivations:rollBack", map[string]any{"reason": "unexpected_effect"}))
	converge("a rollback", one)
	body := map[string]any{"rules": []any{map[string]any{"effect": "review", "categories": []any{"pol.missing"}}}, "reason": "suspected_breach"}
	var set struct{ Name string }
	first.ok(first.rest("ig_officer", http.MethodPost, "/v1/hubs/"+hub+"/policyTightenings", body)).json(t, &set)
	converge("a tightening", one+"+1")
	for _, who := range []string{"ig_officer", "team_manager"} {
		first.ok(first.rest(who, http.MethodPost, "/v1/"+set.Name+":lift", map[string]any{"reason": "incident_over"}))
	}
	converge("its end", one)
	if _, number := first.replica(false); number < 4 {
		t.Errorf("the first gateway says that it serves number %d", number)
	}
	eventually(t, "the first sees what its peer has", func() bool {
		_, own := first.replica(false)
		name, number := first.replica(true)
		return name != "" && number == own
	})
}

// replica is the hub's one replica, or its one peer, with the number it serves.
func (w *world) replica(peer bool) (name string, number int64) {
	w.t.Helper()
	list := must(policyv1.NewPolicyServiceClient(w.dial()).ListReplicas(w.as("auditor"), &policyv1.ListReplicasRequest{Parent: "hubs/" + hub}))(w.t)
	for _, each := range list.GetReplicas() {
		if each.GetPeer() == peer {
			name, number = each.GetName(), each.GetNumber()
		}
	}
	return name, number
}

// untar and retar take a bundle apart and put it together again.
func untar(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files, reader := map[string][]byte{}, tar.NewReader(must(gzip.NewReader(bytes.NewReader(archive)))(t))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		check(t, err)
		files[header.Name] = must(io.ReadAll(reader))(t)
	}
}

func retar(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	writer := tar.NewWriter(packed)
	for name, content := range files {
		check(t, writer.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}))
		must(writer.Write(content))(t)
	}
	check(t, errors.Join(writer.Close(), packed.Close()))
	return out.Bytes()
}

// edited is a signed bundle with its files changed after it was signed.
func (p *publisher) edited(pack *policy.Pack, edit func(map[string][]byte)) []byte {
	files := untar(p.t, p.sign(pack))
	edit(files)
	return retar(p.t, files)
}

// withAlgorithm is a bundle whose signature says that it was made in another way.
func (p *publisher) withAlgorithm(pack *policy.Pack, alg string) []byte {
	return p.edited(pack, func(files map[string][]byte) {
		var signatures struct {
			Signatures []string `json:"signatures"`
		}
		check(p.t, json.Unmarshal(files[".signatures.json"], &signatures))
		_, rest, _ := strings.Cut(signatures.Signatures[0], ".")
		header := must(json.Marshal(map[string]string{"alg": alg, "kid": p.signer.KeyID(), "typ": "JWT"}))(p.t)
		signatures.Signatures[0] = base64.RawURLEncoding.EncodeToString(header) + "." + rest
		files[".signatures.json"] = must(json.Marshal(signatures))(p.t)
	})
}

// badRego gives a reason that the pack has no words for.
const badRego = `package mashgate.release

contributions contains {"effect": "deny", "reason": "no_such_reason", "masks": [], "rule": "release.bad"} if {
	asked
}
`

// poison is something that is published and must not come into force.
type poison struct {
	name   string
	bundle []byte
	// says changes the statement; signer signs it, or the publisher's own; raw stands in its place.
	says   func(*bundle.Statement)
	signer bundle.Signer
	raw    string
	code   bundle.Code
}

// poisons are bad in one way each, beside a good bundle where the statement is what is bad.
func (p *publisher) poisons() []poison {
	pack := overlay(p.t, p.hub, "next")
	built, good := must(bundle.Build(pack))(p.t), p.sign(pack)
	stranger := newSigner(p.t, "stranger")
	by := func(signer bundle.Signer) []byte { return must(bundle.Sign(p.t.Context(), built, signer, p.hub))(p.t) }
	elsewhere := must(bundle.Sign(p.t.Context(), must(bundle.Build(overlay(p.t, other, "next")))(p.t), p.signer, other))(p.t)
	edited := func(edit func(map[string][]byte)) []byte { return p.edited(pack, edit) }
	broken := overlay(p.t, p.hub, "next", "bad.rego", badRego)
	return []poison{
		{name: "nobody signed it", bundle: built, code: bundle.Unsigned},
		{name: "a stranger signed it", bundle: by(stranger), code: bundle.UnknownKey},
		{name: "a stranger signed it under our key's id", bundle: by(newSigner(p.t, p.signer.KeyID())), code: bundle.WrongSignature},
		{name: "signed with a shared secret", bundle: p.withAlgorithm(pack, "HS256"), code: bundle.WrongAlgorithm},
		{name: "signed with nothing", bundle: p.withAlgorithm(pack, "none"), code: bundle.WrongAlgorithm},
		{name: "signed for another hub", bundle: elsewhere, code: bundle.WrongScope},
		{name: "a value was changed", bundle: edited(func(f map[string][]byte) {
			f["data.json"] = bytes.Replace(f["data.json"], []byte(`"max_hours":`), []byte(`"max_hours":1`), 1)
		}), code: bundle.Altered},
		{name: "a rule was added", bundle: edited(func(f map[string][]byte) { f["more.rego"] = []byte("package mashgate.more\n") }), code: bundle.Altered},
		{name: "a rule was taken out", bundle: edited(func(f map[string][]byte) { delete(f, "windows.rego") }), code: bundle.Incomplete},
		{name: "its manifest was taken out", bundle: edited(func(f map[string][]byte) { delete(f, ".manifest") }), code: bundle.Incomplete},
		{name: "a change to whatever is there", bundle: edited(func(f map[string][]byte) { f["patch.json"] = []byte("{}") }), code: bundle.Delta},
		{name: "cut off", bundle: good[:len(good)/2], code: bundle.Malformed},
		{name: "no archive", bundle: []byte("not a bundle"), code: bundle.Malformed},
		{name: "far too large", bundle: make([]byte, 5<<20), code: bundle.TooLarge},
		{name: "its rules do not compile", bundle: p.sign(broken), says: func(s *bundle.Statement) { s.Revision = broken.ID() }, code: bundle.DoesNotCompile},
		{name: "older than what is in force", bundle: p.sign(pack), says: func(s *bundle.Statement) { s.Number = 1 }, code: bundle.OlderThanActive},
		{name: "the number in force, of another pack", bundle: p.sign(pack), says: func(s *bundle.Statement) { s.Number = p.number }, code: bundle.Altered},
		{name: "stated of another bundle", bundle: p.sign(pack), says: func(s *bundle.Statement) { s.Digest = bundle.Digest(built) }, code: bundle.Altered},
		{name: "stated for another hub", bundle: p.sign(pack), says: func(s *bundle.Statement) { s.Hub = other }, code: bundle.WrongHub},
		{name: "stated by a stranger", bundle: p.sign(pack), signer: stranger, code: bundle.UnknownKey},
		{name: "stated by nobody", bundle: p.sign(pack), raw: "not a statement", code: bundle.Malformed},
		{name: "stated with a tightening of what does not exist", bundle: p.sign(pack), says: func(s *bundle.Statement) {
			s.TighteningNumber, s.Tightening = 1, []policy.TighteningRule{{Effect: policy.Deny, Categories: []string{"pol.nothing"}}}
		}, code: bundle.DoesNotCompile},
	}
}

// put publishes a poison under the number that would be next.
func (p *publisher) put(of poison) {
	p.t.Helper()
	now := time.Now().UTC()
	says := bundle.Statement{
		Hub: p.hub, Number: p.number + 1, Revision: overlay(p.t, p.hub, "next").ID(), Digest: bundle.Digest(of.bundle), ActivateTime: now, IssuedAt: now,
	}
	if of.says != nil {
		of.says(&says)
	}
	signer := p.signer
	if of.signer != nil {
		signer = of.signer
	}
	statement := []byte(of.raw)
	if of.raw == "" {
		statement = must(says.Sign(p.t.Context(), signer))(p.t)
	}
	check(p.t, bundle.Publish(p.dir, bundle.Published{Statement: statement, Bundle: of.bundle}))
}

// TestPoisonIsRefused feeds a running gateway everything bad that a publisher's folder could hold: each is refused, and seen on the ledger,
// in the metric, in health and among the replicas, and the policy in force goes on deciding. A good one after that comes into force.
func TestPoisonIsRefused(t *testing.T) {
	ig := newPublisher(t, hub)
	ig.publish(overlay(t, hub, "one"))
	w := newWorld(t, withFolder(ig))
	good := ig.publish(overlay(t, hub, "two"))
	eventually(t, "the hub follows", func() bool { return w.revision("social_worker", hub) == good })
	e := w.open()
	poisons := ig.poisons()
	if len(poisons) < 12 {
		t.Fatalf("only %d kinds", len(poisons))
	}
	seen := 0
	for _, each := range poisons {
		ig.put(each)
		eventually(t, each.name+" is refused", func() bool {
			entries := w.entries("policy_refused")
			found := slices.IndexFunc(entries[seen:], func(entry *ledgerv1.Entry) bool {
				return entry.GetReasons()[0] == string(each.code) && entry.GetRevision() == good
			})
			if found >= 0 {
				seen = len(entries)
			}
			return found >= 0
		})
		w.holdsRefusal(each, e.name, good)
	}
	next := ig.publish(overlay(t, hub, "three"))
	eventually(t, "a good one comes into force", func() bool { return w.revision("social_worker", hub) == next })
	eventually(t, "health is restored", func() bool { return !strings.Contains(w.admin("/healthz"), "degraded\":true") })
}

// holdsRefusal finds the last refusal wherever somebody would look, and makes a request, which the good policy decides.
func (w *world) holdsRefusal(of poison, episode, good string) {
	w.t.Helper()
	eventually(w.t, of.name+" shows in the metric, in health and among the replicas", func() bool {
		list := must(policyv1.NewPolicyServiceClient(w.dial()).ListReplicas(w.as("auditor"), &policyv1.ListReplicasRequest{Parent: "hubs/" + hub}))(w.t)
		return strings.Contains(w.admin("/metrics"), `mashgate_policy_refused_total{code="`+string(of.code)+`",hub="coventry"}`) &&
			strings.Contains(w.admin("/healthz"), `"refused":"`+string(of.code)+`"`) && list.GetReplicas()[0].GetRefused() == string(of.code)
	})
	var made struct{ Revision string }
	w.ok(w.rest("social_worker", http.MethodPost, "/v1/"+episode+"/informationRequests", map[string]any{})).json(w.t, &made)
	if made.Revision != good {
		w.t.Errorf("%s: a request was decided by %s, want the good policy", of.name, made.Revision)
	}
}

// admin reads from the admin port.
func (w *world) admin(path string) string {
	w.t.Helper()
	req := must(http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+w.at.Admin+path, nil))(w.t)
	resp := must(w.http.Do(req))(w.t)
	defer resp.Body.Close()
	return string(must(io.ReadAll(resp.Body))(w.t))
}

// TestNoGatewayStartsWithoutAValidPack: what it says names the hub and the reason.
func TestNoGatewayStartsWithoutAValidPack(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*publisher, *gateway.Config)
		says   string
	}{
		"a bundle that nobody signed": {func(ig *publisher, c *gateway.Config) {
			c.Hubs[0].Policy = gateway.Policy{Pack: filepath.Join(ig.dir, "first"), Keys: ig.keys()}
			check(t, os.WriteFile(c.Hubs[0].Policy.Pack, must(bundle.Build(overlay(t, hub, "one")))(t), 0o600))
		}, "unsigned"},
		"another hub's bundle": {func(ig *publisher, c *gateway.Config) {
			c.Hubs[0].Policy = gateway.Policy{Pack: filepath.Join(ig.dir, "first"), Keys: ig.keys()}
			signed := must(bundle.Sign(t.Context(), must(bundle.Build(overlay(t, other, "one")))(t), ig.signer, other))(t)
			check(t, os.WriteFile(c.Hubs[0].Policy.Pack, signed, 0o600))
		}, "wrong_scope"},
		"no bundle": {func(ig *publisher, c *gateway.Config) {
			c.Hubs[0].Policy = gateway.Policy{Pack: filepath.Join(ig.dir, "first"), Keys: ig.keys()}
		}, "no such file"},
		"a publisher that publishes nothing": {func(ig *publisher, c *gateway.Config) {
			c.Hubs[0].Policy = gateway.Policy{Keys: ig.keys(), Publishers: ig.keys(), Follow: ig.dir, Poll: often}
		}, "looking for the policy in force"},
		"a key of its own": {func(ig *publisher, c *gateway.Config) {
			signer, public := must(warrant.GenerateKey(warrant.ES256))(t), filepath.Join(ig.dir, "own.pub")
			check(t, os.WriteFile(c.Hubs[0].Warrants.Key, must(warrant.EncodePrivateKey(signer))(t), 0o600))
			check(t, os.WriteFile(public, must(warrant.EncodePublicKey(signer.Public()))(t), 0o600))
			c.Hubs[0].Warrants.Algorithm, c.Hubs[0].Policy.Keys = warrant.ES256, map[string]string{"own": public}
		}, "own warrants"},
	} {
		t.Run(name, func(t *testing.T) {
			w, ig := aside(t), newPublisher(t, hub)
			config := w.config()
			c.change(ig, &config)
			err := gateway.Run(t.Context(), config)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), hub) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}
