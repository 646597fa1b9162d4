package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The names under which a publisher puts what is in force, in a folder and on a server.
const (
	BundleName    = "bundle.tar.gz"
	StatementName = "statement.jws"
)

// Published is what a publisher says is in force, and the bundle beside it. Nothing in it has been verified.
type Published struct {
	Statement []byte
	Bundle    []byte
}

// Source is where a follower looks. One goroutine polls it.
type Source interface {
	// Poll tells whether what is published is other than at the last poll that told so. An error leaves all as it was.
	Poll(ctx context.Context) (published Published, changed bool, err error)
}

// settling reports a pair once, and one that does not fit together only when it is still there at the next poll: a publisher replaces
// its two files one after the other, and a follower that looks in between has seen no forgery.
type settling struct{ last, odd Published }

func (s *settling) settle(now Published) (Published, bool) {
	if now.same(s.last) {
		s.odd = Published{}
		return Published{}, false
	}
	if !now.fits() && !now.same(s.odd) {
		s.odd = now
		return Published{}, false
	}
	s.last, s.odd = now, Published{}
	return now, true
}

func (p Published) same(other Published) bool {
	return string(p.Statement) == string(other.Statement) && string(p.Bundle) == string(other.Bundle)
}

// fits tells whether the statement names the bundle, before anybody knows whether it is genuine.
func (p Published) fits() bool {
	parts, err := split(string(p.Statement))
	if err != nil {
		return false
	}
	var s Statement
	return strictly(parts[1], &s) == nil && s.Digest == Digest(p.Bundle)
}

// FolderSource looks in a folder, as Publish or a synchronising tool keeps it.
func FolderSource(dir string) Source {
	return &folder{
		statement: seen{path: filepath.Join(dir, StatementName), limit: maxToken},
		bundle:    seen{path: filepath.Join(dir, BundleName), limit: maxArchive},
	}
}

type folder struct {
	settling
	statement, bundle seen
}

func (f *folder) Poll(_ context.Context) (Published, bool, error) {
	statement, err := f.statement.read()
	if err != nil {
		return Published{}, false, fmt.Errorf("bundle: looking for the policy in force: %w", err)
	}
	archive, err := f.bundle.read()
	if err != nil {
		return Published{}, false, fmt.Errorf("bundle: looking for the policy in force: %w", err)
	}
	published, changed := f.settle(Published{Statement: statement, Bundle: archive})
	return published, changed, nil
}

// seen is a file that is read again only when it is another.
type seen struct {
	path    string
	limit   int64
	info    os.FileInfo
	content []byte
}

func (s *seen) read() ([]byte, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if s.info != nil && os.SameFile(s.info, info) && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime()) {
		return s.content, nil
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", s.path)
	}
	content, err := readAtMost(file, s.limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	s.info, s.content = info, content
	return content, nil
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = refuse(TooLarge, "more than %d bytes", limit)
	}
	return content, err
}

// Publish puts a bundle and its statement into a folder, each whole or not at all, the bundle first.
func Publish(dir string, p Published) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // what is published is for everybody who may reach the folder
		return fmt.Errorf("bundle: publishing: %w", err)
	}
	if err := errors.Join(replace(dir, BundleName, p.Bundle), replace(dir, StatementName, p.Statement)); err != nil {
		return fmt.Errorf("bundle: publishing: %w", err)
	}
	return nil
}

// replace writes a file beside the old one and renames it over it, durable before anybody sees it.
func replace(dir, name string, content []byte) (err error) {
	file, err := os.CreateTemp(dir, "."+strings.TrimSuffix(name, filepath.Ext(name))+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(dir, name))
}
