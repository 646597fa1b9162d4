package custodian

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// file is a custodian's file.
type file struct {
	OrgID   string       `json:"orgId"`
	OrgName string       `json:"orgName"`
	OrgType string       `json:"orgType"`
	Records []fileRecord `json:"records"`
}

// fileRecord is one record of a file; whom to ring about it and where to log in are not read.
type fileRecord struct {
	RecordID   string         `json:"recordId"`
	PersonID   string         `json:"personId"`
	RecordType string         `json:"recordType"`
	Payload    map[string]any `json:"payload"`
}

func parseFile(data []byte) (file, error) {
	var f file
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&f); err != nil {
		return file{}, errors.New("the file is not a custodian's JSON") // the decoder's words could repeat what is in it
	}
	if f.OrgType == "" || f.Records == nil {
		return file{}, errors.New("the file has no orgType or no records")
	}
	return f, nil
}

// held is what a custodian knows about one person.
type held struct {
	identity person.Identity
	records  []record.Record
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,48}$`)

// people maps a whole file. It is all or nothing: what the mapping does not account for is refused by name.
func (m *Mapping) people(f file, catalogue *record.Catalogue) (map[string]*held, error) {
	if f.OrgType != m.OrgType {
		return nil, fmt.Errorf("the file is of type %q, and the mapping for %q", f.OrgType, m.OrgType)
	}
	people := map[string]*held{}
	seen := map[string]bool{}
	for i, r := range f.Records {
		if !idPattern.MatchString(r.RecordID) || !idPattern.MatchString(r.PersonID) || seen[r.RecordID] {
			return nil, fmt.Errorf("record %d: recordId or personId is missing, malformed or given twice", i+1)
		}
		seen[r.RecordID] = true
		if err := m.accounts(r); err != nil {
			return nil, fmt.Errorf("record %q: %w", r.RecordID, err)
		}
		p := people[r.PersonID]
		if p == nil {
			p = &held{}
			people[r.PersonID] = p
			if person.ValidNHSNumber(r.PersonID) {
				p.identity.NHSNumber = r.PersonID
			}
		}
		m.identify(&p.identity, r)
		made, err := m.records(r, catalogue)
		if err != nil {
			return nil, fmt.Errorf("record %q: %w", r.RecordID, err)
		}
		p.records = append(p.records, made...)
	}
	return people, nil
}

// accounts refuses a record type, and an attribute of a payload, about which the mapping says nothing.
func (m *Mapping) accounts(r fileRecord) error {
	isIdentity := m.Identity != nil && m.Identity.Type == r.RecordType
	if !isIdentity && !slices.ContainsFunc(m.Rules, func(rule Rule) bool { return rule.Type == r.RecordType }) {
		return fmt.Errorf("the mapping does not say what %q is", r.RecordType)
	}
	known, found := m.accounted(r.RecordType), map[string]bool{}
	leaves(r.Payload, "", found)
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if first, _, _ := strings.Cut(path, "."); !known[path] && !known[first] {
			return fmt.Errorf("the mapping does not say what %q of %q is", path, r.RecordType)
		}
	}
	return nil
}

// identify fills in what is not known about a person yet.
func (m *Mapping) identify(who *person.Identity, r fileRecord) {
	if m.Identity == nil || m.Identity.Type != r.RecordType {
		return
	}
	set := func(into *string, t Text) {
		if *into == "" {
			*into = t.of(r.Payload)
		}
	}
	set(&who.GivenName, m.Identity.GivenName)
	set(&who.FamilyName, m.Identity.FamilyName)
	set(&who.Sex, m.Identity.Sex)
	set(&who.Ethnicity, m.Identity.Ethnicity)
	set(&who.Language, m.Identity.Language)
	if day, ok := person.NormaliseDate(m.Identity.DateOfBirth.of(r.Payload)); ok && who.DateOfBirth == "" {
		who.DateOfBirth = day
	}
	if a := addressOf(at(r.Payload, m.Identity.Address["at"]), m.Identity.Address); a != nil {
		who.Addresses = append(who.Addresses, *a)
	}
}

func addressOf(payload any, paths map[string]string) *person.Address {
	if payload == nil {
		return nil
	}
	a := person.Address{Postcode: valueAt(payload, paths["postcode"]), Current: true}
	for path := range strings.FieldsSeq(paths["lines"]) {
		if line := valueAt(payload, path); line != "" {
			a.Lines = append(a.Lines, line)
		}
	}
	return &a
}

func (m *Mapping) records(r fileRecord, catalogue *record.Catalogue) ([]record.Record, error) {
	var made []record.Record
	for i, rule := range m.Rules {
		if rule.Type != r.RecordType {
			continue
		}
		entries := []any{r.Payload}
		if rule.Each != "" {
			entries, _ = at(r.Payload, rule.Each).([]any)
		}
		for j, entry := range entries {
			rec, ok := rule.record(fmt.Sprintf("%s-%d-%d", r.RecordID, i, j), entry)
			if !ok {
				continue
			}
			if err := catalogue.Check(rec); err != nil {
				return nil, err
			}
			made = append(made, rec)
		}
	}
	return made, nil
}

// record makes one record; it is none where no field has a value.
func (r Rule) record(ref string, payload any) (record.Record, bool) {
	h := record.Header{
		Ref: ref, Category: r.Category, EventDate: r.EventDate.of(payload), Until: r.Until.of(payload), Current: r.Current,
		Labels: r.Labels, LabelsKnown: r.LabelsKnown, OnlyAddress: r.OnlyAddress,
	}
	rec := record.Record{Header: h.Normalised()}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		if value := r.Fields[name].of(payload); value != "" {
			rec.Fields = append(rec.Fields, record.Field{Name: name, Value: value})
		}
	}
	return rec, len(rec.Fields) > 0
}
