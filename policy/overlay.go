package policy

import (
	"embed"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// over lays a pack's own files over a base: data files are JSON Merge Patches (RFC 7396) over the base's, and a file of the same name
// replaces the base's, whether Rego, a schema, a test or a scenario.
func (f *files) over(base *files) *files {
	merged := newFiles()
	merged.manifest, merged.base = f.manifest, base
	for _, side := range []*files{base, f} {
		maps.Copy(merged.sources, side.sources)
		maps.Copy(merged.schemas, side.schemas)
	}
	maps.Copy(merged.data, base.data)
	for name, patch := range f.data {
		merged.data[name] = mergePatch(base.data[name], patch)
	}
	merged.tests = f.tests
	merged.scenarios = layered{over: f.scenarios, under: base.scenarios}
	return merged
}

// mergePatch applies a JSON Merge Patch: an object's members are set one by one, null takes one away, anything else replaces. What it
// was given stays as it is.
func mergePatch(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged := map[string]any{}
	if object, ok := target.(map[string]any); ok {
		maps.Copy(merged, object)
	}
	for name, value := range members {
		if value == nil {
			delete(merged, name)
			continue
		}
		merged[name] = mergePatch(merged[name], value)
	}
	return merged
}

// noFiles is a folder without anything in it.
var noFiles fs.FS = embed.FS{}

// layered is one folder over another: a file of the same name hides the one below.
type layered struct{ over, under fs.FS }

// Open takes the upper file where there is one.
func (l layered) Open(name string) (fs.File, error) {
	file, err := l.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return l.under.Open(name)
	}
	return file, err
}

// ReadDir lists both, each name once.
func (l layered) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, overErr := fs.ReadDir(l.over, name)
	below, underErr := fs.ReadDir(l.under, name)
	switch {
	case overErr != nil && !errors.Is(overErr, fs.ErrNotExist):
		return nil, overErr
	case underErr != nil && !errors.Is(underErr, fs.ErrNotExist):
		return nil, underErr
	case overErr != nil && underErr != nil:
		return nil, overErr
	}
	for _, entry := range below {
		if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == entry.Name() }) {
			entries = append(entries, entry)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
