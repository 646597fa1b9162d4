package seal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// privateFolder makes the folder 0700, or refuses one that is there and open to others.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("seal: making the key folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("seal: key folder: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return fmt.Errorf("seal: the key folder is open to others (mode %o): make it 0700", info.Mode().Perm())
	}
	return nil
}

// writeOnce writes a new file of mode 0600 whole or not at all, durably, and never over one that is there: the finished file is
// linked to its name, which fails when the name is taken.
func writeOnce(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("seal: writing a key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("seal: writing a key: %w", err)
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, os.ErrExist) {
		return ErrExists
	} else if err != nil {
		return fmt.Errorf("seal: placing a key: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

func removeDurably(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("seal: erasing a key: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("seal: key folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("seal: making the key folder durable: %w", err)
	}
	return nil
}
