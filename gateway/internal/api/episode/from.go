package episode

import (
	"time"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// referralFrom reads a form. What only the hub writes (number, triage, feedback, who recorded a consent) is not read from it.
func (c session) referralFrom(form *mashgatev1.Referral) episode.Referral {
	r := episode.Referral{
		Hub: c.hub, Submitter: c.who.ID, SubmitTime: c.by.At, Referrer: referrerFrom(form.GetReferrer()),
		Concerns: form.GetConcerns(), Indicators: form.GetIndicators(), SpecialistTools: form.GetSpecialistTools(),
		Narrative: episode.Narrative{
			Summary: form.GetSummary(), Worries: form.GetWorries(), Strengths: form.GetStrengths(), SupportOffered: form.GetSupportOffered(),
			ThresholdReason: form.GetThresholdReason(), FamilyViews: form.GetFamilyViews(),
		},
		DiscussedWithParents: form.GetDiscussedWithParents(), ParentsAwareOfContact: form.GetParentsAwareOfContact(),
		SafeguardingLeadConsulted: form.GetSafeguardingLeadConsulted(), YouthOffendingInvolvement: form.GetYouthOffendingInvolvement(),
		InformationOnly: form.GetInformationOnly(), UASC: form.GetUasc(), HasSocialWorker: form.GetHasSocialWorker(),
	}
	for _, subject := range form.GetSubjects() {
		r.Subjects = append(r.Subjects, subjectFrom(subject))
	}
	for _, consent := range form.GetConsents() {
		r.Consents = append(r.Consents, c.consentFrom(consent))
	}
	return r
}

func referrerFrom(r *mashgatev1.Referrer) episode.Referrer {
	return episode.Referrer{
		GivenName: r.GetGivenName(), FamilyName: r.GetFamilyName(), Organisation: r.GetOrganisation(), JobTitle: r.GetJobTitle(),
		Phone: r.GetPhone(), Email: r.GetEmail(), Professional: r.GetProfessional(),
	}
}

func subjectFrom(s *mashgatev1.Subject) episode.Subject {
	return episode.Subject{
		ID: s.GetId(), Role: wire.Code(s.GetRole()), Identity: identityFrom(s.GetIdentity()), Identified: wire.Code(s.GetIdentified()),
		Relationship: s.GetRelationship(), GillickCompetent: wire.Code(s.GetGillickCompetent()),
		PregnantOrPostnatal:    wire.Code(s.GetPregnantOrPostnatal()),
		ParentalResponsibility: wire.Code(s.GetParentalResponsibility()), LivesWithIndex: wire.Code(s.GetLivesWithIndex()),
		AllegedSourceOfHarm: s.GetAllegedSourceOfHarm(), SafeAddress: s.GetSafeAddress(),
	}
}

func identityFrom(p *mashgatev1.PersonIdentity) person.Identity {
	identity := person.Identity{
		GivenName: p.GetGivenName(), FamilyName: p.GetFamilyName(), OtherNames: p.GetOtherNames(), DateOfBirth: p.GetDateOfBirth(),
		Sex: p.GetSex(), Phones: p.GetPhones(), NHSNumber: p.GetNhsNumber(), UPN: p.GetUpn(), School: p.GetSchool(), GP: p.GetGp(),
		Ethnicity: p.GetEthnicity(), Language: p.GetLanguage(), Religion: p.GetReligion(), Disability: p.GetDisability(),
	}
	for _, address := range p.GetAddresses() {
		identity.Addresses = append(identity.Addresses, person.Address{
			Lines: address.GetLines(), Postcode: address.GetPostcode(), Current: address.GetCurrent(),
		})
	}
	return identity
}

// consentFrom reads an answer. Who recorded it, and when, is the hub's to say.
func (c session) consentFrom(consent *mashgatev1.Consent) episode.Consent {
	return episode.Consent{
		Kind: wire.Code(consent.GetKind()), Giver: consent.GetGiver(), Status: wire.Code(consent.GetStatus()), Reason: consent.GetReason(),
		Recorder: c.by.Person, Recorded: c.by.At,
	}
}

func factsFrom(f *mashgatev1.EpisodeFacts) policy.Facts {
	return policy.Facts{
		ImminentDanger: f.GetImminentDanger(), HasSocialWorker: f.GetHasSocialWorker(), InformationOnly: f.GetInformationOnly(),
		UASC: f.GetUasc(), OutOfArea: f.GetOutOfArea(), FamilyDeclined: f.GetFamilyDeclined(), S47Cause: f.GetS47Cause(),
		ChildInNeed: f.GetChildInNeed(),
	}
}

// personIDs are the ids in the names of people; that they are of this hub is checked with the directory.
func personIDs(names []string) []string {
	var ids []string
	for _, name := range names {
		ids = append(ids, wire.ParseName(name).Person())
	}
	return ids
}

func optional(t time.Time, given bool) *time.Time {
	if !given {
		return nil
	}
	return &t
}
