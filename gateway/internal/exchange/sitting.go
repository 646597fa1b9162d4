package exchange

import (
	"context"
	"fmt"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// sitting is what was decided in one act, under the pinned revision and, where it is another, under the current one, to be recorded
// with the ledger entry of that act.
type sitting struct {
	headers         []record.Header
	pinned, current []policy.Decision
}

// matterOf says what a sitting was about. Organisation and subject are empty for a reading of several.
type matterOf struct{ request, organisation, subject string }

// add joins a later part of the same act. A header that was decided before in it was decided alike, and stands once.
func (s *sitting) add(known map[string]bool, part sitting) {
	for i, h := range part.headers {
		h = history.Bare(h)
		key := strings.Join([]string{h.Organisation, h.Category, h.Subject, h.EventDate, h.Until, strings.Join(h.Labels, " "),
			fmt.Sprint(h.Current, h.LabelsKnown, h.OnlyAddress)}, "\x00")
		if known[key] {
			continue
		}
		known[key] = true
		s.headers, s.pinned = append(s.headers, h), append(s.pinned, part.pinned[i])
		if part.current != nil {
			s.current = append(s.current, part.current[i])
		}
	}
}

// attempted is the record of what one organisation may be asked for, decided again before it is asked.
func (b *bench) attempted(ctx context.Context, of matterOf) (decision.Sealed, error) {
	verdicts := make([]history.Verdict, 0, 2)
	for _, side := range b.sides(sitting{}) {
		allowed, err := history.Decide(ctx, side.request, []policy.Organisation{{ID: of.organisation}})
		if err != nil {
			return decision.Sealed{}, err
		}
		v, err := history.OfAsk(side.request.Ask(), allowed)
		if err != nil {
			return decision.Sealed{}, err
		}
		verdicts = append(verdicts, v)
	}
	return b.sealed(ctx, history.Attempt, of, nil, verdicts)
}

// released is the record of a batch decided for release.
func (b *bench) released(ctx context.Context, of matterOf, s sitting) (decision.Sealed, error) {
	verdicts := make([]history.Verdict, 0, 2)
	for _, side := range b.sides(s) {
		v, err := history.OfRelease(side.request.Revision().ID(), side.decisions)
		if err != nil {
			return decision.Sealed{}, err
		}
		verdicts = append(verdicts, v)
	}
	return b.sealed(ctx, history.Release, of, s.headers, verdicts)
}

// readAs is the record of a reading: of the gates alone where the reader was not let in.
func (b *bench) readAs(ctx context.Context, of matterOf, s sitting) (decision.Sealed, error) {
	verdicts := make([]history.Verdict, 0, 2)
	for _, side := range b.sides(s) {
		v, err := history.OfRead(side.request.Ask(), side.decisions)
		if err != nil {
			return decision.Sealed{}, err
		}
		verdicts = append(verdicts, v)
	}
	return b.sealed(ctx, history.Read, of, s.headers, verdicts)
}

// side is one revision with what it decided.
type side struct {
	request   *policy.Request
	decisions []policy.Decision
}

func (b *bench) sides(s sitting) []side {
	if b.current == b.pinned {
		return []side{{b.pinned, s.pinned}}
	}
	return []side{{b.pinned, s.pinned}, {b.current, s.current}}
}

// sealed makes what was decided on this bench ready to be recorded.
func (b *bench) sealed(
	ctx context.Context, kind history.Kind, of matterOf, headers []record.Header, verdicts []history.Verdict,
) (decision.Sealed, error) {
	return b.exchange.Decisions.Seal(ctx, history.Record{
		Hub: b.episode.Hub, Episode: b.episode.ID, Request: of.request, Time: b.exchange.Clock.Now(), Kind: kind,
		Organisation: of.organisation, Subject: of.subject, Input: b.input, Headers: headers, Verdicts: verdicts,
	})
}

// put writes an entry with the record of the decision it rests on: neither is there without the other.
func (e *Exchange) put(ctx context.Context, tx store.Tx, entry ledger.Entry, sealed decision.Sealed) (ledger.Entry, error) {
	entry.Digest = sealed.Digest
	written, err := e.Ledger.Append(ctx, tx, entry)
	if err != nil {
		return ledger.Entry{}, err
	}
	return written, e.Decisions.Keep(ctx, tx, sealed, written.Seq)
}
