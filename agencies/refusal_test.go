package agencies_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// impostor mints as this gateway would, under its key's id, with a key of its own.
func (r *rig) impostor(t *testing.T) *warrant.Minter {
	t.Helper()
	key, err := warrant.GenerateKey(warrant.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	m, err := warrant.NewMinter(warrant.MinterConfig{
		KeyID: agencytest.KeyID, Algorithm: warrant.EdDSA, Key: key, Issuer: agencytest.Issuer, Gateway: r.Identity, Clock: r.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// reheaded is a token with another header over the same payload and signature.
func reheaded(token, header string) string {
	parts := strings.Split(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + parts[1] + "." + parts[2]
}

// TestEveryBadWarrantIsRefusedAndRecorded: each is refused to the gateway with its reason, stands in the organisation's own journal,
// and has nobody looked up.
func TestEveryBadWarrantIsRefusedAndRecorded(t *testing.T) {
	body, err := marshalBody(mira)
	if err != nil {
		t.Fatal(err)
	}
	claims := agencytest.Claims(organisation, warrant.Locate, "s1")
	claims.BodyDigest = warrant.Digest(body)
	good := func(r *rig, t *testing.T) string { return r.Mint(t, claims) }
	changed := func(change func(*warrant.Claims)) func(*rig, *testing.T) string {
		return func(r *rig, t *testing.T) string {
			c := claims
			change(&c)
			return r.Mint(t, c)
		}
	}
	header := func(header string) func(*rig, *testing.T) string {
		return func(r *rig, t *testing.T) string { return reheaded(r.Mint(t, claims), header) }
	}
	tests := []struct {
		name  string
		token func(*rig, *testing.T) string
		// before happens between minting and use.
		before func(*rig, *testing.T, string)
		body   []byte
		code   warrant.Code
		// known is true where a signature stood, so that the journal names the leg.
		known bool
	}{
		{name: "expired", token: good, before: func(r *rig, _ *testing.T, _ string) { r.Clock.Advance(2 * time.Minute) }, code: warrant.Expired, known: true},
		{name: "replayed", token: good, before: func(r *rig, t *testing.T, token string) {
			if _, err := r.client.Locate(t.Context(), &agencyv1.LocateRequest{Warrant: token, Body: body}); err != nil {
				t.Fatal(err)
			}
		}, code: warrant.Replayed, known: true},
		{name: "altered", token: func(r *rig, t *testing.T) string {
			parts := strings.Split(r.Mint(t, claims), ".")
			payload, err := base64.RawURLEncoding.DecodeString(parts[1])
			if err != nil {
				t.Fatal(err)
			}
			wider := strings.Replace(string(payload), `"s47"`, `"emergency"`, 1)
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(wider)) + "." + parts[2]
		}, code: warrant.Altered},
		{name: "other agency's", token: changed(func(c *warrant.Claims) { c.Audience = "education" }), code: warrant.WrongAudience, known: true},
		{name: "wrong method", token: func(r *rig, t *testing.T) string {
			return r.Mint(t, r.collectClaims(t, r.permit("s1", "pol.involvement")))
		}, code: warrant.WrongMethod, known: true},
		{name: "wrong body digest", token: good, body: slices.Concat(body, []byte{0x0a, 0x00}), code: warrant.WrongBody, known: true},
		{name: "somebody else's key", token: func(r *rig, t *testing.T) string {
			token, err := r.impostor(t).Mint(claims)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}, code: warrant.Altered},
		{name: "alg none", token: header(`{"alg":"none","kid":"test-1","typ":"mashgate-warrant+jwt"}`), code: warrant.WrongAlgorithm},
		{name: "alg swapped", token: header(`{"alg":"ES256","kid":"test-1","typ":"mashgate-warrant+jwt"}`), code: warrant.WrongAlgorithm},
		{name: "jwk", token: header(`{"alg":"EdDSA","kid":"test-1","typ":"mashgate-warrant+jwt","jwk":{"kty":"OKP"}}`), code: warrant.ForbiddenHeader},
		{name: "jku", token: header(`{"alg":"EdDSA","kid":"test-1","typ":"mashgate-warrant+jwt","jku":"https://evil.test"}`), code: warrant.ForbiddenHeader},
		{name: "x5c", token: header(`{"alg":"EdDSA","kid":"test-1","typ":"mashgate-warrant+jwt","x5c":["AA=="]}`), code: warrant.ForbiddenHeader},
		{name: "unknown kid", token: header(`{"alg":"EdDSA","kid":"test-2","typ":"mashgate-warrant+jwt"}`), code: warrant.UnknownKey},
		{name: "no token", token: func(*rig, *testing.T) string { return "not a token" }, code: warrant.Malformed},
		{name: "a body about somebody else", token: changed(func(c *warrant.Claims) { c.Subjects = []warrant.Subject{{ID: "s9", Role: "parent"}} }), code: warrant.BeyondWarrant, known: true},
		{name: "a body on another basis", token: changed(func(c *warrant.Claims) { c.Basis = "mash" }), code: warrant.BeyondWarrant, known: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, "")
			token := test.token(r, t)
			if test.before != nil {
				test.before(r, t, token)
			}
			looked := false
			r.source.Before = beforeEach(func() { looked = true })
			sent := body
			if test.body != nil {
				sent = test.body
			}
			response, err := r.client.Locate(t.Context(), &agencyv1.LocateRequest{Warrant: token, Body: sent})
			if status.Code(err) != codes.PermissionDenied || reason(err) != "WARRANT_"+strings.ToUpper(string(test.code)) || response != nil {
				t.Errorf("gives %v, want %s", err, test.code)
			}
			if looked {
				t.Error("somebody was looked up")
			}
			r.wantRefusal(t, test.code, test.known)
		})
	}
}

func (r *rig) wantRefusal(t *testing.T, code warrant.Code, known bool) {
	t.Helper()
	refusals, err := r.journal.Refusals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(refusals) != 1 {
		t.Fatalf("%d refusals in the journal: %v", len(refusals), refusals)
	}
	got := refusals[0]
	if got.Code != code || got.Caller != r.Identity.SAN() || got.Method == "" || !got.At.Equal(r.Clock.Now()) {
		t.Errorf("the journal has %+v", got)
	}
	if named := got.Leg != "" && got.Request != "" && got.Warrant != "" && got.Attempt == 1; named != known {
		t.Errorf("the journal names the leg: %v, want %v: %+v", named, known, got)
	}
}

// TestWarrantOfAnotherGateway: a valid warrant is no good to another machine, even one that may call.
func TestWarrantOfAnotherGateway(t *testing.T) {
	r := newRig(t, "")
	other := peer.Identity{Kind: peer.Gateway, Name: "warwick"}
	material, err := r.Authority.Issue(other)
	if err != nil {
		t.Fatal(err)
	}
	client := agencytest.DialAs(t, material, organisation, r.serveFor(t, other))
	_, err = r.Locate(t.Context(), client, agencytest.Claims(organisation, warrant.Locate, "s1"), agencytest.Body("s1", mira))
	if reason(err) != "WARRANT_WRONG_PEER" {
		t.Errorf("gives %v", err)
	}
	if diff := cmp.Diff([]string{"wrong_peer"}, r.codes(t)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

// TestCollectBeyondTheWarrant: whoever asks for more gets nothing at all.
func TestCollectBeyondTheWarrant(t *testing.T) {
	tests := map[string]struct {
		claims func(*rig, *testing.T) warrant.Claims
		code   string
	}{
		"a subject not located": {func(r *rig, t *testing.T) warrant.Claims {
			return r.collectClaims(t, r.permit("s1", "pol.involvement"), r.permit("s2", "pol.involvement"))
		}, "not_located"},
		"a subject located on another leg": {func(r *rig, t *testing.T) warrant.Claims {
			c := r.collectClaims(t, r.permit("s1", "pol.involvement"))
			c.Leg = "leg-other"
			return c
		}, "not_located"},
		"a subject located for another request": {func(r *rig, t *testing.T) warrant.Claims {
			c := r.collectClaims(t, r.permit("s1", "pol.involvement"))
			c.Request = "request-2"
			return c
		}, "not_located"},
		"a subject located for another hub": {func(r *rig, t *testing.T) warrant.Claims {
			c := r.collectClaims(t, r.permit("s1", "pol.involvement"))
			c.Hub = "warwick"
			return c
		}, "not_located"},
		"a category that is not held": {func(r *rig, t *testing.T) warrant.Claims {
			return r.collectClaims(t, r.permit("s1", "pol.involvement"), r.permit("s1", "hlt.restricted"))
		}, "beyond_warrant"},
		"a subject the warrant does not name": {func(r *rig, t *testing.T) warrant.Claims {
			c := r.collectClaims(t, r.permit("s1", "pol.involvement"))
			c.Subjects[0].ID = "s7"
			return c
		}, "beyond_warrant"},
		"a constraint twice": {func(r *rig, t *testing.T) warrant.Claims {
			return r.collectClaims(t, r.permit("s1", "pol.involvement"), r.permit("s1", "pol.involvement", func(c *policy.Constraint) { c.Base.Masks = []string{"location"} }))
		}, "beyond_warrant"},
		"no constraint": {func(r *rig, t *testing.T) warrant.Claims {
			c := r.collectClaims(t, r.permit("s1", "pol.involvement"))
			c.Constraints = []byte(`[]`)
			return c
		}, "malformed"},
		"a constraint of another form": {func(r *rig, t *testing.T) warrant.Claims {
			c := r.collectClaims(t, r.permit("s1", "pol.involvement"))
			c.Constraints = []byte(`[{"category":"pol.involvement","subject":"s1","everything":true}]`)
			return c
		}, "malformed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			r.locate(t, mira, stranger)
			all, err := r.Collect(t.Context(), r.client, test.claims(r, t))
			if reason(err) != "WARRANT_"+strings.ToUpper(test.code) || len(all.Chunks)+len(all.Completions) > 0 {
				t.Errorf("gives %v and %d chunks, want %s", err, len(all.Chunks), test.code)
			}
			if diff := cmp.Diff([]string{test.code}, r.codes(t)); diff != "" {
				t.Errorf("journal (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCollectReplayed: the second use of a Collect gives nothing, and a Locate warrant's use does not use up another's.
func TestCollectReplayed(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	token := r.Mint(t, r.collectClaims(t, r.permit("s1", "pol.involvement")))
	if all, err := agencytest.Drain(t.Context(), r.client, &agencyv1.CollectRequest{Warrant: token}); err != nil || len(all.Records()) != 1 {
		t.Fatalf("the first use gives %d records, %v", len(all.Records()), err)
	}
	if all, err := agencytest.Drain(t.Context(), r.client, &agencyv1.CollectRequest{Warrant: token}); reason(err) != "WARRANT_REPLAYED" || len(all.Chunks) > 0 {
		t.Errorf("the second use gives %v and %d chunks", err, len(all.Chunks))
	}
	if diff := cmp.Diff([]string{"replayed"}, r.codes(t)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

// TestWithoutJournalNothingIsAnswered: no record, no answer.
func TestWithoutJournalNothingIsAnswered(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	if err := r.journal.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.locateAs(2, mira); reason(err) != "JOURNAL_DOWN" || status.Code(err) != codes.Unavailable {
		t.Errorf("Locate gives %v", err)
	}
	all, err := r.collect(t, r.permit("s1", "pol.involvement"))
	if reason(err) != "JOURNAL_DOWN" || len(all.Chunks) > 0 {
		t.Errorf("Collect gives %v and %d chunks", err, len(all.Chunks))
	}
	if _, err := agencytest.Drain(t.Context(), r.client, &agencyv1.CollectRequest{Warrant: "not a token"}); reason(err) != "JOURNAL_DOWN" {
		t.Errorf("a refusal that cannot be recorded gives %v", err)
	}
}
