package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// headerKeys is every attribute of a header on the wire. All of them are always written.
var headerKeys = []string{
	"ref", "organisation", "category", "subject", "event_date", "until", "current", "labels", "labels_known", "only_address",
}

// UnmarshalJSON reads a total header: an attribute that is left out, null or not known is an error that names it, because a rule
// that reads a missing attribute silently does not fire (design.md section 7).
func (h *Header) UnmarshalJSON(data []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return &Malformed{Attribute: "header", Problem: "is not an object"}
	}
	for _, key := range headerKeys {
		if value, ok := keys[key]; !ok || bytes.Equal(value, []byte("null")) {
			return &Malformed{Attribute: key, Problem: "is missing: a header is total"}
		}
	}
	if len(keys) != len(headerKeys) {
		return &Malformed{Attribute: "header", Problem: "has an unknown attribute"}
	}
	type plain Header
	var read plain
	if err := json.Unmarshal(data, &read); err != nil {
		return &Malformed{Attribute: "header", Problem: "has an attribute of the wrong type"}
	}
	*h = Header(read)
	return nil
}

// Normalised returns the header with its labels sorted and without repeats, the one form that policy decides on.
func (h Header) Normalised() Header {
	labels := slices.Clone(h.Labels)
	slices.Sort(labels)
	h.Labels = slices.Compact(labels)
	if h.Labels == nil {
		h.Labels = []string{}
	}
	return h
}

// Day is the ISO day the record is dated by: a standing fact by the last day it applied, an event by its own (domain.md 4.4). It is
// "" for a fact that still applies and for a record without a date; Current tells the two apart.
func (h Header) Day() string {
	if h.Until != "" {
		return h.Until
	}
	return h.EventDate
}

// CheckDates holds a header to at most one way of being dated, so that it has one day under every rule.
func (h Header) CheckDates() error {
	given := 0
	for _, date := range []struct{ attribute, value string }{{"event_date", h.EventDate}, {"until", h.Until}} {
		if date.value == "" {
			continue
		}
		given++
		if !isDay(date.value) {
			return &Malformed{Attribute: date.attribute, Problem: "is not an ISO day", Value: date.value}
		}
	}
	if h.Current {
		given++
	}
	if given > 1 {
		return &Malformed{Attribute: "event_date", Problem: "stands beside until or current: a record is dated in one way"}
	}
	return nil
}

func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// Malformed says what is wrong with a header or record. Its text names the attribute and never repeats what a holder wrote, which
// could be anything, a person's name included; Value keeps that for the conformance kit, on the holder's own side.
type Malformed struct {
	// Attribute is the header attribute, or "field 3" for the third field.
	Attribute string
	// Problem finishes the sentence.
	Problem string
	// Value is what was written. It may be person data.
	Value string
}

func (m *Malformed) Error() string { return fmt.Sprintf("record: %s %s", m.Attribute, m.Problem) }
