package exchange

import (
	"context"
	"errors"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
)

// answer carries one leg from its located people to exactly one answer for each subject. What is collected is kept out of sight until
// the stream has ended: an organisation that breaks the contract at its end is not believed about its beginning, so nothing of such a
// leg was ever released.
func (s *story) answer(ctx context.Context, of fanout.Leg) (err error) {
	l := s.legs[of.Organisation]
	for range maxMoves {
		if err = s.moved(s.answerAs(ctx, l, of)); !errors.Is(err, errMoved) {
			return err
		}
		if of, err = s.collecting(ctx, l); err != nil {
			return err
		}
	}
	return errMoved
}

// answerAs answers with what may be collected as it was decided; errMoved where that no longer holds.
func (s *story) answerAs(ctx context.Context, l *leg, of fanout.Leg) error {
	if err := s.collect(ctx, l, of); err != nil {
		return err
	}
	for _, subject := range l.Subjects {
		if s.answered[[2]string{l.Organisation, subject}] {
			continue
		}
		if err := s.answerSubject(ctx, l, subject); err != nil {
			return err
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := s.Requests.DropStaged(ctx, tx, s.request.Ref(), l.Organisation); err != nil {
			return err
		}
		return s.saveIn(ctx, tx, l, request.LegDone)
	})
}

// collect takes the organisation's answer into the store, sealed and staged. What an attempt before has staged is dropped first.
func (s *story) collect(ctx context.Context, l *leg, of fanout.Leg) error {
	if l.progress.Collected || len(of.Subjects) == 0 {
		return nil
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		return s.Requests.DropStaged(ctx, tx, s.request.Ref(), l.Organisation)
	})
	if err != nil {
		return err
	}
	asking, back := s.goOut(ctx, l)
	defer back()
	collected := s.fanouts[s.request.Hub].Collect(asking, of, s.stage(l))
	if collected.Failure != nil && collected.Failure.Kind == fanout.Interrupted {
		return calledBack(asking, collected.Failure)
	}
	l.progress.Collected, l.progress.Completions, l.progress.Mishap = true, collected.Completions, mishapOf(collected.Failure)
	return s.save(ctx, l, request.LegCollecting)
}

func (s *story) stage(l *leg) fanout.Sink {
	return func(ctx context.Context, subject string, items []fanout.Item) error {
		arrived := make([]request.Arrived, 0, len(items))
		for _, item := range items {
			arrived = append(arrived, request.Arrived{Record: item.Record, Stub: string(item.Stub), Reasons: item.Reasons})
		}
		return s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
			return s.Requests.Stage(ctx, tx, s.request.Ref(), request.Staged{Organisation: l.Organisation, Subject: subject, Items: arrived})
		})
	}
}

// answerSubject finds the one answer of domain.md 4.5 that is true.
func (s *story) answerSubject(ctx context.Context, l *leg, subject string) error {
	match, located := l.progress.Matches[subject]
	completion, completed := l.progress.Completions[subject]
	switch {
	case s.pinned == nil:
		return s.write(ctx, l, reply{subject: subject, kind: aggregate.NotAnswered, reasons: []policy.Reason{pathReason(codeRevision)}})
	case l.progress.NotAsked != nil:
		return s.write(ctx, l, reply{subject: subject, kind: aggregate.NotAsked, reasons: l.progress.NotAsked[subject]})
	case !located:
		return s.write(ctx, l, s.mishapReply(l, subject))
	case match.Outcome == fanout.NoTrace:
		return s.write(ctx, l, reply{subject: subject, kind: aggregate.NoTrace})
	case match.Outcome == fanout.Ambiguous:
		return s.write(ctx, l, reply{subject: subject, kind: aggregate.Ambiguous})
	case match.Outcome != fanout.Matched:
		return s.write(ctx, l, reply{subject: subject, kind: aggregate.Error, reasons: []policy.Reason{pathReason(match.Code)}})
	case !completed && l.progress.Mishap != nil:
		return s.write(ctx, l, s.mishapReply(l, subject))
	case !completed:
		return s.nothingAllowed(ctx, l, subject)
	case completion.Status == fanout.Broken:
		return s.write(ctx, l, reply{subject: subject, kind: aggregate.Error, reasons: []policy.Reason{pathReason(completion.Reason)}})
	}
	return s.releaseSubject(ctx, l, subject, completion)
}

func (s *story) mishapReply(l *leg, subject string) reply {
	kind := aggregate.Error
	if l.progress.Mishap == nil || l.progress.Mishap.Kind == fanout.NotAnswered {
		kind = aggregate.NotAnswered
	}
	code := fanout.CodeLate
	if l.progress.Mishap != nil {
		code = l.progress.Mishap.Code
	}
	return reply{subject: subject, kind: kind, reasons: []policy.Reason{pathReason(code)}}
}

// nothingAllowed answers for somebody the organisation knows and about whom, with the flags and the facts of now, nothing may be
// asked any longer. Where something may be asked again by now, and nobody was, it is: there is no saying that there is nothing.
func (s *story) nothingAllowed(ctx context.Context, l *leg, subject string) error {
	b, err := s.ruler(ctx)
	if err != nil {
		return err
	}
	again, err := b.constraints(ctx, l)
	if err != nil {
		return err
	}
	if !l.progress.Collected && slices.ContainsFunc(again, func(c policy.Constraint) bool { return c.Subject == subject }) {
		return errMoved
	}
	reasons, err := b.whyNot(ctx, l.Organisation, subject)
	if err != nil {
		return err
	}
	return s.write(ctx, l, withheldOrNothing(subject, reasons))
}

// whyNot is why an organisation may be asked nothing about somebody, as far as it may be told.
func (b *bench) whyNot(ctx context.Context, organisation, subject string) (reasons []policy.Reason, err error) {
	for _, at := range []*policy.Request{b.pinned, b.current} {
		left, err := at.NotAsked(ctx, organisation)
		if err != nil {
			return nil, err
		}
		for _, n := range left {
			silent := slices.ContainsFunc(n.Reasons, func(r policy.Reason) bool { return !r.Tellable })
			if n.Subject == subject && !silent {
				reasons = joinReasons(reasons, n.Reasons)
			}
		}
	}
	return reasons, nil
}

// releaseSubject releases what is staged about a subject, then answers by what came of it.
func (s *story) releaseSubject(ctx context.Context, l *leg, subject string, c fanout.Completion) error {
	for more := true; more; {
		var err error
		if more, err = again(func() (bool, error) { return s.releaseBatch(ctx, l, subject) }); err != nil {
			return err
		}
	}
	words := s.pinned.Vocabulary()
	atSource := heldReasons(words, c.HeldBack, policy.Deny)
	if c.Status == fanout.Refused {
		atSource = joinReasons(atSource, []policy.Reason{pathReason(codeOriginator)})
	}
	done := l.progress.Tallies[subject]
	told := joinReasons(slices.Clone(done.Held), tellable(atSource))
	r := withheldOrNothing(subject, told)
	switch {
	case done.Released > 0:
		r = reply{subject: subject, kind: aggregate.Records, records: done.Released}
	case c.Status == fanout.Refused:
		r = reply{subject: subject, kind: aggregate.Refused, reasons: []policy.Reason{pathReason(codeOriginator)}}
	}
	r.atSource = atSource
	return s.write(ctx, l, r)
}

// withheldOrNothing: withheld with the reasons that may be told; where none may be, nothing_to_share, which is deliberately not told
// apart from there being nothing (domain.md 4.5).
func withheldOrNothing(subject string, reasons []policy.Reason) reply {
	if len(reasons) == 0 {
		return reply{subject: subject, kind: aggregate.NothingToShare}
	}
	return reply{subject: subject, kind: aggregate.Withheld, reasons: reasons}
}

func tellable(reasons []policy.Reason) []policy.Reason {
	return slices.DeleteFunc(slices.Clone(reasons), func(r policy.Reason) bool { return !r.Tellable })
}

// reply is an answer about to be written.
type reply struct {
	subject string
	kind    string
	reasons []policy.Reason
	records int
	// atSource are reasons for which something was held back whole at the source.
	atSource []policy.Reason
}

// write puts the answer and its ledger entry on record together. A second answer on the same subject is refused by the store.
func (s *story) write(ctx context.Context, l *leg, r reply) error {
	match := l.progress.Matches[r.subject]
	answer := request.Answer{
		Organisation: l.Organisation, Subject: r.subject, Kind: r.kind, Reasons: r.reasons, LookedIn: match.LookedIn,
		LookedWith: match.LookedWith, IndexAsOf: match.IndexAsOf, Records: r.records,
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		for _, reason := range r.atSource {
			held := request.Held{Organisation: l.Organisation, Subject: r.subject, Decision: policy.Decision{
				Effect: policy.Deny, Masks: []string{}, Reasons: []policy.Reason{reason}, Revision: s.request.Revision,
			}}
			if _, err := s.Requests.AddHeld(ctx, tx, s.request.Ref(), held); err != nil {
				return err
			}
		}
		if _, err := s.Requests.AddAnswer(ctx, tx, s.request.Ref(), answer); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, tx, s.answerEntry(l, r))
		return err
	})
	if err != nil && !errors.Is(err, request.ErrAnswered) {
		return err
	}
	s.Metrics.Answered(l.Organisation, r.kind, s.Clock.Now().Sub(s.request.CreateTime))
	return nil
}

func (s *story) answerEntry(l *leg, r reply) ledger.Entry {
	return ledger.Entry{
		Hub: s.request.Hub, Kind: ledger.KindAnswer, Actor: "organisations/" + l.Organisation, Episode: s.request.Episode, Request: s.request.ID,
		Organisation: l.Organisation, Subjects: []string{r.subject}, Revision: s.request.Revision,
		Reasons: append([]string{r.kind}, codesOf(slices.Concat(r.reasons, r.atSource))...),
	}
}

// end closes the request when every leg has its answers.
func (s *story) end(ctx context.Context) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if _, err := s.Requests.End(ctx, tx, s.request.Ref(), request.Complete); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, tx, ledger.Entry{
			Hub: s.request.Hub, Kind: ledger.KindRequestEnded, Actor: "services/exchange", Episode: s.request.Episode, Request: s.request.ID,
			Revision: s.request.Revision,
		})
		return err
	})
}
