package server

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
)

// mayCall asks the policy who may call which RPC. A unary call is decided once, with the hub of the resource it names. A stream is
// decided when it opens, before the caller has said anything, and again for each message that names a hub.
type mayCall struct{ door *door }

func (m mayCall) unary() grpc.UnaryServerInterceptor {
	return onMessage(func(ctx context.Context, method string, message proto.Message) error {
		return m.door.decide(ctx, method, resourceHub(message))
	}).unary()
}

func (m mayCall) stream() grpc.StreamServerInterceptor {
	opened := around(func(ctx context.Context, method string, next func(context.Context) error) error {
		if err := m.door.decide(ctx, method, ""); err != nil {
			return err
		}
		return next(ctx)
	}).stream()
	each := onMessage(func(ctx context.Context, method string, message proto.Message) error {
		hub := resourceHub(message)
		if hub == "" {
			return nil
		}
		return m.door.decide(ctx, method, hub)
	}).stream()
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return opened(srv, stream, info, func(srv any, stream grpc.ServerStream) error { return each(srv, stream, info, handler) })
	}
}

// decide lets a call through, or refuses it with an entry on the ledger. Where the entry cannot be written the answer is that nothing
// works now, not that it was denied: no decision leaves without its record.
func (d *door) decide(ctx context.Context, method, hub string) error {
	principal := authn.FromContext(ctx)
	revision, err := d.config.Policy.Active(d.config.Hub)
	if err != nil {
		return fault.Unavailable("NO_POLICY", "there is no policy in force: nothing can be decided", err)
	}
	decision, err := revision.MayCall(ctx, policy.Call{
		Method: method, ResourceHub: hub,
		Principal: policy.Principal{Kind: string(principal.Kind), Role: principal.Role(), Hub: principal.Hub, ID: principal.ID()},
	})
	if err != nil {
		return err
	}
	switch {
	case decision.Allow:
		return nil
	case principal.Kind == authn.None:
		// Nobody has been named who could be denied. Not on the ledger, which a stranger must not be able to fill.
		return &fault.Error{Code: unauthenticated, Reason: "UNAUTHENTICATED", Public: "this call needs a credential"}
	}
	if err := d.recordDenial(ctx, method, principal, decision); err != nil {
		return fault.Unavailable("LEDGER_UNAVAILABLE", "the ledger cannot be written: nothing is answered", err)
	}
	return fault.Denied(strings.ToUpper(decision.Reason.Code), decision.Reason.Text)
}

func (d *door) recordDenial(ctx context.Context, method string, principal authn.Principal, decision policy.CallDecision) error {
	entry := ledger.Entry{
		Hub: d.config.Hub, Kind: ledger.KindCallDenied, Actor: principal.ID(), ActorRole: principal.Role(),
		Method: d.known(method), Reasons: []string{decision.Reason.Code}, Revision: decision.Revision,
	}
	// A caller who hangs up is denied all the same.
	return d.config.DB.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx store.Tx) error {
		_, err := d.config.Ledger.Append(ctx, tx, entry)
		return err
	})
}

// resourceHub is the hub in the name of the resource that a message calls on: every request of ours names it in name or parent. It is
// read before validation, so whatever stands in the place of the hub is compared with the caller's.
func resourceHub(message proto.Message) string {
	fields := message.ProtoReflect().Descriptor().Fields()
	for _, name := range []protoreflect.Name{"name", "parent"} {
		field := fields.ByName(name)
		if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
			continue
		}
		if rest, ok := strings.CutPrefix(message.ProtoReflect().Get(field).String(), "hubs/"); ok {
			hub, _, _ := strings.Cut(rest, "/")
			return hub
		}
	}
	return ""
}
