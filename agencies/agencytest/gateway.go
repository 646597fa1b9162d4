// Package agencytest holds agencies to the contract, and gives those who test a gateway agencies to ask. It has the conformance suite
// that every adapter runs (Run), a gateway that exists for one test (Gateway), an honest organisation in memory (Memory) and dishonest
// ones (Hostile). It is for tests only and trusts nothing it is handed.
package agencytest

import (
	"encoding/json"
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// What a test gateway is called.
const (
	Hub    = "testhub"
	Issuer = "https://gateway.test"
	KeyID  = "test-1"
)

// Gateway is a gateway that exists for one test: its authority, its warrants, its clock.
type Gateway struct {
	Authority *peer.Authority
	Identity  peer.Identity
	Material  peer.Material
	Clock     *clock.Fake
	Minter    *warrant.Minter
	Key       warrant.Key
}

// NewGateway makes a gateway whose clock stands at now.
func NewGateway(t testing.TB, now time.Time) *Gateway {
	t.Helper()
	authority, err := peer.NewAuthority(peer.DemoMark)
	must(t, err)
	g := &Gateway{Authority: authority, Identity: peer.Identity{Kind: peer.Gateway, Name: Hub}, Clock: clock.NewFake(now)}
	g.Material, err = authority.Issue(g.Identity)
	must(t, err)
	key, err := warrant.GenerateKey(warrant.EdDSA)
	must(t, err)
	g.Key = warrant.Key{Algorithm: warrant.EdDSA, Public: key.Public()}
	g.Minter, err = warrant.NewMinter(warrant.MinterConfig{
		KeyID: KeyID, Algorithm: warrant.EdDSA, Key: key, Issuer: Issuer, Gateway: g.Identity, Clock: g.Clock,
	})
	must(t, err)
	return g
}

// Verifier is what an organisation needs to believe this gateway.
func (g *Gateway) Verifier(t testing.TB, organisation string) *warrant.Verifier {
	t.Helper()
	v, err := warrant.NewVerifier(warrant.VerifierConfig{
		Keys: map[string]warrant.Key{KeyID: g.Key}, Issuer: Issuer, Audience: organisation, Clock: g.Clock,
	})
	must(t, err)
	return v
}

// keepDecisions is longer than any test.
const keepDecisions = 400 * 24 * time.Hour

// Journal is a journal in a folder of the test's own.
func Journal(t testing.TB) *agencies.Journal {
	t.Helper()
	journal, err := agencies.OpenJournal(t.Context(), agencies.JournalOptions{
		Path: filepath.Join(t.TempDir(), "journal.db"), KeepDecisions: keepDecisions,
	})
	must(t, err)
	t.Cleanup(func() {
		if err := journal.Close(); err != nil {
			t.Errorf("closing the journal: %v", err)
		}
	})
	return journal
}

// Serve serves an agency over mutual TLS on loopback, with the organisation's certificate, and returns its address. It ends with the test.
func (g *Gateway) Serve(t testing.TB, organisation string, impl agencyv1.AgencyServiceServer) string {
	t.Helper()
	material, err := g.Authority.Issue(peer.Identity{Kind: peer.Agency, Name: organisation})
	must(t, err)
	config, err := material.Server(g.Identity)
	must(t, err)
	server, err := agencies.NewServer(impl, config)
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-ended; err != nil {
			t.Errorf("serving %s: %v", organisation, err)
		}
	})
	return listener.Addr().String()
}

// Dial connects the gateway to the organisation it expects at an address.
func (g *Gateway) Dial(t testing.TB, organisation, address string) agencyv1.AgencyServiceClient {
	t.Helper()
	return DialAs(t, g.Material, organisation, address)
}

// DialAs connects any machine to the organisation it expects at an address.
func DialAs(t testing.TB, material peer.Material, organisation, address string) agencyv1.AgencyServiceClient {
	t.Helper()
	config, err := material.Client(peer.Identity{Kind: peer.Agency, Name: organisation})
	must(t, err)
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	must(t, err)
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("closing the connection: %v", err)
		}
	})
	return agencyv1.NewAgencyServiceClient(conn)
}

// Claims are claims of a leg for one organisation and some subjects, to be changed at will and minted.
func Claims(organisation, method string, subjects ...string) warrant.Claims {
	c := warrant.Claims{
		Audience: organisation, Hub: Hub, Request: "request-1", Leg: "leg-" + organisation, Attempt: 1, Method: method,
		Purpose: "safeguarding_children", Basis: "s47", RequesterRole: "social_worker",
	}
	for _, id := range subjects {
		c.Subjects = append(c.Subjects, warrant.Subject{ID: id, Role: "index_child", Child: true})
	}
	return c
}

// Constrain puts constraints into claims.
func Constrain(t testing.TB, c warrant.Claims, constraints ...policy.Constraint) warrant.Claims {
	t.Helper()
	encoded, err := json.Marshal(constraints)
	must(t, err)
	c.Constraints = encoded
	return c
}

// Mint mints claims as they are.
func (g *Gateway) Mint(t testing.TB, c warrant.Claims) string {
	t.Helper()
	token, err := g.Minter.Mint(c)
	must(t, err)
	return token
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
