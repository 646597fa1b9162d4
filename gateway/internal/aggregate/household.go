package aggregate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/mashgate/mashgate/internal/record"
)

// The attributes of the catalogue that organisations can disagree about.
const (
	attributeHousehold = "household"
	fieldScaledBy      = "scaled_by"
	scaling            = "scaling"
	opinion            = "opinion"
)

// addAttributes keeps what a record states about who somebody is. A value held for a protected person is not kept at all: it is left
// out of household and conflicts (domain.md 4.4). Nor is anybody's "living with" while anyone is protected, or may be: a
// grandmother's list of who lives at her address could be the address.
func (b *Builder) addAttributes(r record.Record) {
	subject := r.Header.Subject
	if b.protected(subject) {
		return
	}
	for _, field := range r.Fields {
		spec, ok := b.options.Catalogue.Categories[r.Header.Category].Field(field.Name)
		if !ok || spec.Attribute == "" || spec.Attribute == attributeHousehold && b.sheltering() {
			continue
		}
		if b.household[subject] == nil {
			b.household[subject] = map[Attribute]record.Header{}
		}
		b.household[subject][Attribute{Name: spec.Attribute, Value: field.Value, Organisation: r.Header.Organisation}] = r.Header
	}
}

func (b *Builder) protected(subject string) bool {
	at := slices.IndexFunc(b.options.Subjects, func(s Subject) bool { return s.ID == subject })
	return at < 0 || b.options.Subjects[at].Protected
}

func (b *Builder) sheltering() bool {
	return b.options.LocationUnknown || slices.ContainsFunc(b.options.Subjects, func(s Subject) bool { return s.Protected })
}

// members lists everybody of the episode, and the records their attributes come from.
func (b *Builder) members() ([]Member, []record.Header) {
	var sources []record.Header
	members := make([]Member, 0, len(b.options.Subjects))
	for _, subject := range b.options.Subjects {
		held := b.household[subject.ID]
		member := Member{Subject: subject, Attributes: slices.SortedFunc(maps.Keys(held), func(x, y Attribute) int {
			return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Organisation, y.Organisation), cmp.Compare(x.Value, y.Value))
		})}
		for _, attribute := range member.Attributes {
			if header := held[attribute]; !b.onPage(header) && !slices.ContainsFunc(sources, same(header)) {
				sources = append(sources, header)
			}
		}
		members = append(members, member)
	}
	return members, sources
}

func (b *Builder) onPage(h record.Header) bool {
	return slices.ContainsFunc(b.page, func(e Entry) bool { return same(h)(e.Record.Header) })
}

func same(h record.Header) func(record.Header) bool {
	return func(other record.Header) bool { return orderOf(other) == orderOf(h) && other.Subject == h.Subject }
}

// conflicts finds what organisations differ about: two dates of birth, two addresses. Who somebody lives with is set out, not
// compared: a list of names differs without a contradiction.
func conflicts(members []Member) []Conflict {
	var found []Conflict
	for _, member := range members {
		values := map[string][]Attribute{}
		for _, attribute := range member.Attributes {
			if attribute.Name != attributeHousehold {
				values[attribute.Name] = append(values[attribute.Name], attribute)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if differ(values[name]) {
				found = append(found, Conflict{Subject: member.ID, Attribute: name, Values: values[name]})
			}
		}
	}
	return found
}

func differ(values []Attribute) bool {
	return slices.ContainsFunc(values, func(a Attribute) bool { return plain(a.Value) != plain(values[0].Value) })
}

// plain makes two spellings of one value equal: case, punctuation and spaces tell nothing apart.
func plain(value string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, value)
}

// signs sets the fields of a record out under the analysis categories (domain.md section 2).
func (b *Builder) signs(e Entry) []Sign {
	category := b.options.Catalogue.Categories[e.Record.Header.Category]
	var signs []Sign
	for _, field := range e.Record.Fields {
		spec, ok := category.Field(field.Name)
		if !ok || spec.SignsOfSafety == "" {
			continue
		}
		sign := Sign{
			Category: spec.SignsOfSafety, Text: field.Value, Organisation: e.Record.Header.Organisation, Subject: e.Record.Header.Subject,
			EventDate: e.Record.Header.EventDate, Opinion: e.Opinion || slices.Contains(field.Labels, opinion), Ref: e.Record.Header.Ref,
		}
		if spec.SignsOfSafety == scaling {
			sign.JudgedBy = fieldValue(e.Record, fieldScaledBy)
		}
		signs = append(signs, sign)
	}
	return signs
}

func fieldValue(r record.Record, name string) string {
	at := slices.IndexFunc(r.Fields, func(f record.Field) bool { return f.Name == name })
	if at < 0 {
		return ""
	}
	return r.Fields[at].Value
}
