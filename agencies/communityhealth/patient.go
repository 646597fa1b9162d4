package communityhealth

import (
	"time"

	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
)

// patient is a FHIR-like Patient resource.
type patient struct {
	ResourceType string `json:"resourceType"`
	ID           string `json:"id"`
	Identifier   []struct {
		System string `json:"system"`
		Value  string `json:"value"`
	} `json:"identifier,omitempty"`
	Name []humanName `json:"name"`
	// BirthDate is a day; Expected is set instead for a child who is not born yet.
	BirthDate           string          `json:"birthDate,omitempty"`
	Expected            bool            `json:"expected,omitempty"`
	Gender              string          `json:"gender"`
	Telecom             []contactPoint  `json:"telecom,omitempty"`
	Address             []address       `json:"address,omitempty"`
	GeneralPractitioner []display       `json:"generalPractitioner,omitempty"`
	Communication       []codeText      `json:"communication,omitempty"`
	Extension           []textExtension `json:"extension,omitempty"`
}

type humanName struct {
	Use    string `json:"use"`
	Family string `json:"family,omitempty"`
	Given  string `json:"given,omitempty"`
	Text   string `json:"text,omitempty"`
}

type contactPoint struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type address struct {
	Use        string   `json:"use"`
	Line       []string `json:"line,omitempty"`
	PostalCode string   `json:"postalCode,omitempty"`
}

type display struct {
	Display string `json:"display"`
}

type codeText struct {
	Text string `json:"text"`
}

type textExtension struct {
	URL   string `json:"url"`
	Value string `json:"valueString"`
}

const (
	nhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number"
	ethnicURL       = "https://trust.example/fhir/ethnic-category"
)

func toPatient(p extract.Person) patient {
	i := p.Identity
	out := patient{
		ResourceType: "Patient", ID: p.Ref, Gender: genders.Code(i.Sex),
		Name: []humanName{{Use: "official", Family: i.FamilyName, Given: i.GivenName}},
	}
	out.setBirth(i.DateOfBirth)
	out.setNHSNumber(i.NHSNumber)
	for _, other := range i.OtherNames {
		out.Name = append(out.Name, humanName{Use: "usual", Text: other})
	}
	for _, phone := range i.Phones {
		out.Telecom = append(out.Telecom, contactPoint{System: "phone", Value: phone})
	}
	for _, a := range i.Addresses {
		use := "old"
		if a.Current {
			use = "home"
		}
		out.Address = append(out.Address, address{Use: use, Line: a.Lines, PostalCode: a.Postcode})
	}
	if i.GP != "" {
		out.GeneralPractitioner = []display{{i.GP}}
	}
	if i.Language != "" {
		out.Communication = []codeText{{i.Language}}
	}
	if i.Ethnicity != "" {
		out.Extension = []textExtension{{ethnicURL, i.Ethnicity}}
	}
	return out
}

func (p *patient) setNHSNumber(number string) {
	if number != "" {
		p.Identifier = append(p.Identifier, struct {
			System string `json:"system"`
			Value  string `json:"value"`
		}{nhsNumberSystem, number})
	}
}

// setBirth keeps a day, or that a birth is expected; a birth date that is neither has no place in the resource.
func (p *patient) setBirth(born string) {
	if born == person.Unborn {
		p.Expected = true
	} else if _, err := time.Parse(time.DateOnly, born); err == nil {
		p.BirthDate = born
	}
}

func (p patient) identity() (person.Identity, error) {
	sex, err := genders.Words(p.Gender)
	i := person.Identity{Sex: sex, DateOfBirth: p.BirthDate}
	if p.Expected {
		i.DateOfBirth = person.Unborn
	}
	for _, id := range p.Identifier {
		if id.System == nhsNumberSystem {
			i.NHSNumber = id.Value
		}
	}
	for _, name := range p.Name {
		if name.Use == "official" {
			i.GivenName, i.FamilyName = name.Given, name.Family
		} else {
			i.OtherNames = append(i.OtherNames, name.Text)
		}
	}
	for _, phone := range p.Telecom {
		i.Phones = append(i.Phones, phone.Value)
	}
	for _, a := range p.Address {
		i.Addresses = append(i.Addresses, person.Address{Lines: a.Line, Postcode: a.PostalCode, Current: a.Use == "home"})
	}
	for _, gp := range p.GeneralPractitioner {
		i.GP = gp.Display
	}
	for _, language := range p.Communication {
		i.Language = language.Text
	}
	for _, e := range p.Extension {
		if e.URL == ethnicURL {
			i.Ethnicity = e.Value
		}
	}
	return i, err
}
