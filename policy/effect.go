package policy

import "slices"

// Effect is what may happen to a record. Its zero value is Deny.
type Effect string

// The effects, strictest first (domain.md section 4).
const (
	Deny   Effect = "deny"
	Review Effect = "review"
	Exist  Effect = "exist"
	Redact Effect = "redact"
	Permit Effect = "permit"
)

var byStrictness = []Effect{Deny, Review, Exist, Redact, Permit}

// Stricter returns the stricter of two effects. An effect that is not on the list counts as Deny.
func Stricter(a, b Effect) Effect {
	return byStrictness[min(a.Rank(), b.Rank())]
}

// Rank is the effect's place among all, 0 the strictest. An effect that is not on the list counts as Deny.
func (e Effect) Rank() int { return max(0, slices.Index(byStrictness, e)) }

// Content tells whether fields may leave the holder under the effect.
func (e Effect) Content() bool { return e == Permit || e == Redact }
