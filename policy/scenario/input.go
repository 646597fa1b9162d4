package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Input is the case as a live request would put it: asked in the pack's own hub, of all its organisations.
func (s Scenario) Input(v *policy.Vocabulary) policy.Input {
	in := policy.Input{
		At: s.At.Time, Hub: v.Hub.Code, Requester: s.requester(v), Episode: s.episode(),
		Subjects: s.subjects(), Consents: s.consents(), Categories: s.categories(),
	}
	for _, entry := range v.Organisations {
		in.Organisations = append(in.Organisations, entry.Organisation())
	}
	return in
}

func (s Scenario) requester(v *policy.Vocabulary) policy.Requester {
	r := policy.Requester{
		Role: s.Requester.Role, Agency: s.Requester.Agency, Hub: v.Hub.Code, Assigned: orTrue(s.Requester.Assigned),
	}
	if s.Requester.RelationshipTo != "" {
		r.Relationships = []policy.Relationship{{Subject: s.Requester.RelationshipTo, Kind: "declared"}}
	}
	return r
}

func (s Scenario) episode() policy.Episode {
	e := policy.Episode{
		Stage: s.Episode.Stage, Purpose: s.Episode.Purpose, Rating: s.Episode.Rating, LevelOfNeed: s.Episode.LevelOfNeed,
		Basis: s.Episode.Basis, Concerns: s.Episode.Concerns, Facts: policy.Facts(s.Episode.Facts),
		Override: (*policy.Override)(s.Episode.Override), ConsentPosition: (*policy.ConsentPosition)(s.Episode.ConsentPosition),
	}
	if glass := s.Episode.BreakGlass; glass != nil {
		e.BreakGlass = &policy.BreakGlass{By: glass.By, Reason: glass.Reason, Starts: s.At.Time, Expires: glass.Expires.Time}
	}
	return e
}

func (s Scenario) subjects() []policy.Subject {
	var out []policy.Subject
	for _, subject := range s.Subjects {
		responsible := subject.Role == "parent"
		if subject.ParentalResponsibility != nil {
			responsible = *subject.ParentalResponsibility
		}
		out = append(out, policy.Subject{
			ID: subject.ID, Role: subject.Role, Born: subject.Born, Identified: subject.Identified.or("yes"),
			GillickCompetent: subject.GillickCompetent.or("unknown"), PregnantOrPostnatal: subject.PregnantOrPostnatal.or("unknown"),
			ParentalResponsibility: responsible, LivesWithIndex: orTrue(subject.LivesWithIndex),
			AllegedSourceOfHarm: subject.AllegedSourceOfHarm, SafeAddress: subject.SafeAddress,
		})
	}
	return out
}

// consents without a time of their own were recorded long before the decision, in the order of the file: an answer that has a time
// comes after them.
func (s Scenario) consents() []policy.Consent {
	var out []policy.Consent
	for i, consent := range s.Consents {
		recorded := consent.Recorded.Time
		if recorded.IsZero() {
			recorded = s.At.AddDate(-10, 0, 0).Add(time.Duration(i) * time.Second)
		}
		out = append(out, policy.Consent{
			Kind: consent.Kind, By: consent.By, Status: consent.Status, Reason: consent.Reason, Recorded: recorded,
		})
	}
	return out
}

// categories a case names count as named by the requester, with a reason.
func (s Scenario) categories() []policy.Category {
	var out []policy.Category
	for _, row := range s.Expect.Decisions {
		category := policy.Category{Code: row.Category, Reason: "named by the scenario"}
		if !slices.Contains(out, category) {
			out = append(out, category)
		}
	}
	return out
}

// Headers are the rows as the records of the first organisation that holds their category.
func (s Scenario) Headers(v *policy.Vocabulary) ([]record.Header, error) {
	zone, err := time.LoadLocation(v.Hub.Timezone)
	if err != nil {
		return nil, fmt.Errorf("scenario: %s: %w", s.File, err)
	}
	today := s.At.In(zone).Format(time.DateOnly)
	headers := make([]record.Header, 0, len(s.Expect.Decisions))
	for i, row := range s.Expect.Decisions {
		at := slices.IndexFunc(v.Organisations, func(o policy.OrganisationEntry) bool { return slices.Contains(o.Categories, row.Category) })
		if at < 0 {
			return nil, fmt.Errorf("scenario: %s: expect.decisions[%d]: no organisation holds %q", s.File, i, row.Category)
		}
		headers = append(headers, row.header(v.Organisations[at].ID, today))
	}
	return headers, nil
}

func (r row) header(organisation, today string) record.Header {
	h := record.Header{
		Ref: "scenario", Organisation: organisation, Category: r.Category, Subject: r.About, EventDate: r.EventDate, Until: r.Until,
		Current: r.Current, Labels: r.Labels, LabelsKnown: true, OnlyAddress: r.OnlyAddress,
	}
	if !r.Current && !r.Undated && r.EventDate == "" && r.Until == "" {
		h.EventDate = today
	}
	return h.Normalised()
}

func orTrue(b *bool) bool { return b == nil || *b }
