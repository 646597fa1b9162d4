package peer_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	grpcpeer "google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/internal/peer"
)

var (
	gateway = peer.Identity{Kind: peer.Gateway, Name: "coventry"}
	police  = peer.Identity{Kind: peer.Agency, Name: "police"}
)

func TestParseSAN(t *testing.T) {
	for _, who := range []peer.Identity{gateway, police, {Kind: peer.Service, Name: "case_system"}} {
		if got, err := peer.ParseSAN(who.SAN()); err != nil || got != who {
			t.Errorf("%s reads back as %v, %v", who.SAN(), got, err)
		}
	}
	for _, san := range []string{
		"", "mashgate://", "mashgate://gateway", "mashgate://gateway/", "mashgate://gateway/Coventry", "mashgate://gateway/co/ventry",
		"mashgate://gateway/coventry?x", "mashgate://gateway/coventry#x", "mashgate://u@gateway/coventry", "mashgate://gateway:1/coventry",
		"MASHGATE://gateway/coventry", "https://gateway/coventry", "mashgate://person/coventry", "mashgate://gateway/%63oventry",
		"mashgate:gateway/coventry", "mashgate://agency/../x",
	} {
		if got, err := peer.ParseSAN(san); err == nil {
			t.Errorf("%q is taken for %v", san, got)
		}
	}
}

func FuzzParseSAN(f *testing.F) {
	f.Add(gateway.SAN())
	f.Add("mashgate://agency/police")
	f.Fuzz(func(t *testing.T, san string) {
		if got, err := peer.ParseSAN(san); err == nil && got.SAN() != san {
			t.Errorf("%q reads as %v, which writes %q", san, got, got.SAN())
		}
	})
}

// whoami answers Check with what the server knows of the caller.
type whoami struct {
	healthv1.UnimplementedHealthServer
	saw chan peer.Identity
}

func (w whoami) Check(ctx context.Context, _ *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	who, err := peer.FromContext(ctx)
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	w.saw <- who
	return &healthv1.HealthCheckResponse{}, nil
}

func serve(t *testing.T, config *tls.Config) (string, whoami) {
	t.Helper()
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	w := whoami{saw: make(chan peer.Identity, 1)}
	healthv1.RegisterHealthServer(server, w)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // Stop makes it return an error of no interest
	t.Cleanup(server.Stop)
	return listener.Addr().String(), w
}

func check(t *testing.T, address string, config *tls.Config) (peer.Identity, error) {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var p grpcpeer.Peer
	if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}, grpc.Peer(&p)); err != nil {
		return peer.Identity{}, err
	}
	return peer.Replier(&p)
}

func issue(t *testing.T, a *peer.Authority, who peer.Identity) peer.Material {
	t.Helper()
	m, err := a.Issue(who)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func authority(t *testing.T) *peer.Authority {
	t.Helper()
	a, err := peer.NewAuthority(peer.DemoMark)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestMutualTLS(t *testing.T) {
	ours, theirs := authority(t), authority(t)
	serverConfig, err := issue(t, ours, police).Server(gateway)
	if err != nil {
		t.Fatal(err)
	}
	address, w := serve(t, serverConfig)
	dial := func(m peer.Material, want peer.Identity) *tls.Config {
		config, err := m.Client(want)
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	without := dial(issue(t, ours, gateway), police)
	without.Certificates = nil
	old := dial(issue(t, ours, gateway), police)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12

	t.Run("the named caller", func(t *testing.T) {
		replier, err := check(t, address, dial(issue(t, ours, gateway), police))
		if err != nil {
			t.Fatal(err)
		}
		if caller := <-w.saw; caller != gateway || replier != police {
			t.Errorf("the server saw %v and the client %v", caller, replier)
		}
	})
	for name, config := range map[string]*tls.Config{
		"caller of another authority":   dial(issue(t, theirs, gateway), police),
		"another hub's gateway":         dial(issue(t, ours, peer.Identity{Kind: peer.Gateway, Name: "warwick"}), police),
		"an agency as caller":           dial(issue(t, ours, peer.Identity{Kind: peer.Agency, Name: "coventry"}), police),
		"no client certificate":         without,
		"TLS 1.2":                       old,
		"another organisation expected": dial(issue(t, ours, gateway), peer.Identity{Kind: peer.Agency, Name: "education"}),
		"a gateway expected":            dial(issue(t, ours, gateway), peer.Identity{Kind: peer.Gateway, Name: "police"}),
	} {
		t.Run(name, func(t *testing.T) {
			if who, err := check(t, address, config); err == nil {
				t.Errorf("the call went through, answered by %v", who)
			}
			select {
			case who := <-w.saw:
				t.Errorf("the server served %v", who)
			default:
			}
		})
	}
}

// TestServerOfAnotherAuthority: the client verifies too, although the built-in check is off.
func TestServerOfAnotherAuthority(t *testing.T) {
	ours, theirs := authority(t), authority(t)
	config, err := issue(t, theirs, police).Server(gateway)
	if err != nil {
		t.Fatal(err)
	}
	config.ClientAuth, config.VerifyConnection = tls.NoClientCert, nil
	address, _ := serve(t, config)
	client, err := issue(t, ours, gateway).Client(police)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check(t, address, client); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("an impostor's certificate gives %v", err)
	}
}

func TestFromContextNeedsVerification(t *testing.T) {
	unverified := credentials.TLSInfo{}
	for name, ctx := range map[string]context.Context{
		"no peer":     t.Context(),
		"no TLS":      grpcpeer.NewContext(t.Context(), &grpcpeer.Peer{}),
		"no verified": grpcpeer.NewContext(t.Context(), &grpcpeer.Peer{AuthInfo: unverified}),
	} {
		if who, err := peer.FromContext(ctx); err == nil {
			t.Errorf("%s: gives %v", name, who)
		}
	}
	if _, err := peer.Replier(nil); err == nil {
		t.Error("nobody has an identity")
	}
}

func TestNobodyMayCall(t *testing.T) {
	m := issue(t, authority(t), police)
	for name, callers := range map[string][]peer.Identity{"none": nil, "a nameless one": {{Kind: peer.Gateway}}} {
		if _, err := m.Server(callers...); err == nil {
			t.Errorf("%s: a listener that nobody could call", name)
		}
	}
	var none peer.Material
	_, serveErr := none.Server(gateway)
	_, dialErr := none.Client(police)
	_, whoErr := none.Identity()
	if serveErr == nil || dialErr == nil || whoErr == nil {
		t.Errorf("the zero material works: %v, %v, %v", serveErr, dialErr, whoErr)
	}
}

func TestFiles(t *testing.T) {
	material := issue(t, authority(t), police)
	dir := filepath.Join(t.TempDir(), "police")
	files, err := material.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{files.Key, files.Certificate, files.Authority} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(path), info.Mode(), err)
		}
	}
	read, err := peer.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := read.Identity(); err != nil || who != police {
		t.Errorf("reads back as %v, %v", who, err)
	}
	if !slices.Contains(read.Marks(), peer.DemoMark) {
		t.Errorf("the mark is gone: %v", read.Marks())
	}
	other, err := issue(t, authority(t), gateway).Write(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]peer.Files{
		"another's key":      {Certificate: files.Certificate, Key: other.Key, Authority: files.Authority},
		"a leaf as CA":       {Certificate: files.Certificate, Key: files.Key, Authority: files.Certificate},
		"no authority":       {Certificate: files.Certificate, Key: files.Key, Authority: files.Key},
		"a file there isn't": {Certificate: files.Certificate, Key: files.Key, Authority: filepath.Join(dir, "none")},
	} {
		if _, err := peer.Load(bad); err == nil {
			t.Errorf("%s: loads", name)
		}
	}
	if _, err := peer.NewAuthority(""); err == nil {
		t.Error("an authority without a mark")
	}
}
