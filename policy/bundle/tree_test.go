package bundle_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
)

func TestAFolderComesBackAsItWas(t *testing.T) {
	archive, err := bundle.Archive(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := bundle.Archive(rules.FS); err != nil || !bytes.Equal(archive, again) {
		t.Errorf("the same folder gave other bytes: %v", err)
	}
	tree, err := bundle.Tree(archive)
	if err != nil {
		t.Fatal(err)
	}
	want, got := contents(t, rules.FS), contents(t, tree)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	if err := fstest.TestFS(tree, names...); err != nil {
		t.Error(err)
	}
	before, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	after, err := policy.ReadPack(tree)
	if err != nil {
		t.Fatal(err)
	}
	if before.ID() != after.ID() {
		t.Errorf("the pack is %s and came back as %s", before.ID(), after.ID())
	}
}

func contents(t *testing.T, fsys fs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		all[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAWorkingTreesOwnFilesStayBehind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"manifest.yaml", ".git/config", "data/.hidden.yaml", "data/hub.yaml"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	archive, err := bundle.Archive(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := bundle.Tree(archive)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"manifest.yaml": "manifest.yaml", "data/hub.yaml": "data/hub.yaml"}
	if diff := cmp.Diff(want, contents(t, tree)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "more.rego")); err != nil {
		t.Fatal(err)
	}
	_, err = bundle.Archive(os.DirFS(dir))
	refused(t, err, bundle.Malformed)
}

func TestTreesThatAreRefused(t *testing.T) {
	for name, bad := range map[string]struct {
		want bundle.Code
		make func(a *archive)
	}{
		"a symbolic link":      {bundle.Malformed, func(a *archive) { a.link("a", "/etc/passwd") }},
		"a path that climbs":   {bundle.Malformed, func(a *archive) { a.add("data/../../a", "") }},
		"a path with ./ twice": {bundle.Malformed, func(a *archive) { a.add("././a", "") }},
		"an absolute path":     {bundle.Malformed, func(a *archive) { a.add("/a", "") }},
		"a backslash":          {bundle.Malformed, func(a *archive) { a.add(`..\a`, "") }},
		"a file twice":         {bundle.Malformed, func(a *archive) { a.add("a", ""); a.add("./a", "") }},
		"a file as a folder":   {bundle.Malformed, func(a *archive) { a.add("a", ""); a.add("a/b", "") }},
		"a device": {bundle.Malformed, func(a *archive) {
			a.entries = append(a.entries, entry{header: tar.Header{Typeflag: tar.TypeChar, Name: "a"}})
		}},
		"a hard link": {bundle.Malformed, func(a *archive) {
			a.entries = append(a.entries, entry{header: tar.Header{Typeflag: tar.TypeLink, Name: "a", Linkname: "b"}})
		}},
		"too many files": {bundle.TooLarge, func(a *archive) { a.manyFiles(1001) }},
	} {
		t.Run(name, func(t *testing.T) {
			a := &archive{t: t}
			bad.make(a)
			_, err := bundle.Tree(a.bytes())
			refused(t, err, bad.want)
		})
	}
	a := &archive{t: t}
	a.folder(".")
	a.folder("data")
	a.add("./data/hub.yaml", "as tar(1) writes it")
	tree, err := bundle.Tree(a.bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, tree); got["data/hub.yaml"] == "" {
		t.Errorf("what tar(1) writes: %v", got)
	}
}
