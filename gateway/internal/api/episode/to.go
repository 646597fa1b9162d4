package episode

import (
	"strings"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

func (c session) referral(r episode.Referral) *mashgatev1.Referral {
	answer := &mashgatev1.Referral{
		Name: wire.ReferralName(r.Hub, r.ID), ReferenceNumber: r.Reference, SubmitTime: wire.Time(r.SubmitTime), Referrer: referrer(r.Referrer),
		Concerns: r.Concerns, Summary: r.Narrative.Summary, Worries: r.Narrative.Worries, Strengths: r.Narrative.Strengths,
		SupportOffered: r.Narrative.SupportOffered, ThresholdReason: r.Narrative.ThresholdReason, Indicators: r.Indicators,
		FamilyViews: r.Narrative.FamilyViews, DiscussedWithParents: r.DiscussedWithParents, ParentsAwareOfContact: r.ParentsAwareOfContact,
		SafeguardingLeadConsulted: r.SafeguardingLeadConsulted, SpecialistTools: r.SpecialistTools,
		YouthOffendingInvolvement: r.YouthOffendingInvolvement, InformationOnly: r.InformationOnly, Uasc: r.UASC,
		HasSocialWorker: r.HasSocialWorker, Triage: c.triage(r.Triage),
	}
	if r.Opened {
		answer.Episode = wire.EpisodeName(r.Hub, r.ID)
	}
	for _, each := range r.Subjects {
		answer.Subjects = append(answer.Subjects, subject(each))
	}
	for _, each := range r.Consents {
		answer.Consents = append(answer.Consents, c.consent(each))
	}
	for _, each := range r.Feedback {
		answer.Feedback = append(answer.Feedback, &mashgatev1.Feedback{Time: wire.Time(each.Time), Code: each.Code, Text: each.Text})
	}
	c.narrowReferral(r, answer)
	return answer
}

func (c session) triage(t *episode.Triage) *mashgatev1.Triage {
	if t == nil {
		return nil
	}
	return &mashgatev1.Triage{
		Outcome: t.Outcome, Exclusions: t.Exclusions, Reason: t.Reason, Decider: wire.PersonName(c.hub, t.By), Time: wire.Time(t.Time),
	}
}

func referrer(r episode.Referrer) *mashgatev1.Referrer {
	return &mashgatev1.Referrer{
		GivenName: r.GivenName, FamilyName: r.FamilyName, Organisation: r.Organisation, JobTitle: r.JobTitle, Phone: r.Phone, Email: r.Email,
		Professional: r.Professional,
	}
}

func (c session) referralSummary(r episode.ReferralSummary) *mashgatev1.Referral {
	answer := &mashgatev1.Referral{Name: wire.ReferralName(r.Hub, r.ID), ReferenceNumber: r.Reference, SubmitTime: wire.Time(r.SubmitTime)}
	if r.TriageOutcome != "" {
		answer.Triage = &mashgatev1.Triage{Outcome: r.TriageOutcome}
	}
	if r.Opened {
		answer.Episode = wire.EpisodeName(r.Hub, r.ID)
	}
	return answer
}

func (c session) episode(e episode.Episode) *mashgatev1.Episode {
	answer := &mashgatev1.Episode{
		Name: wire.EpisodeName(e.Hub, e.ID), Etag: e.ETag(), Referral: wire.ReferralName(e.Hub, e.ID),
		Stage: wire.FromCode[mashgatev1.Stage](e.Stage), Purpose: e.Purpose, Rating: e.Rating, RatingReason: e.RatingReason,
		LevelOfNeed: int32(e.LevelOfNeed), Basis: e.Basis, Concerns: e.Concerns, Facts: facts(e.Facts), Assignees: c.people(e.Assignees), //nolint:gosec // 1 to 4
		CreateTime: wire.Time(e.CreateTime), UpdateTime: wire.Time(e.UpdateTime), DecisionDueTime: wire.OptionalTime(e.DecisionDue),
		ExpireTime: wire.OptionalTime(e.Expires),
	}
	for _, each := range e.Subjects {
		answer.Subjects = append(answer.Subjects, subject(each))
	}
	for _, each := range e.Consents {
		answer.Consents = append(answer.Consents, c.consent(each))
	}
	c.positions(e, answer)
	c.narrowSubjects(answer.GetSubjects())
	return answer
}

// positions are what single people have decided on the episode, each with who and when.
func (c session) positions(e episode.Episode, answer *mashgatev1.Episode) {
	if o := e.Override; o != nil {
		answer.Override = &mashgatev1.Override{Ground: o.Ground, Reason: o.Reason, By: c.person(o.By), Time: wire.Time(o.By.At)}
	}
	if b := e.BreakGlass; b != nil {
		answer.BreakGlass = &mashgatev1.BreakGlass{
			Reason: b.Reason, By: c.person(b.By), StartTime: wire.Time(b.Starts), ExpireTime: wire.Time(b.Expires),
		}
	}
	if p := e.ConsentPosition; p != nil {
		answer.ConsentPosition = &mashgatev1.ConsentPosition{Reason: p.Reason, By: c.person(p.By), Time: wire.Time(p.By.At)}
	}
	if o := e.Outcome; o != nil {
		answer.Outcome = &mashgatev1.Outcome{
			Code: o.Code, Reason: o.Reason, StrategyMeeting: o.StrategyMeeting, FeedbackToReferrer: o.FeedbackToReferrer,
			OutstandingOrganisations: o.OutstandingOrganisations, OutstandingReason: o.OutstandingReason, By: c.person(o.By),
			Time: wire.Time(o.By.At),
		}
	}
}

func (c session) person(by episode.By) string { return wire.PersonName(c.hub, by.Person) }

func (c session) people(ids []string) []string {
	var names []string
	for _, id := range ids {
		names = append(names, wire.PersonName(c.hub, id))
	}
	return names
}

func (c session) episodeSummary(e episode.Summary) *mashgatev1.Episode {
	return &mashgatev1.Episode{
		Name: wire.EpisodeName(e.Hub, e.ID), Etag: e.ETag(), Referral: wire.ReferralName(e.Hub, e.ID),
		Stage: wire.FromCode[mashgatev1.Stage](e.Stage), Rating: e.Rating, Basis: e.Basis, Assignees: c.people(e.Assignees),
		CreateTime: wire.Time(e.CreateTime), UpdateTime: wire.Time(e.UpdateTime), DecisionDueTime: wire.OptionalTime(e.DecisionDue),
		ExpireTime: wire.OptionalTime(e.Expires),
	}
}

func subject(s episode.Subject) *mashgatev1.Subject {
	return &mashgatev1.Subject{
		Id: s.ID, Role: wire.FromCode[mashgatev1.SubjectRole](s.Role), Identity: identity(s.Identity),
		Identified: wire.FromCode[mashgatev1.Identified](s.Identified), Relationship: s.Relationship,
		GillickCompetent:       wire.FromCode[mashgatev1.Known](s.GillickCompetent),
		PregnantOrPostnatal:    wire.FromCode[mashgatev1.Known](s.PregnantOrPostnatal),
		ParentalResponsibility: wire.FromCode[mashgatev1.Known](s.ParentalResponsibility),
		LivesWithIndex:         wire.FromCode[mashgatev1.Known](s.LivesWithIndex),
		AllegedSourceOfHarm:    s.AllegedSourceOfHarm, SafeAddress: s.SafeAddress,
	}
}

func identity(p person.Identity) *mashgatev1.PersonIdentity {
	answer := &mashgatev1.PersonIdentity{
		GivenName: p.GivenName, FamilyName: p.FamilyName, OtherNames: p.OtherNames, DateOfBirth: p.DateOfBirth, Sex: p.Sex,
		Phones: p.Phones, NhsNumber: p.NHSNumber, Upn: p.UPN, School: p.School, Gp: p.GP, Ethnicity: p.Ethnicity, Language: p.Language,
		Religion: p.Religion, Disability: p.Disability,
	}
	for _, address := range p.Addresses {
		answer.Addresses = append(answer.Addresses, &mashgatev1.Address{
			Lines: address.Lines, Postcode: strings.ToUpper(address.Postcode), Current: address.Current,
		})
	}
	return answer
}

func (c session) consent(consent episode.Consent) *mashgatev1.Consent {
	return &mashgatev1.Consent{
		Kind: wire.FromCode[mashgatev1.ConsentKind](consent.Kind), Giver: consent.Giver,
		Status: wire.FromCode[mashgatev1.ConsentStatus](consent.Status), Reason: consent.Reason,
		Recorder: wire.PersonName(c.hub, consent.Recorder), RecordTime: consent.Recorded.UTC().Format(time.RFC3339Nano),
	}
}

func facts(f policy.Facts) *mashgatev1.EpisodeFacts {
	return &mashgatev1.EpisodeFacts{
		ImminentDanger: f.ImminentDanger, HasSocialWorker: f.HasSocialWorker, InformationOnly: f.InformationOnly, Uasc: f.UASC,
		OutOfArea: f.OutOfArea, FamilyDeclined: f.FamilyDeclined, S47Cause: f.S47Cause, ChildInNeed: f.ChildInNeed,
	}
}
