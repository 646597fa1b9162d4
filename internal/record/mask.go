package record

import (
	"iter"
	"slices"
)

// Redacted says what masking took out of a record, in words that hold nothing of it.
type Redacted struct {
	// Classes are those of which a field was taken out, sorted.
	Classes []string
	// Unlisted counts the fields that were taken out because the catalogue does not list them.
	Unlisted int
}

// Mask returns the record without the fields whose class is masked and without those the catalogue does not list. A label on a
// field says that this one field is of the kind which the label protects, whatever class the catalogue gives it: hides tells for
// which labels the field goes. Without hides every labelled field goes. The record given is left as it was.
func (c *Catalogue) Mask(r Record, masks []string, hides func(label string) bool) (Record, Redacted) {
	category := c.Categories[r.Header.Category]
	kept := Record{Header: r.Header, Fields: make([]Field, 0, len(r.Fields))}
	var redacted Redacted
	for _, field := range r.Fields {
		spec, listed := category.Field(field.Name)
		switch {
		case !listed:
			redacted.Unlisted++
		case slices.Contains(masks, spec.Class) || hiddenByLabel(field.Labels, hides):
			redacted.Classes = append(redacted.Classes, spec.Class)
		default:
			kept.Fields = append(kept.Fields, field)
		}
	}
	slices.Sort(redacted.Classes)
	redacted.Classes = slices.Compact(redacted.Classes)
	return kept, redacted
}

func hiddenByLabel(labels []string, hides func(string) bool) bool {
	return len(labels) > 0 && (hides == nil || slices.ContainsFunc(labels, hides))
}

// Chunks cuts records into chunks of at most MaxChunk, in order. The chunks share the slice's memory.
func Chunks(records []Record) iter.Seq[[]Record] { return slices.Chunk(records, MaxChunk) }
