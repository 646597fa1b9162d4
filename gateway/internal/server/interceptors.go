package server

import (
	"google.golang.org/grpc"
)

// steps is every step that a call goes through, outermost first. It is one list for unary calls and streams, for gRPC and for REST
// (whose mux dials in memory and so comes through here as well). Tracing alone is not in it: grpc wants it as a stats handler.
func (d *door) steps() []step {
	return []step{
		// First: every line below may want to say which call it speaks of.
		around(d.identify),
		// Outside all that can refuse or fail, so that a refused call is a line and a number too.
		around(d.logCall),
		around(d.measure),
		// Turns every error into public words; whatever stands below may return what it likes.
		around(d.publicWords),
		// Inside the words, so that a panic becomes an internal error without its text; outside everything that could panic.
		around(d.recoverPanic),
		// Nothing is decided before it is known who calls.
		around(d.authenticate),
		// Before policy, because a denied call costs a ledger entry: nobody may fill the ledger faster than this.
		around(d.limit),
		// Before the message is validated: whoever may not call learns nothing about the message.
		mayCall{d},
		// Before anything goes through the message field by field.
		onMessage(d.bound),
		// Last: handlers see only messages that hold to the rules of the contract.
		onMessage(d.validate),
	}
}

// options are the interceptors as grpc takes them.
func (d *door) options() []grpc.ServerOption {
	var unary []grpc.UnaryServerInterceptor
	var stream []grpc.StreamServerInterceptor
	for _, s := range d.steps() {
		unary = append(unary, s.unary())
		stream = append(stream, s.stream())
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(unary...),
		grpc.ChainStreamInterceptor(stream...),
		// A name nobody serves goes through the same list, so that knocking on doors that do not exist is denied and recorded.
		grpc.UnknownServiceHandler(noSuchMethod),
	}
}
