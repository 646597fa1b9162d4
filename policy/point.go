package policy

import (
	"errors"
	"fmt"
	"sync"
)

// Point holds the revision that decides for each hub, compiled, for everybody who reads the pack's words or asks who may call what. Which
// one that is, is the store's to say. Any number of goroutines may use it.
type Point struct {
	mu     sync.RWMutex
	active map[string]*Revision
}

// ErrNoRevision means that a hub has no such revision: nothing may be asked or released for it.
var ErrNoRevision = errors.New("policy: the hub has no such revision")

// NewPoint is a point that decides for no hub yet.
func NewPoint() *Point { return &Point{active: map[string]*Revision{}} }

// Active is the hub's revision.
func (p *Point) Active(hub string) (*Revision, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if revision, ok := p.active[hub]; ok {
		return revision, nil
	}
	return nil, fmt.Errorf("%w: hub %q", ErrNoRevision, hub)
}

// Activate swaps the hub's revision. It takes a compiled one, so the swap cannot fail half-way, and whoever has the one before goes on
// with it.
func (p *Point) Activate(hub string, revision *Revision) error {
	if hub == "" || revision == nil {
		return errors.New("policy: activating needs a hub and a compiled revision")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active[hub] = revision
	return nil
}
