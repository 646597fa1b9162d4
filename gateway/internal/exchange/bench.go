package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// freshness is how long facts that nobody has changed may be decided on before they are read again: dates and regimes move by
// themselves.
const freshness = 5 * time.Second

// bench decides records on facts as they stood at one moment, under the revision a request is pinned to and under the one in force.
// Later events can only hold back: a record goes out if both allow it (design.md, invariant 7).
type bench struct {
	*facts
	pinned  *policy.Request
	current *policy.Request
}

// bench opens the facts under both revisions, which are often the same.
func (f *facts) bench(ctx context.Context, pinned, current *policy.Revision) (*bench, error) {
	words := current.Vocabulary()
	for _, o := range words.Organisations {
		organisation := o.Organisation()
		organisation.Connected = f.exchange.fanouts[f.episode.Hub].Connected(o.ID)
		f.input.Organisations = append(f.input.Organisations, organisation)
	}
	b := &bench{facts: f}
	var err error
	if b.pinned, err = pinned.Open(ctx, f.input); err != nil {
		return nil, fmt.Errorf("deciding on the request: %w", err)
	}
	if b.current = b.pinned; current.ID() != pinned.ID() {
		if b.current, err = current.Open(ctx, f.input); err != nil {
			return nil, fmt.Errorf("deciding on the request: %w", err)
		}
	}
	return b, nil
}

// still holds a transaction to the facts it rests on: it reads episode, requester and revision again, under the writer's lock.
func (b *bench) still(ctx context.Context, tx store.Tx) error {
	if b.exchange.blind {
		return nil
	}
	now, err := b.exchange.Episodes.GetTx(ctx, tx, b.episode.Hub, b.episode.ID)
	if err != nil {
		return err
	}
	inForce, err := b.exchange.Policy.Still(ctx, tx, b.episode.Hub, b.current.Revision().ID())
	if err != nil {
		return err
	}
	if now.Version != b.episode.Version || !inForce || b.lapsed() {
		return errMoved
	}
	return nil
}

func (b *bench) lapsed() bool {
	next := b.lapses()
	return !next.IsZero() && !b.exchange.Clock.Now().Before(next)
}

// fresh tells whether decisions may still be made on the facts, as far as the clock alone can tell.
func (b *bench) fresh() bool {
	return !b.lapsed() && b.exchange.Clock.Now().Before(b.input.At.Add(freshness))
}

// ruling is what may be done with one record.
type ruling struct {
	policy.Decision
	hides func(label string) bool
}

// rule decides each record under both revisions; the strictest effect stands and masks are joined. The sitting is what each decided.
func (b *bench) rule(ctx context.Context, records []record.Record) ([]ruling, sitting, error) {
	var s sitting
	for _, r := range records {
		s.headers = append(s.headers, r.Header)
	}
	var err error
	if s.pinned, err = b.pinned.Release(ctx, s.headers); err != nil {
		return nil, sitting{}, err
	}
	if b.current != b.pinned {
		if s.current, err = b.current.Release(ctx, s.headers); err != nil {
			return nil, sitting{}, err
		}
	}
	rulings := make([]ruling, 0, len(records))
	for i, r := range records {
		hides, err := b.hider(ctx, r)
		if err != nil {
			return nil, sitting{}, err
		}
		decision := s.pinned[i]
		if s.current != nil {
			decision = stricter(decision, s.current[i])
		}
		rulings = append(rulings, ruling{Decision: decision, hides: hides})
	}
	return rulings, s, nil
}

// hider tells which labels on a single field hide that field, under either revision.
func (b *bench) hider(ctx context.Context, r record.Record) (func(string) bool, error) {
	if !slices.ContainsFunc(r.Fields, func(f record.Field) bool { return len(f.Labels) > 0 }) {
		return hidesAll, nil
	}
	pinned, err := b.pinned.FieldHider(ctx, r.Header)
	if err != nil {
		return nil, err
	}
	current, err := b.current.FieldHider(ctx, r.Header)
	if err != nil {
		return nil, err
	}
	return func(label string) bool { return pinned(label) || current(label) }, nil
}

// hidesAll is for a record of which no field has a label, and on the safe side if one should turn out to have.
func hidesAll(string) bool { return true }

// stricter joins two decisions on one record as their contributions would have been joined.
func stricter(a, b policy.Decision) policy.Decision {
	masks := slices.Concat(a.Masks, b.Masks)
	slices.Sort(masks)
	joined := policy.Decision{
		Effect: policy.Stricter(a.Effect, b.Effect), Masks: slices.Compact(masks), Reasons: slices.Clone(a.Reasons),
		Revision: a.Revision, Err: a.Err + b.Err,
	}
	for _, reason := range b.Reasons {
		same := func(r policy.Reason) bool {
			return r.Rule == reason.Rule && r.Code == reason.Code && r.Effect == reason.Effect
		}
		if !slices.ContainsFunc(joined.Reasons, same) {
			joined.Reasons = append(joined.Reasons, reason)
		}
	}
	if a.Revision != b.Revision {
		joined.Revision = a.Revision + "/" + b.Revision
	}
	return joined
}

// sight is what a reader may see of what was released, what not any longer, and how that was decided.
type sight struct {
	seen    []request.Released
	held    []request.Held
	sitting sitting
}

// see decides released records anew for a reader. What was decided when they were released stands; what has happened since can only
// mask or hold back more.
func (b *bench) see(ctx context.Context, released []request.Released) (sight, error) {
	records := make([]record.Record, 0, len(released))
	for _, r := range released {
		records = append(records, r.Record)
	}
	rulings, decided, err := b.rule(ctx, records)
	if err != nil {
		return sight{}, err
	}
	s := sight{sitting: decided}
	for i, r := range released {
		now := stricter(r.Decision, rulings[i].Decision)
		if !now.Effect.Content() {
			s.held = append(s.held, heldOf(r.Record.Header, rulings[i].Decision))
			continue
		}
		masked := b.mask(r.Record, ruling{Decision: now, hides: rulings[i].hides})
		masked.Masked = union(r.Masked, masked.Masked)
		s.seen = append(s.seen, masked)
	}
	return s, nil
}

// mask takes out what the decision masks, and says of which classes.
func (b *bench) mask(r record.Record, by ruling) request.Released {
	kept, _ := b.exchange.Catalogue.Mask(r, by.Masks, by.hides)
	return request.Released{Record: kept, Decision: by.Decision, Masked: b.masked(r, by)}
}

// masked names the classes of which fields were taken out, here or already at the source: those of the category that a reason masks
// which may be told, and those of fields hidden by a label of their own. A mask is applied without naming a label that may not be
// named (domain.md 4.4).
func (b *bench) masked(r record.Record, by ruling) []string {
	category := b.exchange.Catalogue.Categories[r.Header.Category]
	var classes []string
	for _, spec := range category.Fields {
		if slices.Contains(by.Masks, spec.Class) && told(by.Reasons, spec.Class) {
			classes = append(classes, spec.Class)
		}
	}
	never := b.current.Revision().Vocabulary().NeverNamed.Labels
	for _, field := range r.Fields {
		spec, listed := category.Field(field.Name)
		named := !slices.ContainsFunc(field.Labels, func(label string) bool { return slices.Contains(never, label) })
		if listed && named && slices.ContainsFunc(field.Labels, by.hides) {
			classes = append(classes, spec.Class)
		}
	}
	return union(classes, nil)
}

func told(reasons []policy.Reason, class string) bool {
	return slices.ContainsFunc(reasons, func(r policy.Reason) bool { return r.Tellable && slices.Contains(r.Masks, class) })
}

func heldOf(h record.Header, d policy.Decision) request.Held {
	return request.Held{Organisation: h.Organisation, Subject: h.Subject, Category: h.Category, Ref: h.Ref, Decision: d}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// entry starts a ledger entry about what this requester or reader does.
func (b *bench) entry(kind ledger.Kind, id string) ledger.Entry {
	revision := b.pinned.Revision().ID()
	if b.current != b.pinned {
		revision += "/" + b.current.Revision().ID()
	}
	return ledger.Entry{
		Hub: b.episode.Hub, Kind: kind, Actor: b.who.Name(), ActorRole: b.who.Role, Episode: b.episode.ID, Request: id, Revision: revision,
	}
}

// itemsOf lists what a disclosure shows: references, effects and codes, never content.
func itemsOf(released []request.Released) []ledger.Item {
	items := make([]ledger.Item, 0, len(released))
	for _, r := range released {
		items = append(items, itemOf(r.Record.Header, r.Decision))
	}
	return items
}

func itemOf(h record.Header, d policy.Decision) ledger.Item {
	return ledger.Item{
		Ref: h.Ref, Subject: h.Subject, Category: h.Category, Effect: string(d.Effect), Masks: d.Masks, Reasons: codesOf(d.Reasons),
	}
}

// askedItems lists what an organisation is asked for.
func askedItems(constraints []policy.Constraint) []ledger.Item {
	items := make([]ledger.Item, 0, len(constraints))
	for _, c := range constraints {
		items = append(items, ledger.Item{Subject: c.Subject, Category: c.Category, Effect: string(c.Base.Effect), Masks: c.Base.Masks})
	}
	return items
}

func codesOf(reasons []policy.Reason) []string {
	codes := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		if !slices.Contains(codes, reason.Code) {
			codes = append(codes, reason.Code)
		}
	}
	return codes
}

// denied is a refusal to show something, in the words of the reason.
func denied(code, words string) error { return fault.Denied(strings.ToUpper(code), words) }

// gate refuses a reader whom policy would not let ask. With only, just the named gate counts.
func (b *bench) gate(only ...string) error {
	for _, at := range []*policy.Request{b.pinned, b.current} {
		for _, gate := range at.Ask().Gates {
			if len(only) == 0 || slices.Contains(only, gate.Code) {
				return denied(gate.Code, gate.Text)
			}
		}
		if at.Ask().Err != "" {
			return errors.New("deciding on the reader: the policy failed")
		}
	}
	return nil
}
