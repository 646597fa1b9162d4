package demo_test

import (
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// oracle says what must come of each record of a generated family when somebody asks about everything under s47 with the concern
// neglect. It is written from domain.md 4 alone and knows nothing of the policy pack.
type oracle struct{ family city.TruthFamily }

// verdict is what must come of a record: "" where nobody may ask for it, else permit (with masks), review, exist or deny.
type verdict struct {
	effect string
	masks  []string
}

// The columns of domain.md 4.3 for s47: everything else is permitted.
var underS47 = map[string]string{
	"hlt.mental_health_detail": "review", "pol.intelligence": "review", "pol.live_investigation": "exist",
	"hlt.sexual_health": "deny", "hlt.restricted": "deny",
}

// tierA and tierB have look-back windows of 2 and 6 years; under s47 the rest is the whole record.
var (
	tierA = []string{"csc.status", "eh.plan", "edu.enrolment", "edu.attendance", "hlt.registration"}
	tierB = []string{
		"csc.chronology", "edu.exclusions", "edu.send", "edu.safeguarding_log", "pol.involvement", "pol.missing", "pol.domestic_abuse",
		"hlt.checks", "hlt.maternity", "hlt.mental_health_status", "hlt.substance_misuse", "prb.supervision", "yj.involvement",
	}
)

// strictness of effects, strictest last.
var strictness = []string{"permit", "exist", "review", "deny"}

func (v *verdict) contribute(effect string, masks ...string) {
	if slices.Index(strictness, effect) > slices.Index(strictness, v.effect) {
		v.effect = effect
	}
	v.masks = append(v.masks, masks...)
}

func (o oracle) of(r city.TruthRecord) verdict {
	who := o.person(r.Person)
	if !asked(r.Header.Organisation, r.Header.Category, who) {
		return verdict{}
	}
	v := verdict{effect: "permit"}
	if effect := underS47[r.Header.Category]; effect != "" {
		v.contribute(effect)
	}
	if otherAdult(who) && r.Header.Category[:4] == "hlt." {
		v.contribute("review")
	}
	if r.Header.Category == "csc.placement" {
		v.contribute("permit", "location", "free_text")
	}
	if tooOld(r.Header, who) {
		v.contribute("deny")
	}
	if r.Header.Day() == "" && !r.Header.Current || !r.Header.LabelsKnown {
		v.contribute("review")
	}
	labels(&v, r.Header)
	flags(&v, r.Header, who)
	return v
}

func labels(v *verdict, h record.Header) {
	for _, label := range h.Labels {
		switch label {
		case "legally_restricted":
			v.contribute("deny")
		case "spent":
			v.contribute("review")
		case "limited_access", "live_investigation":
			v.contribute("exist")
		case "third_party", "informant":
			v.contribute("permit", label)
		case "adoption":
			v.contribute("permit", "identity_link")
		case "safe_address":
			v.contribute("permit", "location", "free_text")
		}
	}
}

// flags belong to people (4.4): a refuge covers everybody who lives in it, an adoption the child, and what limits access the records of
// the organisation that set it.
func flags(v *verdict, h record.Header, who city.TruthPerson) {
	if who.SafeAddress {
		v.contribute("permit", "location", "free_text")
		if h.OnlyAddress {
			v.contribute("deny")
		}
	}
	for _, held := range who.Held {
		for _, flag := range held.Flags {
			switch {
			case flag == "adoption":
				v.contribute("permit", "identity_link")
			case flag != "safe_address" && held.Organisation == h.Organisation:
				v.contribute("exist")
			}
		}
	}
}

func (o oracle) person(id string) city.TruthPerson {
	return o.family.People[slices.IndexFunc(o.family.People, func(p city.TruthPerson) bool { return p.ID == id })]
}

// asked: what an organisation keeps about whom (4.1, 4.4). The restricted categories are asked of nobody.
func asked(organisation, category string, who city.TruthPerson) bool {
	switch organisation {
	case "education":
		return isChild(who)
	case "youth_justice":
		return isChild(who) && age(who) >= 10
	case "probation":
		return age(who) >= 16
	}
	return underS47[category] != "deny"
}

// tooOld: the edge of a window is inside it, a standing fact is dated by its last day, and neither a child's own social care history nor
// what tells of a risk to children has a window.
func tooOld(h record.Header, who city.TruthPerson) bool {
	years := 0
	switch {
	case h.Category == "hlt.attendance" && isChild(who), slices.Contains(tierA, h.Category):
		years = 2
	case h.Category == "hlt.attendance", slices.Contains(tierB, h.Category):
		years = 6
	}
	lifted := h.Category[:4] == "csc." && isChild(who) || slices.Contains(h.Labels, "risk_to_children")
	return years > 0 && !lifted && h.Day() != "" && h.Day() < today.AddDate(-years, 0, 0).Format(time.DateOnly)
}

func isChild(who city.TruthPerson) bool {
	return slices.Contains([]string{"index_child", "sibling", "other_child"}, who.Role) && age(who) < 18
}

func otherAdult(who city.TruthPerson) bool {
	return !isChild(who) && who.Role != "parent" && who.Role != "carer"
}

// age in whole years; somebody not born yet has none.
func age(who city.TruthPerson) int {
	born, err := time.Parse(time.DateOnly, who.Identity.DateOfBirth)
	if err != nil {
		return -1
	}
	years := today.Year() - born.Year()
	if born.AddDate(years, 0, 0).After(today) {
		years--
	}
	return years
}

// toldOfFamily is who a referrer says they are: what is true, but neither where they hide nor what a child was called before.
func toldOfFamily(p city.TruthPerson, adopted bool) person.Identity {
	known := p.Identity
	if p.SafeAddress {
		known.Addresses = nil
	}
	if adopted && p.Role == "index_child" {
		known.OtherNames = nil
	}
	return known
}
