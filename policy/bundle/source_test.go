package bundle_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy/bundle"
)

// published is a pair that fits together: a statement of a number that names the bundle's bytes.
func published(t *testing.T, signer bundle.Signer, number int64, archive string) bundle.Published {
	t.Helper()
	s := statement("north")
	s.Number, s.Digest = number, bundle.Digest([]byte(archive))
	jws, err := s.Sign(t.Context(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Published{Statement: jws, Bundle: []byte(archive)}
}

// poll holds one poll to what it should tell; nil for no change.
func poll(t *testing.T, source bundle.Source, want *bundle.Published) {
	t.Helper()
	got, changed, err := source.Poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if changed != (want != nil) {
		t.Fatalf("changed: %t", changed)
	}
	if want != nil {
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestAFolderIsFollowed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "published")
	signer, _ := newSigner(t, "publisher")
	source := bundle.FolderSource(dir)
	if _, _, err := source.Poll(t.Context()); err == nil {
		t.Error("nothing is published, and there is no error")
	}
	first, second := published(t, signer, 1, "one"), published(t, signer, 2, "two")
	publish(t, dir, first)
	poll(t, source, &first)
	poll(t, source, nil)
	publish(t, dir, second)
	poll(t, source, &second)
	// Published again, as it was: other files with the same bytes.
	publish(t, dir, second)
	poll(t, source, nil)
	// Between the two files of a publication: not reported, and then whole.
	between := bundle.Published{Statement: second.Statement, Bundle: first.Bundle}
	publish(t, dir, between)
	poll(t, source, nil)
	publish(t, dir, first)
	poll(t, source, &first)
	// A pair that stays odd is reported once, for the follower to refuse, and so is its repair.
	publish(t, dir, between)
	poll(t, source, nil)
	poll(t, source, &between)
	poll(t, source, nil)
	publish(t, dir, second)
	poll(t, source, &second)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("publishing leaves %d files: %v", len(entries), err)
	}
}

func publish(t *testing.T, dir string, p bundle.Published) {
	t.Helper()
	if err := bundle.Publish(dir, p); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderIsReadWithinLimits(t *testing.T) {
	dir := t.TempDir()
	signer, _ := newSigner(t, "publisher")
	publish(t, dir, published(t, signer, 1, "one"))
	big := filepath.Join(dir, bundle.BundleName)
	if err := os.Truncate(big, 4<<20+1); err != nil {
		t.Fatal(err)
	}
	_, _, err := bundle.FolderSource(dir).Poll(t.Context())
	refused(t, err, bundle.TooLarge)
	if err := os.Remove(big); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(big, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := bundle.FolderSource(dir).Poll(t.Context()); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("a folder in the place of a file: %v", err)
	}
	if err := bundle.Publish(filepath.Join(dir, bundle.StatementName), bundle.Published{}); err == nil {
		t.Error("published into a file")
	}
}

// static is a server of files: with ETags, or without.
type static struct {
	now      bundle.Published
	etags    bool
	sent     []string // names of what was sent whole
	asked    int
	redirect string
}

func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked++
	if s.redirect != "" {
		http.Redirect(w, r, s.redirect, http.StatusFound)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/policies/north/")
	content, ok := map[string][]byte{bundle.BundleName: s.now.Bundle, bundle.StatementName: s.now.Statement}[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	etag := `"` + bundle.Digest(content) + `"`
	if s.etags {
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	s.sent = append(s.sent, name)
	if _, err := w.Write(content); err != nil {
		panic(err)
	}
}

func plainSource(t *testing.T, server *httptest.Server) bundle.Source {
	t.Helper()
	source, err := bundle.HTTPSource(bundle.HTTPOptions{URL: server.URL + "/policies/north", PlainLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestAServerIsFollowed(t *testing.T) {
	signer, _ := newSigner(t, "publisher")
	first, second := published(t, signer, 1, "one"), published(t, signer, 2, "one")
	for _, etags := range []bool{true, false} {
		files := &static{now: first, etags: etags}
		server := httptest.NewServer(files)
		source := plainSource(t, server)
		poll(t, source, &first)
		poll(t, source, nil)
		if etags && len(files.sent) != 2 {
			t.Errorf("what had not changed was sent again: %v", files.sent)
		}
		// A new number for the same bundle: only the statement travels.
		files.now, files.sent = second, nil
		poll(t, source, &second)
		if etags && !cmp.Equal(files.sent, []string{bundle.StatementName}) {
			t.Errorf("sent: %v", files.sent)
		}
		server.Close()
	}
}

func TestAServerThatMisleads(t *testing.T) {
	signer, _ := newSigner(t, "publisher")
	sound := &static{now: published(t, signer, 1, "one")}
	other := httptest.NewServer(sound)
	defer other.Close()
	for name, files := range map[string]*static{
		"redirects elsewhere": {redirect: other.URL + "/policies/north/" + bundle.StatementName},
		"sends too much":      {now: bundle.Published{Statement: make([]byte, 1<<20+1)}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(files)
			defer server.Close()
			if _, changed, err := plainSource(t, server).Poll(t.Context()); err == nil || changed {
				t.Errorf("changed %t, %v", changed, err)
			}
		})
	}
	if sound.asked != 0 {
		t.Error("a redirect was followed")
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	source := plainSource(t, gone)
	if _, _, err := source.Poll(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a server without the files: %v", err)
	}
	gone.Close()
	if _, _, err := source.Poll(t.Context()); err == nil {
		t.Error("a server that is gone gave no error")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := plainSource(t, other).Poll(cancelled); err == nil {
		t.Error("a poll that was called off gave no error")
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	for name, o := range map[string]bundle.HTTPOptions{
		"nothing":                      {},
		"no host":                      {URL: "https:///policy"},
		"plain":                        {URL: "http://gateway.example/policy"},
		"plain, elsewhere, and wanted": {URL: "http://gateway.example/policy", PlainLoopback: true},
		"plain, here, not wanted":      {URL: "http://127.0.0.1/policy"},
		"a file":                       {URL: "file://localhost/policy"},
		"a password":                   {URL: "https://a:b@gateway.example/policy"},
		"a query":                      {URL: "https://gateway.example/policy?hub=north"},
	} {
		if _, err := bundle.HTTPSource(o); err == nil {
			t.Errorf("%s: %q was taken", name, o.URL)
		}
	}
}
