package city

import (
	"strings"

	"github.com/mashgate/mashgate/internal/person"
)

// slip is one way in which an organisation gets a person wrong. It returns false where it cannot happen to this person.
type slip struct {
	name string
	make func(*household, *member, *person.Identity) bool
}

func slips() []slip {
	return []slip{
		{"typo", typo}, {"swapped_day_month", swapDayAndMonth}, {"nickname", nickname}, {"double_barrelled", doubleBarrelled},
		{"previous_name", previousName}, {"missing_identifier", missingIdentifier}, {"old_address", oldAddress},
	}
}

// asHeld is a person as one organisation has written them down, and the mistakes in it.
func (h *household) asHeld(organisation string, m *member) (person.Identity, []string) {
	who := knownTo(organisation, m.Identity)
	if m.formerName != "" && organisation != "children_social_care" {
		who.OtherNames = nil // nobody else was told of the name before
	}
	made := []string{}
	if who.DateOfBirth == person.Unborn {
		return who, made
	}
	for range 2 {
		if !h.chance(0.12) {
			continue
		}
		if s := pick(h.draw, slips()); s.make(h, m, &who) {
			made = append(made, s.name)
		}
	}
	return who, made
}

// typo doubles, drops or swaps a letter inside a name.
func typo(h *household, _ *member, who *person.Identity) bool {
	name := pick(h.draw, []*string{&who.GivenName, &who.FamilyName})
	letters := []rune(*name)
	if len(letters) < 4 {
		return false
	}
	at := 1 + h.IntN(len(letters)-2)
	switch h.IntN(3) {
	case 0:
		letters = append(letters[:at], letters[at+1:]...)
	case 1:
		letters = append(letters[:at+1], letters[at:]...)
	default:
		if letters[at] == letters[at+1] {
			return false
		}
		letters[at], letters[at+1] = letters[at+1], letters[at]
	}
	*name = string(letters)
	return true
}

func swapDayAndMonth(_ *household, _ *member, who *person.Identity) bool {
	parts := strings.Split(who.DateOfBirth, "-")
	if len(parts) != 3 || parts[2] > "12" || parts[1] == parts[2] {
		return false
	}
	who.DateOfBirth = parts[0] + "-" + parts[2] + "-" + parts[1]
	return true
}

func nickname(h *household, _ *member, who *person.Identity) bool {
	short, ok := h.words.nickname[who.GivenName]
	if ok {
		who.GivenName = short
	}
	return ok
}

func doubleBarrelled(h *household, m *member, who *person.Identity) bool {
	if h.father == h.motherName || m.Role == "carer" || strings.Contains(who.FamilyName, "-") {
		return false
	}
	who.FamilyName = h.motherName + "-" + h.father
	return true
}

// previousName is the name before marriage. A name before adoption is known to children's social care alone.
func previousName(h *household, m *member, who *person.Identity) bool {
	if m.formerName == "" || h.is("adoption") && m.Role == "index_child" {
		return false
	}
	who.FamilyName, who.OtherNames = m.formerName, nil
	return true
}

func missingIdentifier(_ *household, _ *member, who *person.Identity) bool {
	had := who.NHSNumber != "" || who.UPN != ""
	who.NHSNumber, who.UPN = "", ""
	return had
}

func oldAddress(_ *household, m *member, who *person.Identity) bool {
	if m.formerHome == nil {
		return false
	}
	old := *m.formerHome
	old.Current = true
	who.Addresses = []person.Address{old}
	return true
}
