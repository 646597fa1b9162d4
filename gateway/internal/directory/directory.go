// Package directory knows the hubs, their people and the partners that can be dialled. It stands at step 1 of the path: who asks is
// whom the directory says, in the role the directory says, and an issuer speaks only for the hubs bound to it. It keeps what the
// relationship gate needs about each person sealed, and passes on nothing of it but the kind of relation found.
package directory

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/mashgate/mashgate/internal/person"
)

// Person is a user of a hub, as colleagues may see them.
type Person struct {
	ID  string
	Hub string
	// Role is triage_worker, social_worker, team_manager, partner_representative, referrer, ig_officer, auditor or administrator.
	Role string
	// Agency is the holder kind the person works for (children_services, police, …).
	Agency string
	// Active is false for somebody who has left; they may do nothing.
	Active      bool
	DisplayName string
}

// Name is the resource name.
func (p Person) Name() string { return "hubs/" + p.Hub + "/people/" + p.ID }

// Registration is what the hub's administration puts into the directory about one person.
type Registration struct {
	Person
	// Issuer and Subject are those of the person's access tokens.
	Issuer, Subject string
	Particulars     Particulars
}

// Particulars are kept for the relationship gate alone and never leave this package.
type Particulars struct {
	GivenName   string     `json:"given_name"`
	FamilyName  string     `json:"family_name"`
	OtherNames  []string   `json:"other_names,omitempty"`
	DateOfBirth string     `json:"date_of_birth"`
	Postcode    string     `json:"postcode"`
	Relatives   []Relative `json:"relatives,omitempty"`
}

// Relative is somebody the person declared to be related to, or close to.
type Relative struct {
	GivenName   string `json:"given_name"`
	FamilyName  string `json:"family_name"`
	DateOfBirth string `json:"date_of_birth"`
}

// RelationSubject is a subject of an episode to be compared with a person.
type RelationSubject struct {
	ID       string
	Identity person.Identity
}

// Hub is one safeguarding hub.
type Hub struct {
	ID, Title string
	// Issuers are those that may speak for the hub's people.
	Issuers []string
}

// Organisation is how a partner is reached. What it holds is policy data.
type Organisation struct {
	Hub, ID string
	// Address is host:port; "" for one that is not connected.
	Address string
	// SAN is the URI that its certificate must carry.
	SAN string
}

// Connected tells whether the organisation can be dialled.
func (o Organisation) Connected() bool { return o.Address != "" }

// Format, here and below, keeps person data out of whatever is printed; LogValue keeps it out of logs.
func (Person) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (p Person) LogValue() slog.Value {
	return slog.GroupValue(slog.String("hub", p.Hub), slog.String("person", p.ID), slog.String("role", p.Role))
}

// Format implements fmt.Formatter.
func (Registration) Format(f fmt.State, _ rune) { redact(f) }

// Format implements fmt.Formatter.
func (Particulars) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Particulars) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Relative) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Relative) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (RelationSubject) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (s RelationSubject) LogValue() slog.Value { return slog.StringValue(s.ID) }

func redact(w io.Writer) { _, _ = io.WriteString(w, person.Redacted) }
