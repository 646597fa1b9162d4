package episode

import (
	"github.com/mashgate/mashgate/gateway/internal/episode"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// partnerRole works for another agency: what a refuge or an informant told children's services is not theirs to read.
const partnerRole = "partner_representative"

// narrowReferral takes out what this reader may not learn. "A referrer who is not a professional is an informant in every ask, picture,
// feedback and subject access" (domain.md 4.4).
func (c session) narrowReferral(r episode.Referral, answer *mashgatev1.Referral) {
	if c.who.Role != partnerRole || c.who.ID == r.Submitter {
		return
	}
	if !r.Referrer.Professional {
		answer.Referrer = &mashgatev1.Referrer{}
	}
	c.narrowSubjects(answer.GetSubjects())
}

// narrowSubjects takes every way to a protected person out of what a partner reads: the address, and what gives it away. Where one
// person is protected nobody's whereabouts are told, because the others may live there too.
func (c session) narrowSubjects(subjects []*mashgatev1.Subject) {
	if c.who.Role != partnerRole {
		return
	}
	protected := false
	for _, subject := range subjects {
		protected = protected || subject.GetSafeAddress()
	}
	if !protected {
		return
	}
	for _, subject := range subjects {
		identity := subject.GetIdentity()
		identity.Addresses, identity.Phones, identity.School, identity.Gp = nil, nil, "", ""
	}
}
