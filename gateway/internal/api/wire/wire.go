// Package wire holds what every service of the API needs to turn messages into types and back: resource names, the codes that stand
// behind enums, times, and problems with fields. It is pure. It trusts the contract's own rules to have been checked at the door, and
// is total all the same: what cannot be read becomes a refusal, never a default.
package wire

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Name is a resource name taken apart by its collections: hubs/coventry/episodes/abc gives hubs → coventry, episodes → abc.
type Name map[string]string

// ParseName takes a resource name apart. Names were held to their pattern at the door.
func ParseName(name string) Name {
	parts := strings.Split(name, "/")
	n := Name{}
	for i := 0; i+1 < len(parts); i += 2 {
		n[parts[i]] = parts[i+1]
	}
	return n
}

// Hub is the id of the hub in a name; here and below "" where it has none.
func (n Name) Hub() string { return n["hubs"] }

// Episode is the id of the episode in a name.
func (n Name) Episode() string { return n["episodes"] }

// Referral is the id of the referral in a name.
func (n Name) Referral() string { return n["referrals"] }

// Person is the id of the person in a name.
func (n Name) Person() string { return n["people"] }

// Request is the id of the information request in a name.
func (n Name) Request() string { return n["informationRequests"] }

// Organisation is the id of the organisation in a name.
func (n Name) Organisation() string { return n["organisations"] }

// Entry is the id of the ledger entry in a name.
func (n Name) Entry() string { return n["ledgerEntries"] }

// Revision is the id of the policy revision in a name.
func (n Name) Revision() string { return n["policyRevisions"] }

// HubName writes the name of a hub. Here and below an empty id gives an empty name.
func HubName(hub string) string { return join("hubs", hub) }

// EpisodeName writes the name of an episode.
func EpisodeName(hub, id string) string { return join("hubs", hub, "episodes", id) }

// ReferralName writes the name of a referral.
func ReferralName(hub, id string) string { return join("hubs", hub, "referrals", id) }

// PersonName writes the name of a person of the directory.
func PersonName(hub, id string) string { return join("hubs", hub, "people", id) }

// OrganisationName writes the name of an organisation.
func OrganisationName(hub, id string) string { return join("hubs", hub, "organisations", id) }

// RequestName writes the name of an information request.
func RequestName(hub, episode, id string) string {
	return join("hubs", hub, "episodes", episode, "informationRequests", id)
}

// RevisionName writes the name of a policy revision.
func RevisionName(hub, id string) string { return join("hubs", hub, "policyRevisions", id) }

// EntryName writes the name of a ledger entry; the sequence begins at 1.
func EntryName(hub string, sequence int64) string {
	if sequence == 0 {
		return ""
	}
	return join("hubs", hub, "ledgerEntries", strconv.FormatInt(sequence, 10))
}

func join(parts ...string) string {
	for i := 1; i < len(parts); i += 2 {
		if parts[i] == "" {
			return ""
		}
	}
	return strings.Join(parts, "/")
}

// Enum is a generated enum.
type Enum interface {
	~int32
	protoreflect.Enum
}

// Code is the domain's code behind an enum value: SUBJECT_ROLE_INDEX_CHILD is index_child, and UNSPECIFIED is "".
func Code[E Enum](value E) string {
	descriptor := value.Descriptor().Values().ByNumber(value.Number())
	if descriptor == nil || value == 0 {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(string(descriptor.Name()), prefix(value)))
}

// FromCode is the enum value of a domain code; a code without one is UNSPECIFIED.
func FromCode[E Enum](code string) E {
	var zero E
	if code == "" {
		return zero
	}
	descriptor := zero.Descriptor().Values().ByName(protoreflect.Name(prefix(zero) + strings.ToUpper(code)))
	if descriptor == nil {
		return zero
	}
	return E(descriptor.Number())
}

// prefix is what every value of an enum starts with: the enum's name (buf's rule ENUM_VALUE_PREFIX).
func prefix(value protoreflect.Enum) string {
	return strings.ToUpper(words.ReplaceAllString(string(value.Descriptor().Name()), "${1}_${2}")) + "_"
}

var words = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// Time is a timestamp; the zero time is none.
func Time(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// OptionalTime is a timestamp of a time that may not be there.
func OptionalTime(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

// Problems gathers everything that is wrong with an input, so that a person corrects it once.
type Problems struct{ fields []fault.Field }

// Add names a field and what is wrong with it. The description never repeats the value.
func (p *Problems) Add(field, description string) {
	p.fields = append(p.fields, fault.Field{Name: field, Description: description})
}

// Known adds a problem where a code is not one of the hub's.
func Known[V any](p *Problems, field, code string, codes map[string]V, list string) {
	if _, ok := codes[code]; !ok {
		p.Add(field, "is not in the hub's list of "+list)
	}
}

// AllKnown does the same for a list of codes.
func AllKnown[V any](p *Problems, field string, given []string, codes map[string]V, list string) {
	for i, code := range given {
		Known(p, fmt.Sprintf("%s[%d]", field, i), code, codes, list)
	}
}

// Err is a fault with every field, or nil.
func (p *Problems) Err() error {
	switch len(p.fields) {
	case 0:
		return nil
	case 1:
		return fault.Invalid(p.fields[0].Name, p.fields[0].Description)
	}
	return &fault.Error{Code: codes.InvalidArgument, Reason: "INVALID_FIELDS", Public: "some fields are not valid", Fields: p.fields}
}

// PageSize is how many a page holds: what was asked for, or the usual number.
func PageSize(asked int32, usual int) int {
	if asked <= 0 {
		return usual
	}
	return int(asked)
}

// Reasons are those that may be told. What decided has left the others out already; here nobody has to have remembered it.
func Reasons(given []policy.Reason) []*mashgatev1.Reason {
	var told []*mashgatev1.Reason
	for _, reason := range given {
		if reason.Tellable {
			told = append(told, &mashgatev1.Reason{Code: reason.Code, Text: reason.Text, Source: reason.Source, Rule: reason.Rule})
		}
	}
	return told
}
