package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/policy"
)

// reads gathers what the rules behind some reasons have read, through every rule they rest on.
type reads struct {
	seen  *tracer
	input ast.Value
	refs  map[string]ast.Ref
}

func newReads(seen *tracer, input ast.Value) *reads {
	return &reads{seen: seen, input: input, refs: map[string]ast.Ref{}}
}

// of finds the rules that gave a reason, takes in what they read, and tells where they stand.
func (r *reads) of(reason policy.Reason) []policy.Location {
	var locations []policy.Location
	for _, rule := range r.seen.tried {
		for _, h := range r.seen.held[rule] {
			if gave(h, reason) {
				locations = append(locations, r.follow(h, reason.Code)...)
			}
		}
	}
	slices.SortFunc(locations, func(a, b policy.Location) int { return strings.Compare(a.String(), b.String()) })
	return append([]policy.Location{}, slices.Compact(locations)...)
}

// gave tells whether what a rule contributed is the reason: an object that names the rule and the code.
func gave(h held, reason policy.Reason) bool {
	object, ok := h.key.(ast.Object)
	if !ok {
		return false
	}
	names := func(key, value string) bool {
		term := object.Get(ast.StringTerm(key))
		return term != nil && term.Value.Compare(ast.String(value)) == 0
	}
	return names("rule", reason.Rule) && (names("reason", reason.Code) || names("code", reason.Code))
}

// follow takes in what one rule read and all it rests on. Where a rule below gives the very code ("met contains code"), that is the
// place to look; else it is the rule itself.
func (r *reads) follow(from held, code string) []policy.Location {
	var below []policy.Location
	todo := []held{from}
	visited := map[string]bool{}
	for len(todo) > 0 {
		h := todo[0]
		todo = todo[1:]
		r.take(h)
		if key, ok := h.key.(ast.String); ok && string(key) == code {
			below = append(below, locationOf(h.rule))
		}
		for _, c := range h.calls {
			if name := fmt.Sprint(c.ref, c.args); !visited[name] {
				visited[name] = true
				todo = append(todo, r.called(c)...)
			}
		}
	}
	if len(below) > 0 {
		return below
	}
	return []policy.Location{locationOf(from.rule)}
}

// called are the ways in which a rule held that another referred to; where none did, what its bodies would have read.
func (r *reads) called(c call) []held {
	var all, tried []held
	for _, rule := range r.seen.tried {
		path := rule.Ref().GroundPrefix()
		if !c.ref.HasPrefix(path) && !path.HasPrefix(c.ref.GroundPrefix()) {
			continue
		}
		for _, h := range r.seen.held[rule] {
			if meant(c, path, h) {
				all = append(all, h)
			}
		}
		if h := unbound(rule); meant(c, path, h) {
			tried = append(tried, h)
		}
	}
	if len(all) > 0 {
		return all
	}
	return tried
}

// meant tells whether a reference is to this way of holding: the same key of a set, the same arguments of a function.
func meant(c call, path ast.Ref, h held) bool {
	if h.key != nil && h.key.IsGround() && len(c.ref) > len(path) && scalar(c.ref[len(path)].Value) {
		return c.ref[len(path)].Value.Compare(h.key) == 0
	}
	for i, arg := range h.args {
		if i < len(c.args) && c.args[i].IsGround() && arg.IsGround() && !c.args[i].Equal(arg) {
			return false
		}
	}
	return true
}

func scalar(v ast.Value) bool {
	switch v.(type) {
	case ast.String, ast.Boolean, ast.Number, ast.Null:
		return true
	}
	return false
}

// take keeps the references of a body that lead to a value of the input.
func (r *reads) take(h held) {
	for _, ref := range h.reads {
		if whole, ok := r.inInput(ref); ok && whole.IsGround() && len(whole) > 1 {
			r.refs[whole.String()] = whole
		}
	}
}

// inInput is the reference from the root of the input. A variable bound to an element of one of its lists stands for that element.
func (r *reads) inInput(ref ast.Ref) (ast.Ref, bool) {
	if ref.HasPrefix(ast.InputRootRef) {
		return ref, true
	}
	element, ok := ref[0].Value.(ast.Object)
	if !ok {
		return nil, false
	}
	root, ok := r.input.(ast.Object)
	if !ok {
		return nil, false
	}
	var found ast.Ref
	root.Foreach(func(name, value *ast.Term) {
		list, ok := value.Value.(*ast.Array)
		for i := 0; ok && found == nil && i < list.Len(); i++ {
			if list.Elem(i).Value.Compare(element) == 0 {
				found = append(ast.Ref{ast.InputRootDocument, name, ast.IntNumberTerm(i)}, ref[1:]...)
			}
		}
	})
	return found, found != nil
}

// inputs are the facts read, by path, each once: a whole is left out where its parts are given, and so is a list of objects.
func (r *reads) inputs(a audience) []Input {
	all := []Input{}
	if r.input == nil {
		return all
	}
	for _, name := range slices.Sorted(maps.Keys(r.refs)) {
		ref := r.refs[name]
		value, err := r.input.Find(ref[1:])
		if err != nil || a.hides(value) || listOfObjects(value) || r.hasParts(ref) {
			continue
		}
		encoded, err := encode(a.value(value))
		if err != nil {
			continue
		}
		all = append(all, Input{Path: r.path(ref), Value: encoded})
	}
	slices.SortFunc(all, func(x, y Input) int { return strings.Compare(x.Path, y.Path) })
	return all
}

func listOfObjects(v ast.Value) bool {
	list, ok := v.(*ast.Array)
	if !ok || list.Len() == 0 {
		return false
	}
	_, object := list.Elem(0).Value.(ast.Object)
	return object
}

func (r *reads) hasParts(ref ast.Ref) bool {
	for _, other := range r.refs {
		if len(other) > len(ref) && other.HasPrefix(ref) {
			return true
		}
	}
	return false
}

// path is the reference as a person reads it: a list's element is named by its own id.
func (r *reads) path(ref ast.Ref) string {
	var b strings.Builder
	for i, part := range ref[1:] {
		switch part := part.Value.(type) {
		case ast.String:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(string(part))
		default:
			fmt.Fprintf(&b, "[%s]", r.elementName(ref[1:i+2], part))
		}
	}
	return b.String()
}

func (r *reads) elementName(at ast.Ref, index ast.Value) string {
	element, err := r.input.Find(at)
	object, ok := element.(ast.Object)
	if err != nil || !ok {
		return index.String()
	}
	var names []string
	for _, key := range []string{"id", "by", "kind", "code", "subject", "flag"} {
		if term := object.Get(ast.StringTerm(key)); term != nil {
			if name, ok := term.Value.(ast.String); ok {
				names = append(names, string(name))
			}
		}
	}
	if len(names) == 0 {
		return index.String()
	}
	return strings.Join(names, " ")
}

func locationOf(rule *ast.Rule) policy.Location {
	location := policy.Location{File: rule.Loc().File, Line: rule.Loc().Row}
	if len(rule.Annotations) > 0 {
		location.Title = rule.Annotations[0].Title
	}
	return location
}
