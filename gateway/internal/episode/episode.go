// Package episode owns the lawful reason to ask: referrals, triage, and the episode with its people, consents and grounds. It stands
// at step 2 of the path. It trusts the API for the vocabulary (which codes a hub has) and nobody for the order of things: a closed
// episode does not change, an answer given is never rewritten, and a change made on stale sight is refused. What it keeps about
// people is sealed under the key of their own case.
package episode

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
)

// The stages of an episode (domain.md 1).
const (
	StageTriage             = "triage"
	StageMASHEpisode        = "mash_episode"
	StageStrategyDiscussion = "strategy_discussion"
	StageClosed             = "closed"
)

// None is the rating that is not given and the basis that is not recorded.
const None = "none"

// Purpose is the only purpose for which anything may be asked.
const Purpose = "safeguarding_children"

// BasisEmergency is the basis that a break-glass opens.
const BasisEmergency = "emergency"

// By says who recorded something, in which role, and when.
type By struct {
	// Person is the id in the directory.
	Person string
	Role   string
	At     time.Time
}

// Episode is the lawful reason to ask: who is concerned, why, and on what basis.
type Episode struct {
	// ID is the id of the referral it was opened from, and the name of the key that both are sealed under.
	ID  string
	Hub string
	// Version grows with every change.
	Version int64

	Stage        string
	Purpose      string
	Rating       string
	RatingReason string
	LevelOfNeed  int
	// Basis is recorded, never derived: s47, mash, s17, early_help, emergency, none.
	Basis    string
	Concerns []string
	Facts    policy.Facts
	Subjects []Subject
	// Consents is every answer ever recorded, oldest first; the latest of a giver to a question stands.
	Consents []Consent
	Override *Override
	// EndedOverrides are those that were taken back, oldest first.
	EndedOverrides  []EndedOverride
	BreakGlass      *BreakGlass
	ConsentPosition *ConsentPosition
	Outcome         *Outcome
	Closing         *Closing
	// Assignees are person ids.
	Assignees []string
	// Ratings is the history of ratings, oldest first.
	Ratings []Rating
	// Recorders are, by fact (referral, rating, s47_cause, override, break_glass), the person ids who recorded or confirmed it.
	Recorders map[string][]string

	CreateTime time.Time
	UpdateTime time.Time
	// DecisionDue is when a decision is due under the rating's clock; nil when it has none.
	DecisionDue *time.Time
	// Expires is when the episode lapses; nil when it does not.
	Expires *time.Time
}

// ETag names the state that was read. It is sent back to change only what was seen.
func (e Episode) ETag() string { return "v" + strconv.FormatInt(e.Version, 10) }

// Subject is one person of a referral or episode.
type Subject struct {
	// ID is random and given by the hub; in a form being submitted it is any id unique in the form.
	ID       string
	Role     string // index_child, sibling, other_child, parent, carer, other_adult
	Identity person.Identity
	// Identified is yes, no or ambiguous; "" lets the hub judge by the identity given.
	Identified string
	// Relationship to the index child, in words.
	Relationship string
	// The following are yes, no, unknown or "" for not stated.
	GillickCompetent       string
	PregnantOrPostnatal    string
	ParentalResponsibility string
	LivesWithIndex         string
	AllegedSourceOfHarm    bool
	SafeAddress            bool
}

// Consent is one answer of one person to one question (domain.md 2); answers are added, never rewritten.
type Consent struct {
	Kind string // referral, share_with_agencies, agencies_share_with_us, service
	// Giver is a subject's id.
	Giver  string
	Status string // yes, no, not_sought, not_safe_to_seek, withdrawn, unknown
	// Reason is required for not_sought and not_safe_to_seek.
	Reason string
	// Recorder is a person's id.
	Recorder string
	Recorded time.Time
}

// Rating is one setting of rating, level, basis, concerns and findings.
type Rating struct {
	Code        string
	Reason      string
	LevelOfNeed int
	Basis       string
	Concerns    []string
	Facts       policy.Facts
	// Due is when a decision is due under the rating's clock.
	Due *time.Time
	By  By
}

// Override is a recorded ground to go on without consent.
type Override struct {
	Ground, Reason string
	By             By
}

// EndedOverride is an override that was taken back, by whom and why.
type EndedOverride struct {
	Override
	EndReason string
	EndedBy   By
}

// BreakGlass lifts gates in imminent danger, in one named person's name, and ends by itself.
type BreakGlass struct {
	Reason  string
	By      By
	Starts  time.Time
	Expires time.Time
	// PriorBasis is what the basis goes back to when it is ended by hand.
	PriorBasis string
}

// ConsentPosition settles, once per episode, a consent position left open under the duty of s16LA.
type ConsentPosition struct {
	Reason string
	By     By
}

// Outcome is the final recommendation.
type Outcome struct {
	Code                     string
	Reason                   string
	StrategyMeeting          bool
	FeedbackToReferrer       string
	OutstandingOrganisations []string
	OutstandingReason        string
	By                       By
}

// Closing is why and by whom the episode was closed.
type Closing struct {
	Reason string
	By     By
}

// Summary is an episode in a list: nothing of it says who it is about.
type Summary struct {
	ID, Hub                string
	Version                int64
	Stage, Rating, Basis   string
	Assignees              []string
	CreateTime, UpdateTime time.Time
	DecisionDue, Expires   *time.Time
}

// ETag names the state that was read.
func (s Summary) ETag() string { return Episode{Version: s.Version}.ETag() }

// Format, here and below, keeps person data out of whatever is printed; LogValue keeps it out of logs.
func (Episode) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (e Episode) LogValue() slog.Value { return logged(e.Hub, e.ID) }

// Format implements fmt.Formatter.
func (Subject) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (s Subject) LogValue() slog.Value { return slog.StringValue(s.ID) }

// Format implements fmt.Formatter.
func (Consent) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Consent) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Rating) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Rating) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Override) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Override) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (EndedOverride) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (EndedOverride) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (BreakGlass) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (BreakGlass) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (ConsentPosition) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (ConsentPosition) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Outcome) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Outcome) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Closing) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Closing) LogValue() slog.Value { return slog.StringValue(person.Redacted) }
