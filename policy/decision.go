package policy

import "slices"

// Reason is one contribution to a decision, in a form a practitioner reads.
type Reason struct {
	// Code is a reason code of the pack ("consent_required").
	Code string `json:"code"`
	// Rule names the rule that gave it ("release.tier").
	Rule string `json:"rule"`
	// Effect and Masks are what this rule contributed; gates have effect deny.
	Effect Effect   `json:"effect"`
	Masks  []string `json:"masks,omitempty"`
	// Text and Source are the pack's words for the code.
	Text   string `json:"text"`
	Source string `json:"source"`
	// Tellable is false where naming the reason to a requester would itself be the leak.
	Tellable bool `json:"tellable"`
	// Decider says who resolves a review with this reason: "hub", "holder", or "" for other effects.
	Decider string `json:"decider,omitempty"`
	// Who resolves it, in the hub's hours and out of them.
	Who           string `json:"who,omitempty"`
	WhoOutOfHours string `json:"who_out_of_hours,omitempty"`
	// Obligations go with a decision that has this reason; one that cannot be carried out makes the decision a deny.
	Obligations []string `json:"obligations,omitempty"`
}

// Decision is the joined answer for one record header: the strictest effect, every mask and every reason.
type Decision struct {
	Effect  Effect   `json:"effect"`
	Masks   []string `json:"masks"`
	Reasons []Reason `json:"reasons"`
	// Obligations of all reasons, also of weaker ones.
	Obligations []string `json:"obligations"`
	Revision    string   `json:"revision"`
	// Err is set where Rego gave no, several or malformed results; the effect is then deny.
	Err string `json:"error,omitempty"`
}

// Silent is true where the record may be neither named, counted nor given a reason: what holds it back is the leak. It appears as
// nothing_to_share (domain.md 4.4, what a refusal tells).
func (d Decision) Silent() bool {
	return !d.Effect.Content() && slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.Effect == d.Effect && !r.Tellable })
}

// Verdict is the decision in the few words an enforcer needs.
func (d Decision) Verdict() Verdict {
	v := Verdict{Effect: d.Effect, Masks: d.Masks, Silent: d.Silent()}
	for _, reason := range d.Reasons {
		if reason.Effect != d.Effect {
			continue
		}
		if reason.Tellable && !v.Silent && d.Effect != Permit {
			v.Tell = append(v.Tell, reason.Code)
		}
		if d.Effect == Review && v.Decider != DeciderHub {
			v.Decider = reason.Decider
		}
	}
	v.Tell = sortedSet(v.Tell)
	return v
}

// strictest are the reasons that carry the decision's effect.
func (d Decision) strictest() []Reason {
	return slices.DeleteFunc(slices.Clone(d.Reasons), func(r Reason) bool { return r.Effect != d.Effect })
}

// Who resolves a review (domain.md 4.6). Where both have a review standing, the hub comes first: until it has decided, the holder is
// told nothing.
const (
	DeciderHub    = "hub"
	DeciderHolder = "holder"
)

// Ask is the request decision.
type Ask struct {
	// Proceed is false when a gate stops the whole request; Gates then holds every gate that stands.
	Proceed bool     `json:"proceed"`
	Gates   []Reason `json:"gates"`
	// Tell is the most an asked organisation may be told: TellIdentifiers or TellNarrative.
	Tell        string   `json:"tell"`
	Obligations []string `json:"obligations"`
	// LeftOut are subjects that are not asked about, by id, with the reason.
	LeftOut map[string]Reason `json:"left_out"`
	// Protected are subjects whose whereabouts must not be shown or told to anybody.
	Protected map[string]bool `json:"protected"`
	// Categories are those in play: the ones requested, or the hub's concern table.
	Categories []string `json:"categories"`
	Revision   string   `json:"revision"`
	// Err is set where Rego gave no, several or malformed results; the request then does not proceed.
	Err string `json:"error,omitempty"`
}
