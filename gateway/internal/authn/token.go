package authn

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/mashgate/mashgate/internal/fault"
)

// maxToken is the longest token that is looked at (bytes).
const maxToken = 16 << 10

// proof is what a token proves: an issuer says that this subject is at the other end until then.
type proof struct {
	issuer  *issuer
	subject string
	expires time.Time
}

// verify holds an access token to RFC 9068: its type, a known issuer, one of that issuer's algorithms, a key that the issuer
// publishes, our audience, and its times.
func (a *Authenticator) verify(ctx context.Context, token string) (proof, error) {
	if len(token) > maxToken {
		return proof{}, refuse("BAD_TOKEN", "the token is too long", nil)
	}
	from, err := a.claimedIssuer(token)
	if err != nil {
		return proof{}, err
	}
	alg, kid, err := from.header(token)
	if err != nil {
		return proof{}, err
	}
	key, err := from.key(ctx, kid)
	switch {
	case errors.Is(err, errNoKeys):
		return proof{}, fault.Unavailable("ISSUER_UNAVAILABLE", "the issuer's keys cannot be fetched now", err)
	case err != nil:
		return proof{}, refuse("UNKNOWN_KEY", "the token is signed with a key that is not accepted", err)
	case !usable(key, alg):
		return proof{}, refuse("BAD_TOKEN", "the token's key is not for this algorithm", nil)
	}
	payload, err := jws.Verify([]byte(token), jws.WithKey(alg, key), jws.WithCompact())
	if err != nil {
		return proof{}, refuse("BAD_TOKEN", "the token's signature does not hold", err)
	}
	return from.claims(payload, a.config.Clock.Now)
}

// claimedIssuer finds the configured issuer that the token claims to come from. Nothing is believed yet: it only picks the keys.
func (a *Authenticator) claimedIssuer(token string) (*issuer, error) {
	claims, err := jwt.ParseInsecure([]byte(token))
	if err != nil {
		return nil, refuse("BAD_TOKEN", "the token is not a signed JWT", err)
	}
	name, _ := claims.Issuer()
	from, ok := a.issuers[name]
	if !ok {
		return nil, refuse("UNKNOWN_ISSUER", "the token's issuer is not accepted", nil)
	}
	return from, nil
}

// header reads the protected header. A header that brings its own key, or points to one, is refused outright.
func (i *issuer) header(token string) (jwa.SignatureAlgorithm, string, error) {
	none := jwa.EmptySignatureAlgorithm()
	message, err := jws.Parse([]byte(token), jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return none, "", refuse("BAD_TOKEN", "the token is not a compact JWS", err)
	}
	head := message.Signatures()[0].ProtectedHeaders()
	for _, name := range []string{jws.JWKKey, jws.JWKSetURLKey, jws.X509CertChainKey, jws.X509URLKey, jws.CriticalKey} {
		if head.Has(name) {
			return none, "", refuse("BAD_TOKEN", "the token's header carries "+name, nil)
		}
	}
	if typ, _ := head.Type(); !accessToken(typ) {
		return none, "", refuse("NOT_AN_ACCESS_TOKEN", "the token is not an access token (typ at+jwt)", nil)
	}
	named, _ := head.Algorithm()
	alg, ok := algorithm(named.String(), i.Algorithms)
	if !ok {
		return none, "", refuse("BAD_ALGORITHM", "the token's algorithm is not accepted", nil)
	}
	kid, _ := head.KeyID()
	if kid == "" {
		return none, "", refuse("BAD_TOKEN", "the token names no key", nil)
	}
	return alg, kid, nil
}

// accessToken: "The 'typ' value ... SHOULD be 'at+jwt'" and resource servers must refuse any other (RFC 9068, section 4).
func accessToken(typ string) bool {
	typ = strings.ToLower(typ)
	return typ == "at+jwt" || typ == "application/at+jwt"
}

// usable refuses a key that the issuer publishes for something else, and every symmetric one.
func usable(key jwk.Key, alg jwa.SignatureAlgorithm) bool {
	if key.KeyType() == jwa.OctetSeq() {
		return false
	}
	if use, ok := key.KeyUsage(); ok && use != jwk.ForSignature.String() {
		return false
	}
	named, ok := key.Algorithm()
	return !ok || named.String() == alg.String()
}

// claims checks what the issuer signed.
func (i *issuer) claims(payload []byte, now func() time.Time) (proof, error) {
	claims, err := jwt.Parse(payload, jwt.WithVerify(false), jwt.WithValidate(true), jwt.WithClock(jwt.ClockFunc(now)),
		jwt.WithAcceptableSkew(skew), jwt.WithIssuer(i.URL), jwt.WithAudience(i.Audience),
		jwt.WithRequiredClaim(jwt.ExpirationKey), jwt.WithRequiredClaim(jwt.IssuedAtKey), jwt.WithRequiredClaim(jwt.SubjectKey))
	switch {
	case errors.Is(err, jwt.TokenExpiredError()):
		return proof{}, refuse("TOKEN_EXPIRED", "the token has expired", err)
	case errors.Is(err, jwt.InvalidAudienceError()):
		return proof{}, refuse("WRONG_AUDIENCE", "the token is for another audience", err)
	case err != nil:
		return proof{}, refuse("BAD_TOKEN", "the token's claims do not hold", err)
	}
	subject, _ := claims.Subject()
	expires, _ := claims.Expiration()
	if subject == "" {
		return proof{}, refuse("BAD_TOKEN", "the token names no subject", nil)
	}
	return proof{issuer: i, subject: subject, expires: expires}, nil
}
