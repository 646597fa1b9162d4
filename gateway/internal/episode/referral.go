package episode

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/internal/person"
)

// Referral is a submitted Multi-Agency Referral Form (MARF). It keeps what was written down, as it was written.
type Referral struct {
	// ID is random; the episode opened from the referral has the same id, and both are sealed under one key of that name.
	ID  string
	Hub string
	// Reference is the number the referrer quotes ("MARF-2026-7KQX3MPD").
	Reference  string
	SubmitTime time.Time
	// Submitter is the id of the person in the directory who sent the form.
	Submitter string
	Referrer  Referrer
	Subjects  []Subject
	// Concerns, Indicators and SpecialistTools are codes of the hub's lists.
	Concerns        []string
	Indicators      []string
	SpecialistTools []string
	Narrative       Narrative

	DiscussedWithParents      bool
	ParentsAwareOfContact     bool
	SafeguardingLeadConsulted bool
	YouthOffendingInvolvement bool
	// InformationOnly is exclusion E1, HasSocialWorker E4.
	InformationOnly bool
	UASC            bool
	HasSocialWorker bool

	Consents []Consent
	// Triage is nil until it is decided.
	Triage *Triage
	// Opened is true once an episode was opened from it.
	Opened bool
	// Feedback is what the referrer was told, latest last.
	Feedback []Feedback
	// Version grows with every change.
	Version int64
}

// Referrer is who refers. One who is not a professional is an informant everywhere (domain.md 4.4).
type Referrer struct {
	GivenName, FamilyName, Organisation, JobTitle, Phone, Email string
	Professional                                                bool
}

// Narrative is the form's free text. It is told on only where policy says with_narrative.
type Narrative struct {
	Summary, Worries, Strengths, SupportOffered, ThresholdReason, FamilyViews string
}

// Triage is the decision on a referral.
type Triage struct {
	// Outcome is a code of the hub's list, or not_triaged, which needs an exclusion.
	Outcome string
	// Exclusions are information_only, unidentified, consent_not_sought, has_social_worker (E1–E4).
	Exclusions []string
	Reason     string
	By         string
	Time       time.Time
}

// Feedback is what a referrer was told.
type Feedback struct {
	Time time.Time
	Code string
	Text string
}

// ReferralSummary is a referral in a list: nothing of it says who it is about.
type ReferralSummary struct {
	ID, Hub, Reference string
	SubmitTime         time.Time
	Submitter          string
	// TriageOutcome is "" until it is decided.
	TriageOutcome string
	Opened        bool
}

// Format, here and below, keeps person data out of whatever is printed; LogValue keeps it out of logs.
func (Referral) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (r Referral) LogValue() slog.Value { return logged(r.Hub, r.ID) }

// Format implements fmt.Formatter.
func (Referrer) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Referrer) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Narrative) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Narrative) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Triage) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (t Triage) LogValue() slog.Value { return slog.StringValue(t.Outcome) }

// Format implements fmt.Formatter.
func (Feedback) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (f Feedback) LogValue() slog.Value { return slog.StringValue(f.Code) }

func redact(w io.Writer) { _, _ = io.WriteString(w, person.Redacted) }

func logged(hub, id string) slog.Value {
	return slog.GroupValue(slog.String("hub", hub), slog.String("id", id))
}
