package explain

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// tracer keeps which rules were tried and, of those that held, what their bodies referred to with the values they were bound to.
type tracer struct {
	tried []*ast.Rule
	held  map[*ast.Rule][]held
}

// held is one way in which a rule's body held.
type held struct {
	rule *ast.Rule
	// key is what a set rule contributed, nil for others; args are those of a function.
	key  ast.Value
	args []*ast.Term
	// reads are references to the input, calls those to other rules.
	reads []ast.Ref
	calls []call
}

// call is a reference to another rule, or to a function with its arguments.
type call struct {
	ref  ast.Ref
	args []*ast.Term
}

func newTracer() *tracer { return &tracer{held: map[*ast.Rule][]held{}} }

// Enabled and the next two make it a topdown.QueryTracer.
func (t *tracer) Enabled() bool { return true }

func (t *tracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (t *tracer) TraceEvent(e topdown.Event) {
	rule, ok := e.Node.(*ast.Rule)
	switch {
	case !ok:
	case e.Op == topdown.EnterOp && !slices.Contains(t.tried, rule):
		t.tried = append(t.tried, rule)
	case e.Op == topdown.ExitOp:
		t.held[rule] = append(t.held[rule], body(rule, e.Plug)) // bindings change after the event
	}
}

// body is what a rule refers to. plug puts in what variables are bound to.
func body(rule *ast.Rule, plug func(*ast.Term) *ast.Term) held {
	h := held{rule: rule}
	if rule.Head.Key != nil {
		h.key = plug(rule.Head.Key).Value
	}
	for _, arg := range rule.Head.Args {
		h.args = append(h.args, plug(arg))
	}
	ast.WalkExprs(rule.Body, func(e *ast.Expr) bool {
		if !e.IsCall() {
			return false
		}
		if at := e.Operator(); at.HasPrefix(ast.DefaultRootRef) {
			c := call{ref: at}
			for _, operand := range e.Operands() {
				c.args = append(c.args, plug(operand))
			}
			h.calls = append(h.calls, c)
		}
		return false
	})
	ast.WalkRefs(rule, func(ref ast.Ref) bool {
		h.refer(ref, plug)
		return false
	})
	return h
}

func (h *held) refer(ref ast.Ref, plug func(*ast.Term) *ast.Term) {
	plugged, ok := plug(ast.NewTerm(ref)).Value.(ast.Ref)
	switch {
	case !ok:
	case plugged.HasPrefix(ast.DefaultRootRef):
		if !slices.ContainsFunc(h.calls, func(c call) bool { return c.ref.Equal(ref) }) {
			h.calls = append(h.calls, call{ref: plugged})
		}
	default:
		h.reads = append(h.reads, plugged)
	}
}

// unbound is what a rule that did not hold would have read: of its references, those that need no variable.
func unbound(rule *ast.Rule) held { return body(rule, func(t *ast.Term) *ast.Term { return t }) }
