package peer

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// Files are the paths of PEM files: this machine's certificate and key, and the authority that signs every machine it may meet.
type Files struct {
	Certificate string
	Key         string
	Authority   string
}

// Material is what a machine needs to speak: its own certificate and the authority it trusts. The zero value is refused.
type Material struct {
	certificate tls.Certificate
	leaf        *x509.Certificate
	authority   []*x509.Certificate
}

// Load reads a machine's files. A key that does not fit, an authority that is none and a certificate without an identity are errors.
func Load(files Files) (Material, error) {
	certificate, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return Material{}, fmt.Errorf("peer: reading certificate and key: %w", err)
	}
	bundle, err := os.ReadFile(files.Authority)
	if err != nil {
		return Material{}, fmt.Errorf("peer: reading the authority: %w", err)
	}
	authority, err := parseAuthority(bundle)
	if err != nil {
		return Material{}, err
	}
	return newMaterial(certificate, authority)
}

func parseAuthority(bundle []byte) ([]*x509.Certificate, error) {
	var authority []*x509.Certificate
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("peer: reading the authority: %w", err)
		}
		if !cert.IsCA {
			return nil, errors.New("peer: reading the authority: a certificate in it is no authority")
		}
		authority = append(authority, cert)
	}
	if len(authority) == 0 {
		return nil, errors.New("peer: reading the authority: it holds no certificate")
	}
	return authority, nil
}

func newMaterial(certificate tls.Certificate, authority []*x509.Certificate) (Material, error) {
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return Material{}, fmt.Errorf("peer: reading the certificate: %w", err)
	}
	if _, err := ofCertificate(leaf); err != nil {
		return Material{}, err
	}
	return Material{certificate: certificate, leaf: leaf, authority: authority}, nil
}

// Identity is this machine's own.
func (m Material) Identity() (Identity, error) {
	if m.leaf == nil {
		return Identity{}, errors.New("peer: there is no certificate")
	}
	return ofCertificate(m.leaf)
}

// Marks are the marks of the authorities that made this material, and of its certificate (NewAuthority). Real certificates that
// happen to name an organisation have it as a mark too; what counts is whether a mark that is refused stands among them.
func (m Material) Marks() []string {
	var marks []string
	for _, cert := range append(slices.Clone(m.authority), m.leaf) {
		if cert != nil {
			marks = append(marks, cert.Subject.Organization...)
		}
	}
	slices.Sort(marks)
	return slices.Compact(marks)
}

// Server is the TLS of a listener that only the named callers may use. No callers means nobody may, which is an error here rather
// than a listener that refuses everyone.
func (m Material) Server(callers ...Identity) (*tls.Config, error) {
	if m.leaf == nil {
		return nil, errors.New("peer: there is no certificate to serve with")
	}
	if len(callers) == 0 {
		return nil, errors.New("peer: no callers are named: nobody could call")
	}
	for _, caller := range callers {
		if !caller.valid() {
			return nil, fmt.Errorf("peer: %q is not a machine that could call", caller)
		}
	}
	callers = slices.Clone(callers)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{m.certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    m.pool(),
		VerifyConnection: func(state tls.ConnectionState) error {
			caller, err := ofState(state)
			if err != nil {
				return err
			}
			if !slices.Contains(callers, caller) {
				return fmt.Errorf("peer: %s may not call", caller)
			}
			return nil
		},
	}, nil
}

// Client is the TLS of a connection to exactly one machine.
func (m Material) Client(want Identity) (*tls.Config, error) {
	if m.leaf == nil {
		return nil, errors.New("peer: there is no certificate to dial with")
	}
	if !want.valid() {
		return nil, fmt.Errorf("peer: %q is not a machine that could be dialled", want)
	}
	roots := m.pool()
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{m.certificate},
		// The built-in check wants a host name, and a machine's name here is its URI. VerifyConnection does the whole of it instead:
		// chain, use, time and the one identity that was dialled. It also runs when a session is resumed.
		InsecureSkipVerify: true, //nolint:gosec // see above: verifyAnswerer is stricter than the check it stands in for.
		VerifyConnection:   func(state tls.ConnectionState) error { return verifyAnswerer(state, roots, want) },
	}, nil
}

// Web is the TLS of a connection to a web server of the same authority, which goes by its host name, and may ask who calls.
func (m Material) Web() (*tls.Config, error) {
	if m.leaf == nil {
		return nil, errors.New("peer: there is no certificate to dial with")
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{m.certificate}, RootCAs: m.pool()}, nil
}

func verifyAnswerer(state tls.ConnectionState, roots *x509.CertPool, want Identity) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("peer: the answerer has shown no certificate")
	}
	intermediates := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		intermediates.AddCert(cert)
	}
	options := x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: time.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if _, err := state.PeerCertificates[0].Verify(options); err != nil {
		return fmt.Errorf("peer: verifying who answered: %w", err)
	}
	got, err := ofState(state)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("peer: %s was dialled and %s answered", want, got)
	}
	return nil
}

func (m Material) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, cert := range m.authority {
		pool.AddCert(cert)
	}
	return pool
}
