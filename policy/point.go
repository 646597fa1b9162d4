package policy

import (
	"errors"
	"fmt"
	"maps"
	"sync"
)

// Point holds the revisions that decide for each hub: the active one, and those that open requests are still pinned to. Which one is
// active is the store's to say; a Point only has it compiled. Any number of goroutines may use it.
type Point struct {
	mu     sync.RWMutex
	active map[string]*Revision
	byID   map[string]map[string]*Revision
}

// ErrNoRevision means that a hub has no such revision: nothing may be asked or released for it.
var ErrNoRevision = errors.New("policy: the hub has no such revision")

// NewPoint is a point that decides for no hub yet.
func NewPoint() *Point {
	return &Point{active: map[string]*Revision{}, byID: map[string]map[string]*Revision{}}
}

// Active is the revision that new requests of the hub are decided by.
func (p *Point) Active(hub string) (*Revision, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if revision, ok := p.active[hub]; ok {
		return revision, nil
	}
	return nil, fmt.Errorf("%w: hub %q", ErrNoRevision, hub)
}

// Revision finds one that is or was active in the hub, for a request that is pinned to it.
func (p *Point) Revision(hub, id string) (*Revision, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if revision, ok := p.byID[hub][id]; ok {
		return revision, nil
	}
	return nil, fmt.Errorf("%w: hub %q, revision %q", ErrNoRevision, hub, id)
}

// Activate swaps the hub's revision. It takes a compiled one, so the swap cannot fail half-way, and requests that are open go on
// under theirs.
func (p *Point) Activate(hub string, revision *Revision) error {
	if hub == "" || revision == nil {
		return errors.New("policy: activating needs a hub and a compiled revision")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := maps.Clone(p.byID[hub])
	if known == nil {
		known = map[string]*Revision{}
	}
	known[revision.ID()] = revision
	p.byID[hub], p.active[hub] = known, revision
	return nil
}
