package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// tally counts one record into a state.
type tally struct {
	*State
	record history.Record
	basis  string
}

// ask counts a request: its gates, what agencies are told, what it obliges to, and each cell that could be asked.
func (t tally) ask(c compared) {
	t.Requests.Decided++
	t.Decisions++
	t.gates(c, &t.Requests.Stopped, &t.Requests.Opened)
	switch {
	case c.was.Ask.Tell == policy.TellIdentifiers && c.now.Ask.Tell == policy.TellNarrative:
		t.Requests.ToldMore++
	case c.was.Ask.Tell == policy.TellNarrative && c.now.Ask.Tell == policy.TellIdentifiers:
		t.Requests.ToldLess++
	}
	t.obligations(c.was.Ask.Obligations, c.now.Ask.Obligations)
	was, now := asks(c.was), asks(c.now)
	wasLimits, nowLimits := limits(c.wasAllowed), limits(c.nowAllowed)
	for _, at := range cells(was, now) {
		t.Decisions++
		for _, change := range betweenAsks(was[at], now[at], wasLimits[at], nowLimits[at]) {
			change.Organisation, change.Category, change.Basis = at.organisation, at.category, t.basis
			shown := telling(at, change.Direction, wasLimits[at], nowLimits[at])
			t.change(change, &shown)
		}
	}
}

func cells(was, now map[cell]history.Asks) []cell {
	all := maps.Clone(was)
	maps.Copy(all, now)
	return slices.SortedFunc(maps.Keys(all), func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.organisation, b.organisation), cmp.Compare(a.category, b.category), cmp.Compare(a.subject, b.subject))
	})
}

// gates counts the gates that would newly stand and no longer, and what that does to the whole request.
func (t tally) gates(c compared, stopped, opened *int64) {
	if c.was.Ask == nil || c.now.Ask == nil {
		return
	}
	was, now := c.was.Ask.Gates, c.now.Ask.Gates
	for _, code := range slices.Sorted(slices.Values(now)) {
		if !slices.Contains(was, code) {
			at(t.Gates, code, Gate{Code: code}).Stands++
			t.example("gate stands "+code, candidate{Gate: code, Change: Change{Direction: Tighter, Basis: t.basis}})
		}
	}
	for _, code := range slices.Sorted(slices.Values(was)) {
		if !slices.Contains(now, code) {
			at(t.Gates, code, Gate{Code: code}).Lifted++
			t.example("gate lifted "+code, candidate{Gate: code, Change: Change{Direction: Wider, Basis: t.basis}})
		}
	}
	if len(was) == 0 && len(now) > 0 {
		*stopped++
	}
	if len(was) > 0 && len(now) == 0 {
		*opened++
	}
}

func (t tally) obligations(was, now []string) {
	for _, code := range now {
		if !slices.Contains(was, code) {
			at(t.Obligations, code, Duty{Code: code}).Added++
		}
	}
	for _, code := range was {
		if !slices.Contains(now, code) {
			at(t.Obligations, code, Duty{Code: code}).Dropped++
		}
	}
}

func at[T any](of map[string]*T, key string, fresh T) *T {
	if _, known := of[key]; !known {
		of[key] = &fresh
	}
	return of[key]
}

// outcomes counts each record of an answer.
func (t tally) outcomes(what What, c compared) {
	for i, h := range t.record.Headers {
		t.Decisions++
		was, now := c.was.Outcomes[i], c.now.Outcomes[i]
		changes := betweenOutcomes(what, was, now)
		for _, change := range changes {
			change.Organisation, change.Category, change.Basis = h.Organisation, h.Category, t.basis
			t.change(change, &h)
		}
		if len(changes) == 0 && !sameRules(was, now) {
			t.Rules[h.Category]++
		}
	}
}

func sameRules(was, now history.Outcome) bool { return slices.Equal(was.Rules, now.Rules) }

func (t tally) change(c Change, h *record.Header) {
	t.Changes[key(c)]++
	kind := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s", c.What, c.Direction, c.Category, c.Basis, c.Was, c.Now, c.Masks)
	t.example(kind, candidate{Change: c, Header: h, Subject: h.Subject})
}

// examplesKept bounds the kinds of change of which the first is kept to be shown.
const examplesKept = 64

// example keeps the first decision of a kind, and counts the rest.
func (t tally) example(kind string, c candidate) {
	first, known := t.Examples[kind]
	switch {
	case known:
		first.Count++
		t.Examples[kind] = first
	case len(t.Examples) < examplesKept:
		c.Seq, c.Episode, c.Request, c.Input, c.Count = t.record.Seq, t.record.Episode, t.record.Request, t.record.Input, 1
		t.Examples[kind] = c
	}
}
