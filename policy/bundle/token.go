package bundle

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
)

// es256 is the one algorithm that signs policy: ECDSA on P-256 with SHA-256 (RFC 7518, 3.4). With one algorithm there is none to
// confuse it with.
const es256 = "ES256"

// The types of what is signed, so that neither can be taken for the other. OPA's signer writes JWT.
const (
	bundleType    = "JWT"
	statementType = "mashgate-policy-statement+jws"
)

// maxToken is the longest token that is read (bytes).
const maxToken = 1 << 20

// half is the length of each half of an ES256 signature (bytes).
const half = 32

// signToken signs a payload as a compact JWS.
func signToken(ctx context.Context, s Signer, typ string, payload any) (string, error) {
	if s.KeyID() == "" {
		return "", errors.New("bundle: signing: the key has no id")
	}
	header, err := json.Marshal(map[string]string{"alg": es256, "kid": s.KeyID(), "typ": typ})
	if err != nil {
		return "", fmt.Errorf("bundle: signing: %w", err)
	}
	body, err := encode(payload)
	if err != nil {
		return "", fmt.Errorf("bundle: signing: %w", err)
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(bytes.TrimSpace(body))
	digest := sha256.Sum256([]byte(signed))
	signature, err := s.Sign(ctx, digest[:])
	if err != nil {
		return "", fmt.Errorf("bundle: signing: %w", err)
	}
	raw, err := rawSignature(signature)
	if err != nil {
		return "", fmt.Errorf("bundle: signing: %w", err)
	}
	token := signed + "." + base64.RawURLEncoding.EncodeToString(raw)
	if len(token) > maxToken {
		return "", refuse(TooLarge, "a signature over %d bytes", len(token))
	}
	return token, nil
}

// rawSignature turns ASN.1 DER, which keys give, into r and s side by side, which JWS wants (RFC 7518, 3.4).
func rawSignature(der []byte) ([]byte, error) {
	var points struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &points)
	if err != nil || len(rest) > 0 || points.R.Sign() <= 0 || points.S.Sign() <= 0 || points.R.BitLen() > half*8 || points.S.BitLen() > half*8 {
		return nil, errors.New("the signature is no ECDSA signature on P-256 in ASN.1 DER")
	}
	raw := make([]byte, 2*half)
	points.R.FillBytes(raw[:half])
	points.S.FillBytes(raw[half:])
	return raw, nil
}

// openToken returns the payload of a token that one of the keys has signed, and that key's id. A header that says more than alg, kid
// and typ is refused whoever signed it: jwk, jku and x5c would bring a key along.
func (k Keys) openToken(token, typ string) (payload []byte, keyID string, err error) {
	parts, err := split(token)
	if err != nil {
		return nil, "", err
	}
	header, err := readHeader(parts[0])
	if err != nil {
		return nil, "", err
	}
	if header["alg"] != es256 {
		return nil, "", refuse(WrongAlgorithm, "the header names another algorithm than %s", es256)
	}
	if header["typ"] != typ {
		return nil, "", refuse(Malformed, "the header does not say %q", typ)
	}
	keyID = header["kid"]
	public, known := k[keyID]
	if keyID == "" || !known {
		return nil, "", refuse(UnknownKey, "no key of id %q is configured", keyID)
	}
	key, fits := p256(public)
	if !fits {
		return nil, "", refuse(WrongAlgorithm, "the key of id %q is not one for %s", keyID, es256)
	}
	digest := sha256.Sum256([]byte(token[:strings.LastIndexByte(token, '.')]))
	if len(parts[2]) != 2*half {
		return nil, "", refuse(WrongSignature, "a signature of %d bytes", len(parts[2]))
	}
	r, s := new(big.Int).SetBytes(parts[2][:half]), new(big.Int).SetBytes(parts[2][half:])
	if !ecdsa.Verify(key, digest[:], r, s) {
		return nil, "", refuse(WrongSignature, "it is not the signature of key %q", keyID)
	}
	return parts[1], keyID, nil
}

// split takes a compact JWS apart. One token has one spelling: decoders pass over line breaks and spare bits.
func split(token string) ([3][]byte, error) {
	var parts [3][]byte
	written := strings.Split(token, ".")
	if len(token) > maxToken {
		return parts, refuse(TooLarge, "a token of %d bytes", len(token))
	}
	if len(written) != len(parts) {
		return parts, refuse(Malformed, "not a compact JWS")
	}
	for i, part := range written {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(raw) != part {
			return parts, refuse(Malformed, "a part is not base64url as it would be written")
		}
		parts[i] = raw
	}
	return parts, nil
}

// readHeader reads an object of strings under known keys, each once: what two readers could read differently is refused.
func readHeader(raw []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, refuse(Malformed, "the header is not an object")
	}
	header := map[string]string{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, refuse(Malformed, "the header: %w", err)
		}
		name, _ := key.(string)
		if name != "alg" && name != "kid" && name != "typ" {
			return nil, refuse(WrongAlgorithm, "the header says more than alg, kid and typ")
		}
		value, err := decoder.Token()
		text, ok := value.(string)
		if _, twice := header[name]; err != nil || !ok || twice {
			return nil, refuse(Malformed, "the header's %s is not one string", name)
		}
		header[name] = text
	}
	if _, err := decoder.Token(); err != nil {
		return nil, refuse(Malformed, "the header: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(Malformed, "something follows the header")
	}
	return header, nil
}
