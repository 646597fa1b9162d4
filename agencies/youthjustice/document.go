package youthjustice

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// caseFile is the document.
type caseFile struct {
	XMLName       xml.Name       `xml:"CaseFile"`
	URN           string         `xml:"urn,attr"`
	Child         child          `xml:"Child"`
	Alerts        []string       `xml:"Alerts>Alert"`
	Interventions []intervention `xml:"Interventions>Intervention"`
}

type child struct {
	Surname   text      `xml:"Surname"`
	Forename  text      `xml:"Forename"`
	AKA       []text    `xml:"AKA"`
	Born      text      `xml:"Born"`
	Sex       string    `xml:"Sex"`
	Ethnicity text      `xml:"Ethnicity"`
	School    text      `xml:"School"`
	Phones    []text    `xml:"Phone"`
	Addresses []address `xml:"Address"`
}

type address struct {
	Current  bool   `xml:"current,attr"`
	Lines    []text `xml:"Line"`
	Postcode text   `xml:"Postcode"`
}

type intervention struct {
	ID string `xml:"id,attr"`
	// State is Open, or Closed.
	State string `xml:"state,attr"`
	// On is the day of a single event; To the last day of what went on for a time.
	On string `xml:"on,attr,omitempty"`
	To string `xml:"to,attr,omitempty"`
	// Screened is true where somebody went through the markers.
	Screened    bool     `xml:"screened,attr"`
	AddressOnly bool     `xml:"addressOnly,attr"`
	Markers     []string `xml:"Marker"`
	Entries     []entry  `xml:"Entry"`
}

type entry struct {
	Name    string   `xml:"name,attr"`
	Markers []string `xml:"Marker"`
	Value   text     `xml:"Value"`
}

// entryNames are the service's names for the fields.
var entryNames = map[string]struct {
	name  string
	codes localstore.Codes
}{
	"intervention": {"Disposal", interventions},
	"status":       {"Progress", nil},
	"risk":         {"SeriousHarm", ratings},
	"worker":       {"CaseManager", nil},
	"office":       {"Base", nil},
}

// text is text that comes back as it was, also where XML itself would change or refuse it.
type text struct {
	Encoding string `xml:"encoding,attr,omitempty"`
	Text     string `xml:",chardata"`
}

func textOf(s string) text {
	plain := func(r rune) bool {
		return r == '\t' || r == '\n' || r >= 0x20 && r != 0xFFFE && r != 0xFFFF
	}
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return text{Text: s}
	}
	return text{Encoding: "base64", Text: base64.StdEncoding.EncodeToString([]byte(s))}
}

func (t text) value() (string, error) {
	if t.Encoding == "" {
		return t.Text, nil
	}
	plain, err := base64.StdEncoding.DecodeString(t.Text)
	if t.Encoding != "base64" || err != nil {
		return "", errors.New("text in an encoding that is not known")
	}
	return string(plain), nil
}

func toCaseFile(p extract.Person) (caseFile, error) {
	i := p.Identity
	file := caseFile{URN: p.Ref, Child: child{
		Surname: textOf(i.FamilyName), Forename: textOf(i.GivenName), AKA: texts(i.OtherNames), Born: textOf(i.DateOfBirth), Sex: sexes.Code(i.Sex),
		Ethnicity: textOf(i.Ethnicity), School: textOf(i.School), Phones: texts(i.Phones),
	}}
	for _, a := range i.Addresses {
		file.Child.Addresses = append(file.Child.Addresses, address{Current: a.Current, Lines: texts(a.Lines), Postcode: textOf(a.Postcode)})
	}
	var err error
	if file.Alerts, err = alerts.ClosedAll(p.Flags); err != nil {
		return caseFile{}, err
	}
	for _, r := range p.Records {
		one, err := toIntervention(r)
		if err != nil {
			return caseFile{}, fmt.Errorf("record %q: %w", r.Header.Ref, err)
		}
		file.Interventions = append(file.Interventions, one)
	}
	return file, nil
}

func toIntervention(r record.Record) (intervention, error) {
	h := r.Header
	one := intervention{ID: h.Ref, State: "Closed", On: h.EventDate, To: h.Until, Screened: h.LabelsKnown, AddressOnly: h.OnlyAddress}
	if h.Current {
		one.State = "Open"
	}
	var err error
	if one.Markers, err = markers.ClosedAll(h.Labels); err != nil {
		return intervention{}, err
	}
	for _, field := range r.Fields {
		named, ok := entryNames[field.Name]
		if !ok {
			return intervention{}, fmt.Errorf("field %q has no entry", field.Name)
		}
		codes, err := markers.ClosedAll(field.Labels)
		if err != nil {
			return intervention{}, err
		}
		one.Entries = append(one.Entries, entry{Name: named.name, Markers: codes, Value: textOf(named.codes.Code(field.Value))})
	}
	return one, nil
}

func (f caseFile) identity() (i person.Identity, err error) {
	c := f.Child
	read := func(t text) string {
		s, bad := t.value()
		err = errors.Join(err, bad)
		return s
	}
	all := func(list []text) (out []string) {
		for _, t := range list {
			out = append(out, read(t))
		}
		return out
	}
	sex, bad := sexes.Words(c.Sex)
	err = errors.Join(err, bad)
	i = person.Identity{
		GivenName: read(c.Forename), FamilyName: read(c.Surname), OtherNames: all(c.AKA), DateOfBirth: read(c.Born), Sex: sex,
		Ethnicity: read(c.Ethnicity), School: read(c.School), Phones: all(c.Phones),
	}
	for _, a := range c.Addresses {
		i.Addresses = append(i.Addresses, person.Address{Lines: all(a.Lines), Postcode: read(a.Postcode), Current: a.Current})
	}
	return i, err
}

func (one intervention) record() (record.Record, error) {
	labels, err := markers.WordsAll(one.Markers)
	if err != nil {
		return record.Record{}, err
	}
	r := record.Record{Header: record.Header{
		Ref: one.ID, Category: category, EventDate: one.On, Until: one.To, Current: one.State == "Open",
		Labels: labels, LabelsKnown: one.Screened, OnlyAddress: one.AddressOnly,
	}}
	for _, e := range one.Entries {
		field, err := e.field()
		if err != nil {
			return record.Record{}, err
		}
		r.Fields = append(r.Fields, field)
	}
	return r, nil
}

func (e entry) field() (record.Field, error) {
	for name, named := range entryNames {
		if named.name != e.Name {
			continue
		}
		stored, err := e.Value.value()
		if err != nil {
			return record.Field{}, err
		}
		value, err := named.codes.Words(stored)
		if err != nil {
			return record.Field{}, fmt.Errorf("entry %s: %w", e.Name, err)
		}
		labels, err := markers.WordsAll(e.Markers)
		return record.Field{Name: name, Value: value, Labels: labels}, err
	}
	return record.Field{}, errors.New("a case file has an entry that is not known")
}

func texts(list []string) []text {
	var out []text
	for _, s := range list {
		out = append(out, textOf(s))
	}
	return out
}
