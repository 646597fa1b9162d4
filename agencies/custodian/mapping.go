package custodian

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/internal/record"
)

// Mapping says how the records of one custodian's files become records of the catalogue. It is written by whoever knows both.
type Mapping struct {
	// OrgType is the type of custodian it is for ("POLICE"), as the files say it.
	OrgType string `yaml:"org_type"`
	// Organisation is the hub's id for the custodian.
	Organisation string `yaml:"organisation"`
	Title        string `yaml:"title"`
	LookedIn     string `yaml:"looked_in"`
	// MaxIndexAge is how old a file may be before finding nobody in it means nothing.
	MaxIndexAge time.Duration `yaml:"max_index_age"`
	Identity    *Identity     `yaml:"identity"`
	Rules       []Rule        `yaml:"records"`
	// LeftOut names, by record type, what of a payload is deliberately not mapped. What is neither mapped nor named here is refused, so
	// that a custodian cannot begin to send something that nobody notices is dropped.
	LeftOut map[string][]string `yaml:"left_out"`
}

// Identity says in which record type people's own details stand, and where in its payload.
type Identity struct {
	Type        string            `yaml:"type"`
	GivenName   Text              `yaml:"given_name"`
	FamilyName  Text              `yaml:"family_name"`
	DateOfBirth Text              `yaml:"date_of_birth"`
	Sex         Text              `yaml:"sex"`
	Ethnicity   Text              `yaml:"ethnicity"`
	Language    Text              `yaml:"language"`
	Address     map[string]string `yaml:"address"`
}

// Rule makes one record out of a payload, or one out of each entry of a list in it. A record without a single field is not made.
type Rule struct {
	Type string `yaml:"type"`
	// Each is the path of a list; empty for one record a payload.
	Each     string `yaml:"each"`
	Category string `yaml:"category"`
	// EventDate, Until and Current date the record; none of them is a record without a date.
	EventDate Text `yaml:"event_date"`
	Until     Text `yaml:"until"`
	Current   bool `yaml:"current"`
	// Labels are those of every record of the rule. LabelsKnown is true only where the custodian vouches that no other applies.
	Labels      []string        `yaml:"labels"`
	LabelsKnown bool            `yaml:"labels_known"`
	OnlyAddress bool            `yaml:"only_address"`
	Fields      map[string]Text `yaml:"fields"`
}

// ParseMapping reads a mapping strictly and holds it against the catalogue, reporting everything that is wrong at once.
func ParseMapping(source []byte) (*Mapping, error) {
	var m Mapping
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("custodian: reading a mapping: %w", err)
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return nil, err
	}
	if err := m.check(catalogue); err != nil {
		return nil, fmt.Errorf("custodian: mapping for %q: %w", m.OrgType, err)
	}
	return &m, nil
}

func (m *Mapping) check(c *record.Catalogue) error {
	var problems []error
	if m.OrgType == "" || m.Organisation == "" || m.Title == "" || m.LookedIn == "" || m.MaxIndexAge <= 0 || len(m.Rules) == 0 {
		problems = append(problems, errors.New("org_type, organisation, title, looked_in, max_index_age and records are needed"))
	}
	for i, rule := range m.Rules {
		if err := rule.check(c); err != nil {
			problems = append(problems, fmt.Errorf("record %d: %w", i+1, err))
		}
	}
	return errors.Join(problems...)
}

func (r Rule) check(c *record.Catalogue) error {
	var problems []error
	category, known := c.Categories[r.Category]
	if !known {
		problems = append(problems, fmt.Errorf("category %q is not in the catalogue", r.Category))
	}
	if r.Type == "" || len(r.Fields) == 0 {
		problems = append(problems, errors.New("type and fields are needed"))
	}
	for name := range r.Fields {
		if _, listed := category.Field(name); known && !listed {
			problems = append(problems, fmt.Errorf("field %q is not in the catalogue for %s", name, r.Category))
		}
	}
	for _, label := range r.Labels {
		if !slices.Contains(c.Labels, label) {
			problems = append(problems, fmt.Errorf("label %q is not in the catalogue", label))
		}
	}
	dated := 0
	for _, given := range []bool{r.EventDate.given(), r.Until.given(), r.Current} {
		if given {
			dated++
		}
	}
	if dated > 1 {
		problems = append(problems, errors.New("a record is dated in one way"))
	}
	return errors.Join(problems...)
}

// Categories are those the mapping can make records of, sorted.
func (m *Mapping) Categories() []string {
	var all []string
	for _, rule := range m.Rules {
		all = append(all, rule.Category)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// accounted are the paths of a record type's payload about which anything is said; one that is left out stands for all below it.
func (m *Mapping) accounted(recordType string) map[string]bool {
	paths := map[string]bool{}
	for _, path := range m.LeftOut[recordType] {
		paths[path] = true
	}
	if m.Identity != nil && m.Identity.Type == recordType {
		m.Identity.paths(paths)
	}
	for _, rule := range m.Rules {
		if rule.Type != recordType {
			continue
		}
		prefix := ""
		if rule.Each != "" {
			prefix = rule.Each + "."
		}
		for _, text := range append([]Text{rule.EventDate, rule.Until}, slices.Collect(maps.Values(rule.Fields))...) {
			for _, path := range text.paths() {
				paths[prefix+path] = true
			}
		}
	}
	return paths
}

func (i Identity) paths(into map[string]bool) {
	for _, text := range []Text{i.GivenName, i.FamilyName, i.DateOfBirth, i.Sex, i.Ethnicity, i.Language} {
		for _, path := range text.paths() {
			into[path] = true
		}
	}
	for part := range strings.FieldsSeq(i.Address["lines"] + " " + i.Address["postcode"]) {
		into[i.Address["at"]+"."+part] = true
	}
}
