package request

import "sync"

// watchers wakes those who wait for a request, in this process. What they then read comes from the store, so a wake that is lost with
// the process loses nothing.
type watchers struct {
	mu    sync.Mutex
	wakes map[string]map[chan struct{}]bool
}

// Subscribe returns a channel that receives after each commit that added to the request; several commits may share one wake. Subscribe
// first, then read Events, then wait: so nothing falls between. Stop ends it and must be called.
func (s *Store) Subscribe(ref Ref) (wake <-chan struct{}, stop func()) {
	w := &s.watchers
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wakes[ref.ID] == nil {
		w.wakes[ref.ID] = map[chan struct{}]bool{}
	}
	w.wakes[ref.ID][ch] = true
	return ch, func() { w.remove(ref.ID, ch) }
}

func (w *watchers) remove(id string, ch chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.wakes[id], ch)
	if len(w.wakes[id]) == 0 {
		delete(w.wakes, id)
	}
}

// wake never waits: a watcher that has not taken its last wake will read everything when it does.
func (w *watchers) wake(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.wakes[id] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
