package policy

import (
	"strings"
	"time"
)

// Input is everything a request decision reads: facts and dates, no name, identifier or address. It is stored with the request so
// that the decision can be replayed. Codes are those of domain.md and of the pack's data.
type Input struct {
	// At is the moment of the decision; it picks the legal regime. Day and the subjects' ages are worked out from it in Europe/London.
	At        time.Time `json:"at"`
	Hub       string    `json:"hub"`
	Requester Requester `json:"requester"`
	Episode   Episode   `json:"episode"`
	Subjects  []Subject `json:"subjects"`
	Consents  []Consent `json:"consents"`
	// Categories are the categories needed, each beyond the hub's concern table with its reason; empty takes the table.
	Categories []Category `json:"categories"`
	// Organisations are those that may be asked, connected or not.
	Organisations []Organisation `json:"organisations"`
	// Flags are the protective flags set by holders in Locate (the referral's and workers' own are on Subject).
	Flags []Flag `json:"flags"`
	// LocationUnknown is true while an organisation that could set safe_address has not answered Locate.
	LocationUnknown bool `json:"location_unknown"`
}

// Recorded stands in an Input for whatever somebody wrote in their own words, and for who wrote it: rules ask only whether anything
// was said, and the words are about people.
const Recorded = "recorded"

// Said is how words stand in an Input: Recorded, or "" where there are none.
func Said(words string) string {
	if strings.TrimSpace(words) == "" {
		return ""
	}
	return Recorded
}

// Requester is who asks, as the directory knows them.
type Requester struct {
	Role   string `json:"role"`   // triage_worker, social_worker, team_manager, partner_representative, ig_officer, auditor, referrer
	Agency string `json:"agency"` // holder kind: children_services, police, …
	Hub    string `json:"hub"`
	// Assigned is true when the requester is assigned to the episode.
	Assigned bool `json:"assigned"`
	// Relationships are the kinds of relation found with subjects: own_record, declared, same_surname_and_address, named_relative,
	// or directory_data_missing where the check could not be made.
	Relationships []Relationship `json:"relationships"`
	// OwnFacts are the facts the request rests on that only this requester recorded: referral, rating, s47_cause, override, break_glass.
	OwnFacts []string `json:"own_facts"`
	// SupportedFacts are the same kinds of fact where at least one other person recorded or confirmed them.
	SupportedFacts []string `json:"supported_facts"`
}

// Relationship is a relation between the requester and one subject.
type Relationship struct {
	Subject string `json:"subject"`
	Kind    string `json:"kind"`
}

// Episode is the lawful reason to ask.
type Episode struct {
	Stage       string   `json:"stage"` // triage, mash_episode, strategy_discussion, closed
	Purpose     string   `json:"purpose"`
	Rating      string   `json:"rating"` // a code of the hub's scheme; none when not rated
	LevelOfNeed int      `json:"level_of_need"`
	Basis       string   `json:"basis"` // s47, mash, s17, early_help, emergency, none
	Concerns    []string `json:"concerns"`
	Facts       Facts    `json:"facts"`
	// Expires is when the episode lapses; nil when it does not.
	Expires         *time.Time       `json:"expires"`
	Override        *Override        `json:"override"`
	BreakGlass      *BreakGlass      `json:"break_glass"`
	ConsentPosition *ConsentPosition `json:"consent_position"`
}

// Facts are recorded findings about the episode, each false unless somebody recorded it.
type Facts struct {
	ImminentDanger  bool `json:"imminent_danger"`
	HasSocialWorker bool `json:"has_social_worker"`
	InformationOnly bool `json:"information_only"`
	UASC            bool `json:"uasc"`
	OutOfArea       bool `json:"out_of_area"`
	FamilyDeclined  bool `json:"family_declined"`
	S47Cause        bool `json:"s47_cause"`
	ChildInNeed     bool `json:"child_in_need"`
}

// Override is a recorded ground to go on without consent. Here and below, By and Reason say only that there is one.
type Override struct {
	Ground string `json:"ground"`
	Reason string `json:"reason"`
	By     string `json:"by"`
}

// BreakGlass lifts gates in imminent danger, for hours, in one person's name.
type BreakGlass struct {
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
	Starts  time.Time `json:"starts"`
	Expires time.Time `json:"expires"`
}

// ConsentPosition is the once-per-episode settlement of an unresolved consent position under s16LA.
type ConsentPosition struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// Subject is one person of the episode, without their identity.
type Subject struct {
	ID   string `json:"id"`
	Role string `json:"role"` // index_child, sibling, other_child, parent, carer, other_adult
	// Born is an ISO day, "unborn", or "" when not known.
	Born string `json:"born"`
	// Identified is "yes", "no" or "ambiguous".
	Identified             string `json:"identified"`
	GillickCompetent       string `json:"gillick_competent"`     // yes, no, unknown
	PregnantOrPostnatal    string `json:"pregnant_or_postnatal"` // yes, no, unknown
	ParentalResponsibility bool   `json:"parental_responsibility"`
	LivesWithIndex         bool   `json:"lives_with_index"`
	AllegedSourceOfHarm    bool   `json:"alleged_source_of_harm"`
	SafeAddress            bool   `json:"safe_address"`
}

// Consent is one recorded answer to one of the consent questions.
type Consent struct {
	Kind     string    `json:"kind"` // referral, share_with_agencies, agencies_share_with_us, service
	By       string    `json:"by"`
	Status   string    `json:"status"` // yes, no, not_sought, not_safe_to_seek, withdrawn, unknown
	Reason   string    `json:"reason"`
	Recorded time.Time `json:"recorded"`
}

// Category is one category asked for.
type Category struct {
	Code string `json:"code"`
	// Reason is needed for a category beyond the hub's concern table.
	Reason string `json:"reason"`
}

// Organisation is one body that may hold records.
type Organisation struct {
	ID string `json:"id"`
	// Holders are the holder kinds it answers for (children_services, early_help, education, police, health, probation, youth_justice).
	Holders []string `json:"holders"`
	// Categories are those it declares to hold.
	Categories []string `json:"categories"`
	// BoundByDuty is true where the Children Act 2004 s16LA names the body.
	BoundByDuty bool `json:"bound_by_duty"`
	Connected   bool `json:"connected"`
}

// Flag is a protective flag an organisation holds on a subject or the subject's household.
type Flag struct {
	Subject      string `json:"subject"`
	Flag         string `json:"flag"`
	Organisation string `json:"organisation"`
}
