package warrant

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/mashgate/mashgate/internal/clock"
)

// VerifierConfig is what an agency verifies with. Every field is needed.
type VerifierConfig struct {
	// Keys are the gateway's keys by key id.
	Keys map[string]Key
	// Issuer is the gateway this agency answers; Audience is this organisation.
	Issuer   string
	Audience string
	Clock    clock.Clock
}

// Verifier verifies warrants. Any number of goroutines may use it.
type Verifier struct {
	config     VerifierConfig
	algorithms map[string]jwa.SignatureAlgorithm
}

// Want is what the call at hand asks of its warrant.
type Want struct {
	Method string
	// PeerSAN is the identity in the certificate of whoever presents the warrant.
	PeerSAN string
	// Body is the body as it came over the wire; empty for a Collect without one.
	Body []byte
}

// NewVerifier checks the configuration and returns a verifier.
func NewVerifier(config VerifierConfig) (*Verifier, error) {
	if len(config.Keys) == 0 || config.Issuer == "" || config.Audience == "" || config.Clock == nil {
		return nil, errors.New("warrant: a verifier needs keys, an issuer, an audience and a clock")
	}
	config.Keys = maps.Clone(config.Keys)
	v := &Verifier{config: config, algorithms: make(map[string]jwa.SignatureAlgorithm, len(config.Keys))}
	for id, key := range config.Keys {
		alg, err := algorithm(key.Algorithm, key.Public)
		if err != nil || id == "" {
			return nil, fmt.Errorf("warrant: key %q: a key needs an id and an algorithm that fits: %w", id, err)
		}
		v.algorithms[id] = alg
	}
	return v, nil
}

// Audience is the organisation whose warrants are accepted.
func (v *Verifier) Audience() string { return v.config.Audience }

// Verify accepts a warrant or gives a *Refusal. Claims come back with a refusal too once the signature has stood, so that the refusal
// can be recorded under its request and leg; before that nothing a token says is passed on.
func (v *Verifier) Verify(token string, want Want) (Claims, error) {
	payload, refusal := v.signed(token)
	if refusal != nil {
		return Claims{}, refusal
	}
	var claims Claims
	if err := strictly(payload, &claims); err != nil {
		return Claims{}, &Refusal{Code: Malformed, Cause: err}
	}
	if refusal := v.accept(claims, want); refusal != nil {
		return claims, refusal
	}
	return claims, nil
}

// signed returns the payload of a token that a configured key has signed.
func (v *Verifier) signed(token string) ([]byte, *Refusal) {
	header, refusal := readHeader(token)
	if refusal != nil {
		return nil, refusal
	}
	key, known := v.config.Keys[header.KeyID]
	if !known {
		return nil, Refuse(UnknownKey, "no key of that id is configured")
	}
	if header.Algorithm != key.Algorithm {
		return nil, Refuse(WrongAlgorithm, "the header names another algorithm than the one configured for its key")
	}
	payload, err := jws.Verify([]byte(token), jws.WithCompact(), jws.WithKey(v.algorithms[header.KeyID], key.Public))
	if err != nil {
		return nil, &Refusal{Code: Altered, Cause: err}
	}
	return payload, nil
}

// header is the whole of what a warrant's header may say.
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

// readHeader reads the protected header before any key is looked at, because what it may not say is refused whoever signed it.
func readHeader(token string) (header, *Refusal) {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return header{}, Refuse(Malformed, "not a compact JWS of at most 1 MiB")
	}
	for _, part := range parts {
		if !canonical(part) {
			return header{}, Refuse(Malformed, "a part is not base64url as it would be written")
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return header{}, &Refusal{Code: Malformed, Cause: err}
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return header{}, &Refusal{Code: Malformed, Cause: err}
	}
	for key := range keys {
		if key != "alg" && key != "kid" && key != "typ" {
			return header{}, Refuse(ForbiddenHeader, "the header says more than alg, kid and typ")
		}
	}
	var h header
	if err := strictly(raw, &h); err != nil {
		return header{}, &Refusal{Code: Malformed, Cause: err}
	}
	if h.Type != mediaType {
		return header{}, Refuse(Malformed, "the token is not a warrant")
	}
	return h, nil
}

// canonical: one warrant has one spelling. Decoders pass over line breaks and spare bits, which would let one token look like many.
func canonical(part string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && base64.RawURLEncoding.EncodeToString(raw) == part
}

// accept holds signed claims to the configuration and to the call at hand.
func (v *Verifier) accept(c Claims, want Want) *Refusal {
	now := v.config.Clock.Now()
	switch problem := c.problem(); {
	case problem != "":
		return Refuse(Malformed, problem)
	case c.Issuer != v.config.Issuer:
		return Refuse(WrongIssuer, "it was issued by another gateway")
	case c.Audience != v.config.Audience:
		return Refuse(WrongAudience, "it is for another organisation")
	case now.Unix() >= c.Expires: // what expires at a moment is over at that moment (domain.md 4.1)
		return Refuse(Expired, "it has expired")
	case now.Add(skew).Unix() < c.IssuedAt:
		return Refuse(NotYetValid, "it is from the future")
	case c.Gateway != want.PeerSAN:
		return Refuse(WrongPeer, "it was presented by another machine than it was issued to")
	case c.Method != want.Method:
		return Refuse(WrongMethod, "it is for another method")
	case subtle.ConstantTimeCompare([]byte(c.BodyDigest), []byte(Digest(want.Body))) != 1:
		return Refuse(WrongBody, "it covers another body than the one sent")
	}
	return nil
}

// strictly decodes exactly one JSON value without unknown keys.
func strictly(source []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}
