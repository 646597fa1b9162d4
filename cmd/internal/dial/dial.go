// Package dial connects a command to a gateway: it reads the profile that says where the gateway is, whom to trust and who asks,
// and attaches the token to every call. It refuses a plain-text connection.
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Profile says where a gateway is and who asks. It is a JSON file; a relative path in it is relative to the file.
type Profile struct {
	// Address is host:port of the gRPC listener.
	Address string `json:"address"`
	// CAFile holds the certificates to trust (PEM); empty for the system's.
	CAFile string `json:"ca_file,omitempty"`
	// TokenFile holds the OIDC access token of the person who asks.
	TokenFile string `json:"token_file"`
	// Hub is the hub's id.
	Hub string `json:"hub"`
}

// Load reads a profile strictly: an unknown or missing key is an error that names it.
func Load(path string) (Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return Profile{}, fmt.Errorf("reading the profile: %w", err)
	}
	defer f.Close()
	var p Profile
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("reading the profile %s: %w", path, err)
	}
	p.CAFile = beside(path, p.CAFile)
	p.TokenFile = beside(path, p.TokenFile)
	return p, p.Check()
}

// Check tells which keys are missing.
func (p Profile) Check() error {
	var errs []error
	for _, v := range []struct{ key, value string }{{"address", p.Address}, {"token_file", p.TokenFile}, {"hub", p.Hub}} {
		if v.value == "" {
			errs = append(errs, fmt.Errorf("profile: %s is missing", v.key))
		}
	}
	return errors.Join(errs...)
}

func beside(profile, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(profile), path)
}

// Open connects. The token file is read anew for each call, so that a renewed token is taken up.
func Open(p Profile) (*grpc.ClientConn, error) {
	roots, err := roots(p.CAFile)
	if err != nil {
		return nil, err
	}
	return grpc.NewClient(p.Address,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13})),
		grpc.WithPerRPCCredentials(tokenFile(p.TokenFile)),
		// A draft comes with its reports.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
}

func roots(caFile string) (*x509.CertPool, error) {
	if caFile == "" {
		return nil, nil //nolint:nilnil // nil means the system's roots, by the contract of tls.Config
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("reading ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %s holds no certificate", caFile)
	}
	return pool, nil
}

type tokenFile string

func (f tokenFile) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := os.ReadFile(string(f))
	if err != nil {
		return nil, fmt.Errorf("reading token_file: %w", err)
	}
	return map[string]string{"authorization": "Bearer " + strings.TrimSpace(string(token))}, nil
}

func (tokenFile) RequireTransportSecurity() bool { return true }
