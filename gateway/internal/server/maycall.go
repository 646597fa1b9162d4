package server

import (
	"context"
	"errors"
	"slices"
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

// decide lets a call through if the policy of every hub that it concerns does.
func (d *door) decide(ctx context.Context, method, resource string) error {
	principal := authn.FromContext(ctx)
	concerned := d.concerned(principal, resource)
	if len(concerned) == 0 {
		return errNoPolicy(errors.New("server: the call concerns no hub"))
	}
	for _, hub := range concerned {
		if err := d.decideIn(ctx, hub, policy.Call{
			Method: method, ResourceHub: resource,
			Principal: policy.Principal{Kind: string(principal.Kind), Role: principal.Role(), Hub: speaksIn(principal, hub), ID: principal.ID()},
		}); err != nil {
			return err
		}
	}
	return nil
}

func errNoPolicy(cause error) error {
	return fault.Unavailable("NO_POLICY", "there is no policy in force: nothing can be decided", cause)
}

// concerned are the hubs whose policies judge a call: a person's own, whatever they call on; the one called on, for a machine that
// speaks there; for a machine that names no hub, each it speaks in; for nobody, each that is served, so that the strictest stands.
func (d *door) concerned(principal authn.Principal, resource string) []string {
	hubs := principal.Hubs
	if principal.Kind == authn.None {
		hubs = d.config.Hubs
	}
	if slices.Contains(hubs, resource) {
		return []string{resource}
	}
	return hubs
}

// speaksIn is the hub as the principal's own: nobody has one.
func speaksIn(principal authn.Principal, hub string) string {
	if principal.Kind == authn.None {
		return ""
	}
	return hub
}

// decideIn lets a call through, or refuses it with an entry on the hub's ledger. Where the entry cannot be written the answer is that
// nothing works now, not that it was denied: no decision leaves without its record.
func (d *door) decideIn(ctx context.Context, hub string, call policy.Call) error {
	revision, err := d.config.Policy.Active(hub)
	if err != nil {
		return errNoPolicy(err)
	}
	decision, err := revision.MayCall(ctx, call)
	switch {
	case err != nil:
		return err
	case decision.Allow:
		return nil
	case call.Principal.Kind == string(authn.None):
		// Nobody has been named who could be denied. Not on the ledger, which a stranger must not be able to fill.
		return &fault.Error{Code: unauthenticated, Reason: "UNAUTHENTICATED", Public: "this call needs a credential"}
	}
	if err := d.recordDenial(ctx, hub, call, decision); err != nil {
		return fault.Unavailable("LEDGER_UNAVAILABLE", "the ledger cannot be written: nothing is answered", err)
	}
	return fault.Denied(strings.ToUpper(decision.Reason.Code), decision.Reason.Text)
}

func (d *door) recordDenial(ctx context.Context, hub string, call policy.Call, decision policy.CallDecision) error {
	entry := ledger.Entry{
		Hub: hub, Kind: ledger.KindCallDenied, Actor: call.Principal.ID, ActorRole: call.Principal.Role,
		Method: d.known(call.Method), Reasons: []string{decision.Reason.Code}, Revision: decision.Revision,
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
