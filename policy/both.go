package policy

import (
	"maps"
	"reflect"
	"slices"
)

// And joins two constraints on one category and subject: whatever it lets leave its source, each of the two would (design.md, invariants
// 3 and 7). Where two windows differ, what lies between them is held to all that either says of what lies before its own.
func (c Constraint) And(other Constraint) Constraint {
	joined := Constraint{
		Category: c.Category, Subject: c.Subject, Base: c.Base.And(other.Base), From: max(c.From, other.From), Before: c.Before.And(other.Before),
		Undated: c.Undated.And(other.Undated), OnlyAddress: c.OnlyAddress.And(other.OnlyAddress), NoLabels: c.NoLabels.And(other.NoLabels),
		Unlimited:        liftsBoth(lifting{c.Base, c.Before, c.Unlimited}, lifting{other.Base, other.Before, other.Unlimited}),
		UnlimitedUndated: liftsBoth(lifting{c.Base, c.Undated, c.UnlimitedUndated}, lifting{other.Base, other.Undated, other.UnlimitedUndated}),
		Labels:           map[string]Verdict{}, AddressLabels: maps.Clone(c.AddressLabels), Hidden: sortedSet(append(slices.Clone(c.Hidden), other.Hidden...)),
	}
	for label, verdict := range c.Labels {
		if more, known := other.Labels[label]; known { // one that only one of them knows is refused
			joined.Labels[label] = verdict.And(more)
		}
	}
	for label, verdict := range other.AddressLabels {
		if own, known := joined.AddressLabels[label]; known {
			verdict = own.And(verdict)
		}
		joined.AddressLabels[label] = verdict
	}
	return joined
}

// lifting is what a date does to a record, and the labels that undo it.
type lifting struct {
	base, dated Verdict
	labels      []string
}

// liftsBoth are the labels that undo what a date does on both sides. Where it does nothing on one, the other's word is enough.
func liftsBoth(a, b lifting) []string {
	switch {
	case reflect.DeepEqual(a.base, a.dated):
		return sortedSet(b.labels)
	case reflect.DeepEqual(b.base, b.dated):
		return sortedSet(a.labels)
	}
	return sortedSet(slices.DeleteFunc(slices.Clone(a.labels), func(label string) bool { return !slices.Contains(b.labels, label) }))
}
