package adaptertest

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// somebody is one person with one plain record of each category.
func somebody(d localstore.Definition) extract.Person {
	p := extract.Person{Ref: "P1", Identity: person.Identity{
		GivenName: "Mira", FamilyName: "Quill", OtherNames: []string{"Mira Penn"}, DateOfBirth: "2014-02-03", Sex: "female",
		Addresses: []person.Address{{Lines: []string{"1 Bobbin Yard", "Mashbury"}, Postcode: "ZZ1 1ZZ", Current: true}},
	}}
	for i, category := range d.Categories {
		p.Records = append(p.Records, record.Record{Header: record.Header{
			Ref: fmt.Sprintf("R%d", i+1), Category: category, EventDate: "2026-01-02", Labels: []string{}, LabelsKnown: true,
		}})
	}
	return p
}

// drawPeople draws a random extract of the organisation's own categories: every way of dating a record, any labels on records and
// on fields, any text in any subset of the fields.
func drawPeople(t *rapid.T, d localstore.Definition, c *record.Catalogue) []extract.Person {
	refs := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Za-z0-9_-]{1,12}`), 0, 3, rapid.ID[string]).Draw(t, "people")
	people := make([]extract.Person, 0, len(refs))
	for _, ref := range refs {
		p := extract.Person{Ref: ref, Identity: person.Identity{
			GivenName: rapid.String().Draw(t, "given"), FamilyName: rapid.String().Draw(t, "family"),
			DateOfBirth: rapid.SampledFrom([]string{"", "unborn", "2014-02-03"}).Draw(t, "born"),
		}}
		if len(d.Flags) > 0 {
			p.Flags = subset(d.Flags).Draw(t, "flags")
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "records") {
			r := drawRecord(t, d, c)
			r.Header.Ref = fmt.Sprintf("%s-%d", ref, i)
			p.Records = append(p.Records, r)
		}
		people = append(people, p)
	}
	return people
}

func drawRecord(t *rapid.T, d localstore.Definition, c *record.Catalogue) record.Record {
	category := rapid.SampledFrom(d.Categories).Draw(t, "category")
	h := record.Header{
		Category: category, Labels: subset(c.Labels).Draw(t, "labels"),
		LabelsKnown: rapid.Bool().Draw(t, "labels known"), OnlyAddress: rapid.Bool().Draw(t, "only address"),
	}
	day := fmt.Sprintf("20%02d-%02d-%02d", rapid.IntRange(0, 30).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day"))
	switch rapid.SampledFrom([]string{"event", "until", "current", "undated"}).Draw(t, "dated by") {
	case "event":
		h.EventDate = day
	case "until":
		h.Until = day
	case "current":
		h.Current = true
	}
	r := record.Record{Header: h}
	for _, field := range c.Categories[category].Fields {
		if rapid.Bool().Draw(t, "has "+field.Name) {
			r.Fields = append(r.Fields, record.Field{Name: field.Name, Value: drawValue(t), Labels: subset(c.Labels).Draw(t, "field labels")})
		}
	}
	return r
}

func drawValue(t *rapid.T) string {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"High", "Medium", "Fine", "Closed", "Open", "Accepted", "Found safe", "No", "1", "OTHER: x", "White British"}),
	).Draw(t, "value")
}

func subset(all []string) *rapid.Generator[[]string] {
	return rapid.Custom(func(t *rapid.T) []string {
		some := []string{}
		for _, one := range all {
			if rapid.IntRange(0, 4).Draw(t, one) == 0 {
				some = append(some, one)
			}
		}
		return some
	})
}
