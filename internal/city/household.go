package city

import (
	"fmt"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/person"
)

// member is one person while the family is being made.
type member struct {
	TruthPerson
	born time.Time
	// formerName is a name they had before ("" for none); formerHome a place they lived at.
	formerName string
	formerHome *person.Address
	convicted  bool
}

func (m *member) age(now time.Time) int {
	years := now.Year() - m.born.Year()
	if now.YearDay() < m.born.YearDay() {
		years--
	}
	return years
}

func (m *member) child(now time.Time) bool {
	return slices.Contains([]string{"index_child", "sibling", "other_child"}, m.Role) && m.age(now) < 18
}

// household is a family while it is being made.
type household struct {
	*draw
	family  TruthFamily
	members []*member
	// home is where the index child lives; father's family name stands for separated and unmarried parents.
	home               person.Address
	motherName, father string
	phrases            phrases
}

func generateFamily(d *draw, p phrases) TruthFamily {
	h := &household{draw: d, phrases: p, home: d.home(), motherName: d.familyName()}
	h.family = TruthFamily{
		Family: fmt.Sprintf("G%05d", d.family), Traits: []string{}, Records: []TruthRecord{}, Protected: []Protected{}, People: []TruthPerson{},
	}
	h.father = h.motherName
	if h.chance(0.4) {
		h.father = h.familyName()
	}
	h.addChildren()
	h.addParents()
	h.addOthers()
	h.hide()
	h.hold()
	for _, m := range h.members {
		h.family.People = append(h.family.People, m.TruthPerson)
	}
	return h.family
}

func (h *household) trait(name string) { h.family.Traits = append(h.family.Traits, name) }

func (h *household) is(trait string) bool { return slices.Contains(h.family.Traits, trait) }

func (h *household) protect(kind, token string) {
	h.family.Protected = append(h.family.Protected, Protected{Kind: kind, Token: token})
}

// add makes a person who lives at home.
func (h *household) add(role, relationship, sex, familyName string, born time.Time) *member {
	n := len(h.members)
	m := &member{born: born, TruthPerson: TruthPerson{
		ID: fmt.Sprintf("p%d", n+1), Role: role, Relationship: relationship, LivesWithIndex: true, Held: []TruthHolding{},
		Identity: person.Identity{
			GivenName: h.unusedName(sex), FamilyName: familyName, DateOfBirth: iso(born), Sex: sex, NHSNumber: nhsNumber(int(h.draw.family)*maxPeople + n),
			GP: pick(h.draw, h.words.surgery), Ethnicity: pick(h.draw, h.words.ethnicity), Language: pick(h.draw, h.words.language),
			Addresses: []person.Address{h.home},
		},
	}}
	if age := m.age(h.now); age >= 4 && age < 18 {
		m.Identity.UPN, m.Identity.School = upn(int(h.draw.family)*maxPeople+n), h.school(age)
	} else if age >= 18 {
		m.Identity.Phones = []string{h.phone()}
	}
	h.members = append(h.members, m)
	return m
}

// unusedName: no two people of one family have the same given name.
func (h *household) unusedName(sex string) string {
	for {
		name := h.givenName(sex)
		if !slices.ContainsFunc(h.members, func(m *member) bool { return m.Identity.GivenName == name }) {
			return name
		}
	}
}

func (h *household) school(age int) string {
	if age < 11 {
		return pick(h.draw, h.words.primary)
	}
	return pick(h.draw, h.words.secondary)
}

func (h *household) sex() string { return pick(h.draw, []string{"female", "male"}) }

func (h *household) addChildren() {
	count := pick(h.draw, []int{1, 1, 1, 2, 2, 2, 3, 3, 4, 5})
	born := h.bornBetween(20, 16*year)
	for n := range count {
		role, relationship := "sibling", "sibling"
		if n == 0 {
			role, relationship = "index_child", ""
		}
		h.add(role, relationship, h.sex(), h.father, born)
		if n == 0 && h.chance(0.04) {
			h.add("sibling", "twin", h.sex(), h.father, born)
			h.trait("twins")
		}
		born = born.AddDate(0, 0, -330-h.IntN(900))
		if h.now.Sub(born) > 17*year*24*time.Hour {
			return
		}
	}
}

func (h *household) oldestChild() time.Time { return h.members[len(h.members)-1].born }

func (h *household) addParents() {
	bornMother := h.oldestChild().AddDate(-18-h.IntN(20), 0, -h.IntN(year))
	mother := h.add("parent", "mother", "female", h.motherName, bornMother)
	if h.chance(0.35) {
		mother.formerName = h.familyName()
		mother.Identity.OtherNames = []string{mother.Identity.GivenName + " " + mother.formerName}
	}
	if h.chance(0.1) {
		return // nobody has the father on record
	}
	father := h.add("parent", "father", "male", h.father, h.oldestChild().AddDate(-19-h.IntN(22), 0, -h.IntN(year)))
	if h.chance(0.38) {
		h.trait("separated")
		father.LivesWithIndex = false
		away := h.draw.home()
		father.formerHome, father.Identity.Addresses = &h.home, []person.Address{away}
		if h.chance(0.3) {
			h.trait("partner")
			h.add("carer", "mother's partner", "male", h.familyName(), mother.born.AddDate(0, 0, h.IntN(8*year)-4*year))
		}
	}
}

func (h *household) addOthers() {
	if h.chance(0.08) {
		h.add("other_adult", "grandmother", "female", h.motherName, h.oldestChild().AddDate(-45-h.IntN(20), 0, 0))
	}
	if h.chance(0.06) && h.oldestChild().Before(h.now.AddDate(-8, 0, 0)) {
		grown := h.add("sibling", "grown-up sibling", h.sex(), h.father, h.now.AddDate(-18-h.IntN(4), 0, -1-h.IntN(year-2)))
		grown.Identity.UPN = ""
	}
	if h.chance(0.03) {
		unborn := h.add("sibling", "unborn child", "", h.motherName, h.now)
		unborn.Identity = person.Identity{GivenName: "Unborn", FamilyName: h.motherName, DateOfBirth: person.Unborn, Addresses: []person.Address{h.home}}
		h.trait("unborn")
	}
}

// hide takes some families to a refuge and has some children adopted.
func (h *household) hide() {
	switch father := h.by("father"); {
	case father != nil && h.chance(0.03):
		h.flee(father)
	case h.chance(0.02):
		h.adopt()
	}
}

func (h *household) by(relationship string) *member {
	for _, m := range h.members {
		if m.Relationship == relationship {
			return m
		}
	}
	return nil
}

// flee: mother and children live where the father must not find them; he has what was their home.
func (h *household) flee(father *member) {
	h.trait("refuge")
	old, refuge := h.home, h.refuge()
	h.home = refuge
	father.LivesWithIndex, father.AllegedSourceOfHarm = false, true
	father.formerHome, father.Identity.Addresses = nil, []person.Address{old}
	for _, m := range h.members {
		if m == father || m.Role == "carer" || m.Role == "other_adult" {
			m.LivesWithIndex = false
			continue
		}
		before := old
		before.Current = false
		m.SafeAddress, m.formerHome = true, &before
		m.Identity.Addresses = []person.Address{refuge, before}
		m.Identity.Phones = nil
	}
	for _, part := range append(refuge.Lines, refuge.Postcode) {
		h.protect("refuge_address", part)
	}
}

// adopt: the index child had another name and another family.
func (h *household) adopt() {
	h.trait("adoption")
	child := h.members[0]
	birth := h.word()
	child.formerName = birth
	child.Identity.OtherNames = []string{h.givenName(child.Identity.Sex) + " " + birth}
	h.protect("birth_family", birth)
}
