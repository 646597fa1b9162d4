package agencies_test

import (
	"crypto/tls"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// TestConfigurationIsNeeded: an agency with anything missing does not start, and says everything that is missing at once.
func TestConfigurationIsNeeded(t *testing.T) {
	r := newRig(t, "")
	for name, change := range map[string]func(*agencies.Config){
		"organisation":        func(c *agencies.Config) { c.Organisation = "" },
		"title":               func(c *agencies.Config) { c.Title = "" },
		"looked in":           func(c *agencies.Config) { c.LookedIn = "" },
		"greatest age":        func(c *agencies.Config) { c.MaxIndexAge = 0 },
		"categories":          func(c *agencies.Config) { c.Categories = nil },
		"a known category":    func(c *agencies.Config) { c.Categories = []string{"pol.everything"} },
		"a category once":     func(c *agencies.Config) { c.Categories = []string{"pol.missing", "pol.missing"} },
		"a known flag":        func(c *agencies.Config) { c.Flags = []string{"famous"} },
		"source":              func(c *agencies.Config) { c.Source = nil },
		"policy":              func(c *agencies.Config) { c.Policy = nil },
		"journal":             func(c *agencies.Config) { c.Journal = nil },
		"clock":               func(c *agencies.Config) { c.Clock = nil },
		"log":                 func(c *agencies.Config) { c.Log = nil },
		"verifier":            func(c *agencies.Config) { c.Verifier = nil },
		"verifier of its own": func(c *agencies.Config) { c.Verifier = r.Verifier(t, "education") },
	} {
		config := r.config(t, "")
		change(&config)
		if _, err := agencies.New(config); err == nil {
			t.Errorf("an agency starts without its %s", name)
		}
	}
	_, err := agencies.New(agencies.Config{})
	for _, missing := range []string{"id", "title", "age", "source", "clock", "verifier", "category"} {
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("an empty configuration does not say that it lacks: %s", missing)
		}
	}
}

// TestOnlyOverMutualTLS: there is no way to serve an agency to a caller without a certificate.
func TestOnlyOverMutualTLS(t *testing.T) {
	r := newRig(t, "")
	agency, err := agencies.New(r.config(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]*tls.Config{"none": nil, "one-sided": {}, "asking only": {ClientAuth: tls.RequireAnyClientCert}} {
		if _, err := agencies.NewServer(agency, config); err == nil {
			t.Errorf("TLS %s: the agency is served", name)
		}
	}
}

// TestCallers: a caller of another authority, another machine, and no certificate at all get nowhere; a machine that may connect but is
// no gateway gets nothing.
func TestCallers(t *testing.T) {
	r := newRig(t, "")
	foreign, err := peer.NewAuthority(peer.DemoMark)
	if err != nil {
		t.Fatal(err)
	}
	education := peer.Identity{Kind: peer.Agency, Name: "education"}
	issue := func(a *peer.Authority, who peer.Identity) peer.Material {
		m, err := a.Issue(who)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	describe := func(client agencyv1.AgencyServiceClient) error {
		_, err := client.Describe(t.Context(), &agencyv1.DescribeRequest{})
		return err
	}
	for name, client := range map[string]agencyv1.AgencyServiceClient{
		"another authority":              agencytest.DialAs(t, issue(foreign, r.Identity), organisation, r.address),
		"another hub":                    agencytest.DialAs(t, issue(r.Authority, peer.Identity{Kind: peer.Gateway, Name: "warwick"}), organisation, r.address),
		"another agency":                 agencytest.DialAs(t, issue(r.Authority, education), organisation, r.address),
		"who expects another at the end": r.Dial(t, "education", r.address),
	} {
		if err := describe(client); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: gives %v", name, err)
		}
	}
	address := r.serveFor(t, education)
	client := agencytest.DialAs(t, issue(r.Authority, education), organisation, address)
	if err := describe(client); reason(err) != "CALLER_NOT_A_GATEWAY" {
		t.Errorf("an agency that may connect: Describe gives %v", err)
	}
	if _, err := r.Locate(t.Context(), client, agencytest.Claims(organisation, warrant.Locate, "s1"), agencytest.Body("s1", mira)); reason(err) != "CALLER_NOT_A_GATEWAY" {
		t.Errorf("an agency that may connect: Locate gives %v", err)
	}
	token := r.Mint(t, r.collectClaims(t, r.permit("s1", "pol.missing")))
	if _, err := agencytest.Drain(t.Context(), client, &agencyv1.CollectRequest{Warrant: token}); reason(err) != "CALLER_NOT_A_GATEWAY" {
		t.Errorf("an agency that may connect: Collect gives %v", err)
	}
}

func TestJournalNeedsAPlace(t *testing.T) {
	if _, err := agencies.OpenJournal(t.Context(), agencies.JournalOptions{Path: filepath.Join(t.TempDir(), "no", "such", "folder.db"), KeepDecisions: time.Hour}); err == nil {
		t.Error("a journal nowhere")
	}
}

// refusedWell are the codes with which a bad request may be refused.
func refusedWell(err error) bool {
	switch status.Code(err) {
	case codes.OK, codes.InvalidArgument, codes.PermissionDenied:
		return true
	}
	return false
}

// FuzzLocateBody: whatever body a valid warrant covers, the answer is about exactly its subjects or is a clean refusal.
func FuzzLocateBody(f *testing.F) {
	r := newRig(f, "")
	seed, err := marshalBody(mira)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("\x0a\x01x"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 {
			return // for which there is no Locate warrant
		}
		claims := agencytest.Claims(organisation, warrant.Locate, "s1")
		claims.BodyDigest = warrant.Digest(body)
		response, err := r.client.Locate(t.Context(), &agencyv1.LocateRequest{Warrant: r.Mint(t, claims), Body: body})
		if !refusedWell(err) {
			t.Fatalf("gives %v", err)
		}
		if err == nil && (len(response.GetMatches()) != 1 || response.GetMatches()[0].GetSubject() != "s1") {
			t.Errorf("answers about %v", response)
		}
	})
}

// FuzzConstraints: whatever constraints a valid warrant carries, nothing leaves about anybody but whom it names and located.
func FuzzConstraints(f *testing.F) {
	r := newRig(f, "")
	r.locate(f, mira, tara)
	seed, err := json.Marshal(r.permit("s1", "pol.involvement"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("[" + string(seed) + "]"))
	f.Add([]byte(`[{"category":"pol.missing","subject":"s1"}]`))
	f.Add([]byte(`[{"category":"pol.missing","subject":"s2","base":{"effect":"permit"}}]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, constraints []byte) {
		if !json.Valid(constraints) {
			return
		}
		claims := agencytest.Claims(organisation, warrant.Collect, "s1")
		claims.Constraints = constraints
		token, err := r.Minter.Mint(claims)
		if err != nil {
			return
		}
		all, err := agencytest.Drain(t.Context(), r.client, &agencyv1.CollectRequest{Warrant: token})
		if !refusedWell(err) {
			t.Fatalf("gives %v", err)
		}
		for _, chunk := range all.Chunks {
			if chunk.GetSubject() != "s1" {
				t.Errorf("something left about %s", chunk.GetSubject())
			}
		}
	})
}
