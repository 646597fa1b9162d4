package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
)

// recordAttributes are the attributes of a record that rules read: the header without the holder's reference, what the hub knows of
// the subject, and the labels it does not carry, so that a rule can read the absence of a label without negation.
var recordAttributes = [...]string{
	"organisation", "category", "subject", "event_date", "until", "current", "labels", "unlabelled", "labels_known", "only_address",
	"about", "holder_flags",
}

// view is one header of a request as rules read it. Many rules read the same few attributes: each is put into Rego's terms once.
type view struct {
	request *Request
	header  record.Header
	read    [len(recordAttributes)]ast.Value
}

// show turns the view to another header of the request.
func (v *view) show(h record.Header) {
	v.header = h
	clear(v.read[:])
}

// attribute reads one of recordAttributes; nil for one that does not exist.
func (v *view) attribute(at int) ast.Value {
	if at < 0 {
		return nil
	}
	if v.read[at] == nil {
		v.read[at] = v.valueOf(recordAttributes[at])
	}
	return v.read[at]
}

func (v *view) valueOf(name string) ast.Value {
	h := v.header
	switch name {
	case "organisation":
		return ast.String(h.Organisation)
	case "category":
		return ast.String(h.Category)
	case "subject":
		return ast.String(h.Subject)
	case "event_date":
		return ast.String(h.EventDate)
	case "until":
		return ast.String(h.Until)
	case "current":
		return ast.Boolean(h.Current)
	case "labels":
		return v.request.revision.labelled(h.Labels).has
	case "unlabelled":
		return v.request.revision.labelled(h.Labels).lacks
	case "labels_known":
		return ast.Boolean(h.LabelsKnown)
	case "only_address":
		return ast.Boolean(h.OnlyAddress)
	case "about":
		return v.request.about[h.Subject].Value
	case "holder_flags":
		return stringsValue(v.request.holderFlags(h))
	}
	return nil
}

// holderFlags are the flags that this organisation itself set on this subject.
func (q *Request) holderFlags(h record.Header) []string {
	var flags []string
	for _, flag := range q.input.Flags {
		if flag.Subject == h.Subject && flag.Organisation == h.Organisation && !slices.Contains(flags, flag.Flag) {
			flags = append(flags, flag.Flag)
		}
	}
	slices.Sort(flags)
	return flags
}

// labelling is the labels that a record carries, and those of the catalogue that it does not.
type labelling struct{ has, lacks ast.Value }

// labelled finds what most records have, no label or one, made ready when the revision was compiled.
func (r *Revision) labelled(labels []string) labelling {
	switch len(labels) {
	case 0:
		return r.unlabelled
	case 1:
		if known, ok := r.oneLabel[labels[0]]; ok {
			return known
		}
	}
	return r.labelling(labels)
}

func (r *Revision) labelling(labels []string) labelling {
	lacks := slices.DeleteFunc(slices.Clone(r.labels), func(label string) bool { return slices.Contains(labels, label) })
	return labelling{has: stringsValue(labels), lacks: stringsValue(lacks)}
}

func stringsValue(items []string) ast.Value {
	terms := make([]*ast.Term, 0, len(items))
	for _, item := range items {
		terms = append(terms, ast.InternedTerm(item))
	}
	return ast.NewArray(terms...)
}
