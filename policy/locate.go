package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Location is where a rule stands in the pack, for people who read the Rego.
type Location struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Title is the title of the rule's annotation, where it has one.
	Title string `json:"title,omitempty"`
}

func (l Location) String() string { return fmt.Sprintf("%s:%d", l.File, l.Line) }

// ruleLocations finds each rule name where it is given: a constant under the key "rule" anywhere in a rule.
func ruleLocations(modules map[string]*ast.Module) map[string][]Location {
	found := map[string][]Location{}
	for _, module := range modules {
		for _, rule := range module.Rules {
			location := Location{File: rule.Loc().File, Line: rule.Loc().Row}
			if len(rule.Annotations) > 0 {
				location.Title = rule.Annotations[0].Title
			}
			for _, name := range namesIn(rule) {
				if !slices.Contains(found[name], location) {
					found[name] = append(found[name], location)
				}
			}
		}
	}
	for _, locations := range found {
		slices.SortFunc(locations, func(a, b Location) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	}
	return found
}

func namesIn(rule *ast.Rule) []string {
	var names []string
	ast.WalkTerms(rule, func(term *ast.Term) bool {
		if object, ok := term.Value.(ast.Object); ok {
			if name, ok := stringAt(object, "rule"); ok {
				names = append(names, name)
			}
		}
		return false
	})
	return names
}

// checkHeads checks the constants in the heads of an entry point before anything is decided by it, so that a slip of the pen is a
// refused revision, not a denied record.
func (j joiner) checkHeads(modules map[string]*ast.Module, entry string) error {
	ref := ast.MustParseRef(entry)
	for _, module := range modules {
		for _, rule := range module.Rules {
			if rule.Head.Key == nil || !module.Package.Path.Extend(rule.Head.Ref().GroundPrefix()).HasPrefix(ref) {
				continue
			}
			if err := j.checkHead(rule.Head.Key); err != nil {
				return fmt.Errorf("policy: %s: %w", rule.Loc(), err)
			}
		}
	}
	return nil
}

// checkHead checks what is constant; what a head takes from data or the request is checked when it is decided.
func (j joiner) checkHead(key *ast.Term) error {
	object, ok := key.Value.(ast.Object)
	if !ok {
		return nil
	}
	effect, constantEffect := stringAt(object, "effect")
	code, constantCode := stringAt(object, "reason")
	masks, constantMasks := stringsAt(object, "masks")
	_, constantRule := stringAt(object, "rule")
	switch {
	case !constantRule:
		return errors.New("a contribution names its rule with a constant")
	case constantEffect && constantCode && constantMasks:
		return j.check(effect, code, masks)
	case constantCode && !j.knows(code):
		return fmt.Errorf("reason %q is not in data.reasons", code)
	}
	return nil
}

func (j joiner) knows(code string) bool { _, ok := j.reasons[code]; return ok }
