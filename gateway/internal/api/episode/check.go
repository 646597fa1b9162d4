package episode

import (
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/internal/person"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// checkReferral finds everything that is wrong with a form beyond the contract's own rules.
func (c session) checkReferral(form *mashgatev1.Referral) error {
	var problems wire.Problems
	wire.AllKnown(&problems, "referral.concerns", form.GetConcerns(), c.words.Concerns, "concerns")
	wire.AllKnown(&problems, "referral.indicators", form.GetIndicators(), c.words.Indicators, "threshold indicators")
	ids := map[string]bool{}
	index := 0
	for i, subject := range form.GetSubjects() {
		field := fmt.Sprintf("referral.subjects[%d]", i)
		if ids[subject.GetId()] {
			problems.Add(field+".id", "stands twice in the form")
		}
		ids[subject.GetId()] = true
		if subject.GetRole() == mashgatev1.SubjectRole_SUBJECT_ROLE_INDEX_CHILD {
			index++
		}
		c.checkIdentity(&problems, field+".identity", subject.GetIdentity())
	}
	if index != 1 {
		problems.Add("referral.subjects", "need exactly one index child")
	}
	for i, consent := range form.GetConsents() {
		if !ids[consent.GetGiver()] {
			problems.Add(fmt.Sprintf("referral.consents[%d].giver", i), "is not a subject of the form")
		}
	}
	return problems.Err()
}

// checkIdentity holds identifiers to their check digits: a wrong one finds nobody, or somebody else.
func (c session) checkIdentity(problems *wire.Problems, field string, identity *mashgatev1.PersonIdentity) {
	if number := identity.GetNhsNumber(); number != "" && !person.ValidNHSNumber(number) {
		problems.Add(field+".nhs_number", "has a wrong check digit")
	}
	if number := identity.GetUpn(); number != "" && !person.ValidUPN(number) {
		problems.Add(field+".upn", "has a wrong check letter")
	}
	born := identity.GetDateOfBirth()
	if born == "" || born == person.Unborn {
		return
	}
	if _, ok := person.NormaliseDate(born); !ok {
		problems.Add(field+".date_of_birth", "is not a day of the calendar")
	} else if born > c.by.At.Format("2006-01-02") {
		problems.Add(field+".date_of_birth", "lies in the future; for a child not yet born write unborn")
	}
}
