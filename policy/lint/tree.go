package lint

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The parsed modules as the lints read them: flat lists with lines, so that a lint is a few lines of Rego and never has to walk a
// syntax tree.

// moduleFacts is one Rego file.
type moduleFacts struct {
	File    string `json:"file"`
	Package string `json:"package"`
	// Schemas is true where an annotation of the file checks the types of its input.
	Schemas bool        `json:"schemas"`
	Rules   []ruleFacts `json:"rules"`
}

// ruleFacts is one rule body with its head; an else is a rule of its own.
type ruleFacts struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Package string `json:"package"`
	Name    string `json:"name"`
	Default bool   `json:"default"`
	Else    bool   `json:"else"`
	// Always is true where the body is empty: the rule holds whatever is asked.
	Always bool     `json:"always"`
	Args   []string `json:"args"`
	// Key and Value are the head's, where it has one.
	Key   *termFacts  `json:"key,omitempty"`
	Value *termFacts  `json:"value,omitempty"`
	Body  []exprFacts `json:"body"`
}

// termFacts is one term of a head.
type termFacts struct {
	// Constant is its value where all of it is known, or the members that are known where it is an object.
	Constant any      `json:"constant,omitempty"`
	Keys     []string `json:"keys"`
	Refs     []ref    `json:"refs"`
	Vars     []string `json:"vars"`
	Calls    []call   `json:"calls"`
	// Comprehension is true where the term holds one.
	Comprehension bool `json:"comprehension"`
}

// exprFacts is one expression of a body. Those inside a comprehension or an every are listed after the one that holds them.
type exprFacts struct {
	Line    int  `json:"line"`
	Negated bool `json:"negated"`
	With    bool `json:"with"`
	Every   bool `json:"every"`
	// Nested is true inside a comprehension or an every.
	Nested bool `json:"nested"`
	// Assigns are the variables that the expression declares.
	Assigns []string `json:"assigns"`
	termFacts
}

// ref is one reference: ground parts as they are, a variable as "$name", anything else as "$".
type ref struct {
	Line int      `json:"line"`
	Path []string `json:"path"`
}

// call is one call with what stands directly among its operands.
type call struct {
	Operator string   `json:"operator"`
	Refs     []ref    `json:"refs"`
	Vars     []string `json:"vars"`
	Strings  []string `json:"strings"`
}

func factsOf(file string, module *ast.Module) moduleFacts {
	facts := moduleFacts{File: file, Package: module.Package.Path.String(), Rules: []ruleFacts{}}
	for _, annotation := range module.Annotations {
		facts.Schemas = facts.Schemas || len(annotation.Schemas) > 0
	}
	for _, rule := range module.Rules {
		for at := rule; at != nil; at = at.Else {
			facts.Rules = append(facts.Rules, ruleFactsOf(file, facts.Package, at, at != rule))
		}
	}
	return facts
}

func ruleFactsOf(file, pkg string, rule *ast.Rule, isElse bool) ruleFacts {
	facts := ruleFacts{
		File: file, Line: rule.Loc().Row, Package: pkg, Name: rule.Head.Ref()[0].Value.String(),
		Default: rule.Default, Else: isElse, Args: []string{}, Body: []exprFacts{},
	}
	if name, ok := rule.Head.Ref()[0].Value.(ast.Var); ok {
		facts.Name = string(name)
	}
	for _, arg := range rule.Head.Args {
		if name, ok := arg.Value.(ast.Var); ok {
			facts.Args = append(facts.Args, string(name))
		}
	}
	if rule.Head.Key != nil {
		facts.Key = new(headTerm(rule.Head.Key))
	}
	if rule.Head.Value != nil {
		facts.Value = new(headTerm(rule.Head.Value))
	}
	facts.Always = len(rule.Body) == 1 && rule.Body[0].Equal(ast.NewExpr(ast.BooleanTerm(true)))
	facts.Body = appendBody(facts.Body, rule.Body, false)
	return facts
}

func headTerm(term *ast.Term) termFacts {
	facts := collect(term)
	facts.Constant = constantOf(term)
	if object, ok := term.Value.(ast.Object); ok {
		object.Foreach(func(key, _ *ast.Term) {
			if name, ok := key.Value.(ast.String); ok {
				facts.Keys = append(facts.Keys, string(name))
			}
		})
	}
	return facts
}

// constantOf is the term as JSON; of an object that is not constant, the members that are.
func constantOf(term *ast.Term) any {
	if value, err := ast.JSON(term.Value); err == nil && plain(term) {
		return value
	}
	object, ok := term.Value.(ast.Object)
	if !ok {
		return nil
	}
	known := map[string]any{}
	object.Foreach(func(key, value *ast.Term) {
		name, isString := key.Value.(ast.String)
		if isString && plain(value) {
			if constant, err := ast.JSON(value.Value); err == nil {
				known[string(name)] = constant
			}
		}
	})
	return known
}

// plain tells whether a term holds no variable, reference, call or comprehension.
func plain(term *ast.Term) bool {
	constant := true
	ast.WalkTerms(term, func(t *ast.Term) bool {
		switch t.Value.(type) {
		case ast.Null, ast.Boolean, ast.Number, ast.String, *ast.Array, ast.Object, ast.Set:
		default:
			constant = false
		}
		return !constant
	})
	return constant
}

func appendBody(into []exprFacts, body ast.Body, nested bool) []exprFacts {
	for _, expr := range body {
		var inner []ast.Body
		facts := exprFacts{
			Line: expr.Loc().Row, Negated: expr.Negated, With: len(expr.With) > 0, Nested: nested,
			Assigns: assigned(expr), termFacts: collect(expr, &inner),
		}
		_, facts.Every = expr.Terms.(*ast.Every)
		into = append(into, facts)
		for _, body := range inner {
			into = appendBody(into, body, true)
		}
	}
	return into
}

// assigned are the variables that an expression declares: by := or =, by some, or by every.
func assigned(expr *ast.Expr) []string {
	var declared []*ast.Term
	switch terms := expr.Terms.(type) {
	case *ast.SomeDecl:
		for _, symbol := range terms.Symbols {
			if in, ok := symbol.Value.(ast.Call); ok {
				declared = append(declared, in[1:len(in)-1]...)
			}
		}
	case *ast.Every:
		for _, term := range []*ast.Term{terms.Key, terms.Value} {
			if term != nil {
				declared = append(declared, term)
			}
		}
	default:
		if expr.IsAssignment() || expr.IsEquality() {
			declared = append(declared, expr.Operand(0))
		}
	}
	names := []string{}
	for _, term := range declared {
		if _, isRef := term.Value.(ast.Ref); isRef {
			continue
		}
		ast.WalkVars(term, func(v ast.Var) bool { names = append(names, string(v)); return false })
	}
	return names
}

// collect gathers what stands in a node. Bodies inside it go to inner, where it is given, and are not looked into.
func collect(node any, inner ...*[]ast.Body) termFacts {
	facts := termFacts{Keys: []string{}, Refs: []ref{}, Vars: []string{}, Calls: []call{}}
	keep := func(body ast.Body) {
		for _, into := range inner {
			*into = append(*into, body)
		}
	}
	ast.NewGenericVisitor(func(node any) bool {
		switch n := node.(type) {
		case *ast.Expr:
			if n.IsCall() {
				facts.Calls = append(facts.Calls, callOf(n.Operator().String(), n.Operands()))
			}
		case *ast.Every:
			keep(n.Body)
			ast.NewGenericVisitor(facts.term).Walk(n.Domain)
			return true
		case *ast.ArrayComprehension:
			facts.Comprehension = true
			keep(append(bodyOf(n.Term), n.Body...))
			return true
		case *ast.SetComprehension:
			facts.Comprehension = true
			keep(append(bodyOf(n.Term), n.Body...))
			return true
		case *ast.ObjectComprehension:
			facts.Comprehension = true
			keep(append(bodyOf(n.Key, n.Value), n.Body...))
			return true
		default:
			return facts.term(node)
		}
		return false
	}).Walk(node)
	return facts
}

// bodyOf makes expressions of what a comprehension collects, so that they are read with its body.
func bodyOf(terms ...*ast.Term) ast.Body {
	body := make(ast.Body, 0, len(terms))
	for _, term := range terms {
		expr := ast.NewExpr(term)
		expr.Location = term.Location
		body.Append(expr)
	}
	return body
}

// term adds one term; true where nothing more is to be found below it.
func (f *termFacts) term(node any) bool {
	term, ok := node.(*ast.Term)
	if !ok {
		return false
	}
	switch value := term.Value.(type) {
	case ast.Call:
		f.Calls = append(f.Calls, callOf(value[0].Value.String(), value[1:]))
	case ast.Ref:
		if !operator(value) {
			f.Refs = append(f.Refs, refOf(term, value))
		}
	case ast.Var:
		if !value.IsGenerated() && !value.IsWildcard() {
			f.Vars = append(f.Vars, string(value))
		}
	}
	return false
}

// operator tells whether a reference names what is called, which the call has said already.
func operator(r ast.Ref) bool { _, builtin := ast.BuiltinMap[r.String()]; return builtin }

func refOf(term *ast.Term, value ast.Ref) ref {
	r := ref{Path: make([]string, 0, len(value))}
	if term.Location != nil {
		r.Line = term.Location.Row
	}
	for i, part := range value {
		switch part := part.Value.(type) {
		case ast.String:
			r.Path = append(r.Path, string(part))
		case ast.Var:
			name := string(part)
			if i > 0 || name != "input" && name != "data" {
				name = "$" + name
			}
			r.Path = append(r.Path, name)
		default:
			r.Path = append(r.Path, "$")
		}
	}
	return r
}

func callOf(operator string, operands []*ast.Term) call {
	c := call{Operator: operator, Refs: []ref{}, Vars: []string{}, Strings: []string{}}
	for _, operand := range operands {
		switch value := operand.Value.(type) {
		case ast.Ref:
			c.Refs = append(c.Refs, refOf(operand, value))
		case ast.Var:
			c.Vars = append(c.Vars, string(value))
		}
		c.Strings = append(c.Strings, stringsIn(operand)...)
	}
	return c
}

// stringsIn are the strings of a constant operand: the string itself, or the members of a list or set.
func stringsIn(term *ast.Term) []string {
	var found []string
	add := func(t *ast.Term) {
		if s, ok := t.Value.(ast.String); ok {
			found = append(found, string(s))
		}
	}
	add(term)
	switch list := term.Value.(type) {
	case *ast.Array:
		list.Foreach(add)
	case ast.Set:
		list.Foreach(add)
	}
	return slices.Clip(found)
}
