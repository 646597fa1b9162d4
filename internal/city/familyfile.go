package city

import (
	"github.com/mashgate/mashgate/internal/person"
)

// familyFile is a family as it is written down. What it leaves out it takes from the truth about the person (identities) or from the
// conventions of load.go (references).
type familyFile struct {
	Family     string                   `yaml:"family"`
	Title      string                   `yaml:"title"`
	Story      string                   `yaml:"story"`
	People     map[string]identityFile  `yaml:"people"`
	Referral   referralFile             `yaml:"referral"`
	Triage     Triage                   `yaml:"triage"`
	Episode    Episode                  `yaml:"episode"`
	Requester  Requester                `yaml:"requester"`
	Categories []Category               `yaml:"categories"`
	Holdings   map[string][]holdingFile `yaml:"holdings"`
	Expect     expectFile               `yaml:"expect"`
}

type referralFile struct {
	Referral `yaml:",inline"`
	Subjects []subjectFile `yaml:"subjects"`
}

type identityFile struct {
	GivenName   string        `yaml:"given_name"`
	FamilyName  string        `yaml:"family_name"`
	OtherNames  []string      `yaml:"other_names"`
	DateOfBirth string        `yaml:"date_of_birth"`
	Sex         string        `yaml:"sex"`
	Addresses   []addressFile `yaml:"addresses"`
	Phones      []string      `yaml:"phones"`
	NHSNumber   string        `yaml:"nhs_number"`
	UPN         string        `yaml:"upn"`
	School      string        `yaml:"school"`
	GP          string        `yaml:"gp"`
	Ethnicity   string        `yaml:"ethnicity"`
	Language    string        `yaml:"language"`
	Religion    string        `yaml:"religion"`
	Disability  string        `yaml:"disability"`
}

type addressFile struct {
	Lines    []string `yaml:"lines"`
	Postcode string   `yaml:"postcode"`
	Current  bool     `yaml:"current"`
}

func (f identityFile) identity() person.Identity {
	who := person.Identity{
		GivenName: f.GivenName, FamilyName: f.FamilyName, OtherNames: f.OtherNames, DateOfBirth: f.DateOfBirth, Sex: f.Sex, Phones: f.Phones,
		NHSNumber: f.NHSNumber, UPN: f.UPN, School: f.School, GP: f.GP, Ethnicity: f.Ethnicity, Language: f.Language, Religion: f.Religion,
		Disability: f.Disability,
	}
	for _, a := range f.Addresses {
		who.Addresses = append(who.Addresses, person.Address{Lines: a.Lines, Postcode: a.Postcode, Current: a.Current})
	}
	return who
}

type subjectFile struct {
	ID   string `yaml:"id"`
	Role string `yaml:"role"`
	// Identity is all that the referrer knew; left out, the referrer knew everything.
	Identity               *identityFile `yaml:"identity"`
	Relationship           string        `yaml:"relationship"`
	Identified             string        `yaml:"identified"`
	GillickCompetent       string        `yaml:"gillick_competent"`
	PregnantOrPostnatal    string        `yaml:"pregnant_or_postnatal"`
	ParentalResponsibility string        `yaml:"parental_responsibility"`
	LivesWithIndex         string        `yaml:"lives_with_index"`
	AllegedSourceOfHarm    bool          `yaml:"alleged_source_of_harm"`
	SafeAddress            bool          `yaml:"safe_address"`
}

type holdingFile struct {
	Person string `yaml:"person"`
	// Ref tells two entries for one person apart; left out, it is made from the family's number and the person.
	Ref string `yaml:"ref"`
	// Identity is what this organisation has differently; what it lacks is named in Missing.
	Identity identityFile `yaml:"identity"`
	Missing  []string     `yaml:"missing"`
	Flags    []string     `yaml:"flags"`
	Records  []recordFile `yaml:"records"`
}

type recordFile struct {
	Ref      string `yaml:"ref"`
	Category string `yaml:"category"`
	// Exactly one of the next four.
	EventDate     string   `yaml:"event_date"`
	Until         string   `yaml:"until"`
	Current       bool     `yaml:"current"`
	Undated       bool     `yaml:"undated"`
	Labels        []string `yaml:"labels"`
	LabelsUnknown bool     `yaml:"labels_unknown"`
	OnlyAddress   bool     `yaml:"only_address"`
	// Fields by name; FieldLabels are labels of one field alone.
	Fields      map[string]string   `yaml:"fields"`
	FieldLabels map[string][]string `yaml:"field_labels"`
}

type expectFile struct {
	Ask           string                         `yaml:"ask"`
	Reasons       []string                       `yaml:"reasons"`
	Tell          string                         `yaml:"tell"`
	Obligations   []string                       `yaml:"obligations"`
	Answers       map[string]map[string]string   `yaml:"answers"`
	AnswerReasons map[string]map[string][]string `yaml:"answer_reasons"`
	// Released are the records that are shown, with the classes masked.
	Released map[string][]string `yaml:"released"`
	// Held are all others.
	Held      map[string]Outcome `yaml:"held"`
	Protected []string           `yaml:"protected"`
	Conflicts []Conflict         `yaml:"conflicts"`
	Never     []string           `yaml:"never"`
}
