// Package peer says which machine is speaking. Gateways and agencies meet over mutual TLS 1.3; a machine is the URI in its
// certificate (mashgate://gateway/<hub>, mashgate://agency/<organisation>, mashgate://service/<name>) and nothing it says about
// itself in a message. The package trusts one certificate authority, the deployment's own, and refuses a certificate without exactly
// one such name, a caller that is not on the list of those who may call (none means nobody), and an answerer that is not the one
// that was dialled.
package peer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"google.golang.org/grpc/credentials"
	grpcpeer "google.golang.org/grpc/peer"
)

// Kind is the kind of machine. Its zero value is none and is never accepted.
type Kind string

// The kinds of machine.
const (
	Gateway Kind = "gateway"
	Agency  Kind = "agency"
	Service Kind = "service"
)

const scheme = "mashgate"

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`)

// Identity is a machine: the gateway of a hub, an organisation's agency, or a service that uses the gateway's interfaces.
type Identity struct {
	Kind Kind
	Name string
}

// SAN is the identity as the URI of a certificate.
func (i Identity) SAN() string { return scheme + "://" + string(i.Kind) + "/" + i.Name }

// String is the SAN.
func (i Identity) String() string { return i.SAN() }

// ParseSAN reads an identity strictly: what SAN writes, and nothing else, can be read back.
func ParseSAN(san string) (Identity, error) {
	u, err := url.Parse(san)
	if err != nil || u.Scheme != scheme || len(u.Path) < 2 {
		return Identity{}, errors.New("peer: not a mashgate:// identity")
	}
	i := Identity{Kind: Kind(u.Host), Name: u.Path[1:]}
	if !i.valid() || i.SAN() != san {
		return Identity{}, errors.New("peer: not the identity of a machine")
	}
	return i, nil
}

func (i Identity) valid() bool {
	return (i.Kind == Gateway || i.Kind == Agency || i.Kind == Service) && namePattern.MatchString(i.Name)
}

// FromContext is the caller of the RPC that ctx belongs to, as its verified certificate names it. Without mutual TLS there is no
// identity and an error.
func FromContext(ctx context.Context) (Identity, error) {
	p, ok := grpcpeer.FromContext(ctx)
	if !ok {
		return Identity{}, errors.New("peer: the call has no peer")
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return Identity{}, errors.New("peer: the caller has shown no certificate that was verified")
	}
	return ofState(info.State)
}

// Replier is who answered a call made over a connection with Material.Client credentials, read from the peer that grpc.Peer fills in.
func Replier(p *grpcpeer.Peer) (Identity, error) {
	if p == nil {
		return Identity{}, errors.New("peer: the call has no peer")
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return Identity{}, errors.New("peer: the answer did not come over TLS")
	}
	return ofState(info.State)
}

func ofState(state tls.ConnectionState) (Identity, error) {
	if len(state.PeerCertificates) == 0 {
		return Identity{}, errors.New("peer: no certificate")
	}
	return ofCertificate(state.PeerCertificates[0])
}

// ofCertificate refuses a certificate with several identities: which of them is speaking would be anybody's guess.
func ofCertificate(cert *x509.Certificate) (Identity, error) {
	if len(cert.URIs) != 1 {
		return Identity{}, fmt.Errorf("peer: the certificate has %d URI names, and one is needed", len(cert.URIs))
	}
	return ParseSAN(cert.URIs[0].String())
}
