package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/policy/rules"
)

// files are what a pack's folder holds, in memory.
type files struct {
	manifest Manifest
	// base is what an overlay lies over; nil for a pack of its own.
	base *files
	// sources and tests are Rego by file name; for an overlay sources are merged, tests its own.
	sources, tests map[string][]byte
	data, schemas  map[string]any
	scenarios      fs.FS
}

func newFiles() *files {
	return &files{
		sources: map[string][]byte{}, tests: map[string][]byte{}, data: map[string]any{}, schemas: map[string]any{}, scenarios: noFiles,
	}
}

// The part of a pack that is one folder deep; everything else in it is Rego, or is not the decision point's.
const (
	dataFolder      = "data"
	schemasFolder   = "schemas"
	scenariosFolder = "scenarios"
)

// reserved are names under which no pack may put data: the rules' own package, and the emergency overlay, which is the engine's.
var reserved = map[string]string{
	"mashgate":    "data never sits under the rules' own package",
	emergencyData: "that name is the emergency overlay's, which no pack may give",
}

// readFiles reads a folder, and what it lies over. A file it cannot place is an error, because a rule that is silently not loaded is a
// rule that does not hold. Hidden files are not the pack's: a git working tree has some, and so has every editor.
func readFiles(fsys fs.FS) (*files, error) {
	f := newFiles()
	seen := false
	var problems []error
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir(), strings.HasPrefix(entry.Name(), "."), strings.HasSuffix(entry.Name(), "~"):
			return nil
		}
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		seen = seen || name == manifestFile
		problems = append(problems, f.add(name, source))
		return nil
	})
	if !seen && err == nil {
		problems = append(problems, fmt.Errorf("%s: is missing: it says the pack's name, version, hub and review_date", manifestFile))
	}
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	if _, err := fs.Stat(fsys, scenariosFolder); err == nil {
		if f.scenarios, err = fs.Sub(fsys, scenariosFolder); err != nil {
			return nil, err
		}
	}
	return f.based()
}

// based lays an overlay over its base.
func (f *files) based() (*files, error) {
	if f.manifest.Base == "" {
		return f, nil
	}
	base, err := readFiles(rules.FS)
	if err != nil {
		return nil, fmt.Errorf("the base %s: %w", f.manifest.Base, err)
	}
	return f.over(base), nil
}

// add places one file.
func (f *files) add(name string, source []byte) error {
	folder, base := path.Split(name)
	extension := path.Ext(base)
	key := strings.TrimSuffix(base, extension)
	switch {
	case name == manifestFile:
		var err error
		f.manifest, err = readManifest(source)
		return err
	case folder == "" && strings.HasSuffix(base, testSuffix):
		f.tests[name] = source
	case folder == "" && extension == regoSuffix:
		f.sources[name] = source
	case folder == dataFolder+"/" && slices.Contains([]string{".yaml", ".yml", ".json"}, extension):
		return f.addData(key, name, source)
	case folder == schemasFolder+"/" && extension == ".json":
		return f.addSchema(key, name, source)
	case folder == "" && slices.Contains([]string{".go", ".md"}, extension), strings.HasPrefix(folder, scenariosFolder+"/"):
	default:
		return fmt.Errorf("%s: not a file of a pack (%s and Rego in the root, %s/*.yaml, %s/*.json, %s/)",
			name, manifestFile, dataFolder, schemasFolder, scenariosFolder)
	}
	return nil
}

const (
	regoSuffix = ".rego"
	testSuffix = "_test.rego"
)

// addData reads YAML as OPA itself does, so that `opa eval` over the same files decides alike, and refuses a key given twice.
func (f *files) addData(key, name string, source []byte) error {
	if why, taken := reserved[key]; taken {
		return fmt.Errorf("%s: %s", name, why)
	}
	if _, taken := f.data[key]; taken {
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
	f.data[key] = value
	return nil
}

func (f *files) addSchema(key, name string, source []byte) error {
	var schema any
	if err := util.UnmarshalJSON(source, &schema); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f.schemas[key] = schema
	return nil
}
