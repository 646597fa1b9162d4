package demo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mashgate/mashgate/internal/person"
)

// custodians are the files as this test reads them, apart from how the adapter does.
type custodians map[string]struct {
	Records []struct {
		PersonID, RecordType string
		ContactDetails       []struct{ Telephone, Email, Address string }
		Payload              payload
	}
}

type postal struct{ Line1, Line2, Postcode string }

// payload is what of every type of payload this test looks at.
type payload struct {
	FirstName, LastName, DateOfBirth string
	Address                          postal
	NamesOfIndividuals               []string `json:"namesOfIndividualsResidingAtMainAddress"`
	RelatedPeople                    []struct{ Name, Dob string }

	EducationSettingName, EducationSettingTelephone string
	EducationSettingAddress                         postal
	EducationActiveStatusesAndPlans                 []struct{ Plan string }
	YearlyEducationAttendances                      []struct{ AttendancePercentage json.Number }

	RegisteredGPName, RegisteredGPSurgery, GPTelephone string
	GPAddress                                          postal
	CamhsTeamInvolvement                               []string
	HealthActiveStatusesAndPlans                       []struct{ Status string }
	MissedAppointments, EmergencyDepartmentAttendances []struct{ Date, Setting, Reason string }

	KeyWorker                  string
	DutyContactDetails         []string
	TeamInvolvement            []string
	CscActiveStatusesAndPlans  []struct{ Status, Plan string }
	ChildrensServicesReferrals []struct{ Date, Type string }

	PoliceMarkerDetails string
	MissingEpisodes     []struct{ Date string }
}

func readCustodians(t *testing.T, folder string) custodians {
	t.Helper()
	all := custodians{}
	for organisation, name := range custodianFiles {
		source, err := os.ReadFile(filepath.Join(folder, name+".custodian.json"))
		if err != nil {
			t.Fatal(err)
		}
		file := all[organisation]
		if err := json.Unmarshal(source, &file); err != nil {
			t.Fatal(err)
		}
		all[organisation] = file
	}
	return all
}

// custodianFacts are what the files say about the one child of all four.
type custodianFacts struct {
	child, relative person.Identity
	// when is a day on which the child is a child.
	when time.Time
	// shown is what may be seen in any case, places what a safe address hides, hidden what is never seen.
	shown, places []heldValue
	hidden        []string
}

func (c custodians) about(t *testing.T) custodianFacts {
	t.Helper()
	f := custodianFacts{}
	id := c.common(t)
	for organisation, file := range c {
		for _, r := range file.Records {
			for _, contact := range r.ContactDetails {
				f.hide(contact.Telephone, contact.Email, contact.Address)
			}
			if r.PersonID == id {
				f.take(organisation, r.Payload)
			} else { // somebody else's record; what it has in common with the child's is the child's own
				f.hide(r.Payload.LastName, r.Payload.DateOfBirth, r.Payload.Address.Line1, r.Payload.Address.Postcode)
			}
		}
	}
	born, err := time.Parse(time.DateOnly, f.child.DateOfBirth)
	if err != nil {
		t.Fatal(err)
	}
	f.child.NHSNumber, f.when = id, born.AddDate(17, 6, 0)
	if len(f.shown) < 15 || len(f.places) < 6 || len(f.hidden) < 12 || f.relative.FamilyName == "" {
		t.Fatalf("the files say less than they did: %d, %d, %d values", len(f.shown), len(f.places), len(f.hidden))
	}
	return f
}

// common is the one person whom every file knows.
func (c custodians) common(t *testing.T) string {
	t.Helper()
	count := map[string]int{}
	for _, file := range c {
		seen := map[string]bool{}
		for _, r := range file.Records {
			if !seen[r.PersonID] {
				seen[r.PersonID] = true
				count[r.PersonID]++
			}
		}
	}
	for id, n := range count {
		if n == len(custodianFiles) {
			return id
		}
	}
	t.Fatal("no child is in all four files")
	return ""
}

func (f *custodianFacts) hide(values ...string) {
	for _, value := range values {
		if len(value) > 3 && !slices.Contains(f.hidden, value) {
			f.hidden = append(f.hidden, value)
		}
	}
}

func (f *custodianFacts) show(organisation, category, date string, values ...string) {
	for _, value := range values {
		if value != "" {
			f.shown = append(f.shown, heldValue{organisation, category, date, value})
		}
	}
}

func (f *custodianFacts) place(organisation, category string, values ...string) {
	for _, value := range values {
		if value != "" {
			f.places = append(f.places, heldValue{organisation, category, "", value})
		}
	}
}

// take sorts one payload about the child into what may be seen where and what may not.
func (f *custodianFacts) take(organisation string, p payload) {
	if p.FirstName != "" && p.LastName != "" {
		f.child = nameOf(p.FirstName+" "+p.LastName, p.DateOfBirth)
	}
	f.hide(p.NamesOfIndividuals...)
	f.hide(p.DutyContactDetails...)
	for _, relative := range p.RelatedPeople {
		f.relative = nameOf(relative.Name, relative.Dob)
		f.hide(relative.Name, relative.Dob)
	}
	f.school(organisation, p)
	f.health(organisation, p)
	f.show(organisation, "csc.status", "", p.KeyWorker)
	f.place(organisation, "csc.status", p.TeamInvolvement...)
	for _, status := range p.CscActiveStatusesAndPlans {
		f.show(organisation, "csc.status", "", status.Status, status.Plan)
	}
	for _, referral := range p.ChildrensServicesReferrals {
		f.show(organisation, "csc.chronology", referral.Date, referral.Type)
	}
	f.show(organisation, "pol.involvement", "", p.PoliceMarkerDetails)
	for _, episode := range p.MissingEpisodes {
		f.show(organisation, "pol.missing", episode.Date, "Missing episode")
	}
}

func (f *custodianFacts) school(organisation string, p payload) {
	f.place(organisation, "edu.enrolment", p.EducationSettingName, p.EducationSettingTelephone, p.Address.Line1, p.Address.Postcode)
	f.hide(p.EducationSettingAddress.Line1, p.EducationSettingAddress.Postcode)
	for _, plan := range p.EducationActiveStatusesAndPlans {
		f.show(organisation, "edu.send", "", plan.Plan)
	}
	for _, year := range p.YearlyEducationAttendances {
		f.show(organisation, "edu.attendance", "", year.AttendancePercentage.String()+"%")
	}
}

func (f *custodianFacts) health(organisation string, p payload) {
	f.place(organisation, "hlt.registration", p.RegisteredGPSurgery, p.GPTelephone)
	f.hide(p.RegisteredGPName, p.GPAddress.Line2, p.GPAddress.Postcode)
	// The hub asks the other trust for mental health: this one is not asked, whatever its file holds.
	f.hide(p.CamhsTeamInvolvement...)
	for _, status := range p.HealthActiveStatusesAndPlans {
		f.hide(status.Status)
	}
	for _, missed := range p.MissedAppointments {
		f.show(organisation, "hlt.attendance", missed.Date, missed.Setting)
	}
	for _, visit := range p.EmergencyDepartmentAttendances {
		f.show(organisation, "hlt.attendance", visit.Date, visit.Reason)
	}
}
