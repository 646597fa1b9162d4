package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// step is one interceptor, written once and used for unary calls and streams alike, so that no stream can pass a door that a unary
// call cannot.
type step interface {
	unary() grpc.UnaryServerInterceptor
	stream() grpc.StreamServerInterceptor
}

// around is a step that stands around the whole call. It calls next at most once, with a context of its own if it likes.
type around func(ctx context.Context, method string, next func(context.Context) error) error

func (a around) unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		var answer any
		err := a(ctx, info.FullMethod, func(ctx context.Context) (err error) {
			answer, err = handler(ctx, req)
			return err
		})
		if err != nil {
			return nil, err
		}
		return answer, nil
	}
}

func (a around) stream() grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return a(stream.Context(), info.FullMethod, func(ctx context.Context) error {
			return handler(srv, &streamWithContext{ServerStream: stream, ctx: ctx})
		})
	}
}

type streamWithContext struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *streamWithContext) Context() context.Context { return s.ctx }

// onMessage is a step that looks at every message that comes in, before anything is done with it.
type onMessage func(ctx context.Context, method string, message proto.Message) error

func (c onMessage) unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if message, ok := req.(proto.Message); ok {
			if err := c(ctx, info.FullMethod, message); err != nil {
				return nil, err
			}
		}
		return handler(ctx, req)
	}
}

func (c onMessage) stream() grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return handler(srv, &checkedStream{ServerStream: stream, check: c, method: info.FullMethod})
	}
}

type checkedStream struct {
	grpc.ServerStream
	check  onMessage
	method string
}

func (s *checkedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	message, ok := m.(proto.Message)
	if !ok {
		return nil
	}
	return s.check(s.Context(), s.method, message)
}
