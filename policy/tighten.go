package policy

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
)

// TighteningRule is one line of an emergency overlay: it holds back what matches all of what it names, and what it leaves empty
// matches everything. It is joined to whatever the pack decides and never releases anything.
type TighteningRule struct {
	// Effect is deny, review, exist or redact.
	Effect        Effect   `json:"effect"`
	Categories    []string `json:"categories,omitempty"`
	Organisations []string `json:"organisations,omitempty"`
	Bases         []string `json:"bases,omitempty"`
	// Labels match a record that carries one of them.
	Labels []string `json:"labels,omitempty"`
	// Masks are classes of fields; redact needs some.
	Masks []string `json:"masks,omitempty"`
	// Reason is a code of data.reasons; ReasonEmergency where it is empty.
	Reason string `json:"reason,omitempty"`
}

// ReasonEmergency is the reason of a tightening that names none. Every hub's pack has words for it, and a decider.
const ReasonEmergency = "emergency_tightening"

const (
	// emergencyData is where the overlay stands in the data.
	emergencyData = "emergency"
	// emergencyRule is the name of the overlay's rule in a decision.
	emergencyRule = "emergency.tightening"
)

// emergencyRego is the overlay: the engine's own rules over data.emergency.
//
//go:embed emergency/*.rego
var emergencyRego embed.FS

// emergencyModules are the overlay's modules, by file name.
func emergencyModules() (map[string]*ast.Module, error) {
	names, err := fs.Glob(emergencyRego, "emergency/*"+regoSuffix)
	if err != nil {
		return nil, fmt.Errorf("policy: the emergency overlay: %w", err)
	}
	modules := make(map[string]*ast.Module, len(names))
	for _, name := range names {
		source, err := emergencyRego.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("policy: the emergency overlay: %w", err)
		}
		if modules[name], err = parseModule(name, source); err != nil {
			return nil, fmt.Errorf("policy: the emergency overlay: %w", err)
		}
	}
	return modules, nil
}

// keepsOffEmergency refuses rules that define or read what is the overlay's: a pack that could see that an emergency is on could
// loosen because of it. So no rule reads all of the data, or looks a part of it up by a name that is not written out, and none but the
// release rules themselves reads what they say.
func keepsOffEmergency(file string, module *ast.Module) error {
	if module.Package.Path.HasPrefix(emergencyPackage) {
		return fmt.Errorf("%s: package mashgate.emergency is the engine's own", file)
	}
	var problems []error
	refuse := func(ref ast.Ref) bool {
		if !ref[0].Equal(ast.DefaultRootDocument) {
			return false
		}
		if why := readsEmergency(ref, module.Package.Path); why != "" {
			problems = append(problems, fmt.Errorf("%s: %s: %s", ref[0].Location, ref, why))
		}
		return false
	}
	for _, given := range module.Imports {
		ast.WalkRefs(given, refuse)
	}
	for _, rule := range module.Rules {
		if path := rule.Ref().GroundPrefix(); path.HasPrefix(emergencyPackage) { // also from a package above, by a longer name
			problems = append(problems, fmt.Errorf("%s: %s: is the engine's own", rule.Loc(), path))
		}
		ast.WalkRefs(rule, refuse)
	}
	return errors.Join(problems...)
}

var (
	emergencyPackage = ast.MustParseRef("data.mashgate.emergency")
	releasePackage   = ast.MustParseRef("data.mashgate.release")
)

// readsEmergency says why a reference into data reaches the overlay, or could; "" where it does not.
func readsEmergency(ref, from ast.Ref) string {
	for depth := 1; depth < 3; depth++ {
		if len(ref) == depth {
			return "rules name the part that they read"
		}
		name, written := ref[depth].Value.(ast.String)
		switch {
		case !written:
			return "rules write out the name of what they read"
		case name == emergencyData:
			return "is the engine's own"
		case name != "mashgate":
			depth = len(ref)
		}
	}
	if ref.HasPrefix(releasePackage) && !from.Equal(releasePackage) {
		return "only release rules read release rules"
	}
	return ""
}

// CheckTightening finds everything that is wrong with an emergency overlay before anybody relies on it. Errors name the rule and the
// field.
func (r *Revision) CheckTightening(rules []TighteningRule) error {
	return checkTightening(rules, r.vocabulary, r.catalogue)
}

func checkTightening(rules []TighteningRule, v *Vocabulary, catalogue *record.Catalogue) error {
	var problems []error
	var organisations []string
	for _, organisation := range v.Organisations {
		organisations = append(organisations, organisation.ID)
	}
	for i, rule := range rules {
		complain := func(field, format string, args ...any) {
			problems = append(problems, fmt.Errorf("policy: tightening: rules[%d].%s: %s", i, field, fmt.Sprintf(format, args...)))
		}
		known := func(field string, given, codes []string) {
			for _, code := range given {
				if !slices.Contains(codes, code) {
					complain(field, "%q is not known", code)
				}
			}
		}
		known("categories", rule.Categories, catalogue.Codes())
		known("organisations", rule.Organisations, organisations)
		known("bases", rule.Bases, append(slices.Collect(maps.Keys(v.Bases)), "none"))
		known("labels", rule.Labels, catalogue.Labels)
		known("masks", rule.Masks, catalogue.Classes)
		rule.checkEffect(v, complain)
	}
	return errors.Join(problems...)
}

// tightening are the effects that an overlay may have.
var tightening = []Effect{Deny, Review, Exist, Redact}

func (t TighteningRule) checkEffect(v *Vocabulary, complain func(field, format string, args ...any)) {
	reason, ok := v.Reasons[t.reason()]
	switch {
	case !ok:
		complain("reason", "%q is not in data.reasons", t.reason())
	case t.Effect == Review && reason.Decider == "":
		complain("reason", "%q names nobody who decides a review", t.reason())
	}
	switch {
	case !slices.Contains(tightening, t.Effect):
		complain("effect", "%q is none of deny, review, exist, redact", t.Effect)
	case t.Effect == Redact && len(t.Masks) == 0:
		complain("masks", "redact needs some")
	}
}

func (t TighteningRule) reason() string {
	if t.Reason == "" {
		return ReasonEmergency
	}
	return t.Reason
}

// tighteningData is the overlay as its rules read it, with every list given.
func tighteningData(rules []TighteningRule) []any {
	rows := make([]any, 0, len(rules))
	for _, rule := range rules {
		rows = append(rows, map[string]any{
			"effect": string(rule.Effect), "reason": rule.reason(), "masks": anys(rule.Masks), "categories": anys(rule.Categories),
			"organisations": anys(rule.Organisations), "bases": anys(rule.Bases), "labels": anys(rule.Labels),
		})
	}
	return rows
}

func anys(items []string) []any {
	all := make([]any, 0, len(items))
	for _, item := range sortedSet(items) {
		all = append(all, item)
	}
	return all
}

// tighten joins an overlay's contributions to what the pack contributed, so that the whole is never more permissive than the pack
// alone: where the pack says nothing the record is denied, as without the overlay, and where the pack keeps silent so does the whole.
func (j joiner) tighten(reasons []Reason) []Reason {
	added := func(r Reason) bool { return r.Rule == emergencyRule }
	if !slices.ContainsFunc(reasons, added) {
		return reasons
	}
	own := slices.DeleteFunc(slices.Clone(reasons), added)
	if len(own) == 0 {
		return append(reasons, noRule())
	}
	if !j.plain(own).Silent() {
		return reasons
	}
	hushed := slices.Clone(reasons)
	for i := range hushed {
		hushed[i].Tellable = hushed[i].Tellable && !added(hushed[i])
	}
	return hushed
}
