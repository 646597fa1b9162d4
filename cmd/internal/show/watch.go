package show

import (
	"io"

	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Watcher prints a line for each organisation once it has answered about everybody.
type Watcher struct {
	w     io.Writer
	names Names
	so    map[string][]*mashgatev1.Answer
}

// NewWatcher watches for answers about the people named.
func NewWatcher(w io.Writer, names Names) *Watcher {
	return &Watcher{w: w, names: names, so: map[string][]*mashgatev1.Answer{}}
}

// Take takes one answer. There is exactly one for each organisation and person, so an organisation is done when it has named all.
func (v *Watcher) Take(a *mashgatev1.Answer) error {
	organisation := a.GetOrganisation()
	v.so[organisation] = append(v.so[organisation], a)
	if len(v.so[organisation]) < len(v.names) {
		return nil
	}
	p := &page{w: v.w}
	p.wrapped(2, "✓ "+progress(v.so[organisation], v.names))
	return p.err
}
