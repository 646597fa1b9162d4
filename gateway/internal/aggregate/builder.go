package aggregate

import (
	"cmp"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Builder takes the records one after the other and keeps what one page needs. It is for one goroutine.
type Builder struct {
	options   Options
	page      []Entry
	more      bool
	after     order
	household map[string]map[Attribute]record.Header
	visible   map[pair]int
}

type pair struct{ organisation, subject string }

// Options say what picture is wanted.
type Options struct {
	Catalogue  *record.Catalogue
	Vocabulary *policy.Vocabulary
	Subjects   []Subject
	// LocationUnknown is true while an organisation that could set safe_address has failed to answer.
	LocationUnknown bool
	// Size is the number of records on a page; at least 1.
	Size int
	// After is the last record of the page before; nil for the first page.
	After *record.Header
}

// NewBuilder starts a picture.
func NewBuilder(options Options) *Builder {
	b := &Builder{options: options, household: map[string]map[Attribute]record.Header{}, visible: map[pair]int{}}
	if options.After != nil {
		b.after = orderOf(*options.After)
	}
	return b
}

// Add takes one record that the reader may see.
func (b *Builder) Add(v Visible) {
	b.visible[pair{v.Record.Header.Organisation, v.Record.Header.Subject}]++
	b.addAttributes(v.Record)
	key := orderOf(v.Record.Header)
	if b.options.After != nil && compare(key, b.after) <= 0 {
		return
	}
	entry := Entry{Visible: v, Opinion: slices.Contains(v.Record.Header.Labels, opinion)}
	at, _ := slices.BinarySearchFunc(b.page, key, func(e Entry, k order) int { return compare(orderOf(e.Record.Header), k) })
	if b.page = slices.Insert(b.page, at, entry); len(b.page) > b.options.Size {
		b.page, b.more = b.page[:b.options.Size], true
	}
}

// Picture puts together what was added, with the answers and what is held.
func (b *Builder) Picture(answers []request.Answer, held []request.Held) Picture {
	p := Picture{Chronology: b.page, Answers: b.answers(answers), Held: heldBack(held, b.options.Vocabulary)}
	for _, entry := range b.page {
		p.Signs = append(p.Signs, b.signs(entry)...)
	}
	if b.more {
		p.Next = b.page[len(b.page)-1].At
	}
	if b.options.After == nil {
		p.Household, p.Sources = b.members()
		p.Conflicts = conflicts(p.Household)
	}
	return p
}

// answers say how much of each can be seen now. An answer of records none of which may be seen any longer is withheld: what was
// there once is not "nothing".
func (b *Builder) answers(given []request.Answer) []request.Answer {
	answers := slices.Clone(given)
	for i, a := range answers {
		answers[i].Records = b.visible[pair{a.Organisation, a.Subject}]
		if a.Kind == Records && answers[i].Records == 0 {
			answers[i].Kind = Withheld
		}
	}
	slices.SortFunc(answers, func(a, b request.Answer) int {
		return cmp.Or(cmp.Compare(a.Organisation, b.Organisation), cmp.Compare(a.Subject, b.Subject))
	})
	return answers
}

// order is the chronology's: events by day, then what has no date, then standing facts by the last day they applied, then those that
// apply today. The rest makes it total.
type order struct {
	group                            int
	day, organisation, category, ref string
}

func orderOf(h record.Header) order {
	o := order{day: h.Day(), organisation: h.Organisation, category: h.Category, ref: h.Ref}
	switch {
	case h.EventDate != "":
		o.group = 1
	case h.Until != "":
		o.group = 3
	case h.Current:
		o.group = 4
	default:
		o.group = 2
	}
	return o
}

func compare(a, b order) int {
	return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.day, b.day), cmp.Compare(a.organisation, b.organisation),
		cmp.Compare(a.category, b.category), cmp.Compare(a.ref, b.ref))
}
