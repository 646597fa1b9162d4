package bundle

import (
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"
)

// Archive writes a pack's folder as tar.gz, with its tests, scenarios and texts. What begins with a dot is left out, as a working
// tree's own files (.git); a link is refused, because what it points at would not travel. The same folder gives the same bytes.
func Archive(fsys fs.FS) ([]byte, error) {
	files, total := map[string][]byte{}, 0
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return refuse(Malformed, "%q is no plain file", name)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxInflated || len(files) >= maxFiles {
			return refuse(TooLarge, "%q is one too many, or too large", name)
		}
		files[name], err = fs.ReadFile(fsys, name)
		if total += len(files[name]); err == nil && total > maxInflated {
			return refuse(TooLarge, "more than %d bytes", maxInflated)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bundle: archiving a folder: %w", err)
	}
	return writeArchive(files)
}

// Tree reads what Archive wrote, or tar(1) did, as a file system in memory.
func Tree(archive []byte) (fs.FS, error) {
	files, err := readArchive(archive, true)
	if err != nil {
		return nil, err
	}
	// MapFS is the standard library's file system in memory, for tests or not.
	tree := make(fstest.MapFS, len(files))
	for name, content := range files {
		for at, char := range name {
			if _, taken := files[name[:at]]; char == '/' && taken {
				return nil, refuse(Malformed, "%q is a file and a folder", name[:at])
			}
		}
		tree[name] = &fstest.MapFile{Data: content, Mode: 0o444}
	}
	return tree, nil
}
