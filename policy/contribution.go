package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Reason codes of the engine itself, where the pack had nothing to say.
const (
	// ReasonNoRule is the default deny: no rule spoke about the record.
	ReasonNoRule = "no_rule"
	// ReasonPolicyError is the deny of an answer that the engine could not use.
	ReasonPolicyError = "policy_error"
)

// joiner turns what rules contribute into one decision: the strictest effect, the union of masks, every reason (domain.md 4).
type joiner struct {
	reasons  map[string]ReasonText
	classes  []string
	revision string
	// silence is the effect where no rule contributes: deny at the hub, permit ("no objection") at an agency.
	silence Effect
}

var contributionKeys = []string{"effect", "reason", "masks", "rule"}

// decide joins the contributions of one record. Anything malformed makes the whole of it a deny.
func (j joiner) decide(result ast.Value) Decision {
	set, ok := result.(ast.Set)
	if !ok {
		return j.failed(fmt.Errorf("%w: contributions are not a set", errEntry))
	}
	reasons := make([]Reason, 0, set.Len())
	for _, term := range set.Slice() {
		reason, err := j.reason(term)
		if err != nil {
			return j.failed(err)
		}
		reasons = append(reasons, reason)
	}
	return j.join(reasons)
}

// join expects reasons in a fixed order; a set gives them sorted.
func (j joiner) join(reasons []Reason) Decision {
	if len(reasons) == 0 {
		return j.silent()
	}
	return j.plain(j.tighten(reasons))
}

func (j joiner) plain(reasons []Reason) Decision {
	effect := Permit
	var masks, obligations []string
	for _, reason := range reasons {
		effect = Stricter(effect, reason.Effect)
		masks = append(masks, reason.Masks...)
		obligations = append(obligations, reason.Obligations...)
	}
	return Decision{
		Effect: effect, Masks: sortedSet(masks), Reasons: reasons, Obligations: sortedSet(obligations), Revision: j.revision,
	}
}

func (j joiner) silent() Decision {
	if j.silence == Permit {
		return Decision{Effect: Permit, Masks: []string{}, Reasons: []Reason{}, Obligations: []string{}, Revision: j.revision}
	}
	return j.plain([]Reason{noRule()})
}

func noRule() Reason {
	return Reason{
		Code: ReasonNoRule, Rule: ReasonNoRule, Effect: Deny, Tellable: true,
		Text: "No rule allows this kind of record to be shared.", Source: "domain.md section 4: the default is deny",
	}
}

func (j joiner) failed(err error) Decision {
	decision := j.join([]Reason{errorReason()})
	decision.Err = err.Error()
	return decision
}

func errorReason() Reason {
	return Reason{
		Code: ReasonPolicyError, Rule: ReasonPolicyError, Effect: Deny, Tellable: true,
		Text: "The policy could not decide, so nothing is shared.", Source: "domain.md section 4: the default is deny",
	}
}

// reason reads one contribution, strictly.
func (j joiner) reason(term *ast.Term) (Reason, error) {
	object, ok := term.Value.(ast.Object)
	if !ok || object.Len() != len(contributionKeys) {
		return Reason{}, fmt.Errorf("%w: a contribution is not {effect, reason, masks, rule}", errEntry)
	}
	effect, okEffect := stringAt(object, "effect")
	code, okCode := stringAt(object, "reason")
	rule, okRule := stringAt(object, "rule")
	masks, okMasks := stringsAt(object, "masks")
	if !okEffect || !okCode || !okRule || !okMasks {
		return Reason{}, fmt.Errorf("%w: a contribution has an attribute missing or of the wrong type", errEntry)
	}
	if err := j.check(effect, code, masks); err != nil {
		return Reason{}, fmt.Errorf("%w: rule %q: %w", errEntry, rule, err)
	}
	reason := j.textOf(code)
	reason.Rule, reason.Effect, reason.Masks = rule, Effect(effect), sortedSet(masks)
	if reason.Effect != Review {
		reason.Decider, reason.Who, reason.WhoOutOfHours = "", "", ""
	}
	return reason, nil
}

// check refuses what the enforcement point could not carry out.
func (j joiner) check(effect, code string, masks []string) error {
	if !slices.Contains(byStrictness, Effect(effect)) {
		return fmt.Errorf("effect %q is not known", effect)
	}
	if !j.knows(code) {
		return fmt.Errorf("reason %q is not in data.reasons", code)
	}
	if unknown := slices.IndexFunc(masks, func(m string) bool { return !slices.Contains(j.classes, m) }); unknown >= 0 {
		return fmt.Errorf("mask %q is no class of the catalogue", masks[unknown])
	}
	switch {
	case Effect(effect) == Redact && len(masks) == 0:
		return errors.New("redact without a mask")
	case Effect(effect) == Permit && len(masks) > 0:
		return errors.New("permit with a mask")
	case Effect(effect) == Review && j.silence != Permit && j.reasons[code].Decider == "":
		return fmt.Errorf("review for %q, for which data.reasons names no decider", code)
	}
	return nil
}

// textOf puts the pack's words to a code.
func (j joiner) textOf(code string) Reason {
	text := j.reasons[code]
	return Reason{
		Code: code, Text: text.Text, Source: text.Source, Tellable: text.Tellable, Obligations: text.Obligations,
		Decider: text.Decider, Who: text.Who, WhoOutOfHours: text.WhoOutOfHours,
	}
}

func stringAt(object ast.Object, key string) (string, bool) {
	term := object.Get(ast.InternedTerm(key))
	if term == nil {
		return "", false
	}
	s, ok := term.Value.(ast.String)
	return string(s), ok
}

// stringsAt reads an array or set of strings.
func stringsAt(object ast.Object, key string) ([]string, bool) {
	term := object.Get(ast.InternedTerm(key))
	if term == nil {
		return nil, false
	}
	var out []string
	ok := true
	each := func(item *ast.Term) {
		s, isString := item.Value.(ast.String)
		ok = ok && isString
		out = append(out, string(s))
	}
	switch list := term.Value.(type) {
	case *ast.Array:
		list.Foreach(each)
	case ast.Set:
		list.Foreach(each)
	default:
		ok = false
	}
	return out, ok
}

// sortedSet sorts and drops repeats; it never returns nil.
func sortedSet(items []string) []string {
	set := append(make([]string, 0, len(items)), items...)
	slices.Sort(set)
	return slices.Compact(set)
}
