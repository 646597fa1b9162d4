package demo_test

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/cmd/internal/dial"
)

// transcript is everything that one case was answered, as text: replies, events and errors with their details.
type transcript struct {
	mu    sync.Mutex
	parts []part
}

type part struct {
	method string
	text   []byte
}

func (t *transcript) add(method string, text []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts = append(t.parts, part{method, bytes.Clone(text)})
}

// except is what was heard from every call but those of the methods given.
func (t *transcript) except(methods ...string) []part {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kept []part
	for _, p := range t.parts {
		if !slices.Contains(methods, p.method) {
			kept = append(kept, p)
		}
	}
	return kept
}

// from is what was heard from one method.
func (t *transcript) from(method string) []part {
	return slices.DeleteFunc(t.except(), func(p part) bool { return p.method != method })
}

// dialGRPC connects people over gRPC and writes down what they hear.
func dialGRPC(h *demo.Hub, heard *transcript) dialer {
	return func(person string) (demo.Line, error) {
		conn, err := dial.Open(h.Profile(person))
		return grpcLine{conn, heard}, err
	}
}

type grpcLine struct {
	*grpc.ClientConn

	heard *transcript
}

func (l grpcLine) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	err := l.ClientConn.Invoke(ctx, method, args, reply, opts...)
	l.heard.hear(method, reply, err)
	return err
}

func (l grpcLine) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := l.ClientConn.NewStream(ctx, desc, method, opts...)
	return grpcStream{stream, method, l.heard}, err
}

type grpcStream struct {
	grpc.ClientStream

	method string
	heard  *transcript
}

func (s grpcStream) RecvMsg(into any) error {
	err := s.ClientStream.RecvMsg(into)
	s.heard.hear(s.method, into, err)
	return err
}

// hear writes down a reply, or an error with all its details.
func (t *transcript) hear(method string, reply any, err error) {
	message := reply.(proto.Message)
	if err != nil {
		message = status.Convert(err).Proto()
	}
	text, _ := protojson.Marshal(message) // a message that came over the line always marshals
	t.add(method, text)
}
