package authn

import (
	"context"

	"google.golang.org/grpc/credentials"
	grpcpeer "google.golang.org/grpc/peer"

	"github.com/mashgate/mashgate/internal/peer"
)

// machine is who the client certificate says is calling: nobody where none was shown. A certificate that is not of a service or
// agency named in the configuration is refused, also beside a good token: somebody holds a key that should not be there.
func (a *Authenticator) machine(ctx context.Context) (Principal, error) {
	if !showedCertificate(ctx) {
		return Principal{Kind: None}, nil
	}
	identity, err := peer.FromContext(ctx)
	if err != nil {
		return Principal{}, refuse("BAD_CERTIFICATE", "the client certificate names no machine", err)
	}
	found := Principal{Name: identity.Name, Certificate: identity.SAN()}
	switch identity.Kind {
	case peer.Service:
		found.Kind, found.Hubs = Service, a.config.Services[identity.Name]
	case peer.Agency:
		found.Kind, found.Hubs = Agency, a.config.Agencies[identity.Name]
	default:
	}
	if len(found.Hubs) == 0 {
		return Principal{}, refuse("UNKNOWN_MACHINE", "this machine is not among those that may call", nil)
	}
	return found, nil
}

// showedCertificate is false on the in-memory listener, which has no identity and grants nothing.
func showedCertificate(ctx context.Context) bool {
	p, ok := grpcpeer.FromContext(ctx)
	if !ok {
		return false
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	return ok && len(info.State.PeerCertificates) > 0
}
