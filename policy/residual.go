package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// residual is what is left of the release rules once the request is known, but for its cutoffs, which differ from day to day: bodies of
// comparisons and memberships over one header, each with one ground contribution, in the order of a Rego set. Deciding by it gives what
// the interpreter gives, in a microsecond instead of hundreds of them (design.md section 7), and the Rego stays the one source. It is
// shared and never changed.
type residual struct {
	bodies []residualBody
	reads  reads
}

// residualBody contributes where all its conditions hold. Those in settled read only what one organisation's records of one category
// about one subject have in common.
type residualBody struct {
	settled, moving []condition
	// dated are those of moving that read days.
	dated        []condition
	reads        reads
	contribution *ast.Term
	// number is the contribution's, within the revision.
	number int
}

// condition is one comparison over a header, and the cutoffs of the request it is decided for.
type condition func(*view) bool

// operand is one side of a comparison; nil where it reads what does not exist.
type operand func(*view) ast.Value

// reads is what a condition reads of a record, as far as that matters for what can be decided once for several.
type reads int

const (
	// readsSubject: whom the record is about, not only what is known of them.
	readsSubject reads = 1 << iota
	// readsDays and readsMarks differ between the records of one organisation, category and subject; readsDays is cutoffs too.
	readsDays
	readsMarks
	// readsBoth: a day is compared with a mark.
	readsBoth

	readsMoving = readsDays | readsMarks
)

var attributeReads = map[string]reads{
	"subject": readsSubject, "event_date": readsDays, "until": readsDays, "current": readsMarks, "labels": readsMarks,
	"unlabelled": readsMarks, "labels_known": readsMarks, "only_address": readsMarks,
}

// errFragment means that rules left the fragment that can be compiled; the interpreter then decides.
var errFragment = errors.New("outside the compiled fragment")

const contributionVar = ast.Var("x")

// compileResidual turns the partial evaluation of releaseEntry into conditions.
func compileResidual(partial *rego.PartialQueries, joined *joined) (*residual, error) {
	if len(partial.Support) > 0 {
		return nil, fmt.Errorf("%w: support modules", errFragment)
	}
	r := &residual{bodies: make([]residualBody, 0, len(partial.Queries))}
	for _, query := range partial.Queries {
		body, err := compileBody(query.Copy(), joined) // the next partial evaluation may write to terms of this one
		if err != nil {
			return nil, err
		}
		r.bodies = append(r.bodies, body)
		r.reads |= body.reads
	}
	slices.SortStableFunc(r.bodies, func(a, b residualBody) int { return a.contribution.Value.Compare(b.contribution.Value) })
	return r, nil
}

func compileBody(query ast.Body, joined *joined) (residualBody, error) {
	var body residualBody
	for _, expr := range query {
		if contribution := contributed(expr); contribution != nil {
			body.contribution = contribution
			continue
		}
		holds, what, err := compileExpr(expr)
		if err != nil {
			return residualBody{}, err
		}
		body.add(holds, what)
	}
	if body.contribution == nil {
		return residualBody{}, fmt.Errorf("%w: a body without a ground contribution", errFragment)
	}
	var err error
	if body.number, err = joined.number(body.contribution); err != nil {
		return residualBody{}, fmt.Errorf("%w: %w", errFragment, err)
	}
	return body, nil
}

func (b *residualBody) add(holds condition, what reads) {
	b.reads |= what
	if what&readsMoving == 0 {
		b.settled = append(b.settled, holds)
		return
	}
	b.moving = append(b.moving, holds)
	if what&readsDays != 0 {
		b.dated = append(b.dated, holds)
	}
	if what&readsMoving == readsMoving {
		b.reads |= readsBoth
	}
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

// compileExpr compiles one condition, and tells what it reads.
func compileExpr(expr *ast.Expr) (holds condition, what reads, err error) {
	if len(expr.With) > 0 {
		return nil, 0, fmt.Errorf("%w: %v", errFragment, expr)
	}
	holds, what, err = compilePositive(expr)
	if err == nil && expr.Negated {
		positive := holds
		holds = func(v *view) bool { return !positive(v) }
	}
	return holds, what, err
}

func compilePositive(expr *ast.Expr) (holds condition, what reads, err error) {
	if term, ok := expr.Terms.(*ast.Term); ok {
		value, what, err := compileOperand(term)
		return func(v *view) bool { of := value(v); return of != nil && of.Compare(ast.Boolean(false)) != 0 }, what, err
	}
	if !expr.IsCall() || len(expr.Operands()) != 2 {
		return nil, 0, fmt.Errorf("%w: %v", errFragment, expr)
	}
	compare, ok := comparisons[expr.Operator().String()]
	if !ok {
		return nil, 0, fmt.Errorf("%w: %v", errFragment, expr)
	}
	left, leftReads, leftErr := compileOperand(expr.Operand(0))
	right, rightReads, rightErr := compileOperand(expr.Operand(1))
	if err := errors.Join(leftErr, rightErr); err != nil {
		return nil, 0, err
	}
	return func(v *view) bool {
		l, r := left(v), right(v)
		return l != nil && r != nil && compare(l, r)
	}, leftReads | rightReads, nil
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

// compileOperand reads a constant, an attribute of input.record, or a cutoff of input.request, and tells what that is.
func compileOperand(term *ast.Term) (value operand, what reads, err error) {
	if constant(term) {
		return func(*view) ast.Value { return term.Value }, 0, nil
	}
	ref, ok := term.Value.(ast.Ref)
	if !ok || len(ref) < 3 || !ref.IsGround() {
		return nil, 0, fmt.Errorf("%w: %v", errFragment, term)
	}
	name, ok := ref[2].Value.(ast.String)
	rest := ref[3:]
	switch at := slices.Index(recordAttributes[:], string(name)); {
	case ok && ref.HasPrefix(recordRef):
		return func(v *view) ast.Value { return find(v.attribute(at), rest) }, attributeReads[string(name)], nil
	case ok && ref.HasPrefix(requestRef) && isCutoff(string(name)):
		return func(v *view) ast.Value { return find(v.request.cutoffs[string(name)], rest) }, readsDays, nil
	}
	return nil, 0, fmt.Errorf("%w: %v", errFragment, term)
}

var (
	recordRef  = ast.MustParseRef("input.record")
	requestRef = ast.MustParseRef("input.request")
)

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
func (r *residual) settle(v *view) []*residualBody {
	var left []*residualBody
	for i := range r.bodies {
		if body := &r.bodies[i]; all(body.settled, v) {
			left = append(left, body)
		}
	}
	return left
}

// contributing are the numbers of the bodies that hold, each contribution once, in order.
func contributing(bodies []*residualBody, v *view, into []int) []int {
	for _, body := range bodies {
		if (len(into) == 0 || into[len(into)-1] != body.number) && all(body.moving, v) {
			into = append(into, body.number)
		}
	}
	return into
}

func all(conditions []condition, v *view) bool {
	for _, holds := range conditions {
		if !holds(v) {
			return false
		}
	}
	return true
}
