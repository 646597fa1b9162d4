package bundle_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/policy/bundle"
)

// serving is a bundle endpoint over mutual TLS, and the machines that may meet it.
type serving struct {
	t         *testing.T
	authority *peer.Authority
	address   string

	mu     sync.Mutex
	served []string
}

var (
	gateway = peer.Identity{Kind: peer.Gateway, Name: "north"}
	police  = peer.Identity{Kind: peer.Agency, Name: "police"}
	replica = peer.Identity{Kind: peer.Service, Name: "replica"}
)

func serve(t *testing.T, now map[string]bundle.InForce) *serving {
	t.Helper()
	authority, err := peer.NewAuthority(peer.DemoMark)
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{t: t, authority: authority}
	handler, err := bundle.Handler(bundle.HandlerConfig{
		Peers: []bundle.Peer{{SAN: police.SAN(), Hubs: []string{"north", "broken", "silent"}}},
		InForce: func(_ context.Context, hub string) (bundle.InForce, error) {
			if hub == "broken" {
				return bundle.InForce{}, errors.New("disk on fire")
			}
			in, ok := now[hub]
			if !ok {
				return in, bundle.ErrNothingPublished
			}
			return in, nil
		},
		Served: func(_ context.Context, peer, hub string, number int64) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.served = append(s.served, strings.Join([]string{peer, hub, string(rune('0' + number))}, " "))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	material, err := authority.Issue(gateway, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	if server.TLS, err = material.Server(police, replica); err != nil {
		t.Fatal(err)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	s.address = server.URL
	return s
}

func (s *serving) as(who peer.Identity) *tls.Config {
	s.t.Helper()
	material, err := s.authority.Issue(who)
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := material.Client(gateway)
	if err != nil {
		s.t.Fatal(err)
	}
	return config
}

func (s *serving) do(who peer.Identity, method, path string, header ...string) (*http.Response, string) {
	s.t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: s.as(who)}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.address+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, string(body)
}

func TestAPeerFetchesWhatIsInForce(t *testing.T) {
	signer, keys := newSigner(t, "publisher")
	first := published(t, signer, 4, "one")
	s := serve(t, map[string]bundle.InForce{"north": {Published: first, Number: 4}, "south": {Published: first, Number: 1}})
	source, err := bundle.HTTPSource(bundle.HTTPOptions{URL: s.address + "/v1/hubs/north/policy", TLS: s.as(police)})
	if err != nil {
		t.Fatal(err)
	}
	poll(t, source, &first)
	poll(t, source, nil)
	got, err := bundle.OpenStatement(first.Statement, keys, "north")
	if err != nil || got.Number != 4 {
		t.Errorf("the statement: %+v, %v", got, err)
	}
	// Told each time the peer asked, also when it had the bundle already.
	want := []string{police.SAN() + " north 4", police.SAN() + " north 4"}
	if diff := cmp.Diff(want, s.served); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
}

func TestWhoMayFetchWhat(t *testing.T) {
	signer, _ := newSigner(t, "publisher")
	in := bundle.InForce{Published: published(t, signer, 4, "one"), Number: 4}
	s := serve(t, map[string]bundle.InForce{"north": in, "south": in})
	const north = "/v1/hubs/north/policy/"
	etag := `"` + bundle.Digest(in.Bundle) + `"`
	for name, test := range map[string]struct {
		who          peer.Identity
		method, path string
		header       []string
		want         int
		served       bool
	}{
		"the bundle":             {police, http.MethodGet, north + bundle.BundleName, nil, 200, true},
		"the bundle it has":      {police, http.MethodGet, north + bundle.BundleName, []string{"If-None-Match", etag}, 304, true},
		"the bundle's head":      {police, http.MethodHead, north + bundle.BundleName, nil, 200, false},
		"a part of the bundle":   {police, http.MethodGet, north + bundle.BundleName, []string{"Range", "bytes=0-0"}, 206, false},
		"the statement":          {police, http.MethodGet, north + bundle.StatementName, nil, 200, false},
		"a write":                {police, http.MethodPut, north + bundle.BundleName, nil, 405, false},
		"an activation":          {police, http.MethodPost, north + "activate", nil, 404, false},
		"another hub":            {police, http.MethodGet, "/v1/hubs/south/policy/" + bundle.BundleName, nil, 404, false},
		"no hub":                 {police, http.MethodGet, "/v1/hubs/nowhere/policy/" + bundle.BundleName, nil, 404, false},
		"a hub without a policy": {police, http.MethodGet, "/v1/hubs/silent/policy/" + bundle.BundleName, nil, 404, false},
		"a hub that fails":       {police, http.MethodGet, "/v1/hubs/broken/policy/" + bundle.BundleName, nil, 503, false},
		"nothing":                {police, http.MethodGet, "/", nil, 404, false},
		"a stranger":             {replica, http.MethodGet, north + bundle.BundleName, nil, 403, false},
		"a stranger to nothing":  {replica, http.MethodGet, "/", nil, 403, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(s.served)
			response, body := s.do(test.who, test.method, test.path, test.header...)
			if response.StatusCode != test.want || (len(s.served) > before) != test.served {
				t.Errorf("status %d, served %v", response.StatusCode, s.served[before:])
			}
			if response.Header.Get("Cache-Control") != "no-store" {
				t.Error("it may be stored on the way")
			}
			if strings.Contains(body, "fire") {
				t.Error("a private cause was told")
			}
			if test.want == 200 && !strings.HasPrefix(response.Header.Get("ETag"), `"`) {
				t.Errorf("the ETag is not strong: %s", response.Header.Get("ETag"))
			}
		})
	}
	other, otherBody := s.do(police, http.MethodGet, "/v1/hubs/south/policy/"+bundle.BundleName)
	none, noneBody := s.do(police, http.MethodGet, "/v1/hubs/nowhere/policy/"+bundle.BundleName)
	if otherBody != noneBody || other.Header.Get("Content-Type") != none.Header.Get("Content-Type") {
		t.Error("another hub can be told from none")
	}
}

func TestWithoutMutualTLSNobodyFetches(t *testing.T) {
	handler, err := bundle.Handler(bundle.HandlerConfig{
		Peers:   []bundle.Peer{{SAN: police.SAN(), Hubs: []string{"north"}}},
		InForce: func(context.Context, string) (bundle.InForce, error) { return bundle.InForce{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"http", "https"} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://x/v1/hubs/north/policy/"+bundle.BundleName, nil))
		if answer.Code != http.StatusForbidden {
			t.Errorf("%s without a certificate: %d", scheme, answer.Code)
		}
	}
}

func TestEndpointsThatCouldServeNobody(t *testing.T) {
	read := func(context.Context, string) (bundle.InForce, error) { return bundle.InForce{}, nil }
	one := bundle.Peer{SAN: police.SAN(), Hubs: []string{"north"}}
	for name, c := range map[string]bundle.HandlerConfig{
		"nobody":            {InForce: read},
		"nothing to serve":  {Peers: []bundle.Peer{one}},
		"a peer twice":      {Peers: []bundle.Peer{one, one}, InForce: read},
		"a nameless peer":   {Peers: []bundle.Peer{{Hubs: []string{"north"}}}, InForce: read},
		"a peer of no hubs": {Peers: []bundle.Peer{{SAN: police.SAN()}}, InForce: read},
	} {
		if _, err := bundle.Handler(c); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}
