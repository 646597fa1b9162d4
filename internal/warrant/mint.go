package warrant

import (
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
)

// MinterConfig is what a gateway mints with. Every field is needed.
type MinterConfig struct {
	// KeyID is the name under which agencies know the key.
	KeyID     string
	Algorithm string
	Key       crypto.Signer
	Issuer    string
	// Gateway is the identity in the certificate with which the gateway dials.
	Gateway peer.Identity
	Clock   clock.Clock
}

// Minter mints warrants. Any number of goroutines may use it.
type Minter struct {
	config    MinterConfig
	algorithm jwa.SignatureAlgorithm
	headers   jws.Headers
}

// NewMinter checks the configuration and returns a minter.
func NewMinter(config MinterConfig) (*Minter, error) {
	if config.KeyID == "" || config.Key == nil || config.Issuer == "" || config.Clock == nil {
		return nil, errors.New("warrant: a minter needs a key, its id, an issuer and a clock")
	}
	if gateway, err := peer.ParseSAN(config.Gateway.SAN()); err != nil || gateway.Kind != peer.Gateway {
		return nil, fmt.Errorf("warrant: a minter needs the gateway's identity, and %q is none", config.Gateway)
	}
	alg, err := algorithm(config.Algorithm, config.Key.Public())
	if err != nil {
		return nil, err
	}
	headers := jws.NewHeaders()
	if err := errors.Join(headers.Set(jws.KeyIDKey, config.KeyID), headers.Set(jws.TypeKey, mediaType)); err != nil {
		return nil, fmt.Errorf("warrant: preparing headers: %w", err)
	}
	return &Minter{config: config, algorithm: alg, headers: headers}, nil
}

// Mint signs a warrant for what the claims allow, with a new id and two minutes to live.
func (m *Minter) Mint(claims Claims) (string, error) {
	now := m.config.Clock.Now()
	claims.ID = rand.Text()
	claims.Issuer, claims.Gateway = m.config.Issuer, m.config.Gateway.SAN()
	claims.IssuedAt, claims.Expires = now.Unix(), now.Add(Lifetime).Truncate(time.Second).Unix()
	if problem := claims.problem(); problem != "" {
		return "", fmt.Errorf("warrant: minting: %s", problem)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("warrant: minting: %w", err)
	}
	token, err := jws.Sign(payload, jws.WithKey(m.algorithm, m.config.Key, jws.WithProtectedHeaders(m.headers)))
	if err != nil {
		return "", fmt.Errorf("warrant: signing: %w", err)
	}
	if len(token) > maxToken {
		return "", fmt.Errorf("warrant: minting: %d bytes are more than an agency reads", len(token))
	}
	return string(token), nil
}
