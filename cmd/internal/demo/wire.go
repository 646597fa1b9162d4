package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/person"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// referral is the form as the family's referrer filled it in.
func referral(f city.Family) *mashgatev1.Referral {
	r := f.Referral
	out := &mashgatev1.Referral{
		Referrer: &mashgatev1.Referrer{
			GivenName: r.Referrer.GivenName, FamilyName: r.Referrer.FamilyName, Organisation: r.Referrer.Organisation,
			JobTitle: r.Referrer.JobTitle, Phone: r.Referrer.Phone, Email: r.Referrer.Email, Professional: r.Referrer.Professional,
		},
		Concerns: r.Concerns, Summary: r.Summary, Worries: r.Worries, Strengths: r.Strengths, SupportOffered: r.SupportOffered,
		ThresholdReason: r.ThresholdReason, Indicators: r.Indicators, FamilyViews: r.FamilyViews, DiscussedWithParents: r.DiscussedWithParents,
		ParentsAwareOfContact: r.ParentsAwareOfContact, SafeguardingLeadConsulted: r.SafeguardingLeadConsulted,
		SpecialistTools: r.SpecialistTools, YouthOffendingInvolvement: r.YouthOffendingInvolvement,
		InformationOnly: r.InformationOnly, Uasc: r.UASC, HasSocialWorker: r.HasSocialWorker,
	}
	for _, s := range r.Subjects {
		out.Subjects = append(out.Subjects, subject(s))
	}
	for _, c := range r.Consents {
		out.Consents = append(out.Consents, consent(c))
	}
	return out
}

func subject(s city.Subject) *mashgatev1.Subject {
	return &mashgatev1.Subject{
		Id: s.ID, Role: mashgatev1.SubjectRole(mashgatev1.SubjectRole_value["SUBJECT_ROLE_"+strings.ToUpper(s.Role)]),
		Identity: identity(s.Identity), Relationship: s.Relationship,
		Identified:       mashgatev1.Identified(mashgatev1.Identified_value["IDENTIFIED_"+strings.ToUpper(s.Identified)]),
		GillickCompetent: known(s.GillickCompetent), PregnantOrPostnatal: known(s.PregnantOrPostnatal),
		ParentalResponsibility: known(s.ParentalResponsibility), LivesWithIndex: known(s.LivesWithIndex),
		AllegedSourceOfHarm: s.AllegedSourceOfHarm, SafeAddress: s.SafeAddress,
	}
}

// known of "" is unspecified: the form's default.
func known(code string) mashgatev1.Known {
	return mashgatev1.Known(mashgatev1.Known_value["KNOWN_"+strings.ToUpper(code)])
}

func identity(p person.Identity) *mashgatev1.PersonIdentity {
	out := &mashgatev1.PersonIdentity{
		GivenName: p.GivenName, FamilyName: p.FamilyName, OtherNames: p.OtherNames, DateOfBirth: p.DateOfBirth, Sex: p.Sex, Phones: p.Phones,
		NhsNumber: p.NHSNumber, Upn: p.UPN, School: p.School, Gp: p.GP, Ethnicity: p.Ethnicity, Language: p.Language, Religion: p.Religion,
		Disability: p.Disability,
	}
	for _, a := range p.Addresses {
		out.Addresses = append(out.Addresses, &mashgatev1.Address{Lines: a.Lines, Postcode: a.Postcode, Current: a.Current})
	}
	return out
}

func consent(c city.Consent) *mashgatev1.Consent {
	return &mashgatev1.Consent{
		Kind:  mashgatev1.ConsentKind(mashgatev1.ConsentKind_value["CONSENT_KIND_"+strings.ToUpper(c.Kind)]),
		Giver: c.Giver, Reason: c.Reason,
		Status: mashgatev1.ConsentStatus(mashgatev1.ConsentStatus_value["CONSENT_STATUS_"+strings.ToUpper(c.Status)]),
	}
}

func facts(f city.Facts) *mashgatev1.EpisodeFacts {
	return &mashgatev1.EpisodeFacts{
		ImminentDanger: f.ImminentDanger, HasSocialWorker: f.HasSocialWorker, InformationOnly: f.InformationOnly, Uasc: f.UASC,
		OutOfArea: f.OutOfArea, FamilyDeclined: f.FamilyDeclined, S47Cause: f.S47Cause, ChildInNeed: f.ChildInNeed,
	}
}

// record puts on the episode what people decided before the request: consents, an override, a break-glass, a settled position.
func (c *cases) record(ctx context.Context, told *Told) error {
	client, err := c.episodes(c.cast.Worker)
	if err != nil {
		return err
	}
	e, name := c.family.Episode, told.Episode.GetName()
	for _, given := range e.Consents {
		if err := c.recordConsent(ctx, client, told, given); err != nil {
			return err
		}
	}
	if o := e.Override; o != nil {
		told.Episode, err = client.OverrideEpisode(ctx, &mashgatev1.OverrideEpisodeRequest{
			Name: name, Etag: told.Episode.GetEtag(), Override: &mashgatev1.Override{Ground: o.Ground, Reason: o.Reason},
		})
		if err != nil {
			return fmt.Errorf("override: %w", err)
		}
	}
	if b := e.BreakGlass; b != nil {
		told.Episode, err = client.BreakGlass(ctx, &mashgatev1.BreakGlassRequest{
			Name: name, Reason: b.Reason, ExpireTime: timestamppb.New(c.hub.clock.Now().Add(time.Duration(b.Hours) * time.Hour)),
		})
		if err != nil {
			return fmt.Errorf("break-glass: %w", err)
		}
	}
	if p := e.ConsentPosition; p != nil {
		told.Episode, err = client.SettleConsentPosition(ctx, &mashgatev1.SettleConsentPositionRequest{
			Name: name, Etag: told.Episode.GetEtag(), Reason: p.Reason,
		})
		if err != nil {
			return fmt.Errorf("consent position: %w", err)
		}
	}
	return nil
}

func (c *cases) recordConsent(ctx context.Context, client mashgatev1.EpisodeServiceClient, told *Told, given city.Consent) error {
	answer := consent(given)
	answer.Giver = c.subjectID(told, given.Giver)
	var err error
	if answer.GetStatus() == mashgatev1.ConsentStatus_CONSENT_STATUS_WITHDRAWN {
		told.Episode, err = client.WithdrawConsent(ctx, &mashgatev1.WithdrawConsentRequest{
			Name: told.Episode.GetName(), Kind: answer.GetKind(), Giver: answer.GetGiver(),
		})
	} else {
		told.Episode, err = client.RecordConsent(ctx, &mashgatev1.RecordConsentRequest{
			Name: told.Episode.GetName(), Etag: told.Episode.GetEtag(), Consent: answer,
		})
	}
	if err != nil {
		return fmt.Errorf("consent: %w", err)
	}
	return nil
}

// subjectID is the hub's random id of one of the family's people: the hub keeps the order of the form.
func (c *cases) subjectID(told *Told, id string) string {
	for i, s := range c.family.Referral.Subjects {
		if s.ID == id && i < len(told.Episode.GetSubjects()) {
			return told.Episode.GetSubjects()[i].GetId()
		}
	}
	return id
}
