package communityhealth

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mashgate/mashgate/internal/record"
)

// document is a resource, decoded.
type document map[string]any

// The marks of meta.tag.
const (
	// tagReviewed says that somebody went through the security labels; without it nobody can tell which apply.
	tagReviewed = "security-reviewed"
	// tagAddress marks a resource that says nothing but where somebody is.
	tagAddress = "address-only"
)

func (p profile) encode(r record.Record, patient string) (document, error) {
	h := r.Header
	d := document{"resourceType": p.resourceType, "id": h.Ref, "subject": map[string]any{"reference": "Patient/" + patient}, "status": p.completed}
	if h.Current {
		d["status"] = p.active
	}
	period := map[string]any{}
	for end, day := range map[string]string{"start": h.EventDate, "end": h.Until} {
		if day != "" {
			period[end] = day
		}
	}
	d["period"] = period
	labels, err := securityLabels(h.Labels, "")
	for _, field := range r.Fields {
		e, ok := p.element(field.Name)
		if !ok {
			return nil, fmt.Errorf("field %q has no element", field.Name)
		}
		if err := d.set(e.path, e.codes.Code(field.Value)); err != nil {
			return nil, err
		}
		more, of := securityLabels(field.Labels, e.path)
		labels, err = append(labels, more...), errors.Join(err, of)
	}
	d["meta"] = map[string]any{"profile": []any{profileRoot + p.name}, "security": labels, "tag": tags(h)}
	return d, err
}

func tags(h record.Header) []any {
	list := []any{}
	if h.LabelsKnown {
		list = append(list, map[string]any{"code": tagReviewed})
	}
	if h.OnlyAddress {
		list = append(list, map[string]any{"code": tagAddress})
	}
	return list
}

// securityLabels are codings; one on a single element names it.
func securityLabels(labels []string, element string) ([]any, error) {
	list := []any{}
	for _, label := range labels {
		code, err := security.Closed(label)
		if err != nil {
			return nil, err
		}
		coding := map[string]any{"code": code}
		if element != "" {
			coding["element"] = element
		}
		list = append(list, coding)
	}
	return list, nil
}

func (p profile) element(field string) (element, bool) {
	at := slices.IndexFunc(p.elements, func(e element) bool { return e.field == field })
	if at < 0 {
		return element{}, false
	}
	return p.elements[at], true
}

func (p profile) decode(d document) (record.Record, error) {
	r := record.Record{Header: record.Header{Category: p.category, Labels: []string{}}}
	h := &r.Header
	h.Ref, _ = d.get("id")
	h.EventDate, _ = d.get("period.start")
	h.Until, _ = d.get("period.end")
	switch status, _ := d.get("status"); status {
	case p.active:
		h.Current = true
	case p.completed:
	default:
		return r, errors.New("a resource is neither active nor completed")
	}
	for _, e := range p.elements {
		text, ok := d.get(e.path)
		if !ok {
			continue
		}
		words, err := e.codes.Words(text)
		if err != nil {
			return r, fmt.Errorf("element %s: %w", e.path, err)
		}
		r.Fields = append(r.Fields, record.Field{Name: e.field, Value: words})
	}
	for i := 0; ; i++ {
		switch tag, ok := d.get(fmt.Sprintf("meta.tag.%d.code", i)); {
		case !ok:
			return r, p.label(d, &r)
		case tag == tagReviewed:
			h.LabelsKnown = true
		case tag == tagAddress:
			h.OnlyAddress = true
		}
	}
}

// label puts the security labels on the record and on its fields.
func (p profile) label(d document, r *record.Record) error {
	for i := 0; ; i++ {
		code, ok := d.get(fmt.Sprintf("meta.security.%d.code", i))
		if !ok {
			break
		}
		label, err := security.Words(code)
		if err != nil {
			return err
		}
		into := &r.Header.Labels
		if path, ok := d.get(fmt.Sprintf("meta.security.%d.element", i)); ok {
			at := slices.IndexFunc(r.Fields, func(f record.Field) bool {
				e, _ := p.element(f.Name)
				return e.path == path
			})
			if at < 0 {
				return fmt.Errorf("a security label stands on %s, which is not there", path)
			}
			into = &r.Fields[at].Labels
		}
		*into = append(*into, label)
	}
	slices.Sort(r.Header.Labels)
	for _, f := range r.Fields {
		slices.Sort(f.Labels)
	}
	return nil
}

// get reads the text at a path.
func (d document) get(path string) (string, bool) {
	var at any = map[string]any(d)
	for step := range strings.SplitSeq(path, ".") {
		switch node := at.(type) {
		case map[string]any:
			at = node[step]
		case []any:
			place, err := strconv.Atoi(step)
			if err != nil || place >= len(node) {
				return "", false
			}
			at = node[place]
		default:
			return "", false
		}
	}
	text, ok := at.(string)
	return text, ok
}

// set writes text at a path and makes what is missing on the way. Lists have one entry.
func (d document) set(path, text string) error {
	steps := strings.Split(path, ".")
	node := map[string]any(d)
	for i := 0; i < len(steps)-1; i++ {
		name := steps[i]
		list := steps[i+1] == "0"
		if list {
			i++
		}
		next, err := child(node, name, list)
		if err != nil {
			return fmt.Errorf("element %s: %w", path, err)
		}
		node = next
	}
	node[steps[len(steps)-1]] = text
	return nil
}

func child(node map[string]any, name string, list bool) (map[string]any, error) {
	if node[name] == nil {
		made := map[string]any{}
		node[name] = made
		if list {
			node[name] = []any{made}
		}
		return made, nil
	}
	found := node[name]
	if entries, ok := found.([]any); ok && len(entries) == 1 {
		found = entries[0]
	}
	next, ok := found.(map[string]any)
	if !ok {
		return nil, errors.New("the way to it is taken by something else")
	}
	return next, nil
}
