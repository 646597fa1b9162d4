package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// markFile stands in every folder a demo made. `serve` refuses a folder that holds it; the demo refuses to empty one that does not.
const markFile = "DEMO"

const markText = "This folder was made by `mashgate demo`. Everything in it is made up, its keys are not secret, and the next demo empties it.\n"

// makeFolder makes the demo's data folder anew, readable by its owner only.
func makeFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("reading the data folder: %w", err)
	default:
		if err := emptyFolder(dir, entries); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs x; MkdirAll leaves an existing folder's mode as it was
		return fmt.Errorf("making the data folder: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, markFile), []byte(markText), 0o600)
}

// emptyFolder removes what an earlier demo left, and nothing that a demo did not make.
func emptyFolder(dir string, entries []os.DirEntry) error {
	if len(entries) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, markFile)); err != nil {
		return fmt.Errorf("the data folder %s holds files that no demo made: name another with --data", dir)
	}
	for _, e := range entries {
		if e.Name() == markFile {
			continue // removed last, by being written anew: a demo killed here can still be started again
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("emptying the data folder: %w", err)
		}
	}
	return nil
}
