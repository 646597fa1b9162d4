package exchange

import (
	"context"
	"maps"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// batch is a staged chunk, decided.
type batch struct {
	id       int64
	released []request.Released
	held     []request.Held
	sitting  sitting
	// excess counts records of which content arrived that had to be held back here.
	excess int
}

// releaseBatch takes steps 8 and 10 for the next staged chunk of a subject: Rego decides on each header, and the disclosure is on
// the ledger in the transaction that makes the chunk visible. That transaction reads the facts again; where they have moved nothing
// is released and everything is decided anew. So an acknowledged withdrawal precedes every later disclosure in ledger order.
func (s *story) releaseBatch(ctx context.Context, l *leg, subject string) (more bool, err error) {
	staged, found, err := s.Requests.NextStaged(ctx, s.request.Ref(), l.Organisation, subject)
	if err != nil || !found {
		return false, err
	}
	b, err := s.ruler(ctx)
	if err != nil {
		return false, err
	}
	decided, err := b.decide(ctx, staged)
	if err != nil {
		return false, err
	}
	sealed, err := b.released(ctx, matterOf{s.request.ID, l.Organisation, subject}, decided.sitting)
	if err != nil {
		return false, err
	}
	next := l.progress.with(subject, decided)
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := b.still(ctx, tx); err != nil {
			return err
		}
		if err := s.disclose(ctx, tx, disclosure{bench: b, leg: l, subject: subject, batch: decided, sealed: sealed}); err != nil {
			return err
		}
		if err := s.Requests.Unstage(ctx, tx, s.request.Ref(), decided.id); err != nil {
			return err
		}
		after := *l
		after.progress = next
		return s.saveIn(ctx, tx, &after, request.LegCollecting)
	})
	if err != nil {
		return false, s.moved(err)
	}
	l.progress = next
	s.count(l.Organisation, b, decided)
	return true, nil
}

// decide sorts staged records into what is released, as it may be seen, and what is held.
func (b *bench) decide(ctx context.Context, staged request.Staged) (batch, error) {
	out := batch{id: staged.ID}
	records := make([]record.Record, 0, len(staged.Items))
	for _, item := range staged.Items {
		if item.Stub != "" {
			item.Record.Header = asPlain(item.Record.Header)
		}
		records = append(records, item.Record)
	}
	rulings, decided, err := b.rule(ctx, records)
	if err != nil {
		return batch{}, err
	}
	out.sitting = decided
	for i, item := range staged.Items {
		switch {
		case item.Stub != "":
			out.held = append(out.held, heldOf(item.Record.Header, b.stub(item, rulings[i].Decision)))
		case !rulings[i].Effect.Content():
			out.held = append(out.held, heldOf(item.Record.Header, rulings[i].Decision))
			out.excess++
		default:
			released := b.mask(item.Record, rulings[i])
			if len(released.Record.Fields) < len(item.Record.Fields) {
				out.excess++
			}
			out.released = append(out.released, released)
		}
	}
	return out, nil
}

// asPlain is the header on which the hub decides about a stub, of which the holder has kept date and labels: what the category alone
// would come to.
func asPlain(h record.Header) record.Header {
	h.EventDate, h.Until, h.Current, h.Labels, h.LabelsKnown, h.OnlyAddress = "", "", true, []string{}, true, false
	return h
}

// stub joins what the hub says of the category with what the holder says of the record.
func (b *bench) stub(item request.Arrived, base policy.Decision) policy.Decision {
	effect := policy.Effect(item.Stub)
	return stricter(base, policy.Decision{
		Effect: effect, Masks: []string{}, Revision: base.Revision,
		Reasons: heldReasons(b.pinned.Revision().Vocabulary(), item.Reasons, effect),
	})
}

// with counts a batch into the leg's progress, leaving the old one as it was.
func (p progress) with(subject string, decided batch) progress {
	next := p
	next.Tallies = maps.Clone(p.Tallies)
	if next.Tallies == nil {
		next.Tallies = map[string]tally{}
	}
	done := next.Tallies[subject]
	done.Released += len(decided.released)
	for _, h := range decided.held {
		done.Held = joinReasons(append([]policy.Reason{}, done.Held...), aggregate.Tellable(h.Decision))
	}
	next.Tallies[subject] = done
	return next
}

// disclosure is a decided batch about to be written.
type disclosure struct {
	*bench
	batch
	leg     *leg
	subject string
	sealed  decision.Sealed
}

// disclose writes the record of the decision, the chunk with its disclosure entry, and what is held with its own. Both entries hold the
// record's digest.
func (s *story) disclose(ctx context.Context, tx store.Tx, d disclosure) error {
	if len(d.batch.released) > 0 {
		entry := d.entry(ledger.KindDisclosure, s.request.ID)
		entry.Organisation, entry.Subjects, entry.Items = d.leg.Organisation, []string{d.subject}, itemsOf(d.batch.released)
		written, err := s.put(ctx, tx, entry, d.sealed)
		if err != nil {
			return err
		}
		chunk := request.Chunk{Organisation: d.leg.Organisation, Subject: d.subject, LedgerEntry: written.Seq, Records: d.batch.released}
		if _, err := s.Requests.AddChunk(ctx, tx, s.request.Ref(), chunk); err != nil {
			return err
		}
	}
	if len(d.held) == 0 {
		return nil
	}
	for _, h := range d.held {
		if _, err := s.Requests.AddHeld(ctx, tx, s.request.Ref(), h); err != nil {
			return err
		}
	}
	entry := d.entry(ledger.KindAnswer, s.request.ID)
	entry.Organisation, entry.Subjects, entry.Items, entry.Digest = d.leg.Organisation, []string{d.subject}, heldItems(d.held), d.sealed.Digest
	if len(d.batch.released) > 0 {
		_, err := s.Ledger.Append(ctx, tx, entry)
		return err
	}
	_, err := s.put(ctx, tx, entry, d.sealed)
	return err
}

// heldItems lists what is held back.
func heldItems(held []request.Held) []ledger.Item {
	items := make([]ledger.Item, 0, len(held))
	for _, h := range held {
		items = append(items, ledger.Item{
			Ref: h.Ref, Subject: h.Subject, Category: h.Category, Effect: string(h.Decision.Effect), Masks: h.Decision.Masks,
			Reasons: codesOf(h.Decision.Reasons),
		})
	}
	return items
}

func (s *story) count(organisation string, b *bench, decided batch) {
	revision := b.pinned.Revision().ID()
	effects := map[policy.Effect]int{}
	for _, r := range decided.released {
		effects[r.Decision.Effect]++
	}
	for _, h := range decided.held {
		effects[h.Decision.Effect]++
	}
	for effect, records := range effects {
		s.Metrics.Decided(effect, revision, records)
	}
	if decided.excess > 0 {
		s.Metrics.Excess(organisation, decided.excess)
	}
}
