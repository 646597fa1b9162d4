// Package agencyhost runs one reference agency as a server: its own store, its own journal, mutual TLS, one listener. It is wiring
// only: what the agency holds and how it decides is in agencies. It refuses to start with anything left out.
package agencyhost

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/custodian"
	"github.com/mashgate/mashgate/agencies/reference"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/tracing"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
)

// stopTime is how long answers under way may take when the agency stops.
const stopTime = 5 * time.Second

// Host is one agency ready to serve.
type Host struct {
	journal *agencies.Journal
	closers []io.Closer
	config  agencies.Config
	tls     *tls.Config
	tracer  *sdktrace.TracerProvider
	log     *slog.Logger
}

// Open opens the agency's store and journal in its data folder and prepares its server.
func Open(ctx context.Context, c Config, log *slog.Logger) (*Host, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	material, err := peer.Load(peer.Files{Certificate: c.Certificate, Key: c.Key, Authority: c.Authority})
	if err != nil {
		return nil, err
	}
	named, err := material.Identity()
	if err != nil {
		return nil, err
	}
	if want := (peer.Identity{Kind: peer.Agency, Name: c.Organisation}); named != want {
		return nil, fmt.Errorf("certificate: it names %s, not %s", named, want)
	}
	gateway := peer.Identity{Kind: peer.Gateway, Name: c.Hub}
	server, err := material.Server(gateway)
	if err != nil {
		return nil, err
	}
	verifier, err := c.verifier(gateway)
	if err != nil {
		return nil, err
	}
	h := &Host{tls: server, log: log}
	h.tracer, err = tracing.New(ctx, tracing.Options{Endpoint: c.Tracing.Endpoint, Sample: c.Tracing.Sample, Service: "mashgate-agency-" + c.Organisation})
	if err != nil {
		return nil, err
	}
	if err := h.openStore(ctx, c); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	if c.Policy != "" {
		if h.config.Policy, err = policy.CompileAgency(ctx, os.DirFS(c.Policy)); err != nil {
			return nil, errors.Join(fmt.Errorf("policy: %w", err), h.Close())
		}
	}
	h.config.Verifier, h.config.Journal, h.config.Clock, h.config.Log = verifier, h.journal, c.Clock, log
	return h, nil
}

func (h *Host) openStore(ctx context.Context, c Config) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	var err error
	if h.journal, err = agencies.OpenJournal(ctx, agencies.JournalOptions{
		Path: filepath.Join(c.Data, "journal.db"), KeepDecisions: c.KeepDecisions,
	}); err != nil {
		return err
	}
	h.closers = append(h.closers, h.journal)
	if c.Custodian.File != "" {
		return h.openCustodian(ctx, c)
	}
	store, err := reference.Open(ctx, c.Organisation, c.Data)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, store)
	if c.Extract != "" {
		if err := importExtract(ctx, store, c.Extract); err != nil {
			return err
		}
	}
	h.config, err = store.Config(ctx)
	return err
}

func (h *Host) openCustodian(ctx context.Context, c Config) error {
	options := custodian.Options{File: c.Custodian.File}
	if c.Custodian.Mapping != "" {
		source, err := os.ReadFile(c.Custodian.Mapping)
		if err != nil {
			return fmt.Errorf("custodian.mapping: %w", err)
		}
		if options.Mapping, err = custodian.ParseMapping(source); err != nil {
			return err
		}
	}
	files, err := custodian.Open(options)
	if err != nil {
		return err
	}
	h.config, err = files.Config(ctx)
	return err
}

// importer is a store that an extract is loaded into.
type importer interface {
	Import(ctx context.Context, r io.Reader) error
}

func importExtract(ctx context.Context, store importer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	defer f.Close()
	return store.Import(ctx, f)
}

func (c Config) verifier(gateway peer.Identity) (*warrant.Verifier, error) {
	keys := map[string]warrant.Key{}
	for _, k := range c.WarrantKeys {
		pem, err := os.ReadFile(k.File)
		if err != nil {
			return nil, fmt.Errorf("warrant_keys: %w", err)
		}
		public, err := warrant.ParsePublicKey(pem)
		if err != nil {
			return nil, fmt.Errorf("warrant_keys: %s: %w", k.ID, err)
		}
		keys[k.ID] = warrant.Key{Algorithm: k.Algorithm, Public: public}
	}
	return warrant.NewVerifier(warrant.VerifierConfig{Keys: keys, Issuer: gateway.SAN(), Audience: c.Organisation, Clock: c.Clock})
}

// Serve answers on the listener until the context ends. More options go to the server as they are.
func (h *Host) Serve(ctx context.Context, listener net.Listener, more ...grpc.ServerOption) error {
	agency, err := agencies.New(h.config)
	if err != nil {
		return err
	}
	server, err := agencies.NewServer(agency, h.tls, append(more, grpc.StatsHandler(otelgrpc.NewServerHandler(
		otelgrpc.WithTracerProvider(h.tracer), otelgrpc.WithPropagators(propagation.TraceContext{}))))...)
	if err != nil {
		return err
	}
	stopped := context.AfterFunc(ctx, func() {
		forced := time.AfterFunc(stopTime, server.Stop)
		defer forced.Stop()
		server.GracefulStop()
	})
	defer stopped()
	h.log.InfoContext(ctx, "agency serves", "organisation", h.config.Organisation, "address", listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil // told to stop before it began to serve
}

// Close closes the store and the journal, after spans on their way have been sent.
func (h *Host) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	errs := []error{h.tracer.Shutdown(ctx)}
	for _, c := range slices.Backward(h.closers) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
