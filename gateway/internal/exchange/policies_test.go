package exchange_test

import (
	"context"
	"sync"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
)

// policies are the revisions of the hub, of which the last one activated is in force.
type policies struct {
	mu      sync.Mutex
	inForce *policy.Revision
	known   map[string]*policy.Revision
}

func newPolicies(first *policy.Revision) *policies {
	p := &policies{known: map[string]*policy.Revision{}}
	p.activate(first)
	return p
}

func (p *policies) activate(revision *policy.Revision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inForce, p.known[revision.ID()] = revision, revision
}

// InForce implements exchange.Policies.
func (p *policies) InForce(context.Context, string) (*policy.Revision, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inForce, nil
}

// Still implements exchange.Policies.
func (p *policies) Still(_ context.Context, _ store.Tx, _, id string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inForce.ID() == id, nil
}

// Pinned implements exchange.Policies.
func (p *policies) Pinned(_ context.Context, _, id string) (*policy.Revision, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if revision, ok := p.known[id]; ok {
		return revision, nil
	}
	return nil, policy.ErrNoRevision
}

// MayAsk implements exchange.Policies.
func (*policies) MayAsk(string) error { return nil }
