package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// residual is what is left of the release rules once the request is known: bodies of comparisons and memberships over one header,
// each with one ground contribution, in the order of a Rego set. Deciding by it gives what the interpreter gives, in microseconds
// instead of hundreds of them (design.md section 7), and the Rego stays the one source. It is shared and never changed.
type residual struct {
	bodies []residualBody
}

// residualBody contributes where all its conditions hold. Those in settled read only what one organisation's records of one category
// about one subject have in common.
type residualBody struct {
	settled      []condition
	moving       []condition
	contribution *ast.Term
	reason       Reason
}

// condition is one comparison over a header; attributes are read by name.
type condition func(attribute) bool

// attribute reads one attribute of the header at hand, as rules see it; nil for one that does not exist.
type attribute func(name string) ast.Value

// movingAttributes differ between the records of one organisation, category and subject.
var movingAttributes = []string{"event_date", "until", "current", "labels", "unlabelled", "labels_known", "only_address"}

// errFragment means that rules left the fragment that can be compiled; the interpreter then decides.
var errFragment = errors.New("outside the compiled fragment")

const contributionVar = ast.Var("x")

// compileResidual turns the partial evaluation of releaseEntry into conditions.
func compileResidual(partial *rego.PartialQueries, j joiner) (*residual, error) {
	if len(partial.Support) > 0 {
		return nil, fmt.Errorf("%w: support modules", errFragment)
	}
	r := &residual{bodies: make([]residualBody, 0, len(partial.Queries))}
	for _, query := range partial.Queries {
		body, err := compileBody(query.Copy(), j) // the next partial evaluation may write to terms of this one
		if err != nil {
			return nil, err
		}
		r.bodies = append(r.bodies, body)
	}
	slices.SortStableFunc(r.bodies, func(a, b residualBody) int { return a.contribution.Value.Compare(b.contribution.Value) })
	return r, nil
}

func compileBody(query ast.Body, j joiner) (residualBody, error) {
	var body residualBody
	for _, expr := range query {
		if contribution := contributed(expr); contribution != nil {
			body.contribution = contribution
			continue
		}
		holds, names, err := compileExpr(expr)
		if err != nil {
			return residualBody{}, err
		}
		if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(movingAttributes, name) }) {
			body.moving = append(body.moving, holds)
		} else {
			body.settled = append(body.settled, holds)
		}
	}
	if body.contribution == nil {
		return residualBody{}, fmt.Errorf("%w: a body without a ground contribution", errFragment)
	}
	var err error
	if body.reason, err = j.reason(body.contribution); err != nil {
		return residualBody{}, fmt.Errorf("%w: %w", errFragment, err)
	}
	return body, nil
}

// contributed is the ground term that a body binds, or nil for any other expression.
func contributed(expr *ast.Expr) *ast.Term {
	if expr.Negated || len(expr.With) > 0 || !expr.IsEquality() {
		return nil
	}
	a, b := expr.Operand(0), expr.Operand(1)
	if b.Value.Compare(contributionVar) == 0 {
		a, b = b, a
	}
	if a.Value.Compare(contributionVar) != 0 || !constant(b) {
		return nil
	}
	return b
}

// compileExpr compiles one condition, with the attributes it reads.
func compileExpr(expr *ast.Expr) (condition, []string, error) {
	if len(expr.With) > 0 {
		return nil, nil, fmt.Errorf("%w: %v", errFragment, expr)
	}
	holds, names, err := compilePositive(expr)
	if err == nil && expr.Negated {
		positive := holds
		holds = func(a attribute) bool { return !positive(a) }
	}
	return holds, names, err
}

func compilePositive(expr *ast.Expr) (condition, []string, error) {
	if term, ok := expr.Terms.(*ast.Term); ok {
		value, names, err := compileOperand(term)
		return func(a attribute) bool { v := value(a); return v != nil && v.Compare(ast.Boolean(false)) != 0 }, names, err
	}
	if !expr.IsCall() || len(expr.Operands()) != 2 {
		return nil, nil, fmt.Errorf("%w: %v", errFragment, expr)
	}
	compare, ok := comparisons[expr.Operator().String()]
	if !ok {
		return nil, nil, fmt.Errorf("%w: %v", errFragment, expr)
	}
	left, leftNames, leftErr := compileOperand(expr.Operand(0))
	right, rightNames, rightErr := compileOperand(expr.Operand(1))
	if err := errors.Join(leftErr, rightErr); err != nil {
		return nil, nil, err
	}
	return func(a attribute) bool {
		l, r := left(a), right(a)
		return l != nil && r != nil && compare(l, r)
	}, append(leftNames, rightNames...), nil
}

// comparisons are the builtins of the fragment, with OPA's own order of values.
var comparisons = map[string]func(l, r ast.Value) bool{
	"eq":                func(l, r ast.Value) bool { return l.Compare(r) == 0 },
	"equal":             func(l, r ast.Value) bool { return l.Compare(r) == 0 },
	"neq":               func(l, r ast.Value) bool { return l.Compare(r) != 0 },
	"lt":                func(l, r ast.Value) bool { return l.Compare(r) < 0 },
	"lte":               func(l, r ast.Value) bool { return l.Compare(r) <= 0 },
	"gt":                func(l, r ast.Value) bool { return l.Compare(r) > 0 },
	"gte":               func(l, r ast.Value) bool { return l.Compare(r) >= 0 },
	"internal.member_2": member,
}

func member(item, of ast.Value) bool {
	switch of := of.(type) {
	case *ast.Array:
		for i := range of.Len() {
			if of.Elem(i).Value.Compare(item) == 0 {
				return true
			}
		}
	case ast.Set:
		return of.Contains(ast.NewTerm(item))
	}
	return false
}

// compileOperand reads a constant, or an attribute of input.record.
func compileOperand(term *ast.Term) (func(attribute) ast.Value, []string, error) {
	if constant(term) {
		return func(attribute) ast.Value { return term.Value }, nil, nil
	}
	ref, ok := term.Value.(ast.Ref)
	if !ok || len(ref) < 3 || !ref.HasPrefix(recordRef) || !ref.IsGround() {
		return nil, nil, fmt.Errorf("%w: %v", errFragment, term)
	}
	name, ok := ref[2].Value.(ast.String)
	if !ok {
		return nil, nil, fmt.Errorf("%w: %v", errFragment, term)
	}
	rest := ref[3:]
	return func(a attribute) ast.Value { return find(a(string(name)), rest) }, []string{string(name)}, nil
}

var recordRef = ast.MustParseRef("input.record")

func find(value ast.Value, path ast.Ref) ast.Value {
	if value == nil || len(path) == 0 {
		return value
	}
	found, err := value.Find(path)
	if err != nil {
		return nil
	}
	return found
}

// constant tells whether a term holds no variable, reference or call anywhere.
func constant(term *ast.Term) bool {
	plain := true
	ast.WalkTerms(term, func(t *ast.Term) bool {
		switch t.Value.(type) {
		case ast.Null, ast.Boolean, ast.Number, ast.String, *ast.Array, ast.Object, ast.Set:
		default:
			plain = false
		}
		return !plain
	})
	return plain
}

// settle keeps the bodies that can still contribute once the settled attributes are known.
func (r *residual) settle(a attribute) []residualBody {
	return slices.DeleteFunc(slices.Clone(r.bodies), func(b residualBody) bool { return !all(b.settled, a) })
}

// reasonsOf are the reasons of the bodies that hold, each contribution once.
func reasonsOf(bodies []residualBody, a attribute) []Reason {
	var reasons []Reason
	var last *ast.Term
	for _, body := range bodies {
		if last != nil && last.Equal(body.contribution) || !all(body.moving, a) {
			continue
		}
		last = body.contribution
		reasons = append(reasons, body.reason)
	}
	return reasons
}

func all(conditions []condition, a attribute) bool {
	return !slices.ContainsFunc(conditions, func(holds condition) bool { return !holds(a) })
}
