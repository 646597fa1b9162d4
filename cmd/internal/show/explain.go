package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/mashgate/mashgate/policy/explain"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// Explanations prints why policy decided as it did: each decision with its rules, what they read, and what would have changed it.
func Explanations(w io.Writer, r *policyv1.ExplainResponse) error {
	p := &page{w: w}
	p.line("policy revision %s", r.GetRevision())
	for _, g := range r.GetGates() {
		p.wrapped(2, "• nobody was asked: "+g.GetText()+source(g))
	}
	p.changes(2, r.GetChanges())
	if len(r.GetGates())+len(r.GetExplanations()) == 0 {
		p.line("There is nothing that may be told.")
	}
	for _, e := range r.GetExplanations() {
		p.line("")
		p.explanation(e)
	}
	return p.err
}

func (p *page) explanation(e *policyv1.Explanation) {
	what := Printable(e.GetCategory())
	if what == "" {
		what = "something of a category that is not told"
	}
	masks := ""
	if len(e.GetMasks()) > 0 {
		masks = ", masked: " + strings.Join(e.GetMasks(), ", ")
	}
	p.line("%s about %s, %s: %s%s", Printable(e.GetOrganisation()), Printable(e.GetSubject()), what, Words(e.GetEffect().String(), "EFFECT_"), masks)
	for _, reason := range e.GetReasons() {
		p.wrapped(4, "• "+reason.GetText()+source(reason)+" ("+reason.GetRule()+")")
	}
	if len(e.GetRuleLocations()) > 0 {
		p.wrapped(4, "rules at "+strings.Join(e.GetRuleLocations(), ", "))
	}
	if len(e.GetInputs()) > 0 {
		read := make([]string, 0, len(e.GetInputs()))
		for _, in := range e.GetInputs() {
			read = append(read, fmt.Sprintf("%s = %s", in.GetPath(), explain.Brief(in.GetValue())))
		}
		p.wrapped(4, "they read "+strings.Join(read, ", "))
	}
	p.changes(4, e.GetChanges())
}

// changes prints what would have come out otherwise, each with its one fact.
func (p *page) changes(indent int, changes []*policyv1.NearestChange) {
	for _, change := range changes {
		p.wrapped(indent, "→ "+change.GetText())
	}
}
