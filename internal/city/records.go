package city

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// dating is how a record is dated.
type dating int

const (
	event    dating = iota // a day in the last six to eight years
	standing               // current, or until a day
	recent                 // a day in the last year
)

// entry is one record to be made.
type entry struct {
	category string
	dating   dating
	labels   []string
}

// record writes one record about a person at an organisation that holds them.
func (h *household) record(m *member, held TruthHolding, e entry) {
	labels := slices.Clone(e.labels)
	fields, found := h.fields(m, held, e.category)
	header := record.Header{
		Ref: h.reference("r"), Organisation: held.Organisation, Category: e.category, Labels: append(labels, found...), LabelsKnown: !h.chance(0.01),
	}
	h.date(&header, m, e.dating)
	if h.chance(0.07) {
		header.Labels = append(header.Labels, "opinion")
	}
	if old := iso(h.now.AddDate(-5, 0, 0)); e.category == "pol.convictions" && header.EventDate != "" && header.EventDate < old {
		header.Labels = append(header.Labels, "spent")
	}
	header.OnlyAddress = e.category == "csc.status" && len(fields) == 1
	h.family.Records = append(h.family.Records, TruthRecord{Person: m.ID, Holding: held.Ref, Header: header.Normalised(), Fields: fields})
}

func (h *household) date(header *record.Header, m *member, how dating) {
	alive := max(2, int(h.now.Sub(m.born).Hours()/24))
	switch {
	case h.chance(0.01):
		// undated
	case how == standing && h.chance(0.75):
		header.Current = true
	case how == standing:
		header.Until = h.daysAgo(1, min(alive, 5*year))
	case how == recent:
		header.EventDate = h.daysAgo(1, min(alive, year))
	default:
		header.EventDate = h.daysAgo(1, min(alive, 8*year))
	}
}

// fields fills in a category's phrases and says which labels that brings.
func (h *household) fields(m *member, held TruthHolding, category string) (fields []record.Field, labels []string) {
	for _, spec := range h.phrases.catalogue.Categories[category].Fields {
		list := h.phrases.byField[category][spec.Name]
		if len(list) == 0 {
			continue
		}
		value, label := h.fill(pick(h.draw, list), m, held)
		if value == "" {
			continue
		}
		if label != "" {
			labels = append(labels, label)
		}
		fields = append(fields, record.Field{Name: spec.Name, Value: value})
	}
	if h.is("adoption") && m.Role == "index_child" && category == "csc.assessments" {
		fields = append(fields, record.Field{Name: "birth_family", Value: "Born into the family " + m.formerName})
		labels = append(labels, "adoption")
	}
	return fields, labels
}

// fill fills in a phrase. An empty value means that the organisation has nothing to fill in; the label is the one that a protected
// person's name brings.
func (h *household) fill(phrase string, m *member, held TruthHolding) (value, label string) {
	for _, known := range h.known(m, held) {
		if !strings.Contains(phrase, known.name) {
			continue
		}
		if known.value == "" {
			return "", ""
		}
		phrase = strings.ReplaceAll(phrase, known.name, known.value)
	}
	for _, hidden := range []struct{ name, label string }{{"{stranger}", "third_party"}, {"{informant}", "informant"}} {
		if strings.Contains(phrase, hidden.name) {
			stranger := h.word()
			h.protect(hidden.label, stranger)
			return strings.ReplaceAll(phrase, hidden.name, stranger), hidden.label
		}
	}
	return phrase, ""
}

type filling struct{ name, value string }

func (h *household) known(m *member, held TruthHolding) []filling {
	return []filling{
		{"{dob}", held.Identity.DateOfBirth}, {"{address}", addressText(held.Identity)}, {"{school}", m.Identity.School},
		{"{gp}", m.Identity.GP}, {"{other}", h.otherAdult(m)}, {"{year}", fmt.Sprintf("Year %d", max(0, m.age(h.now)-5))},
	}
}

// otherAdult is another adult of the family whose name gives nothing away.
func (h *household) otherAdult(m *member) string {
	for _, other := range h.members {
		if other != m && !other.child(h.now) && other.Identity.DateOfBirth != person.Unborn {
			return fullName(other.Identity)
		}
	}
	return ""
}

func addressText(who person.Identity) string {
	if len(who.Addresses) == 0 {
		return ""
	}
	return strings.Join(append(slices.Clone(who.Addresses[0].Lines), who.Addresses[0].Postcode), ", ")
}
