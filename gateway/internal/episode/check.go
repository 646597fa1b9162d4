package episode

import (
	"fmt"

	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/person"
)

// RoleIndexChild is the child the episode is about.
const RoleIndexChild = "index_child"

func checkForm(r Referral) error {
	for i, s := range r.Subjects {
		if err := checkSubject(fmt.Sprintf("referral.subjects[%d]", i), s); err != nil {
			return err
		}
	}
	for i, c := range r.Consents {
		if err := checkConsent(fmt.Sprintf("referral.consents[%d]", i), c); err != nil {
			return err
		}
	}
	return checkFamily("referral.subjects", r.Subjects)
}

// checkFamily holds a list of people to one index child and ids of their own.
func checkFamily(field string, subjects []Subject) error {
	seen := map[string]bool{}
	index := 0
	for _, s := range subjects {
		if seen[s.ID] {
			return fault.Invalid(field, "two subjects have the same id")
		}
		seen[s.ID] = true
		if s.Role == RoleIndexChild {
			index++
		}
	}
	if index != 1 {
		return fault.Invalid(field, "a referral is about exactly one index child; other children are siblings or other children")
	}
	return nil
}

// checkSubject refuses identifiers that cannot be right: matched at an agency they would find somebody else, or a false "no trace".
func checkSubject(field string, s Subject) error {
	id := s.Identity
	if id.NHSNumber != "" && !person.ValidNHSNumber(id.NHSNumber) {
		return fault.Invalid(field+".identity.nhs_number", "has a wrong check digit")
	}
	if id.UPN != "" && !person.ValidUPN(id.UPN) {
		return fault.Invalid(field+".identity.upn", "has a wrong check letter")
	}
	if id.DateOfBirth != "" {
		if day, ok := person.NormaliseDate(id.DateOfBirth); !ok || day != id.DateOfBirth {
			return fault.Invalid(field+".identity.date_of_birth", "is not an ISO day, nor unborn")
		}
	}
	return nil
}

// judgeIdentities says of each person about whom nobody has said it whether they are above the minimum that partners need before they
// check their systems: the index child's names and date of birth and the parents' names (domain.md section 2, from S1 and S2).
func judgeIdentities(subjects []Subject) {
	parentNamed := false
	for _, s := range subjects {
		if s.Role == "parent" || s.Role == "carer" {
			parentNamed = parentNamed || named(s.Identity)
		}
	}
	for i, s := range subjects {
		if s.Identified != "" {
			continue
		}
		ok := named(s.Identity)
		if s.Role == RoleIndexChild {
			// An unborn child has no names yet and is known by its mother.
			unborn := s.Identity.DateOfBirth == person.Unborn
			ok = parentNamed && (unborn || ok && s.Identity.DateOfBirth != "")
		}
		subjects[i].Identified = "no"
		if ok {
			subjects[i].Identified = "yes"
		}
	}
}

func named(id person.Identity) bool { return id.GivenName != "" && id.FamilyName != "" }
