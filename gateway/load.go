package gateway

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/config"
	"github.com/mashgate/mashgate/gateway/internal/keeper"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
)

// loaded is everything that a configuration names: keys, certificates, policies.
type loaded struct {
	log     *slog.Logger
	clock   clock.Clock
	hubKey  []byte
	hubs    []loadedHub
	grpcTLS *tls.Config
	restTLS *tls.Config
	// bundlesTLS is nil where policies are not published.
	bundlesTLS *tls.Config
}

// loadedHub is what is one hub's alone.
type loadedHub struct {
	config.Hub

	machine peer.Material
	permits crypto.Signer
	// keeps is how it comes by its policy.
	keeps keeper.Hub
}

// load reads all of it, so that what is wrong is told at once.
func load(ctx context.Context, c Config) (loaded, error) {
	if err := errors.Join(c.Check(), authn.CheckIssuers(issuers(c), c.Demo)); err != nil {
		return loaded{}, err
	}
	with := loaded{log: c.Logger, clock: c.Clock}
	if with.log == nil {
		with.log = slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: c.Log.Level}))
	}
	if with.clock == nil {
		with.clock = clock.System{}
	}
	var keyErr, grpcErr, restErr error
	with.hubKey, keyErr = readHubKey(c.Data.HubKey)
	problems := []error{keyErr}
	for _, hub := range c.Hubs {
		of, err := loadHub(ctx, hub, c.Demo)
		if err != nil {
			problems = append(problems, fmt.Errorf("hub %s: %w", hub.ID, err))
		}
		with.hubs = append(with.hubs, of)
	}
	with.grpcTLS, grpcErr = frontTLS(c, c.Listen.GRPC.Certificate, c.Listen.GRPC.Key)
	with.restTLS, restErr = frontTLS(c, c.Listen.REST.Certificate, c.Listen.REST.Key)
	if grpcErr == nil {
		grpcErr = acceptClients(with.grpcTLS, c.Listen.GRPC.ClientAuthority)
	}
	var bundlesErr error
	with.bundlesTLS, bundlesErr = bundlesTLS(c)
	return with, errors.Join(append(problems, grpcErr, restErr, bundlesErr)...)
}

func loadHub(ctx context.Context, hub config.Hub, demo bool) (loadedHub, error) {
	of := loadedHub{Hub: hub}
	var machineErr, permitErr error
	of.machine, machineErr = loadMachine(hub, demo)
	of.permits, permitErr = readPermitKey(hub.Warrants.Key)
	policyErr := loadPolicy(ctx, &of, demo)
	return of, errors.Join(machineErr, permitErr, policyErr)
}

func issuers(c Config) []authn.Issuer {
	var all []authn.Issuer
	for _, i := range c.Issuers {
		all = append(all, authn.Issuer{URL: i.URL, Audience: i.Audience, Algorithms: i.Algorithms, Hubs: i.Hubs})
	}
	return all
}

// othersMayRead are the bits of a file mode that no secret may have.
const othersMayRead fs.FileMode = 0o077

// readSecret reads a file that nobody else may read.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&othersMayRead != 0 {
		return nil, fmt.Errorf("%s can be read by others: make it 0600", path)
	}
	return os.ReadFile(path)
}

func readHubKey(path string) ([]byte, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, fmt.Errorf("data/hub_key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, errors.New("data/hub_key: is not 32 bytes in base64")
	}
	return key, nil
}

func readPermitKey(path string) (crypto.Signer, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, fmt.Errorf("warrants/key: %w", err)
	}
	key, err := warrant.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("warrants/key: %w", err)
	}
	return key, nil
}

// loadMachine reads the gateway's identity towards organisations. One of another hub would be answered about other people.
func loadMachine(hub config.Hub, demo bool) (peer.Material, error) {
	material, err := peer.Load(peer.Files{Certificate: hub.Machine.Certificate, Key: hub.Machine.Key, Authority: hub.Machine.Authority})
	if err != nil {
		return material, fmt.Errorf("machine: %w", err)
	}
	who, err := material.Identity()
	switch {
	case err != nil:
		return material, fmt.Errorf("machine: %w", err)
	case who != gatewayOf(hub.ID):
		return material, fmt.Errorf("machine: the certificate is of %s, not of %s", who, gatewayOf(hub.ID))
	case !demo && slices.Contains(material.Marks(), peer.DemoMark):
		return material, errors.New("machine: the certificate was made by a demo")
	}
	return material, nil
}

func gatewayOf(hub string) peer.Identity { return peer.Identity{Kind: peer.Gateway, Name: hub} }

// frontTLS is the TLS of a listener for people and services. None is plain text, which Config.Check lets pass in a demo alone.
func frontTLS(c Config, certificate, key string) (*tls.Config, error) {
	if certificate == "" && c.Demo {
		return nil, nil //nolint:nilnil // nil is plain text, by the contract of server.Config
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	for _, der := range pair.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
		if !c.Demo && slices.Contains(cert.Subject.Organization, peer.DemoMark) {
			return nil, errors.New("listen: the certificate was made by a demo")
		}
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, nil
}

// acceptClients lets services show a certificate. People need none, so none is demanded; one that is shown must hold.
func acceptClients(of *tls.Config, authority string) (err error) {
	if of == nil || authority == "" {
		return nil
	}
	of.ClientAuth = tls.VerifyClientCertIfGiven
	of.ClientCAs, err = readAuthority("listen/grpc/client_authority", authority)
	return err
}

func readAuthority(key, path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: holds no certificate", key)
	}
	return pool, nil
}

// bundlesTLS is the TLS of the listener for peers: no certificate, no connection. Which peer may have what is for the handler.
func bundlesTLS(c Config) (*tls.Config, error) {
	on := c.Listen.Bundles
	if on.Address == "" {
		return nil, nil //nolint:nilnil // nil is no listener
	}
	secure, err := frontTLS(c, on.Certificate, on.Key)
	if err != nil {
		return nil, err
	}
	secure.MinVersion, secure.ClientAuth = tls.VersionTLS13, tls.RequireAndVerifyClientCert
	secure.ClientCAs, err = readAuthority("listen/bundles/client_authority", on.ClientAuthority)
	return secure, err
}

// keyFetcher asks issuers for their keys. It follows no redirect: keys come from where the configuration says.
func keyFetcher() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
