package bundle

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mashgate/mashgate/policy"
)

// MaxTightening is how many rules an emergency overlay may have.
const MaxTightening = 100

// Statement is what a publisher says is in force at a hub: an entry of its numbered activation log. It is signed, so that whoever holds
// the folder or the server it lies on cannot bring an old policy back, and it is followed only upwards: a lower number than the one
// in force is for the follower to refuse.
type Statement struct {
	Hub string `json:"hub"`
	// Number is the activation's, from 1.
	Number int64 `json:"number"`
	// Revision is the pack's id, without any tightening; Digest names the signed bundle that holds it.
	Revision     string    `json:"revision"`
	Digest       string    `json:"digest"`
	ActivateTime time.Time `json:"activate_time"`
	// Tightening is the emergency overlay in force. TighteningNumber counts the changes to it, set or lifted: it only rises, so that an old
	// statement cannot lift a tightening, and is 0 where there never was one.
	Tightening       []policy.TighteningRule `json:"tightening"`
	TighteningNumber int64                   `json:"tightening_number"`
	IssuedAt         time.Time               `json:"issued_at"`
}

// Sign writes the statement as a compact JWS.
func (s Statement) Sign(ctx context.Context, signer Signer) ([]byte, error) {
	s.ActivateTime, s.IssuedAt = s.ActivateTime.UTC(), s.IssuedAt.UTC()
	if s.Tightening == nil {
		s.Tightening = []policy.TighteningRule{}
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("bundle: stating what is in force: %w", err)
	}
	token, err := signToken(ctx, signer, statementType, s)
	if err != nil {
		return nil, err
	}
	if _, err := OpenStatement([]byte(token), Keys{signer.KeyID(): signer.Public()}, s.Hub); err != nil {
		return nil, fmt.Errorf("bundle: what was signed does not verify: %w", err)
	}
	return []byte(token), nil
}

// OpenStatement verifies a statement for a hub. What is not accepted comes back as *Refusal.
func OpenStatement(jws []byte, keys Keys, hub string) (Statement, error) {
	if err := keys.check(); err != nil {
		return Statement{}, Refuse(UnknownKey, err)
	}
	payload, _, err := keys.openToken(string(jws), statementType)
	if err != nil {
		return Statement{}, err
	}
	var s Statement
	if err := strictly(payload, &s); err != nil {
		return Statement{}, refuse(Malformed, "the statement: %w", err)
	}
	if s.Hub != hub || hub == "" {
		return Statement{}, refuse(WrongHub, "the statement is about another hub than %q", hub)
	}
	if err := s.check(); err != nil {
		return Statement{}, refuse(Malformed, "the statement: %w", err)
	}
	return s, nil
}

// Match refuses a bundle that is not the one the statement names.
func (s Statement) Match(o *Opened) error {
	if s.Digest != o.Digest || s.Revision != o.Revision {
		return refuse(Altered, "the statement names revision %q", s.Revision)
	}
	return nil
}

func (s Statement) check() error {
	sum, err := hex.DecodeString(s.Digest)
	switch {
	case s.Hub == "" || s.Revision == "" || s.Number < 1 || s.TighteningNumber < 0:
		return errors.New("hub, revision and a number from 1 are needed")
	case err != nil || len(sum) != 32 || hex.EncodeToString(sum) != s.Digest:
		return errors.New("the digest is not SHA-256 in hexadecimal")
	case s.ActivateTime.IsZero() || s.IssuedAt.IsZero():
		return errors.New("a time is missing")
	case len(s.Tightening) > MaxTightening:
		return fmt.Errorf("%d rules of tightening", len(s.Tightening))
	case len(s.Tightening) > 0 && s.TighteningNumber == 0:
		return errors.New("a tightening without a number")
	}
	// Whatever a key signs, an overlay can only hold back.
	holdsBack := []policy.Effect{policy.Deny, policy.Review, policy.Exist, policy.Redact}
	for _, rule := range s.Tightening {
		if !slices.Contains(holdsBack, rule.Effect) {
			return fmt.Errorf("a tightening of effect %q", rule.Effect)
		}
	}
	return nil
}
