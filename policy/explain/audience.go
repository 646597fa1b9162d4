package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// audience is what whoever reads an explanation may know.
type audience struct {
	everything bool
	// never are the categories and labels (flags have the same names) that are not named to anybody else.
	never policy.NeverNamed
}

func audienceOf(v *policy.Vocabulary, role string) audience {
	return audience{everything: slices.Contains(v.Explain.ToldEverything, role), never: v.NeverNamed}
}

// outcome is a decision as the audience may know it.
type outcome struct {
	// untold is true where the audience may not know that there was a decision.
	untold bool
	effect policy.Effect
	masks  []string
	// proceed and gates are those of a request.
	proceed bool
	gates   []string
}

// reasons are those that may be told. What a rule obliges the hub to is not explained.
func (a audience) reasons(all []policy.Reason) []policy.Reason {
	if a.everything {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(r policy.Reason) bool { return !r.Tellable })
}

// outcome is the decision without what may not be told. A record that is held back by what may not be told, or of a category that is
// never named, is untold. One that is released with a mask that may not be named reads as if it had no such mask (domain.md 4.4).
func (a audience) outcome(h record.Header, d policy.Decision) outcome {
	if a.everything {
		return outcome{effect: d.Effect, masks: d.Masks}
	}
	told := a.reasons(d.Reasons)
	if d.Silent() || slices.Contains(a.never.Categories, h.Category) || len(told) == 0 {
		return outcome{untold: true}
	}
	seen := outcome{effect: policy.Permit, masks: []string{}}
	for _, reason := range told {
		seen.effect = policy.Stricter(seen.effect, reason.Effect)
		seen.masks = append(seen.masks, reason.Masks...)
	}
	slices.Sort(seen.masks)
	seen.masks = slices.Compact(seen.masks)
	return seen
}

// value is what was read, without the names that may not be given.
func (a audience) value(v ast.Value) ast.Value {
	list, ok := v.(*ast.Array)
	if a.everything || !ok {
		return v
	}
	var kept []*ast.Term
	list.Foreach(func(t *ast.Term) {
		if name, isString := t.Value.(ast.String); !isString || !a.unnamed(string(name)) {
			kept = append(kept, t)
		}
	})
	return ast.NewArray(kept...)
}

// hides tells whether a value is itself a name that may not be given.
func (a audience) hides(v ast.Value) bool {
	name, ok := v.(ast.String)
	return ok && !a.everything && a.unnamed(string(name))
}

func (a audience) unnamed(name string) bool {
	return slices.Contains(a.never.Categories, name) || slices.Contains(a.never.Labels, name)
}

// spoke are the rules behind the reasons, strictest first, with what they read.
func (a audience) spoke(reasons []policy.Reason, seen *tracer, input ast.Value) ([]Rule, []Input) {
	rules := make([]Rule, 0, len(reasons))
	reads := newReads(seen, input)
	for _, reason := range reasons {
		rules = append(rules, Rule{
			Rule: reason.Rule, Code: reason.Code, Effect: reason.Effect, Masks: reason.Masks, Text: reason.Text, Source: reason.Source,
			Locations: reads.of(reason),
		})
	}
	slices.SortStableFunc(rules, func(x, y Rule) int {
		return cmp.Or(x.Effect.Rank()-y.Effect.Rank(), cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Code, y.Code))
	})
	return rules, reads.inputs(a)
}

// withoutTheRecord leaves out what was read of a record that is held back: its date and labels are content as well. What it was asked
// for as, and the facts of its subject, are the request's.
func withoutTheRecord(inputs []Input) []Input {
	return slices.DeleteFunc(inputs, func(i Input) bool {
		of, ok := strings.CutPrefix(i.Path, "record.")
		return ok && of != "category" && of != "organisation" && !strings.HasPrefix(of, "about.")
	})
}
