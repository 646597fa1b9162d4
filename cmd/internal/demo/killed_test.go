package demo_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/record"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// patience bounds every wait for something that must happen.
const patience = time.Minute

// gate holds one organisation up in the middle of one method until it is opened.
type gate struct {
	organisation, method string

	mu      sync.Mutex
	reached chan struct{}
	open    chan struct{}
}

func (g *gate) hold(method string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.method, g.reached, g.open = method, make(chan struct{}, 100), make(chan struct{})
}

func (g *gate) pass(ctx context.Context, method string) error {
	g.mu.Lock()
	held, reached, open := strings.HasSuffix(method, g.method), g.reached, g.open
	g.mu.Unlock()
	if !held {
		return nil
	}
	reached <- struct{}{}
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) options(organisation string) []grpc.ServerOption {
	if organisation != g.organisation {
		return nil
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := g.pass(ctx, info.FullMethod); err != nil {
				return nil, err
			}
			return next(ctx, request)
		}),
		grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := g.pass(stream.Context(), info.FullMethod); err != nil {
				return err
			}
			return next(server, stream)
		}),
	}
}

// TestKilled kills the gateway in the middle of a request and starts it again on the same data: whatever it had acknowledged is there,
// and the request comes to the end it would have come to.
func TestKilled(t *testing.T) {
	police := &gate{organisation: "police"}
	police.hold("none")
	var config gateway.Config
	dir := filepath.Join(t.TempDir(), "demo")
	h, err := demo.Start(t.Context(), demo.Options{
		Dir: dir, Log: io.Discard, Clock: clock.NewFake(today), Agency: police.options,
		Change: func(c *gateway.Config) {
			config = *c
			// The hub's own gateway stands idle beside the one under test.
			c.Data.Database, c.Data.Keys = filepath.Join(dir, "idle", "mashgate.db"), filepath.Join(dir, "idle", "keys")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		method string
		// answers is how many must have come before the kill.
		answers int
	}{
		"while an organisation looks people up":     {"/Locate", 0},
		"while an organisation sends what it holds": {"/Collect", 40}, // of all others: eight, about five people each
	} {
		t.Run(name, func(t *testing.T) {
			config.Data.Database = filepath.Join(t.TempDir(), "mashgate.db")
			config.Data.Keys = filepath.Join(t.TempDir(), "keys")
			police.hold(c.method)
			k := killed{hub: h, file: writeFile(t, fileOf(config)), family: family(t, "00-showcase"), gate: police}
			k.run(t, c.answers)
		})
	}
}

func writeFile(t *testing.T, f gatewayFile) string {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "gateway.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func family(t *testing.T, name string) city.Family {
	t.Helper()
	families, err := city.LoadFamilies()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no family %s", name)
	return city.Family{}
}

// killed is one kill in the middle of one family's case.
type killed struct {
	hub    *demo.Hub
	file   string
	family city.Family
	gate   *gate
}

func (k killed) run(t *testing.T, answers int) {
	t.Helper()
	first := startProcess(t, k.file)
	events := make(chan *mashgatev1.WatchInformationRequestResponse, 1000)
	ended := make(chan demo.Told, 1)
	go func() {
		told, err := demo.Tell(t.Context(), k.hub, k.family, k.cast(first, events), io.Discard)
		if err == nil {
			t.Error("the case came to its end before the kill")
		}
		ended <- told
	}()
	await(t, k.gate.reached)
	var acknowledged []*mashgatev1.WatchInformationRequestResponse
	for n := 0; n < answers; {
		event := await(t, events)
		acknowledged = append(acknowledged, event)
		if event.GetAnswer() != nil {
			n++
		}
	}
	ledger := k.entries(t, first)
	first.kill(t)
	told := await(t, ended)
	close(k.gate.open)
	second := startProcess(t, k.file)
	k.check(t, second, told, acknowledged, ledger)
}

// await takes one thing from a channel, or ends the test where it does not come.
func await[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		t.Fatal("it did not happen")
		panic("unreachable")
	}
}

func (k killed) cast(at *process, events chan *mashgatev1.WatchInformationRequestResponse) demo.Cast {
	return demo.Cast{Referrer: "rita", Triage: "tom", Worker: "sara", Requester: "sara", Dial: func(person string) (demo.Line, error) {
		line, err := k.dial(at, person)
		return tapped{line, events}, err
	}}
}

func (k killed) dial(at *process, person string) (*grpc.ClientConn, error) {
	profile := k.hub.Profile(person)
	profile.Address = at.at.GRPC
	return dial.Open(profile)
}

// tapped is a line whose watched events are passed on.
type tapped struct {
	*grpc.ClientConn

	events chan *mashgatev1.WatchInformationRequestResponse
}

func (l tapped) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := l.ClientConn.NewStream(ctx, desc, method, opts...)
	return tappedStream{stream, l.events}, err
}

type tappedStream struct {
	grpc.ClientStream

	events chan *mashgatev1.WatchInformationRequestResponse
}

func (s tappedStream) RecvMsg(into any) error {
	err := s.ClientStream.RecvMsg(into)
	if event, ok := into.(*mashgatev1.WatchInformationRequestResponse); ok && err == nil {
		s.events <- event
	}
	return err
}

func (k killed) entries(t *testing.T, at *process) []*ledgerv1.Entry {
	t.Helper()
	line, err := k.dial(at, "ada")
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	list, err := ledgerv1.NewLedgerServiceClient(line).ListEntries(t.Context(), &ledgerv1.ListEntriesRequest{Parent: "hubs/coventry", PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return list.GetEntries()
}

// check holds the gateway that was started again to what the first had acknowledged.
func (k killed) check(t *testing.T, at *process, told demo.Told, acknowledged []*mashgatev1.WatchInformationRequestResponse, ledger []*ledgerv1.Entry) {
	t.Helper()
	line, err := k.dial(at, "sara")
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	again := k.watch(t, line, told)
	for i, before := range acknowledged {
		if i >= len(again) {
			t.Errorf("%d events were seen before the kill and %d are there after it", len(acknowledged), len(again))
			break
		}
		// Reading anew is a disclosure of its own, with an entry of its own.
		if diff := gocmp.Diff(before, again[i], protocmp.Transform(), protocmp.IgnoreFields(&mashgatev1.RecordChunk{}, "ledger_entry")); diff != "" {
			t.Errorf("event %d (-before the kill +after):\n%s", i, diff)
		}
	}
	if last := again[len(again)-1].GetEnded(); last.GetState() != mashgatev1.InformationRequest_STATE_COMPLETE {
		t.Errorf("the request ended as %s", last.GetState())
	}
	referral, err := mashgatev1.NewEpisodeServiceClient(line).GetReferral(t.Context(), &mashgatev1.GetReferralRequest{Name: told.Referral.GetName()})
	if err != nil || referral.GetReferenceNumber() != told.Referral.GetReferenceNumber() || referral.GetTriage() == nil {
		t.Errorf("the referral after the kill: %v, %v", referral.GetReferenceNumber(), err)
	}
	after := k.entries(t, at)
	if diff := gocmp.Diff(ledger, after[:min(len(ledger), len(after))], protocmp.Transform()); diff != "" {
		t.Errorf("the ledger (-before the kill +after):\n%s", diff)
	}
	k.picture(t, line, told)
}

// watch reads every event of the request, from the first to its end.
func (k killed) watch(t *testing.T, line *grpc.ClientConn, told demo.Told) []*mashgatev1.WatchInformationRequestResponse {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := mashgatev1.NewInformationServiceClient(line)
	stream, err := client.WatchInformationRequest(ctx, &mashgatev1.WatchInformationRequestRequest{Name: told.Request.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	var all []*mashgatev1.WatchInformationRequestResponse
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) && len(all) > 0 {
			return all
		}
		if err != nil {
			t.Fatalf("watching after the kill: %v", err)
		}
		all = append(all, event)
	}
}

// picture: the organisations were there all the time, so the picture is the one that there would have been.
func (k killed) picture(t *testing.T, line *grpc.ClientConn, told demo.Told) {
	t.Helper()
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	told.Picture, err = mashgatev1.NewInformationServiceClient(line).GetPicture(t.Context(), &mashgatev1.GetPictureRequest{
		Name: told.Request.GetName() + "/picture", PageSize: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	expectation{family: k.family, catalogue: catalogue}.picture(t, played{family: k.family, told: told}.picture())
}
