// Package watch tells what was saved in a folder. It stands beside the commands that run again when a file changes. It trusts no
// notice of a change: editors write a copy and rename it, touch files, and save several at once, so a notice only makes it look, and
// a change is a file whose content is another.
package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing may happen before a burst of notices counts as over: an editor's save is several of them.
const quiet = 100 * time.Millisecond

// Folder is a folder being watched, with everything below it. It is used by one goroutine.
type Folder struct {
	path    string
	watcher *fsnotify.Watcher
	known   map[string][sha256.Size]byte
}

// Open begins to watch: a change from here on is found by Wait. Close ends it.
func Open(path string) (*Folder, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", path, err)
	}
	f := &Folder{path: path, watcher: watcher}
	if err := f.follow(); err != nil {
		return nil, errors.Join(fmt.Errorf("watching %s: %w", path, err), watcher.Close())
	}
	if f.known, err = f.look(); err != nil {
		return nil, errors.Join(fmt.Errorf("watching %s: %w", path, err), watcher.Close())
	}
	return f, nil
}

// Close ends it.
func (f *Folder) Close() error { return f.watcher.Close() }

// Wait waits until files differ from what they were when it last returned, and names them, with slashes, below the folder. The error is
// the context's, or a watch that broke.
func (f *Folder) Wait(ctx context.Context) ([]string, error) {
	for {
		if err := f.notice(ctx); err != nil {
			return nil, err
		}
		if err := f.settle(ctx); err != nil {
			return nil, err
		}
		if err := f.follow(); err != nil {
			continue // the folder is being replaced; there will be another notice
		}
		now, err := f.look()
		if err != nil {
			continue
		}
		changed := differing(f.known, now)
		f.known = now
		if len(changed) > 0 {
			return changed, nil
		}
	}
}

// notice waits for one.
func (f *Folder) notice(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case _, open := <-f.watcher.Events:
		if !open {
			return errors.New("watching: the watch has ended")
		}
		return nil
	case err := <-f.watcher.Errors:
		if errors.Is(err, fsnotify.ErrEventOverflow) {
			return nil // too many changes to name: look
		}
		return fmt.Errorf("watching %s: %w", f.path, err)
	}
}

// settle waits until the burst is over.
func (f *Folder) settle(ctx context.Context) error {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			return nil
		case _, open := <-f.watcher.Events:
			if !open {
				return errors.New("watching: the watch has ended")
			}
			timer.Reset(quiet)
		}
	}
}

// follow watches each folder, because a notice is only of what lies directly in one; those known already are watched no more than once.
func (f *Folder) follow() error {
	return f.walk(func(path string, entry fs.DirEntry) error {
		if !entry.IsDir() {
			return nil
		}
		return f.watcher.Add(path)
	})
}

// look reads every file.
func (f *Folder) look() (map[string][sha256.Size]byte, error) {
	seen := map[string][sha256.Size]byte{}
	err := f.walk(func(path string, entry fs.DirEntry) error {
		if entry.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(f.path, path)
		seen[filepath.ToSlash(name)] = sha256.Sum256(content)
		return err
	})
	return seen, err
}

// walk visits what is not hidden. A file that goes while it is walked is one that is gone.
func (f *Folder) walk(visit func(path string, entry fs.DirEntry) error) error {
	return filepath.WalkDir(f.path, func(path string, entry fs.DirEntry, err error) error {
		hidden := path != f.path && entry != nil && (strings.HasPrefix(entry.Name(), ".") || strings.HasSuffix(entry.Name(), "~"))
		switch {
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden:
			return nil
		case err == nil:
			err = visit(path, entry)
		}
		if errors.Is(err, fs.ErrNotExist) && path != f.path {
			return nil
		}
		return err
	})
}

// differing names the files that are new, gone or another, in order.
func differing(before, after map[string][sha256.Size]byte) []string {
	var changed []string
	for name, sum := range after {
		if old, known := before[name]; !known || old != sum {
			changed = append(changed, name)
		}
	}
	for name := range before {
		if _, still := after[name]; !still {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}
