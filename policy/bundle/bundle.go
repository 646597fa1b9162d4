// Package bundle is how a policy pack travels: signed, in OPA's own bundle format, with a signed statement that says which one is in
// force. It stands between the information-governance team's signing key and the decision point. It trusts the verification keys it
// is handed, by key id, and the hub's name; it believes nothing that a bundle says about its own key or algorithm. It refuses what
// is unsigned, wrongly signed, altered, incomplete, a delta, another hub's or too large, before any of it is compiled, and keeps
// nothing: what is older than the pack in force is for the holder of the activation log to judge, and whether it compiles for the
// decision point.
package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"

	"github.com/mashgate/mashgate/policy"
)

// The files of a bundle. Nothing else may stand in one.
const (
	manifestFile   = ".manifest"
	signaturesFile = ".signatures.json"
	dataFile       = "data.json"
	patchFile      = "patch.json"
	schemasFolder  = "schemas/"
)

var (
	modulePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,90}\.rego$`)
	schemaPattern = regexp.MustCompile(`^schemas/[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.json$`)
)

// belongs tells whether a file is one of a bundle's. Stock OPA would mount schemas/data.json as data, and take a schema named patch or
// plan for something else still.
func belongs(name string) bool {
	switch {
	case name == manifestFile, name == signaturesFile, name == dataFile:
		return true
	case modulePattern.MatchString(name):
		return !strings.HasSuffix(name, "_test.rego")
	}
	reserved := []string{schemasFolder + dataFile, schemasFolder + patchFile, schemasFolder + "plan.json"}
	return schemaPattern.MatchString(name) && !slices.Contains(reserved, name)
}

// Build writes a pack as an unsigned bundle. The same pack gives the same bytes.
func Build(p *policy.Pack) ([]byte, error) {
	parts := p.Parts()
	files := make(map[string][]byte, len(parts.Modules)+len(parts.Schemas)+3)
	maps.Copy(files, parts.Modules)
	version := ast.RegoV1.Int()
	documents := map[string]any{dataFile: parts.Data}
	for name, schema := range parts.Schemas {
		documents[schemasFolder+name+".json"] = schema
	}
	metadata, err := metadataOf(parts.Manifest)
	if err != nil {
		return nil, err
	}
	documents[manifestFile] = bundle.Manifest{Revision: p.ID(), RegoVersion: &version, Metadata: metadata}
	for name, document := range documents {
		if files[name], err = encode(document); err != nil {
			return nil, fmt.Errorf("bundle: writing %s: %w", name, err)
		}
	}
	for name := range files {
		if !belongs(name) {
			return nil, fmt.Errorf("bundle: %q is no name that a file of a bundle can have", name)
		}
	}
	return writeArchive(files)
}

// encode writes canonical JSON: keys sorted, nothing escaped that need not be.
func encode(document any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(document)
	return out.Bytes(), err
}

// metadataOf is the pack's manifest as it stands under metadata in .manifest.
func metadataOf(m policy.Manifest) (map[string]any, error) {
	encoded, err := encode(m)
	if err != nil {
		return nil, fmt.Errorf("bundle: writing the manifest: %w", err)
	}
	var metadata map[string]any
	if err := json.Unmarshal(encoded, &metadata); err != nil {
		return nil, fmt.Errorf("bundle: writing the manifest: %w", err)
	}
	return metadata, nil
}

// Opened is a bundle that was read whole. Its pack has been parsed, and not yet compiled.
type Opened struct {
	Pack *policy.Pack
	// Revision is Pack.ID, which the bundle names as well.
	Revision string
	// KeyID is whose signature stood; "" for what was opened unsigned.
	KeyID string
	// Digest is SHA-256, in hexadecimal, of the bundle's bytes.
	Digest string
	// Files are the names in it, sorted.
	Files []string
}

// Digest is how a bundle is named by statements: SHA-256 of its bytes, in hexadecimal.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Open verifies a signed bundle and reads the pack in it. The scope is the hub that it must have been signed for and be of. What
// is not accepted comes back as *Refusal.
func Open(signed []byte, keys Keys, scope string) (*Opened, error) {
	if err := keys.check(); err != nil {
		return nil, Refuse(UnknownKey, err)
	}
	if scope == "" {
		return nil, refuse(WrongScope, "no hub is given to open it for")
	}
	files, err := readBundle(signed)
	if err != nil {
		return nil, err
	}
	keyID, err := keys.verify(files, scope)
	if err != nil {
		return nil, err
	}
	config, err := keys.config(scope)
	if err != nil {
		return nil, err
	}
	opened, err := read(signed, files, func(r *bundle.Reader) *bundle.Reader { return r.WithBundleVerificationConfig(config) })
	if err != nil {
		return nil, err
	}
	opened.KeyID = keyID
	if of := opened.Pack.Manifest().Hub; of != scope {
		return nil, refuse(WrongHub, "the pack is of %q and was signed for %q", of, scope)
	}
	return opened, nil
}

// OpenUnsigned reads what was never signed: the built-in pack, or a draft before it is. A bundle with a signature is refused,
// because opening it here would pass over the signature.
func OpenUnsigned(b []byte) (*Opened, error) {
	files, err := readBundle(b)
	if err != nil {
		return nil, err
	}
	if _, signed := files[signaturesFile]; signed {
		return nil, refuse(Malformed, "it is signed, and was to be opened as unsigned")
	}
	return read(b, files, func(r *bundle.Reader) *bundle.Reader { return r.WithSkipBundleVerification(true) })
}

// readBundle takes the archive apart and refuses what is no bundle, whoever signed it.
func readBundle(b []byte) (map[string][]byte, error) {
	files, err := readArchive(b, false)
	if err != nil {
		return nil, err
	}
	if _, delta := files[patchFile]; delta {
		return nil, refuse(Delta, "it holds %s", patchFile)
	}
	for name := range files {
		if !belongs(name) {
			return nil, refuse(Malformed, "%q is no file of a bundle", name)
		}
	}
	for _, needed := range []string{manifestFile, dataFile} {
		if _, ok := files[needed]; !ok {
			return nil, refuse(Incomplete, "it has no %s", needed)
		}
	}
	return files, nil
}

// read loads the bundle as OPA itself does, under OPA's own verification, and makes the pack of what OPA read.
func read(b []byte, files map[string][]byte, with func(*bundle.Reader) *bundle.Reader) (*Opened, error) {
	manifest, err := readManifest(files[manifestFile])
	if err != nil {
		return nil, err
	}
	reader := bundle.NewCustomReader(bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(b), "")).
		WithSizeLimitBytes(maxInflated).WithLazyLoadingMode(false).WithRegoVersion(ast.RegoV1)
	loaded, err := with(reader).Read()
	if err != nil {
		return nil, refuse(DoesNotCompile, "loading it as OPA does: %w", err)
	}
	parts := policy.Parts{Manifest: manifest, Modules: map[string][]byte{}, Data: loaded.Data, Schemas: map[string]any{}}
	for _, module := range loaded.Modules {
		parts.Modules[module.RelativePath] = module.Raw
	}
	if parts.Schemas, err = readSchemas(files); err != nil {
		return nil, err
	}
	pack, err := policy.NewPack(parts)
	if err != nil {
		return nil, Refuse(DoesNotCompile, err)
	}
	if pack.ID() != loaded.Manifest.Revision {
		return nil, refuse(Altered, "it calls itself %q and is %q", loaded.Manifest.Revision, pack.ID())
	}
	opened := &Opened{Pack: pack, Revision: pack.ID(), Digest: Digest(b)}
	for name := range files {
		opened.Files = append(opened.Files, name)
	}
	slices.Sort(opened.Files)
	return opened, nil
}

func readSchemas(files map[string][]byte) (map[string]any, error) {
	schemas := map[string]any{}
	for name, source := range files {
		if !strings.HasPrefix(name, schemasFolder) {
			continue
		}
		var schema any
		if err := strictly(source, &schema); err != nil {
			return nil, refuse(Malformed, "%s: %w", name, err)
		}
		schemas[strings.TrimSuffix(strings.TrimPrefix(name, schemasFolder), ".json")] = schema
	}
	return schemas, nil
}

// manifest is all that .manifest may say: a root, a resolver or a Rego version for single files would make stock OPA decide by
// something that the pack does not show.
type manifest struct {
	Revision    string          `json:"revision"`
	RegoVersion int             `json:"rego_version"`
	Metadata    json.RawMessage `json:"metadata"`
}

func readManifest(source []byte) (policy.Manifest, error) {
	var says manifest
	if err := strictly(source, &says); err != nil {
		return policy.Manifest{}, refuse(Malformed, "%s: %w", manifestFile, err)
	}
	if says.RegoVersion != ast.RegoV1.Int() {
		return policy.Manifest{}, refuse(Malformed, "%s: Rego version %d", manifestFile, says.RegoVersion)
	}
	var of policy.Manifest
	if err := strictly(says.Metadata, &of); err != nil {
		return policy.Manifest{}, refuse(Malformed, "%s: metadata: %w", manifestFile, err)
	}
	return of, nil
}

// strictly decodes exactly one JSON value without unknown keys; numbers keep their spelling.
func strictly(source []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}
