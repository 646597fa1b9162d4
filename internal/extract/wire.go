package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

type headLine struct {
	Extract      int       `json:"extract"`
	Organisation string    `json:"organisation"`
	AsOf         time.Time `json:"as_of"`
}

type personLine struct {
	Ref      string          `json:"ref"`
	Identity person.Identity `json:"identity"`
	Flags    []string        `json:"flags"`
	Records  []recordLine    `json:"records"`
}

type recordLine struct {
	Header headerLine     `json:"header"`
	Fields []record.Field `json:"fields"`
}

// headerLine is a record.Header without organisation and subject, and as total as one.
type headerLine record.Header

type headerAttributes struct {
	Ref         string   `json:"ref"`
	Category    string   `json:"category"`
	EventDate   string   `json:"event_date"`
	Until       string   `json:"until"`
	Current     bool     `json:"current"`
	Labels      []string `json:"labels"`
	LabelsKnown bool     `json:"labels_known"`
	OnlyAddress bool     `json:"only_address"`
}

func (h headerLine) MarshalJSON() ([]byte, error) {
	n := record.Header(h).Normalised()
	return json.Marshal(headerAttributes{
		Ref: n.Ref, Category: n.Category, EventDate: n.EventDate, Until: n.Until, Current: n.Current,
		Labels: n.Labels, LabelsKnown: n.LabelsKnown, OnlyAddress: n.OnlyAddress,
	})
}

// UnmarshalJSON lends the header the two attributes that it must not have, so that record.Header's own strict reading applies.
func (h *headerLine) UnmarshalJSON(data []byte) error {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(data, &attributes); err != nil || attributes == nil {
		return errors.New("header is not an object")
	}
	for _, theirs := range []string{"organisation", "subject"} {
		if _, ok := attributes[theirs]; ok {
			return fmt.Errorf("header names its %s, which is not the holder's to say", theirs)
		}
		attributes[theirs] = json.RawMessage(`""`)
	}
	total, err := json.Marshal(attributes)
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	return (*record.Header)(h).UnmarshalJSON(total)
}

func toLine(p Person) personLine {
	line := personLine{Ref: p.Ref, Identity: p.Identity, Flags: append([]string{}, p.Flags...), Records: []recordLine{}}
	for _, r := range p.Records {
		line.Records = append(line.Records, recordLine{Header: headerLine(r.Header), Fields: append([]record.Field{}, r.Fields...)})
	}
	return line
}

func (line personLine) person() Person {
	p := Person{Ref: line.Ref, Identity: line.Identity, Flags: line.Flags}
	for _, r := range line.Records {
		p.Records = append(p.Records, record.Record{Header: record.Header(r.Header), Fields: r.Fields})
	}
	return p
}

// decodeStrict reads exactly one JSON value and refuses unknown attributes by name.
func decodeStrict(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return named(err)
	}
	if decoder.More() {
		return errors.New("there is more than one JSON value on the line")
	}
	return nil
}

// named adds to a catalogue error the code it is about. The person who reads it loads their own organisation's data, so a category,
// field or label may be repeated to them; a date or anything else that could be about a person may not.
func named(err error) error {
	var malformed *record.Malformed
	if !errors.As(err, &malformed) || malformed.Value == "" || malformed.Attribute == "event_date" || malformed.Attribute == "until" {
		return err
	}
	return fmt.Errorf("%w: %q", err, malformed.Value)
}
