package bundle

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// claims is the payload of a bundle's signature: every file with its hash, and the hub it is for.
type claims struct {
	Files []bundle.FileInfo `json:"files"`
	Scope string            `json:"scope"`
}

// signatures is .signatures.json.
type signatures struct {
	Signatures []string `json:"signatures"`
}

// Sign signs an unsigned bundle for a hub. What would not be accepted is not signed, and what was signed is opened again before it is
// handed out.
func Sign(ctx context.Context, unsigned []byte, s Signer, scope string) ([]byte, error) {
	opened, err := OpenUnsigned(unsigned)
	if err != nil {
		return nil, err
	}
	if of := opened.Pack.Manifest().Hub; of != scope || scope == "" {
		return nil, refuse(WrongHub, "the pack is of %q and was to be signed for %q", of, scope)
	}
	files, err := readBundle(unsigned)
	if err != nil {
		return nil, err
	}
	says := claims{Scope: scope}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		hash, err := hashOf(name, files[name])
		if err != nil {
			return nil, err
		}
		says.Files = append(says.Files, bundle.NewFile(name, hash, string(bundle.SHA256)))
	}
	token, err := signToken(ctx, s, bundleType, says)
	if err != nil {
		return nil, err
	}
	if files[signaturesFile], err = encode(signatures{Signatures: []string{token}}); err != nil {
		return nil, err
	}
	signed, err := writeArchive(files)
	if err != nil {
		return nil, err
	}
	if _, err := Open(signed, Keys{s.KeyID(): s.Public()}, scope); err != nil {
		return nil, fmt.Errorf("bundle: what was signed does not verify: %w", err)
	}
	return signed, nil
}

// hashOf is OPA's hash of a file: of its bytes, or for JSON that OPA reads, of its values.
func hashOf(name string, content []byte) (string, error) {
	var value any = content
	if bundle.IsStructuredDoc(name) {
		if err := util.UnmarshalJSON(content, &value); err != nil {
			return "", refuse(Malformed, "%s: %w", name, err)
		}
	}
	hasher, err := bundle.NewSignatureHasher(bundle.SHA256)
	if err != nil {
		return "", err
	}
	sum, err := hasher.HashFile(value)
	if err != nil {
		return "", refuse(Malformed, "%s: %w", name, err)
	}
	return hex.EncodeToString(sum), nil
}

// verify holds the files to the signature among them. OPA verifies them again when it loads them; this says what is wrong.
func (k Keys) verify(files map[string][]byte, scope string) (keyID string, err error) {
	source, ok := files[signaturesFile]
	if !ok {
		return "", refuse(Unsigned, "it has no %s", signaturesFile)
	}
	var of signatures
	if err := strictly(source, &of); err != nil {
		return "", refuse(Malformed, "%s: %w", signaturesFile, err)
	}
	if len(of.Signatures) == 0 {
		return "", refuse(Unsigned, "%s is empty", signaturesFile)
	}
	if len(of.Signatures) > 1 {
		return "", refuse(Malformed, "%d signatures, where OPA reads one", len(of.Signatures))
	}
	payload, keyID, err := k.openToken(of.Signatures[0], bundleType)
	if err != nil {
		return "", err
	}
	var says claims
	if err := strictly(payload, &says); err != nil {
		return "", refuse(Malformed, "what was signed: %w", err)
	}
	if says.Scope != scope {
		return "", refuse(WrongScope, "it was signed for another scope than %q", scope)
	}
	return keyID, says.match(files)
}

// match compares both ways: nothing signed is missing, and nothing stands unsigned beside what is signed.
func (c claims) match(files map[string][]byte) error {
	signed := map[string]bool{signaturesFile: true}
	for _, file := range c.Files {
		content, ok := files[file.Name]
		switch {
		case !ok:
			return refuse(Incomplete, "%q was signed and is missing", file.Name)
		case signed[file.Name]:
			return refuse(Malformed, "%q was signed twice over", file.Name)
		case file.Algorithm != string(bundle.SHA256):
			return refuse(WrongAlgorithm, "%q is hashed with something else than SHA-256", file.Name)
		}
		hash, err := hashOf(file.Name, content)
		if err != nil {
			return err
		}
		if hash != file.Hash {
			return refuse(Altered, "%q is not what was signed", file.Name)
		}
		signed[file.Name] = true
	}
	for name := range files {
		if !signed[name] {
			return refuse(Altered, "%q was not signed", name)
		}
	}
	return nil
}

// config is the same for OPA's own verification. It is never nil, because OPA takes nil for leave to load what is unsigned; it pins no
// key id, because a pinned one cannot be rotated; and it excludes nothing.
func (k Keys) config(scope string) (*bundle.VerificationConfig, error) {
	configs := make(map[string]*bundle.KeyConfig, len(k))
	for id, key := range k {
		encoded, err := encodePublic(key)
		if err != nil {
			return nil, err
		}
		configs[id] = &bundle.KeyConfig{Key: string(encoded), Algorithm: es256, Scope: scope}
	}
	return bundle.NewVerificationConfig(configs, "", scope, nil), nil
}
