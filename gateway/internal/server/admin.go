package server

import (
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"slices"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// adminMux is for the people who run the machine: health, metrics, profiles. It asks for no credential, so the configuration keeps it
// on a loopback address.
func (s *Server) adminMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "alive\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /healthz", s.healthOf)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.config.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	answer, err := s.health.Check(r.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		http.Error(w, "not serving", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "serving\n")
}

// PolicyHealth is how one hub's policy is served.
type PolicyHealth struct {
	Hub      string `json:"hub"`
	Number   int64  `json:"number"`
	Revision string `json:"revision"`
	// Refused is why the last bundle was refused, Review how the last review stands, each as a code; "" where all is well.
	Refused     string `json:"refused"`
	Review      string `json:"review"`
	Unreachable bool   `json:"publisher_unreachable"`
	Degraded    bool   `json:"degraded"`
}

// policyHealth is the name under which gRPC health tells whether every hub's policy is in order. What is served is good either way: a hub
// goes on under its last good policy, and somebody has to look.
const policyHealth = "mashgate.policy"

// ShowPolicies is told how the hubs' policies are served, whenever that changes.
func (s *Server) ShowPolicies(all []PolicyHealth) {
	s.policies.Store(&all)
	status := healthv1.HealthCheckResponse_SERVING
	if slices.ContainsFunc(all, func(p PolicyHealth) bool { return p.Degraded }) {
		status = healthv1.HealthCheckResponse_NOT_SERVING
	}
	s.health.SetServingStatus(policyHealth, status)
}

// healthOf tells more than readiness: what still serves, and should be looked at.
func (s *Server) healthOf(w http.ResponseWriter, r *http.Request) {
	answer := struct {
		Status   string         `json:"status"`
		Policies []PolicyHealth `json:"policies"`
	}{Status: "serving", Policies: []PolicyHealth{}}
	if all := s.policies.Load(); all != nil {
		answer.Policies = *all
	}
	if slices.ContainsFunc(answer.Policies, func(p PolicyHealth) bool { return p.Degraded }) {
		answer.Status = "degraded"
	}
	w.Header().Set("Content-Type", "application/json")
	check, err := s.health.Check(r.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || check.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		answer.Status = "not serving"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) //nolint:errchkjson // texts and numbers alone; an error is of somebody who has hung up
}

// quiet stands in for net/http's own lines, which quote what a stranger sent: what is left is that there was one.
func quiet(to *slog.Logger) *log.Logger {
	return log.New(writerFunc(func(p []byte) (int, error) {
		to.Warn("http", "problem", "a connection could not be served")
		return len(p), nil
	}), "", 0)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
