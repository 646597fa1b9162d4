package agencies_test

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
)

// Example serves an organisation: its own system as a Source, its own Rego (policy.rego and data/reasons.yaml), the gateway it answers.
func Example() {
	ctx := context.Background()
	var source agencies.Source // the organisation's own system
	if err := serve(ctx, source, os.DirFS("policy")); err != nil {
		slog.ErrorContext(ctx, "the agency has ended", "error", err)
	}
}

func serve(ctx context.Context, source agencies.Source, rules fs.FS) error {
	own, err := policy.CompileAgency(ctx, rules)
	if err != nil {
		return err
	}
	key, err := readKey("gateway-warrant.pem")
	if err != nil {
		return err
	}
	verifier, err := warrant.NewVerifier(warrant.VerifierConfig{
		Keys: map[string]warrant.Key{"coventry-1": key}, Issuer: "mashgate://gateway/coventry", Audience: "police", Clock: clock.System{},
	})
	if err != nil {
		return err
	}
	journal, err := agencies.OpenJournal(ctx, agencies.JournalOptions{Path: "journal.db", KeepDecisions: 400 * 24 * time.Hour})
	if err != nil {
		return err
	}
	agency, err := agencies.New(agencies.Config{
		Organisation: "police", Title: "West Midlands Police", LookedIn: "Nominal index",
		Categories: []string{"pol.involvement", "pol.missing"}, Flags: []string{"safe_address"}, MaxIndexAge: 48 * time.Hour,
		Source: source, Policy: own, Verifier: verifier, Journal: journal, Clock: clock.System{}, Log: slog.Default(),
	})
	if err != nil {
		return err
	}
	machine, err := peer.Load(peer.Files{Certificate: "certificate.pem", Key: "key.pem", Authority: "authority.pem"})
	if err != nil {
		return err
	}
	tls, err := machine.Server(peer.Identity{Kind: peer.Gateway, Name: "coventry"})
	if err != nil {
		return err
	}
	server, err := agencies.NewServer(agency, tls)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", ":7443")
	if err != nil {
		return err
	}
	return server.Serve(listener)
}

func readKey(path string) (warrant.Key, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return warrant.Key{}, err
	}
	public, err := warrant.ParsePublicKey(source)
	return warrant.Key{Algorithm: warrant.EdDSA, Public: public}, err
}
