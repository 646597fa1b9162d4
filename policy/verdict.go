package policy

import (
	"slices"

	"github.com/mashgate/mashgate/internal/record"
)

// Verdict is a decision in the few words an enforcer needs.
type Verdict struct {
	Effect Effect   `json:"effect"`
	Masks  []string `json:"masks"`
	// Tell are the codes of the strictest reasons, as far as the requester may be told them.
	Tell []string `json:"tell"`
	// Silent is true where the record may be neither named nor counted to the requester.
	Silent bool `json:"silent"`
	// Decider is who resolves it when the effect is review: DeciderHub or DeciderHolder.
	Decider string `json:"decider,omitempty"`
}

// And joins two verdicts as their contributions would have been joined.
func (v Verdict) And(other Verdict) Verdict {
	joined := Verdict{Effect: Stricter(v.Effect, other.Effect), Masks: sortedSet(append(slices.Clone(v.Masks), other.Masks...))}
	for _, side := range []Verdict{v, other} {
		if side.Effect != joined.Effect {
			continue
		}
		joined.Silent = joined.Silent || side.Silent
		joined.Tell = append(joined.Tell, side.Tell...)
		if joined.Decider != DeciderHub && side.Decider != "" {
			joined.Decider = side.Decider
		}
	}
	if joined.Silent {
		joined.Tell = nil
	}
	joined.Tell = sortedSet(joined.Tell)
	return joined
}

// Constraint is what one organisation may release of one category about one subject. It is derived from the release rules
// themselves (each label, date and mark is decided in turn), travels in the warrant, and is enforced at the source.
type Constraint struct {
	Category string `json:"category"`
	Subject  string `json:"subject"`
	// Base decides a record inside the window, without labels.
	Base Verdict `json:"base"`
	// From is the first ISO day inside the look-back window; "" for no window. Before it: Before.
	From   string  `json:"from"`
	Before Verdict `json:"before"`
	// Unlimited are labels that lift the window.
	Unlimited []string `json:"unlimited"`
	// Undated decides a record without a date; UnlimitedUndated are labels that lift that.
	Undated          Verdict            `json:"undated"`
	UnlimitedUndated []string           `json:"unlimited_undated"`
	OnlyAddress      Verdict            `json:"only_address"`
	NoLabels         Verdict            `json:"labels_unknown"`
	Labels           map[string]Verdict `json:"labels"`
	// AddressLabels decide, for labels that mean more there, a record that is only an address.
	AddressLabels map[string]Verdict `json:"address_labels"`
	// Hidden are labels that hide a single field which carries them.
	Hidden []string `json:"hidden"`
}

// Apply decides a header at its source, as the hub will decide it again. It is pure: the same constraint and header give the same
// verdict. What it was not derived for is denied: another category or subject, a label it does not list, a date that is none.
func (c Constraint) Apply(h record.Header) Verdict {
	if h.Category != c.Category || h.Subject != c.Subject || h.CheckDates() != nil {
		return refused()
	}
	verdict := c.dated(h)
	if h.OnlyAddress {
		verdict = verdict.And(c.OnlyAddress)
	}
	if !h.LabelsKnown {
		verdict = verdict.And(c.NoLabels)
	}
	for _, label := range h.Labels {
		of, known := c.Labels[label]
		if !known {
			return refused()
		}
		verdict = verdict.And(of)
		if more, ok := c.AddressLabels[label]; ok && h.OnlyAddress {
			verdict = verdict.And(more)
		}
	}
	return verdict
}

// dated decides by the record's date alone. A window's edge is inside (domain.md 4.1).
func (c Constraint) dated(h record.Header) Verdict {
	lifted := func(by []string) bool {
		return slices.ContainsFunc(h.Labels, func(label string) bool { return slices.Contains(by, label) })
	}
	switch day := h.Day(); {
	case h.Current:
		return c.Base
	case day == "" && !lifted(c.UnlimitedUndated):
		return c.Undated
	case day != "" && day < c.From && !lifted(c.Unlimited):
		return c.Before
	}
	return c.Base
}

// HidesField tells whether a field that carries the label stays with its holder. A label nobody knows hides.
func (c Constraint) HidesField(label string) bool {
	_, known := c.Labels[label]
	return !known || slices.Contains(c.Hidden, label)
}

// refused is the verdict on a header that cannot be decided.
func refused() Verdict {
	return joiner{}.failed(errEntry).Verdict()
}
