// Package scenario reads and runs policy cases that a practitioner can write: who asks, about whom, with which consents, and what
// should come of it. It stands beside the decision point and decides nothing: a case goes through the same engine and the same Rego
// as a live request. It trusts nothing in a file: a key or code that nobody knows is an error that names it, because a case that is
// misread is a rule that goes untested.
package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Scenario is one case, as it is written.
type Scenario struct {
	// File is where it was read from.
	File      string    `yaml:"-"`
	Name      string    `yaml:"name"`
	Source    string    `yaml:"source"`
	At        moment    `yaml:"at"`
	Requester requester `yaml:"requester"`
	Episode   episode   `yaml:"episode"`
	Subjects  []subject `yaml:"subjects"`
	Consents  []consent `yaml:"consents"`
	Expect    expect    `yaml:"expect"`
}

type requester struct {
	Role           string `yaml:"role"`
	Agency         string `yaml:"agency"`
	RelationshipTo string `yaml:"relationship_to"`
	Assigned       *bool  `yaml:"assigned"`
}

type episode struct {
	Stage           string      `yaml:"stage"`
	Purpose         string      `yaml:"purpose"`
	Rating          string      `yaml:"rating"`
	LevelOfNeed     int         `yaml:"level_of_need"`
	Basis           string      `yaml:"basis"`
	Concerns        []string    `yaml:"concerns"`
	Facts           facts       `yaml:"facts"`
	Override        *override   `yaml:"override"`
	BreakGlass      *breakGlass `yaml:"break_glass"`
	ConsentPosition *position   `yaml:"consent_position"`
}

type facts struct {
	ImminentDanger  bool `yaml:"imminent_danger"`
	HasSocialWorker bool `yaml:"has_social_worker"`
	InformationOnly bool `yaml:"information_only"`
	UASC            bool `yaml:"uasc"`
	OutOfArea       bool `yaml:"out_of_area"`
	FamilyDeclined  bool `yaml:"family_declined"`
	S47Cause        bool `yaml:"s47_cause"`
	ChildInNeed     bool `yaml:"child_in_need"`
}

type override struct {
	Ground string `yaml:"ground"`
	Reason string `yaml:"reason"`
	By     string `yaml:"by"`
}

type breakGlass struct {
	By      string `yaml:"by"`
	Reason  string `yaml:"reason"`
	Expires moment `yaml:"expires"`
}

type position struct {
	By     string `yaml:"by"`
	Reason string `yaml:"reason"`
}

type subject struct {
	ID                     string `yaml:"id"`
	Role                   string `yaml:"role"`
	Born                   string `yaml:"born"`
	Identified             answer `yaml:"identified"`
	GillickCompetent       answer `yaml:"gillick_competent"`
	PregnantOrPostnatal    answer `yaml:"pregnant_or_postnatal"`
	ParentalResponsibility *bool  `yaml:"parental_responsibility"`
	LivesWithIndex         *bool  `yaml:"lives_with_index"`
	AllegedSourceOfHarm    bool   `yaml:"alleged_source_of_harm"`
	SafeAddress            bool   `yaml:"safe_address"`
}

type consent struct {
	Kind     string `yaml:"kind"`
	By       string `yaml:"by"`
	Status   string `yaml:"status"`
	Reason   string `yaml:"reason"`
	Recorded moment `yaml:"recorded"`
}

type expect struct {
	Ask          string   `yaml:"ask"`
	Reasons      []string `yaml:"reasons"`
	TellAgencies string   `yaml:"tell_agencies"`
	Decisions    []row    `yaml:"decisions"`
}

// row is one record, decided alone.
type row struct {
	Category    string   `yaml:"category"`
	About       string   `yaml:"about"`
	Labels      []string `yaml:"labels"`
	EventDate   string   `yaml:"event_date"`
	Until       string   `yaml:"until"`
	Current     bool     `yaml:"current"`
	Undated     bool     `yaml:"undated"`
	OnlyAddress bool     `yaml:"only_address"`
	Effect      string   `yaml:"effect"`
	Reason      string   `yaml:"reason"`
	Masks       []string `yaml:"masks"`
}

// moment is an RFC 3339 time.
type moment struct{ time.Time }

// UnmarshalYAML takes the text as it is written, because YAML's own timestamps are more than RFC 3339.
func (m *moment) UnmarshalYAML(node *yaml.Node) error {
	t, err := time.Parse(time.RFC3339, node.Value)
	if err != nil || node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %q is not an RFC 3339 time", node.Line, node.Value)
	}
	m.Time = t
	return nil
}

// answer is yes, no, or a third thing, however YAML takes the word; "" where nothing was written.
type answer string

// UnmarshalYAML reads true like yes and false like no.
func (a *answer) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: not yes, no or a word", node.Line)
	}
	switch word := strings.ToLower(node.Value); word {
	case "true":
		*a = "yes"
	case "false":
		*a = "no"
	default:
		*a = answer(word)
	}
	return nil
}

func (a answer) or(otherwise string) string {
	if a == "" {
		return otherwise
	}
	return string(a)
}

// decode reads one case, strictly. What its codes mean is checked against a pack, by Check.
func decode(file string, source []byte) (Scenario, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	var s Scenario
	if err := decoder.Decode(&s); err != nil {
		return Scenario{}, fmt.Errorf("scenario: %s: %w", file, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Scenario{}, fmt.Errorf("scenario: %s: one file, one case", file)
	}
	s.File = file
	return s, nil
}
