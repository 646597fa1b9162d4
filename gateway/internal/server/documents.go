package server

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/swaggest/swgui/v5emb"
	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/gateway/internal/api/openapi"
	generated "github.com/mashgate/mashgate/proto/gen/openapi"
)

// docsPolicy lets the page run its own scripts and styles and call this server; nothing from elsewhere.
const docsPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// documents serves the description of the interface and a page to try it. Both are public: they say nothing that the source does not.
func documents() (*http.ServeMux, error) {
	document, err := openapi.Document(generated.FS)
	if err != nil {
		return nil, err
	}
	asJSON, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the description: %w", err)
	}
	asYAML, err := yaml.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("writing the description: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", content("application/json", asJSON))
	mux.HandleFunc("GET /openapi.yaml", content("application/yaml", asYAML))
	page := v5emb.New("Mashgate", "/openapi.json", "/docs/")
	mux.HandleFunc("GET /docs/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		page.ServeHTTP(w, r)
	})
	mux.Handle("GET /docs", http.RedirectHandler("/docs/", http.StatusPermanentRedirect))
	return mux, nil
}

func content(media string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		_, _ = w.Write(body) // the caller has gone: nobody is left to tell
	}
}
