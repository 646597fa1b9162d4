package city

import (
	"log/slog"
	"slices"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// Organisations are the connected organisations of the default hub, in the order in which everything about them is written.
func Organisations() []string {
	return []string{
		"children_social_care", "early_help", "education", "police", "community_health", "mental_health", "probation", "youth_justice",
	}
}

// Family is one hand-made family: who they are, the referral, the decisions people took, what each organisation holds, and what must
// come of a request. Codes are those of the domain.
type Family struct {
	// Name is the file's name without its ending ("06-refuge").
	Name, Title, Story string
	// People are who the family are in truth, by id, whatever a referral or an organisation knows of them.
	People   map[string]person.Identity
	Referral Referral
	Triage   Triage
	Episode  Episode
	// Requester is who asks for information.
	Requester Requester
	// Categories are named by the requester; empty takes the hub's table.
	Categories []Category
	// Holdings are what each organisation holds, by organisation.
	Holdings map[string][]Holding
	Expect   Expect
}

// LogValue keeps the people out of logs.
func (f Family) LogValue() slog.Value { return slog.StringValue(f.Name) }

// Referral is the referral form as the referrer filled it in.
type Referral struct {
	Referrer                  Referrer  `yaml:"referrer"`
	Subjects                  []Subject `yaml:"-"`
	Concerns                  []string  `yaml:"concerns"`
	Summary                   string    `yaml:"summary"`
	Worries                   string    `yaml:"worries"`
	Strengths                 string    `yaml:"strengths"`
	SupportOffered            string    `yaml:"support_offered"`
	ThresholdReason           string    `yaml:"threshold_reason"`
	Indicators                []string  `yaml:"indicators"`
	FamilyViews               string    `yaml:"family_views"`
	DiscussedWithParents      bool      `yaml:"discussed_with_parents"`
	ParentsAwareOfContact     bool      `yaml:"parents_aware_of_contact"`
	SafeguardingLeadConsulted bool      `yaml:"safeguarding_lead_consulted"`
	Consents                  []Consent `yaml:"consents"`
	SpecialistTools           []string  `yaml:"specialist_tools"`
	YouthOffendingInvolvement bool      `yaml:"youth_offending_involvement"`
	InformationOnly           bool      `yaml:"information_only"`
	UASC                      bool      `yaml:"uasc"`
	HasSocialWorker           bool      `yaml:"has_social_worker"`
}

// Referrer is who fills in the form.
type Referrer struct {
	GivenName    string `yaml:"given_name"`
	FamilyName   string `yaml:"family_name"`
	Organisation string `yaml:"organisation"`
	JobTitle     string `yaml:"job_title"`
	Phone        string `yaml:"phone"`
	Email        string `yaml:"email"`
	Professional bool   `yaml:"professional"`
}

// Subject is one person of the referral, with what the referrer knew of them.
type Subject struct {
	// ID is the family's own id for the person; consents, answers and expectations use it.
	ID           string
	Role         string
	Identity     person.Identity
	Relationship string
	// Identified is yes, no, ambiguous or "" (let the hub judge). The next four are yes, no, unknown or "" (the form's default).
	Identified             string
	GillickCompetent       string
	PregnantOrPostnatal    string
	ParentalResponsibility string
	LivesWithIndex         string
	AllegedSourceOfHarm    bool
	SafeAddress            bool
}

// Consent is one answer of one person to one of the consent questions.
type Consent struct {
	Kind   string `yaml:"kind"`
	Giver  string `yaml:"giver"`
	Status string `yaml:"status"`
	Reason string `yaml:"reason"`
}

// Triage is the decision on the referral.
type Triage struct {
	Outcome    string   `yaml:"outcome"`
	Exclusions []string `yaml:"exclusions"`
	Reason     string   `yaml:"reason"`
}

// Episode is what people recorded before the request.
type Episode struct {
	Stage        string `yaml:"stage"`
	Rating       string `yaml:"rating"`
	RatingReason string `yaml:"rating_reason"`
	LevelOfNeed  int    `yaml:"level_of_need"`
	Basis        string `yaml:"basis"`
	Facts        Facts  `yaml:"facts"`
	// Consents are answers recorded after the referral, oldest first.
	Consents        []Consent        `yaml:"consents"`
	Override        *Override        `yaml:"override"`
	BreakGlass      *BreakGlass      `yaml:"break_glass"`
	ConsentPosition *ConsentPosition `yaml:"consent_position"`
}

// Facts are recorded findings.
type Facts struct {
	ImminentDanger  bool `yaml:"imminent_danger"`
	HasSocialWorker bool `yaml:"has_social_worker"`
	InformationOnly bool `yaml:"information_only"`
	UASC            bool `yaml:"uasc"`
	OutOfArea       bool `yaml:"out_of_area"`
	FamilyDeclined  bool `yaml:"family_declined"`
	S47Cause        bool `yaml:"s47_cause"`
	ChildInNeed     bool `yaml:"child_in_need"`
}

// Override is a recorded ground to go on without consent.
type Override struct {
	Ground string `yaml:"ground"`
	Reason string `yaml:"reason"`
}

// BreakGlass is an emergency recorded just before the request; Hours is how long it is to last.
type BreakGlass struct {
	Reason string `yaml:"reason"`
	Hours  int    `yaml:"hours"`
}

// ConsentPosition settles an open consent position under the duty to share.
type ConsentPosition struct {
	Reason string `yaml:"reason"`
}

// Requester is who asks for information.
type Requester struct {
	Role   string `yaml:"role"`
	Agency string `yaml:"agency"`
	// RelationshipTo is the subject with whom the directory finds a relation; "" for none.
	RelationshipTo string `yaml:"relationship_to"`
}

// Category is one category named by the requester.
type Category struct {
	Code   string `yaml:"code"`
	Reason string `yaml:"reason"`
}

// Holding is one person as one organisation knows them.
type Holding struct {
	// Person is the id of the person in truth; Ref is the organisation's own reference for them.
	Person, Ref string
	Identity    person.Identity
	Flags       []string
	Records     []record.Record
}

// LogValue keeps the person out of logs.
func (h Holding) LogValue() slog.Value { return slog.IntValue(len(h.Records)) }

// Expect is what must come of the request, worked out by hand.
type Expect struct {
	// Proceed is false when a gate stops the request; Reasons are then the gates that must be among those given.
	Proceed bool
	Reasons []string
	// Tell is the most an organisation may be told; "" where the family does not look at it.
	Tell string
	// Obligations must be among those of the request.
	Obligations []string
	// Answers is each organisation's kind of answer about each subject, complete when the request proceeds.
	Answers map[string]map[string]string
	// AnswerReasons are codes that must be among those told with an answer.
	AnswerReasons map[string]map[string][]string
	// Records is every record of the family's holdings, by reference.
	Records map[string]Outcome
	// Protected are the subjects whose whereabouts must be shown nowhere.
	Protected []string
	// Conflicts must be shown; where the list is empty nothing is said about conflicts.
	Conflicts []Conflict
	// Never are strings that must come out nowhere once the referral is in: not in a picture, an error, a log, the ledger or a question to
	// an organisation. (The referral itself may hold one: a neighbour's own name.)
	Never []string
}

// Outcome is what becomes of one record.
type Outcome struct {
	// Effect is permit, redact, review, exist, deny, or Unreached.
	Effect string `yaml:"effect"`
	// Masks are the classes that the decision masks, sorted, for redact. A reader may be told fewer: informant and identity_link are
	// masked without being named where they are the leak (domain.md 4.4).
	Masks []string `yaml:"-"`
	// Reason must be among the reasons of a record that is held; "" where none may be told.
	Reason string `yaml:"reason"`
}

// Unreached is the outcome of a record that is never decided, because its holder did not match the person.
const Unreached = "unreached"

// Conflict is one attribute on which organisations differ.
type Conflict struct {
	Subject   string `yaml:"subject"`
	Attribute string `yaml:"attribute"`
}

// Released tells whether the record is shown.
func (o Outcome) Released() bool { return o.Effect == "permit" || o.Effect == "redact" }

// Shown lists the fields of a released record that a reader sees: those whose class is not masked and which carry no label that hides
// (`opinion` and `risk_to_children` hide nothing).
func (o Outcome) Shown(catalogue *record.Catalogue, r record.Record) []record.Field {
	if !o.Released() {
		return nil
	}
	hides := func(label string) bool { return label != "opinion" && label != "risk_to_children" }
	shown, _ := catalogue.Mask(r, o.Masks, hides)
	return slices.Clip(shown.Fields)
}
