package demo

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy/bundle"
)

// keys are the demo's keys: made now, in files that only their owner can read, each marked DEMO.
type keys struct {
	authority        *peer.Authority
	gateway          peer.Files
	hubKey           string
	warrantID        string
	warrantAlgorithm string
	warrantKey       string
	warrantPublic    string
	// policyID names the key that signs policy; policyPublic is the half that the gateway verifies with.
	policyID     string
	policyPublic string
}

func makeKeys(dir string) (keys, error) {
	authority, err := peer.NewAuthority(peer.DemoMark)
	if err != nil {
		return keys{}, err
	}
	k := keys{
		authority: authority, warrantID: peer.DemoMark + "-" + rand.Text(), warrantAlgorithm: warrant.EdDSA,
		hubKey: filepath.Join(dir, "gateway", "hub.key"), warrantKey: filepath.Join(dir, "gateway", "warrant.key"),
		warrantPublic: filepath.Join(dir, "warrant.pub"),
	}
	k.gateway, err = k.issue(peer.Identity{Kind: peer.Gateway, Name: HubID}, filepath.Join(dir, "gateway", "tls"), "127.0.0.1", "localhost")
	if err != nil {
		return keys{}, err
	}
	return k, errors.Join(k.makeWarrantKey(), k.makeHubKey(), k.makePolicyKey(dir), copyFile(k.gateway.Authority, filepath.Join(dir, "authority.pem")))
}

// signingFolder stands apart from what the gateway reads: whoever runs a gateway does not sign its policy.
const signingFolder = "signing"

func (k *keys) makePolicyKey(dir string) error {
	pair, err := bundle.GenerateKey(peer.DemoMark + "-" + rand.Text())
	if err != nil {
		return err
	}
	k.policyID, k.policyPublic = pair.KeyID, filepath.Join(dir, "gateway", "policy-keys", pair.KeyID+".pem")
	return errors.Join(
		os.MkdirAll(filepath.Join(dir, signingFolder), 0o700), os.MkdirAll(filepath.Dir(k.policyPublic), 0o700),
		os.WriteFile(filepath.Join(dir, signingFolder, pair.KeyID+".key"), pair.Private, 0o600), os.WriteFile(k.policyPublic, pair.Public, 0o600),
	)
}

func (k keys) issue(who peer.Identity, dir string, hosts ...string) (peer.Files, error) {
	material, err := k.authority.Issue(who, append(hosts, "127.0.0.1")...)
	if err != nil {
		return peer.Files{}, err
	}
	return material.Write(dir)
}

func (k keys) makeWarrantKey() error {
	signer, err := warrant.GenerateKey(k.warrantAlgorithm)
	if err != nil {
		return err
	}
	private, err := warrant.EncodePrivateKey(signer)
	if err != nil {
		return err
	}
	public, err := warrant.EncodePublicKey(signer.Public())
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(k.warrantKey, private, 0o600), os.WriteFile(k.warrantPublic, public, 0o600))
}

func (k keys) makeHubKey() error {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return fmt.Errorf("making the hub's key: %w", err)
	}
	return os.WriteFile(k.hubKey, []byte(base64.StdEncoding.EncodeToString(raw)+"\n"), 0o600)
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600) //nolint:gosec // both are names of the demo's own
}
