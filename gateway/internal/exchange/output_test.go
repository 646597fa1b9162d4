package exchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
)

// token finds what planted and Hostile.Value put into every field.
var token = regexp.MustCompile(`token[0-9]{6,}end`)

// tokens hands out values that stand nowhere else.
type tokens struct {
	mu sync.Mutex
	n  int
	at map[[4]string]string
}

func (k *tokens) next() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n++
	return fmt.Sprintf("token%06dend", k.n)
}

// of is the value at one place: the same each time it is asked for.
func (k *tokens) of(subject, category, ref, field string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	place := [4]string{subject, category, ref, field}
	if k.at == nil {
		k.at = map[[4]string]string{}
	}
	if k.at[place] == "" {
		k.n++
		k.at[place] = fmt.Sprintf("token%06dend", k.n)
	}
	return k.at[place]
}

// listen keeps what is logged, here and at the organisations.
func (w *world) listen() *logged {
	out := &logged{}
	w.config.Log = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return out
}

// logged is a log that several goroutines write.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// output is every token in everything that comes out of one request: what is watched, pictures, explanations, answers, what is stored to
// be shown, the ledger, errors, numbers and logs. Sorted, each once.
func (w *world) output(r request.Request, logs fmt.Stringer) []string {
	w.Helper()
	var text strings.Builder
	add := func(v any) {
		encoded, err := json.Marshal(v)
		w.must(err)
		text.Write(encoded)
	}
	for _, event := range w.watch(r.Ref()) {
		add(event)
	}
	events, err := w.config.Requests.Events(w.Context(), request.EventQuery{Request: r.Ref()})
	w.must(err)
	add(events)
	for _, who := range []directory.Person{w.worker, w.stranger, w.cousin} {
		w.readAs(who, r, add)
	}
	entries, err := w.config.Ledger.List(w.Context(), ledger.Query{Hub: hub, Limit: 100_000})
	w.must(err)
	add(entries)
	w.metrics.mu.Lock()
	add([]any{w.metrics.kinds, w.metrics.excess})
	w.metrics.mu.Unlock()
	seen := map[string]bool{}
	for _, found := range token.FindAllString(text.String()+logs.String(), -1) {
		seen[found] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// readAs adds all that a person is shown, or why not.
func (w *world) readAs(who directory.Person, r request.Request, add func(any)) {
	w.Helper()
	for page := ""; ; {
		p, err := w.exchange.Picture(w.Context(), who, r.Ref(), exchange.Page{Token: page})
		add([]any{p, fmt.Sprintf("%v %+v", err, err)})
		if page = p.NextToken; page == "" {
			break
		}
	}
	standing, err := w.exchange.Get(w.Context(), who, r.Ref())
	add([]any{standing, fmt.Sprintf("%v %+v", err, err)})
	explained, err := w.exchange.Explain(w.Context(), who, r.Ref(), exchange.Filter{})
	add([]any{explained.Gates, explained.GateChanges, explained.Lines, fmt.Sprintf("%v %+v", err, err)})
}

// explain puts the record of a token beside it.
func (w *world) explain(held []record.Record, diff string) string {
	of := map[string]string{}
	for _, r := range held {
		for _, f := range r.Fields {
			of[f.Value] = fmt.Sprintf("%s of %s about the %s: %+v, field %v", f.Name, r.Header.Category, w.role(r.Header.Subject), r.Header, f.Labels)
		}
	}
	return token.ReplaceAllStringFunc(diff, func(found string) string { return found + " " + of[found] })
}
