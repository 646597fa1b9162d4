package watch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/cmd/internal/watch"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestEachSaveIsNoticed: written in place, written beside and renamed over it as editors do, added, removed, in a folder that is new;
// a file that is hidden, or touched without a change, is none.
func TestEachSaveIsNoticed(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	write(t, at("release.rego"), "1")
	write(t, at("data/tiers.yaml"), "1")
	folder, err := watch.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for _, step := range []struct {
		name string
		save func()
		want []string
	}{
		{"in place", func() { write(t, at("release.rego"), "2") }, []string{"release.rego"}},
		{"beside and renamed", func() {
			write(t, at("data/tiers.yaml.tmp"), "2")
			rename(t, at("data/tiers.yaml.tmp"), at("data/tiers.yaml"))
		}, []string{"data/tiers.yaml"}},
		{"the old one moved away first", func() {
			rename(t, at("data/tiers.yaml"), at("data/tiers.yaml~"))
			write(t, at("data/tiers.yaml"), "3")
		}, []string{"data/tiers.yaml"}},
		{"beside what changes nothing", func() {
			write(t, at("release.rego"), "2")
			write(t, at(".release.rego.swp"), "x")
			write(t, at("new.rego"), "1")
		}, []string{"new.rego"}},
		{"in a new folder", func() { write(t, at("scenarios/more/a.yaml"), "1") }, []string{"scenarios/more/a.yaml"}},
		{"in that folder", func() { write(t, at("scenarios/more/a.yaml"), "2") }, []string{"scenarios/more/a.yaml"}},
		{"removed", func() { remove(t, at("new.rego")) }, []string{"new.rego"}},
	} {
		step.save()
		got, err := folder.Wait(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := folder.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after giving up: %v", err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyAFolderCanBeWatched(t *testing.T) {
	if _, err := watch.Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("what is not there is watched")
	}
}
