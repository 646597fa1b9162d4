package recheck

import (
	"context"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// thing is a record as the ledger names it.
type thing struct{ subject, category, ref string }

func thingOf(h record.Header) thing { return thing{h.Subject, h.Category, h.Ref} }

// glance is the most that somebody saw of a record, by which entries.
type glance struct {
	effect policy.Effect
	masks  []string
	// whole is true where an entry does not say what was masked: then it was no more than when it was released.
	whole   bool
	entries []int64
}

// entriesAtOnce bounds how many ledger entries are in memory.
const entriesAtOnce = 200

// showings visits every entry that put something of a request before somebody's eyes, oldest first.
func (w *Worker) showings(ctx context.Context, ref request.Ref, visit func(ledger.Entry)) error {
	for _, kind := range []ledger.Kind{ledger.KindDisclosure, ledger.KindPictureRead} {
		for after := int64(0); ; {
			page, err := w.Ledger.List(ctx, ledger.Query{Hub: ref.Hub, Episode: ref.Episode, Kind: kind, After: after, Limit: entriesAtOnce})
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				if e.Request == ref.ID {
					visit(e)
				}
			}
			after = page[len(page)-1].Seq
		}
	}
	return nil
}

// readers are the people who saw something of a request, by resource name.
func (w *Worker) readers(ctx context.Context, ref request.Ref) ([]string, error) {
	var people []string
	err := w.showings(ctx, ref, func(e ledger.Entry) {
		if len(e.Items) > 0 && !slices.Contains(people, e.Actor) {
			people = append(people, e.Actor)
		}
	})
	return people, err
}

// seenBy is what one of them saw.
func (w *Worker) seenBy(ctx context.Context, ref request.Ref, who string) (map[thing]*glance, error) {
	seen := map[thing]*glance{}
	err := w.showings(ctx, ref, func(e ledger.Entry) {
		if e.Actor != who {
			return
		}
		for _, item := range e.Items {
			at := thing{item.Subject, item.Category, item.Ref}
			if seen[at] == nil {
				seen[at] = &glance{effect: policy.Effect(item.Effect), masks: item.Masks}
			}
			seen[at].add(item, e.Seq)
		}
	})
	return seen, err
}

// add joins one more look: of two, the one that showed more counts.
func (g *glance) add(item ledger.Item, seq int64) {
	if effect := policy.Effect(item.Effect); policy.Stricter(g.effect, effect) == g.effect {
		g.effect = effect
	}
	g.masks = slices.DeleteFunc(slices.Clone(g.masks), func(mask string) bool { return !slices.Contains(item.Masks, mask) })
	g.whole = g.whole || item.Effect == string(policy.Redact) && len(item.Masks) == 0
	if !slices.Contains(g.entries, seq) {
		g.entries = append(g.entries, seq)
	}
}

// personID is the id at the end of a person's resource name.
func personID(name string) string { return name[strings.LastIndex(name, "/")+1:] }
