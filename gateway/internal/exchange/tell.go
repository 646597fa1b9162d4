package exchange

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/plan"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// telling is all that could be told in asking, with what policy says of it on the facts of this bench.
func (s *story) telling(b *bench) plan.Telling {
	telling := plan.Telling{
		Purpose: b.episode.Purpose, Basis: b.episode.Basis, Asks: []policy.Ask{b.pinned.Ask(), b.current.Ask()},
		LocationUnknown: !s.located || b.input.LocationUnknown, WordsOfInformant: !s.referral.Referrer.Professional,
		Narrative: strings.TrimSpace(s.referral.Narrative.Summary + "\n\n" + s.referral.Narrative.Worries),
	}
	for _, subject := range b.episode.Subjects {
		telling.People = append(telling.People, plan.Person{ID: subject.ID, Role: subject.Role, Identity: subject.Identity})
	}
	return telling
}

// body is what an organisation is told in one attempt, as it goes over the line, and how the ledger calls it.
func (s *story) body(b *bench, of fanout.Leg, method fanout.Method) (body []byte, told string, err error) {
	telling := s.telling(b)
	if method == fanout.Locate {
		body, err = locateBody(plan.Tell(plan.Leg{Organisation: of.Organisation, Subjects: of.Subjects}, telling))
		return body, policy.TellIdentifiers, err
	}
	narrative := plan.Narrative(telling)
	if narrative == "" {
		return nil, policy.TellIdentifiers, nil
	}
	body, err = proto.Marshal(&agencyv1.CollectBody{Narrative: narrative})
	return body, policy.TellNarrative, err
}

func locateBody(told plan.Told) ([]byte, error) {
	message := &agencyv1.LocateBody{Purpose: told.Purpose, Basis: told.Basis}
	for _, p := range told.People {
		message.Subjects = append(message.Subjects, &agencyv1.Subject{Id: p.ID, Role: p.Role, Identity: identity(p.Identity)})
	}
	return proto.Marshal(message)
}

func identity(of person.Identity) *agencyv1.Identity {
	told := &agencyv1.Identity{
		GivenName: of.GivenName, FamilyName: of.FamilyName, OtherNames: of.OtherNames, DateOfBirth: of.DateOfBirth, Sex: of.Sex,
		NhsNumber: of.NHSNumber, Upn: of.UPN,
	}
	for _, address := range of.Addresses {
		told.Postcodes = append(told.Postcodes, address.Postcode)
	}
	return told
}

// adulthood is when a child is one no longer (domain.md 4.1).
const adulthood = 18

var childRoles = []string{"index_child", "sibling", "other_child"}

// warrantSubjects are the people of a warrant, with the little an agency's own policy may know of them.
func (b *bench) warrantSubjects(ids []string) []warrant.Subject {
	var subjects []warrant.Subject
	for _, s := range b.input.Subjects {
		if slices.Contains(ids, s.ID) {
			subjects = append(subjects, warrant.Subject{ID: s.ID, Role: s.Role, Child: child(s.Born, s.Role, b.input.At)})
		}
	}
	return subjects
}

func child(born, role string, at time.Time) bool {
	day, err := time.Parse(time.DateOnly, born)
	if err != nil { // unborn, or not known: the role tells
		return slices.Contains(childRoles, role)
	}
	return day.AddDate(adulthood, 0, 0).After(at)
}
