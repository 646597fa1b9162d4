package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Pack is the source of a revision, read but not yet compiled: Rego modules, their tests, data and schemas. A pack is not changed
// after it is read; WithModule and WithData make variants of it.
type Pack struct {
	manifest   Manifest
	sources    map[string][]byte
	modules    map[string]*ast.Module
	data       map[string]any
	rawSchemas map[string]any
	schemas    *ast.SchemaSet
	scenarios  fs.FS
	digest     string
	suites     []suite
	cache      *cache
}

// ReadPack reads a pack from its folder: manifest.yaml and *.rego in the root, data/NAME.yaml mounted at data.NAME, schemas/NAME.json
// as schema.NAME, and scenarios. An overlay is read with the base that its manifest names. Every problem is reported together.
func ReadPack(fsys fs.FS) (*Pack, error) {
	read, err := readFiles(fsys)
	if err != nil {
		return nil, fmt.Errorf("policy: reading the pack: %w", err)
	}
	p, err := NewPack(Parts{Manifest: read.manifest, Modules: read.sources, Data: read.data, Schemas: read.schemas})
	if err != nil {
		return nil, err
	}
	p.scenarios = read.scenarios
	if p.suites, err = p.readSuites(read); err != nil {
		return nil, fmt.Errorf("policy: reading the pack: %w", err)
	}
	return p, nil
}

// Parts are what of a pack decides, with its manifest: what a bundle carries. An overlay's parts are merged with its base's.
type Parts struct {
	Manifest Manifest
	// Modules are sources by file name ("release.rego"), without tests.
	Modules map[string][]byte
	// Data and Schemas are JSON by file base name.
	Data    map[string]any
	Schemas map[string]any
}

// NewPack makes a pack of its parts. It takes nothing on trust that ReadPack would refuse.
func NewPack(parts Parts) (*Pack, error) {
	p := &Pack{
		manifest: parts.Manifest, sources: parts.Modules, modules: map[string]*ast.Module{}, schemas: ast.NewSchemaSet(),
		scenarios: noFiles, cache: &cache{},
	}
	problems := []error{parts.Manifest.check()}
	for _, name := range slices.Sorted(maps.Keys(parts.Modules)) {
		problems = append(problems, p.addModule(name, parts.Modules[name]))
	}
	if len(parts.Modules) == 0 {
		problems = append(problems, errors.New("it has no Rego"))
	}
	var dataErr, schemaErr error
	p.data, dataErr = canonicalFiles(dataFolder, parts.Data)
	p.rawSchemas, schemaErr = canonicalFiles(schemasFolder, parts.Schemas)
	for name, schema := range p.rawSchemas {
		p.schemas.Put(ast.Ref{ast.SchemaRootDocument, ast.StringTerm(name)}, schema)
	}
	problems = append(problems, dataErr, schemaErr, p.checkData())
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("policy: reading the pack: %w", err)
	}
	var err error
	p.digest, err = p.identity()
	return p, err
}

func canonicalFiles(folder string, parts map[string]any) (map[string]any, error) {
	all := make(map[string]any, len(parts))
	var problems []error
	for name, part := range parts {
		value, err := canonical(part)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s/%s: %w", folder, name, err))
		}
		all[name] = value
	}
	return all, errors.Join(problems...)
}

// addModule parses one module and keeps it out of what is the engine's.
func (p *Pack) addModule(name string, source []byte) error {
	if strings.Contains(name, "/") || !strings.HasSuffix(name, regoSuffix) || strings.HasSuffix(name, testSuffix) {
		return fmt.Errorf("%s: is not the name of a Rego file in the root of a pack", name)
	}
	module, err := parseModule(name, source)
	if err != nil {
		return err
	}
	p.modules[name] = module
	return keepsOffEmergency(name, module)
}

func parseModule(name string, source []byte) (*ast.Module, error) {
	options := ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: capabilities()}
	module, err := ast.ParseModuleWithOpts(name, string(source), options)
	if err == nil && module == nil {
		err = fmt.Errorf("%s: empty module", name)
	}
	return module, err
}

// checkData holds the data to what the manifest and the engine say.
func (p *Pack) checkData() error {
	var problems []error
	for name, why := range reserved {
		if _, given := p.data[name]; given {
			problems = append(problems, fmt.Errorf("data.%s: %s", name, why))
		}
	}
	hub, _ := p.data["hub"].(map[string]any)
	if code, ok := hub["code"].(string); ok && p.manifest.Kind == KindHub && p.manifest.Hub != "" && code != p.manifest.Hub {
		problems = append(problems, fmt.Errorf("%s: hub: %q is not the code in data/hub.yaml, %q", manifestFile, p.manifest.Hub, code))
	}
	return errors.Join(problems...)
}

// wanted refuses a pack of the other kind: an agency's rules would leave a hub without any, and a hub's mean nothing at an agency.
func (p *Pack) wanted(kind string) error {
	if p.manifest.Kind != kind {
		return fmt.Errorf("policy: %s: kind: the pack %q is of kind %s, where one of kind %s is wanted",
			manifestFile, p.manifest.Name, p.manifest.Kind, kind)
	}
	return nil
}

// Manifest says what the pack is.
func (p *Pack) Manifest() Manifest { return p.manifest }

// ID is the digest of what decides, the same however the pack was read.
func (p *Pack) ID() string { return p.digest }

// Parts are what NewPack makes this pack of. They are shared: copy what you change.
func (p *Pack) Parts() Parts {
	return Parts{Manifest: p.manifest, Modules: p.sources, Data: p.data, Schemas: p.rawSchemas}
}

// Scenarios are the pack's cases, with its base's; an empty folder where there are none.
func (p *Pack) Scenarios() fs.FS { return p.scenarios }

// Modules are the parsed Rego modules by file name, without tests. They are shared: copy one before changing it.
func (p *Pack) Modules() map[string]*ast.Module { return p.modules }

// Data is the pack's data by file base name. It is shared: copy what you change.
func (p *Pack) Data() map[string]any { return p.data }

// WithModule is the pack with one module replaced. The variant's id says that it is one.
func (p *Pack) WithModule(name string, module *ast.Module) *Pack {
	variant := *p
	variant.modules = make(map[string]*ast.Module, len(p.modules))
	maps.Copy(variant.modules, p.modules)
	variant.modules[name] = module
	variant.digest, variant.cache = variantID, &cache{}
	return &variant
}

// WithData is the pack with other data.
func (p *Pack) WithData(data map[string]any) *Pack {
	variant := *p
	variant.data, variant.digest = data, variantID
	return &variant
}

const variantID = "variant"
