package mutate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/policy"
)

// ruleMutations take out each rule body, the alternatives of an else among them. The rule stays, with a body that never holds, so
// that nothing fails to compile for the lack of its name: what has to be noticed is that it no longer speaks.
func ruleMutations(pack *policy.Pack) []Mutation {
	var mutations []Mutation
	for _, file := range slices.Sorted(maps.Keys(pack.Modules())) {
		for index, rule := range pack.Modules()[file].Rules {
			depth := 0
			for body := rule; body != nil; body = body.Else {
				mutations = append(mutations, ruleMutation(file, index, depth, body))
				depth++
			}
		}
	}
	return mutations
}

func ruleMutation(file string, index, depth int, rule *ast.Rule) Mutation {
	change := "body taken out"
	if rule.Default {
		change = "default taken out"
	}
	return Mutation{
		File: file, Path: fmt.Sprintf("%s, line %d", rule.Head.Ref(), rule.Loc().Row), Change: change,
		apply: func(pack *policy.Pack) *policy.Pack {
			module := pack.Modules()[file].Copy()
			silence(module, index, depth)
			return pack.WithModule(file, module)
		},
	}
}

func silence(module *ast.Module, index, depth int) {
	rule := module.Rules[index]
	if rule.Default {
		module.Rules = slices.Delete(module.Rules, index, index+1)
		return
	}
	for range depth {
		rule = rule.Else
	}
	rule.Body.Append(ast.NewExpr(ast.BooleanTerm(false)))
}
