package policy

import (
	"embed"
	"errors"
	"io"
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

// Open takes the upper file where there is one. A folder has what both hold.
func (l layered) Open(name string) (fs.File, error) {
	file, err := l.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = l.under.Open(name)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.IsDir() {
		return file, err
	}
	entries, err := l.ReadDir(name)
	return &layeredFolder{File: file, entries: entries}, err
}

// ReadDir lists both, each name once.
func (l layered) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	missing := 0
	for _, side := range []fs.FS{l.over, l.under} {
		entries, err := fs.ReadDir(side, name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && missing == 0:
			missing++ // the other may have it
		case err != nil:
			return nil, err
		}
		for _, entry := range entries {
			if !slices.ContainsFunc(all, func(e fs.DirEntry) bool { return e.Name() == entry.Name() }) {
				all = append(all, entry)
			}
		}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}

// layeredFolder is an open folder of layered.
type layeredFolder struct {
	fs.File
	entries []fs.DirEntry
}

// ReadDir reads on from where it last stopped, as fs.ReadDirFile says.
func (f *layeredFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.entries) {
		n = len(f.entries)
	}
	read := f.entries[:n:n]
	f.entries = f.entries[n:]
	return read, nil
}
