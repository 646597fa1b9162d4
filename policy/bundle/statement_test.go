package bundle_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

func TestAStatementSaysWhatWasSigned(t *testing.T) {
	signer, keys := newSigner(t, "publisher")
	want := statement("north")
	want.Tightening = []policy.TighteningRule{{Effect: policy.Deny, Categories: []string{"csc.status"}}}
	want.TighteningNumber = 3
	want.ActivateTime = want.ActivateTime.In(time.FixedZone("BST", 3600))
	jws, err := want.Sign(t.Context(), signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := bundle.OpenStatement(jws, keys, "north")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = bundle.OpenStatement(jws, keys, "south")
	refused(t, err, bundle.WrongHub)
	_, other := newSigner(t, "publisher")
	_, err = bundle.OpenStatement(jws, other, "north")
	refused(t, err, bundle.WrongSignature)
	_, err = bundle.OpenStatement(jws, nil, "north")
	refused(t, err, bundle.UnknownKey)
}

func TestAStatementThatCouldNotBeFollowedIsNotSigned(t *testing.T) {
	signer, _ := newSigner(t, "publisher")
	for name, change := range map[string]func(s *bundle.Statement){
		"no hub":                 func(s *bundle.Statement) { s.Hub = "" },
		"no number":              func(s *bundle.Statement) { s.Number = 0 },
		"no revision":            func(s *bundle.Statement) { s.Revision = "" },
		"a digest of nothing":    func(s *bundle.Statement) { s.Digest = "00" },
		"a digest in capitals":   func(s *bundle.Statement) { s.Digest = strings.ToUpper(s.Digest) },
		"no time":                func(s *bundle.Statement) { s.ActivateTime = time.Time{} },
		"issued never":           func(s *bundle.Statement) { s.IssuedAt = time.Time{} },
		"a tightening of no one": func(s *bundle.Statement) { s.Tightening = []policy.TighteningRule{{Effect: policy.Deny}} },
		"a tightening that permits": func(s *bundle.Statement) {
			s.Tightening, s.TighteningNumber = []policy.TighteningRule{{Effect: policy.Permit}}, 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := statement("north")
			change(&s)
			if _, err := s.Sign(t.Context(), signer); err == nil {
				t.Error("it was signed")
			}
		})
	}
}

// TestBadStatements are made with the trusted key, by a hand that keeps to no rule.
func TestBadStatements(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := bundle.Keys{"publisher": key.Public()}
	for name, bad := range map[string]struct {
		want   bundle.Code
		change func(header, payload map[string]any)
	}{
		"sound":                       {"", func(_, _ map[string]any) {}},
		"of a bundle's type":          {bundle.Malformed, with("typ", "JWT")},
		"of no type":                  {bundle.Malformed, func(h, _ map[string]any) { delete(h, "typ") }},
		"of another algorithm":        {bundle.WrongAlgorithm, with("alg", "EdDSA")},
		"with a key in it":            {bundle.WrongAlgorithm, with("jwk", map[string]any{})},
		"of an unknown key":           {bundle.UnknownKey, with("kid", "ig")},
		"about another hub":           {bundle.WrongHub, func(_, p map[string]any) { p["hub"] = "south" }},
		"with a number below one":     {bundle.Malformed, func(_, p map[string]any) { p["number"] = -1 }},
		"with a number of a fraction": {bundle.Malformed, func(_, p map[string]any) { p["number"] = 1.5 }},
		"with more in it":             {bundle.Malformed, func(_, p map[string]any) { p["widening"] = []any{} }},
		"with a rule that permits": {bundle.Malformed, func(_, p map[string]any) {
			p["tightening"], p["tightening_number"] = []any{map[string]any{"effect": "permit"}}, 1
		}},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := json.Marshal(statement("north"))
			if err != nil {
				t.Fatal(err)
			}
			var payload map[string]any
			if err := json.Unmarshal(encoded, &payload); err != nil {
				t.Fatal(err)
			}
			header := map[string]any{"alg": "ES256", "kid": "publisher", "typ": "mashgate-policy-statement+jws"}
			bad.change(header, payload)
			_, err = bundle.OpenStatement([]byte(es256(t, key, part(t, header)+"."+part(t, payload))), keys, "north")
			if bad.want != "" {
				refused(t, err, bad.want)
			} else if err != nil {
				t.Errorf("a sound statement made by hand: %v", err)
			}
		})
	}
}

func TestAStatementNamesItsBundle(t *testing.T) {
	unsigned, _ := built(t)
	opened, err := bundle.OpenUnsigned(unsigned)
	if err != nil {
		t.Fatal(err)
	}
	s := statement("north")
	s.Revision, s.Digest = opened.Revision, opened.Digest
	if err := s.Match(opened); err != nil {
		t.Error(err)
	}
	s.Digest = bundle.Digest([]byte("another"))
	refused(t, s.Match(opened), bundle.Altered)
	s.Digest, s.Revision = opened.Digest, "another"
	refused(t, s.Match(opened), bundle.Altered)
}
