package information

import (
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/aggregate"
	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// speaker puts titles to codes, in the words of the policy in force.
type speaker struct {
	words     *policy.Vocabulary
	catalogue *record.Catalogue
	titles    map[string]string // of organisations
}

func newSpeaker(revision *policy.Revision) speaker {
	s := speaker{words: revision.Vocabulary(), catalogue: revision.Catalogue(), titles: map[string]string{}}
	for _, organisation := range s.words.Organisations {
		s.titles[organisation.ID] = organisation.Title
	}
	return s
}

func (s speaker) request(r exchange.Standing) *mashgatev1.InformationRequest {
	answer := &mashgatev1.InformationRequest{
		Name: wire.RequestName(r.Hub, r.Episode, r.ID), State: wire.FromCode[mashgatev1.InformationRequest_State](string(r.State)),
		CreateTime: wire.Time(r.CreateTime), EndTime: wire.Time(r.EndTime), Requester: wire.PersonName(r.Hub, r.Requester), Revision: r.Revision,
		Gates: wire.Reasons(r.Ask.Gates), Obligations: s.obligations(r.Ask.Obligations), Categories: r.Ask.Categories, Told: r.Told,
		LedgerEntry: wire.EntryName(r.Hub, r.IntentEntry),
	}
	for _, each := range r.Answers {
		answer.Answers = append(answer.Answers, s.answer(each))
	}
	return answer
}

func (s speaker) obligations(codes []string) []*mashgatev1.Obligation {
	var all []*mashgatev1.Obligation
	for _, code := range codes {
		all = append(all, &mashgatev1.Obligation{Code: code, Text: s.words.Obligations[code].Text})
	}
	return all
}

func (s speaker) answer(a request.Answer) *mashgatev1.Answer {
	return &mashgatev1.Answer{
		Organisation: a.Organisation, OrganisationTitle: s.titles[a.Organisation], Subject: a.Subject,
		Kind: wire.FromCode[mashgatev1.AnswerKind](a.Kind), Reasons: wire.Reasons(a.Reasons), LookedIn: a.LookedIn, LookedWith: a.LookedWith,
		IndexAsOf: wire.Time(a.IndexAsOf), Records: int32(a.Records), //nolint:gosec // a leg is bounded by thousands
	}
}

func (c session) event(e exchange.Event) *mashgatev1.WatchInformationRequestResponse {
	message := &mashgatev1.WatchInformationRequestResponse{Sequence: e.Seq}
	switch {
	case e.Answer != nil:
		message.Event = &mashgatev1.WatchInformationRequestResponse_Answer{Answer: c.answer(*e.Answer)}
	case e.Chunk != nil:
		message.Event = &mashgatev1.WatchInformationRequestResponse_Chunk{Chunk: c.chunk(*e.Chunk)}
	case e.Ended != nil:
		message.Event = &mashgatev1.WatchInformationRequestResponse_Ended{Ended: c.request(*e.Ended)}
	}
	return message
}

func (c session) chunk(chunk request.Chunk) *mashgatev1.RecordChunk {
	message := &mashgatev1.RecordChunk{
		Organisation: chunk.Organisation, Subject: chunk.Subject, LedgerEntry: wire.EntryName(c.name.Hub(), chunk.LedgerEntry),
	}
	for _, each := range chunk.Records {
		message.Records = append(message.Records, c.released(each, slices.Contains(each.Record.Header.Labels, labelOpinion)))
	}
	return message
}

// labelOpinion marks opinion as against fact: it has no effect on release and is always shown (domain.md 4.4).
const labelOpinion = "opinion"

func (s speaker) released(r request.Released, opinion bool) *mashgatev1.ReleasedRecord {
	header, spec := r.Record.Header, s.catalogue.Categories[r.Record.Header.Category]
	message := &mashgatev1.ReleasedRecord{
		Organisation: header.Organisation, Ref: header.Ref, Category: header.Category, CategoryTitle: spec.Title, Subject: header.Subject,
		EventDate: header.EventDate, Until: header.Until, Current: header.Current,
		Effect: wire.FromCode[mashgatev1.Effect](string(s.effect(r.Decision))), Masked: r.Masked, Opinion: opinion,
	}
	titles := map[string]string{}
	for _, field := range spec.Fields {
		titles[field.Name] = field.Title
	}
	for _, field := range r.Record.Fields {
		message.Fields = append(message.Fields, &mashgatev1.ReleasedField{Name: field.Name, Title: titles[field.Name], Value: field.Value})
	}
	return message
}

// effect is what the reader is told was decided. A mask for a label that is never named is applied without a word of it (domain.md 4.4):
// "redacted", with no class beside it, would name it.
func (s speaker) effect(d policy.Decision) policy.Effect {
	named := slices.ContainsFunc(d.Reasons, func(r policy.Reason) bool {
		return r.Effect == policy.Redact && !slices.Contains(s.words.NeverNamed.Labels, r.Code)
	})
	if d.Effect == policy.Redact && !named {
		return policy.Permit
	}
	return d.Effect
}

func (c session) picture(p exchange.Picture) *mashgatev1.Picture {
	message := &mashgatev1.Picture{
		Name: wire.RequestName(p.Request.Hub, p.Request.Episode, p.Request.ID) + "/picture", Time: wire.Time(p.Time), Complete: p.Complete,
		Revision: p.Revision, Obligations: c.obligations(p.Obligations), LedgerEntry: wire.EntryName(p.Request.Hub, p.LedgerEntry),
		NextPageToken: p.NextToken,
	}
	for _, each := range p.Answers {
		message.Answers = append(message.Answers, c.answer(each))
	}
	for _, each := range p.Chronology {
		message.Chronology = append(message.Chronology, c.released(each.Released, each.Opinion))
	}
	c.analysis(p, message)
	for _, each := range p.Held {
		message.HeldBack = append(message.HeldBack, &mashgatev1.HeldBack{
			Organisation: each.Organisation, OrganisationTitle: c.titles[each.Organisation], Subject: each.Subject, Category: each.Category,
			CategoryTitle: c.catalogue.Categories[each.Category].Title, Effect: wire.FromCode[mashgatev1.Effect](string(each.Effect)),
			Reasons: wire.Reasons(each.Reasons), SafeguardingDesk: each.Desk, DecidedBy: each.DecidedBy,
		})
	}
	return message
}

// analysis is what looks across records: the household, the categories of Signs of Safety, and what organisations differ on.
func (c session) analysis(p exchange.Picture, message *mashgatev1.Picture) {
	for _, each := range p.Household {
		member := &mashgatev1.HouseholdMember{Subject: each.ID, Role: each.Role, LivesWithIndex: each.LivesWithIndex, Protected: each.Protected}
		for _, held := range each.Attributes {
			member.Attributes = append(member.Attributes, attribute(held))
		}
		message.Household = append(message.Household, member)
	}
	for _, each := range p.Signs {
		message.SignsOfSafety = append(message.SignsOfSafety, &mashgatev1.SignOfSafety{
			AnalysisCategory: each.Category, Text: each.Text, Organisation: each.Organisation, Subject: each.Subject, EventDate: each.EventDate,
			Opinion: each.Opinion, Ref: each.Ref, JudgedBy: each.JudgedBy,
		})
	}
	for _, each := range p.Conflicts {
		conflict := &mashgatev1.Conflict{Subject: each.Subject, Attribute: each.Attribute}
		for _, held := range each.Values {
			conflict.Values = append(conflict.Values, attribute(held))
		}
		message.Conflicts = append(message.Conflicts, conflict)
	}
}

func attribute(a aggregate.Attribute) *mashgatev1.HeldAttribute {
	return &mashgatev1.HeldAttribute{Attribute: a.Name, Value: a.Value, Organisation: a.Organisation}
}
