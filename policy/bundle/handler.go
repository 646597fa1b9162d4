package bundle

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
)

// ErrNothingPublished says that a hub publishes nothing to peers, or is none.
var ErrNothingPublished = errors.New("bundle: nothing is published for that hub")

// InForce is what a hub publishes: its signed bundle, and the statement under whose number it is in force.
type InForce struct {
	Published
	Number int64
}

// Peer is a machine that may fetch bundles, by the one URI in its certificate, and the hubs whose bundles it may have.
type Peer struct {
	SAN  string
	Hubs []string
}

// HandlerConfig is what a bundle endpoint serves, and to whom. Served may be nil.
type HandlerConfig struct {
	Peers []Peer
	// InForce reads what a hub publishes now; ErrNothingPublished for a hub that publishes nothing.
	InForce func(ctx context.Context, hub string) (InForce, error)
	// Served is told which number's bundle a peer has now, each time it has asked.
	Served func(ctx context.Context, peer, hub string, number int64)
}

// Handler serves GET and HEAD of /v1/hubs/{hub}/policy/bundle.tar.gz and …/statement.jws to peers that mutual TLS has verified. A
// caller that is not named gets 403 whatever it asks for; one that is gets 404 for another hub as for one that does not exist.
func Handler(c HandlerConfig) (http.Handler, error) {
	if c.InForce == nil || len(c.Peers) == 0 {
		return nil, errors.New("bundle: an endpoint needs peers to serve and something to serve them")
	}
	e := endpoint{HandlerConfig: c, hubs: map[string][]string{}}
	for _, peer := range c.Peers {
		if _, twice := e.hubs[peer.SAN]; twice || peer.SAN == "" || len(peer.Hubs) == 0 {
			return nil, errors.New("bundle: each peer needs a name of its own and the hubs it may ask for")
		}
		e.hubs[peer.SAN] = peer.Hubs
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/hubs/{hub}/policy/"+BundleName, e.bundle)
	mux.HandleFunc("GET /v1/hubs/{hub}/policy/"+StatementName, e.statement)
	return e.named(mux), nil
}

type endpoint struct {
	HandlerConfig
	hubs map[string][]string
}

// named lets nobody through whose certificate does not name a peer.
func (e endpoint) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if _, known := e.hubs[sanOf(r)]; !known {
			http.Error(w, "this machine may not fetch policy", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sanOf is the one URI in the caller's verified certificate; "" without one, or with several.
func sanOf(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.VerifiedChains[0]) == 0 {
		return ""
	}
	if uris := r.TLS.VerifiedChains[0][0].URIs; len(uris) == 1 {
		return uris[0].String()
	}
	return ""
}

func (e endpoint) bundle(w http.ResponseWriter, r *http.Request) {
	now, ok := e.inForce(w, r)
	if !ok {
		return
	}
	status := send(w, r, "application/gzip", now.Bundle)
	if e.Served != nil && r.Method == http.MethodGet && (status == http.StatusOK || status == http.StatusNotModified) {
		e.Served(r.Context(), sanOf(r), r.PathValue("hub"), now.Number)
	}
}

func (e endpoint) statement(w http.ResponseWriter, r *http.Request) {
	if now, ok := e.inForce(w, r); ok {
		send(w, r, "application/jose", now.Statement)
	}
}

func (e endpoint) inForce(w http.ResponseWriter, r *http.Request) (InForce, bool) {
	hub := r.PathValue("hub")
	now, err := InForce{}, ErrNothingPublished
	if slices.Contains(e.hubs[sanOf(r)], hub) {
		now, err = e.InForce(r.Context(), hub)
	}
	switch {
	case errors.Is(err, ErrNothingPublished):
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, "the policy in force cannot be read now", http.StatusServiceUnavailable)
	}
	return now, err == nil
}

// send answers with content under a strong ETag and returns the status.
func send(w http.ResponseWriter, r *http.Request, mediaType string, content []byte) int {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("ETag", `"`+Digest(content)+`"`)
	recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	http.ServeContent(recorder, r, "", time.Time{}, bytes.NewReader(content))
	return recorder.status
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
