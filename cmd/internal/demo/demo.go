// Package demo starts a whole hub on this machine: keys made at run time and marked DEMO, the synthetic city, eight agencies, an
// issuer that hands out tokens to made-up people, and the gateway. Everything listens on loopback only, and nothing in it is secret
// or real. `mashgate demo` and the end-to-end tests use it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/agencyhost"
	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
)

// HubID is the demo's hub.
const HubID = "coventry"

// Options say what a demo is made of.
type Options struct {
	// Dir is the data folder; it is made anew.
	Dir string
	// Families is how many generated families live in the city beside the hand-made ones; Seed draws them.
	Families int
	Seed     uint64
	// History makes room for History: the demo's few people may then call as often as a hub's many.
	History bool
	// Log takes the log of the gateway and the agencies; nil writes it to LogFile in the data folder.
	Log io.Writer
	// People are further users beside People().
	People []gateway.Person
	// Custodians names, by organisation, the custodian's file that it answers from in place of what the city holds.
	Custodians map[string]string
	// Clock is what the gateway, the agencies and the issuer read; nil is the machine's.
	Clock clock.Clock
	// Agency adds to the server of an agency, by organisation; nil adds nothing. A test listens in on what agencies are asked.
	Agency func(organisation string) []grpc.ServerOption
	// Collector is the URL of an OTLP collector for the spans of the gateway and the agencies; empty keeps none.
	Collector string
	// Change alters the gateway's configuration before it starts; nil leaves it.
	Change func(*gateway.Config)
}

// Hub is a running demo.
type Hub struct {
	Addresses gateway.Addresses
	// IssuerURL is where the demo's tokens come from.
	IssuerURL string

	dir    string
	clock  clock.Clock
	city   city.Options
	keys   keys
	issuer *issuer
	log    io.Closer
	cancel context.CancelFunc
	parts  *errgroup.Group
}

// Start makes the data folder and starts everything; it returns when the gateway answers. The hub stops with Close.
func Start(ctx context.Context, o Options) (*Hub, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("finding the data folder: %w", err)
	}
	if err := makeFolder(o.Dir); err != nil {
		return nil, err
	}
	h := &Hub{dir: o.Dir, clock: o.Clock}
	if o.Log == nil {
		file, err := os.OpenFile(h.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening the log: %w", err)
		}
		o.Log, h.log = file, file
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h.cancel = cancel
	h.parts, run = errgroup.WithContext(run)
	if err := h.start(ctx, run, o); err != nil {
		h.cancel()
		_ = h.Close() // what stops because the start failed has nothing to add to why
		return nil, err
	}
	return h, nil
}

func (h *Hub) start(ctx, run context.Context, o Options) error {
	h.city = city.Options{Families: o.Families, Seed: o.Seed, Now: o.Clock.Now()}
	if err := city.Generate(filepath.Join(h.dir, "city"), h.city); err != nil {
		return fmt.Errorf("making the city: %w", err)
	}
	keys, err := makeKeys(h.dir)
	if err != nil {
		return err
	}
	h.keys = keys
	if h.issuer, err = newIssuer(o.Clock); err != nil {
		return err
	}
	if err := h.issuer.serve(); err != nil {
		return err
	}
	h.IssuerURL = h.issuer.url
	log := slog.New(slog.NewJSONHandler(o.Log, nil))
	addresses, err := h.startAgencies(run, keys, o, log)
	if err != nil {
		return err
	}
	config := h.config(keys, addresses, o, log)
	if o.Change != nil {
		o.Change(&config)
	}
	if err := h.startGateway(ctx, run, config); err != nil {
		return err
	}
	return h.writeProfiles(o)
}

// startGateway waits until the gateway listens or has given up.
func (h *Hub) startGateway(ctx, run context.Context, config gateway.Config) error {
	ready := make(chan gateway.Addresses, 1)
	failed := make(chan error, 1)
	config.Ready = func(a gateway.Addresses) { ready <- a }
	h.parts.Go(func() error {
		err := gateway.Run(run, config)
		failed <- err
		return err
	})
	select {
	case h.Addresses = <-ready:
		return nil
	case err := <-failed:
		if err == nil {
			err = errors.New("it ended before it listened")
		}
		return fmt.Errorf("starting the gateway: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *Hub) startAgencies(run context.Context, keys keys, o Options, log *slog.Logger) (map[string]string, error) {
	addresses := map[string]string{}
	for _, organisation := range city.Organisations() {
		config, err := h.agencyConfig(keys, organisation, o)
		if err != nil {
			return nil, err
		}
		host, err := agencyhost.Open(run, config, log)
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", organisation, err)
		}
		listener, err := net.Listen("tcp", config.Listen)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("starting %s: %w", organisation, err), host.Close())
		}
		addresses[organisation] = listener.Addr().String()
		var more []grpc.ServerOption
		if o.Agency != nil {
			more = o.Agency(organisation)
		}
		h.parts.Go(func() error { return errors.Join(host.Serve(run, listener, more...), host.Close()) })
	}
	return addresses, nil
}

// keepDecisions is how long a demo's organisations keep what was decided on.
const keepDecisions = 400 * 24 * time.Hour

// agencyConfig writes the files with which the agency could run as a process of its own, and returns what they say.
func (h *Hub) agencyConfig(keys keys, organisation string, o Options) (agencyhost.Config, error) {
	dir := filepath.Join(h.dir, "agencies", organisation)
	files, err := keys.issue(peer.Identity{Kind: peer.Agency, Name: organisation}, filepath.Join(dir, "tls"))
	if err != nil {
		return agencyhost.Config{}, err
	}
	config := agencyhost.Config{
		Organisation: organisation, Hub: HubID, Listen: loopback, Data: dir, KeepDecisions: keepDecisions,
		Extract:     filepath.Join(h.dir, "city", "extract", organisation+".ndjson"),
		Certificate: files.Certificate, Key: files.Key, Authority: files.Authority,
		WarrantKeys: []agencyhost.WarrantKey{{ID: keys.warrantID, Algorithm: keys.warrantAlgorithm, File: keys.warrantPublic}},
		Tracing:     agencyhost.Tracing{Endpoint: o.Collector, Sample: 1},
		Clock:       o.Clock,
	}
	if file := o.Custodians[organisation]; file != "" {
		config.Extract, config.Custodian.File = "", file
	}
	return config, config.Write(filepath.Join(dir, "agency.yaml"))
}

// Profile says how to connect as one of the hub's people.
func (h *Hub) Profile(person string) dial.Profile {
	return dial.Profile{
		Address: h.Addresses.GRPC, CAFile: filepath.Join(h.dir, "authority.pem"), TokenFile: h.profileFile(person, ".token"), Hub: HubID,
	}
}

// ProfileFile is the file that holds the profile of one of the hub's people.
func (h *Hub) ProfileFile(person string) string { return h.profileFile(person, ".json") }

func (h *Hub) profileFile(person, ending string) string {
	return filepath.Join(h.dir, "profiles", person+ending)
}

// Token signs a new token for one of the hub's people.
func (h *Hub) Token(person string) (string, error) { return h.issuer.token(person) }

// LogFile is where the log stands that nobody else takes.
func (h *Hub) LogFile() string { return filepath.Join(h.dir, "mashgate.log") }

// AuthorityFile holds the certificate to trust (PEM).
func (h *Hub) AuthorityFile() string { return filepath.Join(h.dir, "authority.pem") }

// SigningKey is the file of the key that signs this hub's policy, and the key's id.
func (h *Hub) SigningKey() (file, id string) {
	return filepath.Join(h.dir, signingFolder, h.keys.policyID+".key"), h.keys.policyID
}

// Wait returns when a part of the hub has failed, or the hub was closed.
func (h *Hub) Wait() error { return ignoreCancel(h.parts.Wait()) }

// Close stops everything and waits for it.
func (h *Hub) Close() error {
	h.cancel()
	err := ignoreCancel(h.parts.Wait())
	if h.issuer != nil && h.issuer.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(err, h.issuer.close(ctx))
	}
	if h.log != nil {
		err = errors.Join(err, h.log.Close())
	}
	return err
}

func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
