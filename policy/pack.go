package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"
)

// Pack is the source of a revision, read but not yet compiled: Rego modules, their tests, data and schemas. A pack is not changed
// after it is read; WithModule and WithData make variants of it.
type Pack struct {
	modules map[string]*ast.Module
	tests   map[string]*ast.Module
	data    map[string]any
	schemas *ast.SchemaSet
	digest  string
	// compiled and compiledTests are kept for variants that differ in data alone, because compiling reads no data.
	compiled      *compilers
	compiledTests *ast.Compiler
}

// The part of a pack that is one folder deep; everything else in it is Rego, or is not the decision point's.
const (
	dataFolder    = "data"
	schemasFolder = "schemas"
)

// ReadPack reads a pack: *.rego in the root, data/NAME.yaml mounted at data.NAME, and schemas/NAME.json as schema.NAME. A file it
// cannot place is an error, because a rule that is silently not loaded is a rule that does not hold.
func ReadPack(fsys fs.FS) (*Pack, error) {
	p := &Pack{
		modules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}, data: map[string]any{}, schemas: ast.NewSchemaSet(),
	}
	digest := sha256.New()
	var problems []error
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		decides, err := p.add(name, source)
		if err != nil {
			problems = append(problems, err)
		}
		if decides {
			sum := sha256.Sum256(source)
			fmt.Fprintf(digest, "%s %x\n", name, sum)
		}
		return nil
	})
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, fmt.Errorf("policy: reading the pack: %w", err)
	}
	if len(p.modules) == 0 {
		return nil, errors.New("policy: reading the pack: it has no Rego")
	}
	p.digest = hex.EncodeToString(digest.Sum(nil))[:32]
	return p, nil
}

// add places one file and tells whether decisions depend on it.
func (p *Pack) add(name string, source []byte) (decides bool, err error) {
	folder, base := path.Split(name)
	extension := path.Ext(base)
	key := strings.TrimSuffix(base, extension)
	switch {
	case folder == "" && strings.HasSuffix(base, "_test.rego"):
		return false, parseInto(p.tests, name, source)
	case folder == "" && extension == ".rego":
		return true, parseInto(p.modules, name, source)
	case folder == dataFolder+"/" && slices.Contains([]string{".yaml", ".yml", ".json"}, extension):
		return true, p.addData(key, name, source)
	case folder == schemasFolder+"/" && extension == ".json":
		return true, p.addSchema(key, name, source)
	case folder == "" && slices.Contains([]string{".go", ".md"}, extension), strings.HasPrefix(folder, "scenarios/"):
		return false, nil
	}
	return false, fmt.Errorf("%s: not a file of a pack (Rego in the root, %s/*.yaml, %s/*.json, scenarios/)", name, dataFolder, schemasFolder)
}

func parseInto(modules map[string]*ast.Module, name string, source []byte) error {
	options := ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: capabilities()}
	module, err := ast.ParseModuleWithOpts(name, string(source), options)
	if err != nil {
		return err
	}
	if module == nil {
		return fmt.Errorf("%s: empty module", name)
	}
	modules[name] = module
	return nil
}

// addData reads YAML as OPA itself does, so that `opa eval` over the same files decides alike, and refuses a key given twice.
func (p *Pack) addData(key, name string, source []byte) error {
	if key == "mashgate" {
		return fmt.Errorf("%s: data never sits under the rules' own package", name)
	}
	if _, taken := p.data[key]; taken {
		return fmt.Errorf("%s: data.%s is given by two files", name, key)
	}
	var strict, value any
	if err := yaml.Unmarshal(source, &strict); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := util.Unmarshal(source, &value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if value == nil {
		return fmt.Errorf("%s: is empty", name)
	}
	p.data[key] = value
	return nil
}

func (p *Pack) addSchema(key, name string, source []byte) error {
	var schema any
	if err := util.UnmarshalJSON(source, &schema); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.schemas.Put(ast.Ref{ast.SchemaRootDocument, ast.StringTerm(key)}, schema)
	return nil
}

// Modules are the parsed Rego modules by file name, without tests. They are shared: copy one before changing it.
func (p *Pack) Modules() map[string]*ast.Module { return p.modules }

// Data is the pack's data by file base name. It is shared: copy what you change.
func (p *Pack) Data() map[string]any { return p.data }

// WithModule is the pack with one module replaced. The variant's digest says that it is one.
func (p *Pack) WithModule(name string, module *ast.Module) *Pack {
	variant := *p
	variant.modules = make(map[string]*ast.Module, len(p.modules))
	maps.Copy(variant.modules, p.modules)
	variant.modules[name] = module
	variant.digest, variant.compiled, variant.compiledTests = "variant", nil, nil
	return &variant
}

// WithData is the pack with other data.
func (p *Pack) WithData(data map[string]any) *Pack {
	variant := *p
	variant.data, variant.digest = data, "variant"
	return &variant
}
