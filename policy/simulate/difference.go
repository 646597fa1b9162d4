package simulate

import (
	"maps"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// ways are the directions in which one decision moved, and how its masks did.
type ways struct{ wider, tighter bool }

func (w *ways) add(other ways) {
	w.wider, w.tighter = w.wider || other.wider, w.tighter || other.tighter
}

func (w ways) directions() []Direction {
	var all []Direction
	if w.wider {
		all = append(all, Wider)
	}
	if w.tighter {
		all = append(all, Tighter)
	}
	return all
}

// between compares two decisions. Masks count where content is released before and after.
func between(was, now policy.Effect, wasMasks, nowMasks []string) ways {
	if was != now {
		return ways{wider: now.Rank() > was.Rank(), tighter: now.Rank() < was.Rank()}
	}
	if !was.Content() {
		return ways{}
	}
	return ways{wider: !contains(nowMasks, wasMasks), tighter: !contains(wasMasks, nowMasks)}
}

// contains tells whether all of the items are among all.
func contains(all, items []string) bool {
	return !slices.ContainsFunc(items, func(item string) bool { return !slices.Contains(all, item) })
}

// betweenOutcomes are the changes on one record.
func betweenOutcomes(what What, was, now history.Outcome) []Change {
	var all []Change
	for _, direction := range between(was.Effect, now.Effect, was.Masks, now.Masks).directions() {
		c := Change{What: what, Direction: direction, Was: was.Effect, Now: now.Effect}
		if was.Effect == now.Effect {
			c.Masks = map[Direction]string{Wider: "fewer", Tighter: "more"}[direction]
		}
		all = append(all, c)
	}
	return all
}

// cell is whom what could be asked for about whom.
type cell struct{ organisation, category, subject string }

// asks are the cells of an ask.
func asks(v history.Verdict) map[cell]history.Asks {
	all := map[cell]history.Asks{}
	if v.Ask != nil {
		for _, a := range v.Ask.Asks {
			all[cell{a.Organisation, a.Category, a.Subject}] = a
		}
	}
	return all
}

func limits(allowed []history.Allowed) map[cell]policy.Constraint {
	all := map[cell]policy.Constraint{}
	for _, of := range allowed {
		for _, c := range of.Constraints {
			all[cell{of.Organisation, c.Category, c.Subject}] = c
		}
	}
	return all
}

// betweenAsks are the changes on what one organisation is asked for. A cell that one side does not have is one that it denies: the
// category was not in play.
func betweenAsks(was, now history.Asks, wasLimit, nowLimit policy.Constraint) []Change {
	c := Change{Was: effectOf(was), Now: effectOf(now)}
	switch {
	case !was.Asked && now.Asked:
		c.What, c.Direction = AskMade, Wider
		return []Change{c}
	case was.Asked && !now.Asked:
		c.What, c.Direction = AskDropped, Tighter
		return []Change{c}
	}
	var moved ways
	c.What = AskHeld
	if was.Asked {
		c.What = AskLimits
		moved = betweenLimits(wasLimit, nowLimit)
	} else {
		moved = between(c.Was, c.Now, nil, nil)
	}
	var all []Change
	for _, c.Direction = range moved.directions() {
		all = append(all, c)
	}
	return all
}

func effectOf(a history.Asks) policy.Effect {
	if a.Effect == "" {
		return policy.Deny
	}
	return a.Effect
}

// betweenLimits compares what may leave an agency for one category and subject: with no label and each label, before and inside the
// window, undated, only an address.
func betweenLimits(was, now policy.Constraint) ways {
	moved := betweenVerdicts(was.Base, now.Base)
	moved.add(betweenWindows(was, now))
	for _, pair := range [][2]policy.Verdict{{was.Undated, now.Undated}, {was.OnlyAddress, now.OnlyAddress}, {was.NoLabels, now.NoLabels}} {
		moved.add(betweenVerdicts(pair[0], pair[1]))
	}
	for label, before := range was.Labels {
		if after, known := now.Labels[label]; known {
			moved.add(betweenVerdicts(before, after))
		}
	}
	for label := range both(was.AddressLabels, now.AddressLabels) {
		moved.add(betweenVerdicts(onlyAddress(was, label), onlyAddress(now, label)))
	}
	for _, lists := range [][2][]string{{was.Unlimited, now.Unlimited}, {was.UnlimitedUndated, now.UnlimitedUndated}, {now.Hidden, was.Hidden}} {
		moved.add(ways{wider: !contains(lists[0], lists[1]), tighter: !contains(lists[1], lists[0])})
	}
	return moved
}

// betweenWindows: where the window matters on either side, a day that lies before it on one side and inside it on the other is decided
// otherwise.
func betweenWindows(was, now policy.Constraint) ways {
	moved := betweenVerdicts(was.Before, now.Before)
	switch {
	case now.From < was.From: // days between the two were outside and are inside
		moved.add(betweenVerdicts(was.Before, now.Base))
	case was.From < now.From:
		moved.add(betweenVerdicts(was.Base, now.Before))
	}
	return moved
}

func betweenVerdicts(was, now policy.Verdict) ways {
	return between(was.Effect, now.Effect, was.Masks, now.Masks)
}

func both(a, b map[string]policy.Verdict) map[string]bool {
	all := map[string]bool{}
	for _, labels := range []map[string]policy.Verdict{a, b} {
		for label := range labels {
			all[label] = true
		}
	}
	return all
}

// onlyAddress decides a record that is only an address and carries one label.
func onlyAddress(c policy.Constraint, label string) policy.Verdict {
	if v, ok := c.AddressLabels[label]; ok {
		return v
	}
	return c.OnlyAddress.And(c.Labels[label])
}

// telling is a record that shows how two limits differ in a direction: a plain one where nothing else does.
func telling(at cell, direction Direction, was, now policy.Constraint) record.Header {
	plain := record.Header{
		Organisation: at.organisation, Category: at.category, Subject: at.subject, Current: true, LabelsKnown: true, Labels: []string{},
	}
	for _, h := range append([]record.Header{plain}, kindsOf(plain, was, now)...) {
		if slices.Contains(betweenVerdicts(was.Apply(h), now.Apply(h)).directions(), direction) {
			return h
		}
	}
	return plain
}

// kindsOf are records of every kind that a limit tells apart.
func kindsOf(plain record.Header, was, now policy.Constraint) []record.Header {
	undated, unknown, address, old := plain, plain, plain, plain
	undated.Current, unknown.LabelsKnown, address.OnlyAddress = false, false, true
	all := []record.Header{undated, unknown, address}
	for _, day := range []string{was.From, now.From} {
		if before, err := time.Parse(time.DateOnly, day); err == nil {
			old.Current, old.EventDate = false, before.AddDate(0, 0, -1).Format(time.DateOnly)
			all = append(all, old)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(was.Labels)) {
		for _, h := range append([]record.Header{plain}, all[:3]...) {
			h.Labels = []string{label}
			all = append(all, h)
		}
	}
	return all
}
