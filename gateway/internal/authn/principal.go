package authn

import (
	"context"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/directory"
)

// Kind is one of the three kinds of principal. They are never interchangeable; the zero value is nobody.
type Kind string

// The kinds, as the policy knows them.
const (
	None    Kind = "none"
	Human   Kind = "person"
	Service Kind = "service"
	Agency  Kind = "agency"
)

// Principal is who is calling.
type Principal struct {
	Kind Kind
	// Person is the directory's entry of a person; zero for any other kind.
	Person directory.Person
	// Name is the service's or organisation's name in its certificate.
	Name string
	// Hubs are those the principal speaks in: the directory's one for a person, the configured ones for a machine.
	Hubs []string
	// Expires is when the token ends; zero for a machine.
	Expires time.Time
	// Certificate is the URI SAN of the client certificate. Beside a person's token it adds to the person and replaces nothing.
	Certificate string
}

// ID names the principal on the ledger, in rate limits and for idempotency keys. It is never a person's own name.
func (p Principal) ID() string {
	switch p.Kind {
	case Human:
		return p.Person.Name()
	case Service:
		return "services/" + p.Name
	case Agency:
		return "organisations/" + p.Name
	default:
		return ""
	}
}

// Role is the role a person has in the hub's directory; machines have none.
func (p Principal) Role() string {
	if p.Kind != Human {
		return ""
	}
	return p.Person.Role
}

// LogValue keeps to the kind and the role: who it was stands on the ledger.
func (p Principal) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(p.Kind)), slog.String("role", p.Role()))
}

type principalKey struct{}

// NewContext carries the principal from the door to the handler, and no further: handlers pass it on as an argument.
func NewContext(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext is who is calling; a context that never went through the door gives nobody.
func FromContext(ctx context.Context) Principal {
	p, ok := ctx.Value(principalKey{}).(Principal)
	if !ok {
		return Principal{Kind: None}
	}
	return p
}

// Requester is the person who calls. The RPCs that need one always need a person's token: a certificate alone is refused here even
// where a policy would let its kind through.
func Requester(ctx context.Context) (directory.Person, error) {
	p := FromContext(ctx)
	if p.Kind != Human {
		return directory.Person{}, refuse("PERSON_REQUIRED", "this call needs a person's access token", nil)
	}
	return p.Person, nil
}
