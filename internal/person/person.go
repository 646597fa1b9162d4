// Package person owns what tells one human being from another: names, dates of birth, addresses and identifiers. Everything in it is
// person data, so its types refuse to be printed or logged, whatever the verb; only encoding/json writes them out, for the sealed
// columns and the messages to agencies. It trusts no spelling: what is compared is normalised first.
package person

import (
	"fmt"
	"io"
	"log/slog"
)

// Unborn is the date of birth of a child who is not born yet.
const Unborn = "unborn"

// Identity is who somebody is, as far as it is known. Empty means not known.
type Identity struct {
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	// OtherNames are further whole names: aliases, names before marriage or adoption.
	OtherNames []string `json:"other_names,omitempty"`
	// DateOfBirth is an ISO day, Unborn, or "".
	DateOfBirth string    `json:"date_of_birth"`
	Sex         string    `json:"sex,omitempty"`
	Addresses   []Address `json:"addresses,omitempty"`
	Phones      []string  `json:"phones,omitempty"`
	// NHSNumber is ten digits without spaces.
	NHSNumber string `json:"nhs_number,omitempty"`
	// UPN is the unique pupil number.
	UPN        string `json:"upn,omitempty"`
	School     string `json:"school,omitempty"`
	GP         string `json:"gp,omitempty"`
	Ethnicity  string `json:"ethnicity,omitempty"`
	Language   string `json:"language,omitempty"`
	Religion   string `json:"religion,omitempty"`
	Disability string `json:"disability,omitempty"`
}

// Address is one place where somebody lives or lived.
type Address struct {
	Lines    []string `json:"lines"`
	Postcode string   `json:"postcode"`
	Current  bool     `json:"current"`
}

// Redacted is what stands in a log or an error in place of person data.
const Redacted = "[person data]"

// Format implements fmt.Formatter for every verb that fmt asks a type about: %v, %+v, %#v and also %d, which would print the fields of a plain struct.
func (Identity) Format(f fmt.State, _ rune) { redact(f) }

// String implements fmt.Stringer for callers outside fmt.
func (Identity) String() string { return Redacted }

// GoString implements fmt.GoStringer.
func (Identity) GoString() string { return Redacted }

// LogValue implements slog.LogValuer.
func (Identity) LogValue() slog.Value { return slog.StringValue(Redacted) }

// Format implements fmt.Formatter for every verb.
func (Address) Format(f fmt.State, _ rune) { redact(f) }

// String implements fmt.Stringer.
func (Address) String() string { return Redacted }

// GoString implements fmt.GoStringer.
func (Address) GoString() string { return Redacted }

// LogValue implements slog.LogValuer.
func (Address) LogValue() slog.Value { return slog.StringValue(Redacted) }

func redact(w io.Writer) { _, _ = io.WriteString(w, Redacted) }
