package simulate

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// The fixed grid: every basis, where consent stands, who the record is about, every category, every label, and an age on either side
// of every half-year, so that a change that lets more through shows without any history. It is the same for the same codes.

// gridDay is the day on which the grid stands: after the duty to share has come into force.
var gridDay = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)

// Grid is the fixed grid over the codes of a revision.
func Grid(revision *policy.Revision) iter.Seq2[Case, error] {
	v, labels := revision.Vocabulary(), revision.Catalogue().Labels
	return func(yield func(Case, error) bool) {
		for _, basis := range slices.Sorted(maps.Keys(v.Bases)) {
			for _, variant := range append(gridVariants(v, labels, basis), gridGates(v, basis)...) {
				if !yield(variant, nil) {
					return
				}
			}
		}
	}
}

// gridVariants are the requests on one basis: with every state of consent, with other concerns, and on other days.
func gridVariants(v *policy.Vocabulary, labels []string, basis string) []Case {
	var all []Case
	add := func(name string, change func(*policy.Input)) {
		in := gridInput(v, basis)
		change(&in)
		all = append(all, Case{Name: strings.Join([]string{"grid", basis, name}, "/"), Input: in, Headers: gridHeaders(v, labels, in)})
	}
	for name, status := range ordered(gridConsents()) {
		add("consent_"+name, func(in *policy.Input) { consent(in, status) })
	}
	for _, concern := range gridConcerns {
		add("concern_"+concern, func(in *policy.Input) {
			consent(in, "yes")
			in.Episode.Concerns = []string{concern}
		})
	}
	for name, day := range ordered(gridTimes()) {
		add("day_"+name, func(in *policy.Input) { in.At = day })
	}
	return all
}

// gridGates are requests that a gate may stop: by every role, at every stage and rating, with each finding.
func gridGates(v *policy.Vocabulary, basis string) []Case {
	var all []Case
	add := func(name string, change func(*policy.Input)) {
		in := gridInput(v, basis)
		in.Categories, in.Subjects = nil, in.Subjects[:1]
		consent(&in, "yes")
		change(&in)
		all = append(all, Case{Name: strings.Join([]string{"grid", basis, name}, "/"), Input: in})
	}
	for role := range ordered(v.Roles) {
		add("role_"+role, func(in *policy.Input) { in.Requester.Role = role })
	}
	for rating := range ordered(v.Hub.Ratings) {
		add("rating_"+rating, func(in *policy.Input) { in.Episode.Rating = rating })
	}
	for _, stage := range []string{"triage", "strategy_discussion", "closed"} {
		add("stage_"+stage, func(in *policy.Input) { in.Episode.Stage = stage })
	}
	add("unassigned", func(in *policy.Input) { in.Requester.Assigned = false })
	add("unidentified", func(in *policy.Input) { in.Subjects[0].Identified = "no" })
	add("ambiguous", func(in *policy.Input) { in.Subjects[0].Identified = "ambiguous" })
	add("related", func(in *policy.Input) {
		in.Requester.Relationships = []policy.Relationship{{Subject: in.Subjects[0].ID, Kind: "declared"}}
	})
	add("other_purpose", func(in *policy.Input) { in.Episode.Purpose = "other" })
	add("information_only", func(in *policy.Input) { in.Episode.Stage, in.Episode.Facts.InformationOnly = "triage", true })
	add("has_social_worker", func(in *policy.Input) { in.Episode.Stage, in.Episode.Facts.HasSocialWorker = "triage", true })
	add("out_of_area", func(in *policy.Input) { in.Episode.Facts.OutOfArea = true })
	add("family_declined", func(in *policy.Input) { in.Episode.Facts.FamilyDeclined = true })
	return all
}

// gridConsents are what everybody answered; "" is silence.
func gridConsents() map[string]string {
	return map[string]string{"given": "yes", "refused": "no", "none": "", "unsafe": "not_safe_to_seek", "withdrawn": "withdrawn"}
}

var gridConcerns = []string{"self_harm_or_suicide", "sexual_exploitation", "domestic_abuse"}

// gridTimes: before the duty to share nobody's silence is a position to settle.
func gridTimes() map[string]time.Time {
	return map[string]time.Time{"before_the_duty": gridDay.AddDate(-1, 0, 0)}
}

func ordered[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// consent is everybody's answer to every question.
func consent(in *policy.Input, status string) {
	if status == "" {
		return
	}
	for _, subject := range in.Subjects {
		for _, kind := range []string{"referral", "share_with_agencies", "agencies_share_with_us", "service"} {
			in.Consents = append(in.Consents, policy.Consent{Kind: kind, By: subject.ID, Status: status, Reason: gridReason, Recorded: in.At.AddDate(0, 0, -1)})
		}
	}
}

// gridReason stands where somebody would have written why.
const gridReason = policy.Recorded

func gridInput(v *policy.Vocabulary, basis string) policy.Input {
	in := policy.Input{
		At: gridDay, Hub: v.Hub.Code,
		Requester: policy.Requester{Role: "social_worker", Agency: "children_services", Hub: v.Hub.Code, Assigned: true},
		Episode: policy.Episode{
			Stage: "mash_episode", Purpose: "safeguarding_children", Rating: "amber", LevelOfNeed: 3, Basis: basis,
			Concerns: []string{"neglect"}, Facts: policy.Facts{ChildInNeed: true},
		},
		Subjects: gridSubjects(),
	}
	if basis == "s47" {
		in.Episode.Facts.S47Cause, in.Episode.LevelOfNeed = true, 4
	}
	if basis == "emergency" {
		in.Episode.Facts.ImminentDanger = true
		in.Episode.BreakGlass = &policy.BreakGlass{By: gridReason, Reason: gridReason, Starts: in.At.Add(-time.Hour), Expires: in.At.Add(time.Hour)}
	}
	for _, entry := range v.Organisations {
		in.Organisations = append(in.Organisations, entry.Organisation())
	}
	for _, category := range slices.Sorted(maps.Keys(v.Categories)) {
		in.Categories = append(in.Categories, policy.Category{Code: category, Reason: gridReason})
	}
	return in
}

// gridSubjects are one of each whom the rules tell apart.
func gridSubjects() []policy.Subject {
	kinds := []struct{ id, role, born, pregnant string }{
		{"young_child", "index_child", "2020-03-01", "no"}, {"teenager", "sibling", "2010-03-01", "unknown"},
		{"young_person", "sibling", "2009-11-01", "yes"}, {"unborn", "sibling", "unborn", "unknown"},
		{"mother", "parent", "1992-03-01", "yes"}, {"father", "parent", "1990-03-01", "no"}, {"other_adult", "other_adult", "1970-03-01", "unknown"},
	}
	var all []policy.Subject
	for _, k := range kinds {
		all = append(all, policy.Subject{
			ID: k.id, Role: k.role, Born: k.born, Identified: "yes", GillickCompetent: "unknown", PregnantOrPostnatal: k.pregnant,
			ParentalResponsibility: k.role == "parent", LivesWithIndex: true,
		})
	}
	return all
}

// gridHeaders are, of each category about each subject, a record of every age and one with each label.
func gridHeaders(v *policy.Vocabulary, labels []string, in policy.Input) []record.Header {
	var all []record.Header
	for _, category := range slices.Sorted(maps.Keys(v.Categories)) {
		at := slices.IndexFunc(in.Organisations, func(o policy.Organisation) bool { return slices.Contains(o.Categories, category) })
		if at < 0 {
			continue
		}
		for _, subject := range in.Subjects {
			plain := record.Header{
				Organisation: in.Organisations[at].ID, Category: category, Subject: subject.ID, Current: true, LabelsKnown: true, Labels: []string{},
			}
			all = append(all, gridAges(plain, in.At)...)
			all = append(all, gridLabels(plain, labels, in.At)...)
		}
	}
	return all
}

// oldest is how many years back the grid looks: further than any window of whole years that is not the whole record.
const oldest = 12

func gridAges(plain record.Header, at time.Time) []record.Header {
	undated, unknown, address := plain, plain, plain
	undated.Current, unknown.LabelsKnown, address.OnlyAddress = false, false, true
	all := []record.Header{plain, undated, unknown, address}
	for years := range oldest {
		all = append(all, aged(plain, at, years))
	}
	return all
}

// aged is a record of half a year more than so many years.
func aged(h record.Header, at time.Time, years int) record.Header {
	h.Current, h.EventDate = false, at.AddDate(-years, -6, 0).Format(time.DateOnly)
	return h
}

func gridLabels(plain record.Header, labels []string, at time.Time) []record.Header {
	var all []record.Header
	for _, label := range labels {
		labelled := plain
		labelled.Labels = []string{label}
		address := labelled
		address.OnlyAddress = true
		all = append(all, labelled, address, aged(labelled, at, oldest-1))
	}
	return all
}
