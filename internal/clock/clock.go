// Package clock is where the product reads the time. It stands under everything that decides, expires or records, so that a test can
// say what time it is and no rule reads the machine's clock behind a caller's back.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. Implementations are safe for concurrent use.
type Clock interface {
	// Now is the present moment, in UTC and without a monotonic part.
	Now() time.Time
}

// System is the machine's own clock. Its zero value is ready to use.
type System struct{}

// Now implements Clock. Microseconds are what the store keeps, so that what was written reads back equal.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Fake is a clock that stands still until it is moved, for tests.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

// NewFake returns a clock that stands at the moment given.
func NewFake(now time.Time) *Fake {
	f := &Fake{}
	f.Set(now)
	return f
}

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Set moves the clock to a moment, forwards or back.
func (f *Fake) Set(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now.UTC().Truncate(time.Microsecond)
}

// Advance moves the clock on by d.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}
