// Package warrant mints and verifies the short-lived signed permits with which a gateway asks an agency. It stands on the line
// between the two: the gateway mints one warrant per leg, attempt and method, naming exactly what policy allowed; the agency does
// nothing without one. It trusts the configured keys alone. What a token says about its own key or algorithm is never believed: the
// algorithm comes from configuration by key id, and a header that brings a key along (jwk, jku, x5c) is refused. Whether a warrant has
// been used before is for the agency's own journal to know, since this package keeps nothing.
package warrant

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"
)

// Lifetime is how long a warrant is good for (design.md section 4).
const Lifetime = 2 * time.Minute

// skew is how far the clocks of gateway and agency may be apart before a warrant counts as not yet valid.
const skew = 30 * time.Second

// maxToken is the longest token that is read (bytes); the wire contract allows no more.
const maxToken = 1 << 20

// The methods a warrant can be for.
const (
	Locate  = "Locate"
	Collect = "Collect"
)

// mediaType stands in the typ header, so that no other token signed with the same key can be taken for a warrant.
const mediaType = "mashgate-warrant+jwt"

// Claims is what a warrant says. The minter fills in ID, Issuer, Gateway, IssuedAt and Expires.
type Claims struct {
	// ID (jti) is random and new for every attempt.
	ID string `json:"jti"`
	// Issuer is the gateway's name as the agency has configured it; Audience is the one organisation that may use the warrant.
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	// IssuedAt and Expires are whole seconds since 1970, UTC.
	IssuedAt int64 `json:"iat"`
	Expires  int64 `json:"exp"`
	// Gateway is the SAN of the certificate of the gateway that may present the warrant.
	Gateway string `json:"gateway"`
	Hub     string `json:"hub"`
	Request string `json:"request"`
	Leg     string `json:"leg"`
	// Attempt counts from 1; an agency answers a new attempt of the same leg again.
	Attempt int    `json:"attempt"`
	Method  string `json:"method"`
	// BodyDigest is Digest of the body that goes with it; "" for a Collect without one.
	BodyDigest string `json:"body_digest"`
	// Subjects are the people the warrant is about, with the little an agency's own policy may know of them.
	Subjects []Subject `json:"subjects"`
	// Constraints are what a Collect may release, as policy derived it ([]policy.Constraint); absent for Locate.
	Constraints json.RawMessage `json:"constraints,omitempty"`
	Purpose     string          `json:"purpose"`
	Basis       string          `json:"basis"`
	// RequesterRole is the role of the person the gateway asks for.
	RequesterRole string `json:"requester_role"`
}

// Subject is one person of a warrant: the episode's random id, and what was told about them.
type Subject struct {
	ID    string `json:"id"`
	Role  string `json:"role"`
	Child bool   `json:"child"`
}

// Names tells whether the warrant is about the subject.
func (c Claims) Names(subject string) bool {
	return slices.ContainsFunc(c.Subjects, func(s Subject) bool { return s.ID == subject })
}

// Digest is the digest of a body: SHA-256 in unpadded base64url, and "" for no body.
func Digest(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// problem says what is missing or contradictory in claims, "" for nothing. Minting and verifying hold claims to the same form.
func (c Claims) problem() string {
	named := []string{c.ID, c.Issuer, c.Audience, c.Gateway, c.Hub, c.Request, c.Leg, c.Purpose, c.Basis, c.RequesterRole}
	switch {
	case slices.Contains(named, "") || c.Attempt < 1:
		return "jti, iss, aud, gateway, hub, request, leg, attempt, purpose, basis and requester_role are needed"
	case c.IssuedAt <= 0 || c.Expires <= c.IssuedAt || c.Expires-c.IssuedAt > int64(Lifetime/time.Second):
		return "it must expire within two minutes of being issued"
	case len(c.Subjects) == 0:
		return "it is about nobody"
	}
	seen := map[string]bool{"": true}
	for _, s := range c.Subjects {
		if seen[s.ID] {
			return "a subject has no id, or is named twice"
		}
		seen[s.ID] = true
	}
	return c.methodProblem()
}

func (c Claims) methodProblem() string {
	switch c.Method {
	case Locate:
		if c.BodyDigest == "" || len(c.Constraints) != 0 {
			return "a Locate warrant has a body digest and no constraints"
		}
	case Collect:
		if len(c.Constraints) == 0 {
			return "a Collect warrant has constraints"
		}
	default:
		return "the method is neither Locate nor Collect"
	}
	return ""
}
