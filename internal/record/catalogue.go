package record

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

//go:embed catalogue.yaml
var embeddedCatalogue []byte

// The Signs of Safety categories a field can be set out under (domain.md section 2), with the scaling question.
var signsOfSafety = []string{
	"", "harm", "danger_statements", "complicating_factors", "existing_strengths", "existing_safety", "safety_goals", "next_steps", "scaling",
}

// The facts about a person that several organisations may hold.
var attributes = []string{"", "date_of_birth", "address", "household"}

// Catalogue is every category of record with every field it may carry, and the closed lists of labels, classes and flags. It is
// read once and never changed; any number of goroutines may use it.
type Catalogue struct {
	Categories map[string]Category
	Labels     []string
	Classes    []string
	Flags      []string
}

// Category is one kind of record.
type Category struct {
	Code  string
	Title string
	// Holder is the kind of organisation that holds it ("police").
	Holder string
	// Fields stand in the order in which a person reads them.
	Fields []FieldSpec
}

// FieldSpec describes one field of a category.
type FieldSpec struct {
	Name  string
	Title string
	// Class decides which masks hide the field.
	Class string
	// SignsOfSafety is the analysis category it is set out under; "" for none.
	SignsOfSafety string
	// Attribute is the fact about the person that it states (date_of_birth, address, household); "" for none.
	Attribute string
}

// LoadCatalogue reads the catalogue that is built in.
func LoadCatalogue() (*Catalogue, error) { return parseCatalogue(embeddedCatalogue) }

// Codes lists the categories, sorted.
func (c *Catalogue) Codes() []string { return slices.Sorted(maps.Keys(c.Categories)) }

// Field finds a field by name.
func (c Category) Field(name string) (FieldSpec, bool) {
	at := slices.IndexFunc(c.Fields, func(f FieldSpec) bool { return f.Name == name })
	if at < 0 {
		return FieldSpec{}, false
	}
	return c.Fields[at], true
}

// Check refuses a record whose category, label or field the catalogue does not list, whose dates are malformed or given twice, or
// which says one thing twice. The error is a *Malformed.
func (c *Catalogue) Check(r Record) error {
	if err := c.CheckHeader(r.Header); err != nil {
		return err
	}
	category := c.Categories[r.Header.Category]
	seen := make(map[string]bool, len(r.Fields))
	for i, field := range r.Fields {
		where := fmt.Sprintf("field %d", i+1)
		if _, ok := category.Field(field.Name); !ok {
			return &Malformed{Attribute: where, Problem: "is not in the catalogue for its category", Value: field.Name}
		}
		if seen[field.Name] {
			return &Malformed{Attribute: where, Problem: "is given twice", Value: field.Name}
		}
		seen[field.Name] = true
		if err := c.checkLabels(where, field.Labels); err != nil {
			return err
		}
	}
	return nil
}

// CheckHeader is Check for a header alone.
func (c *Catalogue) CheckHeader(h Header) error {
	if _, ok := c.Categories[h.Category]; !ok {
		return &Malformed{Attribute: "category", Problem: "is not in the catalogue", Value: h.Category}
	}
	if err := h.CheckDates(); err != nil {
		return err
	}
	return c.checkLabels("labels", h.Labels)
}

func (c *Catalogue) checkLabels(where string, labels []string) error {
	for i, label := range labels {
		if !slices.Contains(c.Labels, label) {
			return &Malformed{Attribute: where, Problem: "has a label that is not in the catalogue", Value: label}
		}
		if slices.Contains(labels[:i], label) {
			return &Malformed{Attribute: where, Problem: "has a label twice", Value: label}
		}
	}
	return nil
}

type catalogueFile struct {
	Categories map[string]struct {
		Title  string               `yaml:"title"`
		Holder string               `yaml:"holder"`
		Fields map[string]fieldFile `yaml:"fields"`
	} `yaml:"categories"`
	Labels  []string `yaml:"labels"`
	Classes []string `yaml:"classes"`
	Flags   []string `yaml:"flags"`
}

type fieldFile struct {
	Title     string `yaml:"title"`
	Class     string `yaml:"class"`
	SoS       string `yaml:"sos"`
	Attribute string `yaml:"attribute"`
}

// catalogueOrder reads the same file for the order of the fields, which a map does not keep.
type catalogueOrder struct {
	Categories map[string]struct {
		Fields yaml.Node `yaml:"fields"`
	} `yaml:"categories"`
}

func parseCatalogue(source []byte) (*Catalogue, error) {
	var file catalogueFile
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("record: reading the catalogue: %w", err)
	}
	var order catalogueOrder
	if err := yaml.Unmarshal(source, &order); err != nil {
		return nil, fmt.Errorf("record: reading the catalogue: %w", err)
	}
	c := &Catalogue{Categories: map[string]Category{}, Labels: file.Labels, Classes: file.Classes, Flags: file.Flags}
	for code, raw := range file.Categories {
		category := Category{Code: code, Title: raw.Title, Holder: raw.Holder}
		for i, node := range order.Categories[code].Fields.Content {
			if i%2 == 0 {
				f := raw.Fields[node.Value]
				category.Fields = append(category.Fields, FieldSpec{
					Name: node.Value, Title: f.Title, Class: f.Class, SignsOfSafety: f.SoS, Attribute: f.Attribute,
				})
			}
		}
		c.Categories[code] = category
	}
	return c, c.consistent()
}

// consistent reports everything that is wrong with the catalogue at once.
func (c *Catalogue) consistent() error {
	var problems []error
	if len(c.Categories) == 0 || len(c.Labels) == 0 || len(c.Classes) == 0 {
		problems = append(problems, errors.New("record: the catalogue needs categories, labels and classes"))
	}
	for _, code := range c.Codes() {
		category := c.Categories[code]
		if category.Title == "" || category.Holder == "" || len(category.Fields) == 0 {
			problems = append(problems, fmt.Errorf("record: catalogue: %s needs a title, a holder and fields", code))
		}
		for _, f := range category.Fields {
			if f.Title == "" || !slices.Contains(c.Classes, f.Class) || !slices.Contains(signsOfSafety, f.SignsOfSafety) ||
				!slices.Contains(attributes, f.Attribute) {
				problems = append(problems, fmt.Errorf("record: catalogue: %s.%s needs a title and a known class, sos and attribute", code, f.Name))
			}
		}
	}
	return errors.Join(problems...)
}
