package demo_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tracecollector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/clock"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// today is the day on which the families' expectations were reckoned.
var today = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// hubUnderTest is a whole hub with everything that comes out of it: its log, its traces, and what its agencies are asked.
type hubUnderTest struct {
	*demo.Hub

	dir    string
	log    *textBuffer
	traces *textBuffer
	asked  *textBuffer
	close  func() error
}

// startHub starts a hub that ends with the test.
func startHub(t *testing.T, o demo.Options) *hubUnderTest {
	t.Helper()
	h := &hubUnderTest{dir: filepath.Join(t.TempDir(), "demo"), log: &textBuffer{}, traces: &textBuffer{}, asked: &textBuffer{}}
	collector := h.collect(t)
	change := o.Change
	o.Collector = "http://" + collector
	o.Dir, o.Log, o.Clock = h.dir, h.log, clock.NewFake(today)
	o.Agency = func(organisation string) []grpc.ServerOption {
		return []grpc.ServerOption{
			grpc.ChainUnaryInterceptor(h.listenInLocate(organisation)), grpc.ChainStreamInterceptor(h.listenInCollect(organisation)),
		}
	}
	o.Change = func(c *gateway.Config) {
		c.Limits.CallsPerSecond, c.Limits.Burst = 10_000, 10_000
		if change != nil {
			change(c)
		}
	}
	var err error
	if h.Hub, err = demo.Start(t.Context(), o); err != nil {
		t.Fatalf("starting the hub: %v\n%s", err, h.log)
	}
	h.close = sync.OnceValue(h.Close)
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Errorf("stopping the hub: %v", err)
		}
	})
	return h
}

// collect receives the gateway's traces, as an operator's collector would.
func (h *hubUnderTest) collect(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	tracecollector.RegisterTraceServiceServer(server, collector{to: h.traces})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() { // runs after the hub has closed
		server.Stop()
		if err := <-ended; err != nil {
			t.Errorf("collecting traces: %v", err)
		}
	})
	return listener.Addr().String()
}

type collector struct {
	tracecollector.UnimplementedTraceServiceServer

	to *textBuffer
}

func (c collector) Export(_ context.Context, spans *tracecollector.ExportTraceServiceRequest) (*tracecollector.ExportTraceServiceResponse, error) {
	_, err := fmt.Fprintln(c.to, protojson.Format(spans))
	return &tracecollector.ExportTraceServiceResponse{}, err
}

// listenInLocate writes down what one organisation is told in Locate, with the name of the organisation.
func (h *hubUnderTest) listenInLocate(organisation string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if locate, ok := request.(*agencyv1.LocateRequest); ok {
			if err := h.hear(organisation, locate.GetBody(), &agencyv1.LocateBody{}); err != nil {
				return nil, err
			}
		}
		return next(ctx, request)
	}
}

// listenInCollect writes down what it is told in Collect.
func (h *hubUnderTest) listenInCollect(organisation string) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		return next(server, listening{ServerStream: stream, hub: h, organisation: organisation})
	}
}

type listening struct {
	grpc.ServerStream

	hub          *hubUnderTest
	organisation string
}

func (l listening) RecvMsg(message any) error {
	if err := l.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	if collect, ok := message.(*agencyv1.CollectRequest); ok {
		return l.hub.hear(l.organisation, collect.GetBody(), &agencyv1.CollectBody{})
	}
	return nil
}

func (h *hubUnderTest) hear(organisation string, body []byte, as proto.Message) error {
	if err := proto.Unmarshal(body, as); err != nil {
		return err
	}
	_, err := fmt.Fprintln(h.asked, organisation, protojson.MarshalOptions{}.Format(as))
	return err
}

// textBuffer is a buffer that many may write to.
type textBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *textBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *textBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// since is what was written after the first n bytes.
func (b *textBuffer) since(n int) string { return b.String()[n:] }

func (b *textBuffer) len() int { return len(b.String()) }

// holds tells whether a text has something in it. Digits count only where they stand by themselves: a time or an id may have any.
func holds(text, forbidden string) bool {
	if strings.Trim(forbidden, digits) != "" {
		return strings.Contains(text, forbidden)
	}
	for at := strings.Index(text, forbidden); at >= 0; at = strings.Index(text, forbidden) {
		after := text[at+len(forbidden):]
		if !strings.ContainsAny(text[max(0, at-1):at], digits) && !strings.ContainsAny(after[:min(1, len(after))], digits) {
			return true
		}
		text = after
	}
	return false
}

const digits = "0123456789"
