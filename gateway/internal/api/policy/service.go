// Package policy serves PolicyService: how a policy comes into force, which one is, and why a recorded request was decided as it was.
// It turns messages into the steps of the rollout and back, and holds every code to the vocabulary of the policy in force; whether a
// step may be taken is the rollout's to say. What it shows is itself subject to policy: reasons that may not be told are left out by
// the exchange, and once more here.
package policy

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// Config is what a Service needs; all of it is required.
type Config struct {
	DB        *store.DB
	Exchange  *exchange.Exchange
	Policy    *policy.Point
	Revisions Revisions
	Rollout   *rollout.Store
	Decisions *decision.Store
	Ledger    *ledger.Ledger
	Findings  Findings
	Clock     clock.Clock
}

// Revisions finds a revision that has decided for a hub. Where it is no longer kept, or is not what it was, the error wraps
// history.ErrRevisionGone or history.ErrRevisionAltered.
type Revisions interface {
	Pinned(ctx context.Context, hub, id string) (*policy.Revision, error)
}

// Service implements PolicyService.
type Service struct {
	policyv1.UnimplementedPolicyServiceServer
	Config

	// examining holds one place: checking and testing a pack takes a processor whole, and live requests come first.
	examining  chan struct{}
	simulating oneEach
}

// New checks the configuration.
func New(config Config) (*Service, error) {
	if config.DB == nil || config.Exchange == nil || config.Policy == nil || config.Revisions == nil || config.Rollout == nil ||
		config.Findings == nil || config.Decisions == nil || config.Ledger == nil || config.Clock == nil {
		return nil, errors.New("api/policy: something that is required is missing")
	}
	return &Service{Config: config, examining: make(chan struct{}, 1), simulating: oneEach{hubs: map[string]bool{}}}, nil
}

// usualPage is how many a page holds where nobody says.
const usualPage = 50

// session is one call that takes a step: who calls, about what, under which words.
type session struct {
	who    directory.Person
	name   wire.Name
	active *policy.Revision
}

// begin takes the requester out of the context once. A machine is nobody here: what brings a policy into force is a person.
func (s *Service) begin(ctx context.Context, name string) (session, error) {
	who, err := authn.Requester(ctx)
	if err != nil {
		return session{}, err
	}
	parsed := wire.ParseName(name)
	if parsed.Hub() != who.Hub {
		return session{}, fault.NotFound("hub")
	}
	active, err := s.Policy.Active(who.Hub)
	if err != nil {
		return session{}, fault.NotFound("hub")
	}
	return session{who: who, name: parsed, active: active}, nil
}

// draft names the draft that the call is about.
func (c session) draft() rollout.Ref { return rollout.Ref{Hub: c.who.Hub, ID: c.name.Draft()} }

// reason holds the code of a reason to those that the hub gives for such a step.
func (c session) reason(code, step string) error {
	change, ok := c.active.Vocabulary().Changes[code]
	if !ok || !slices.Contains(change.For, step) {
		var codes []string
		for known, change := range c.active.Vocabulary().Changes {
			if slices.Contains(change.For, step) {
				codes = append(codes, known)
			}
		}
		slices.Sort(codes)
		return fault.Invalid("reason", "must be one of the codes that the hub's data.changes gives for this: "+strings.Join(codes, ", "))
	}
	return nil
}

// page reads the parts of a list request.
func page(parent, token string, size int32) rollout.Page {
	return rollout.Page{Hub: wire.ParseName(parent).Hub(), Cursor: token, Limit: wire.PageSize(size, usualPage)}
}
