package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// check refuses an input that no episode could give rise to. Its errors name attributes and ids, never persons.
func (in Input) check() error {
	var problems []error
	if in.At.IsZero() {
		problems = append(problems, errors.New("policy: the request has no moment of decision"))
	}
	if len(in.Subjects) == 0 {
		problems = append(problems, errors.New("policy: the request has no subjects"))
	}
	ids := make([]string, 0, len(in.Subjects))
	for _, subject := range in.Subjects {
		if subject.ID == "" || slices.Contains(ids, subject.ID) {
			problems = append(problems, fmt.Errorf("policy: subject id %q is empty or given twice", subject.ID))
		}
		ids = append(ids, subject.ID)
	}
	for i, consent := range in.Consents {
		if !slices.Contains(ids, consent.By) {
			problems = append(problems, fmt.Errorf("policy: consent %d is by %q, who is not a subject", i+1, consent.By))
		}
	}
	for i, flag := range in.Flags {
		if !slices.Contains(ids, flag.Subject) {
			problems = append(problems, fmt.Errorf("policy: flag %d is about %q, who is not a subject", i+1, flag.Subject))
		}
	}
	return errors.Join(problems...)
}

// total writes every list, empty where there is nothing, and every moment in UTC: rules meet no null where the schema has a list.
func (in Input) total() Input {
	in.At = in.At.UTC()
	in.Requester.Relationships = list(in.Requester.Relationships)
	in.Requester.OwnFacts = list(in.Requester.OwnFacts)
	in.Requester.SupportedFacts = list(in.Requester.SupportedFacts)
	in.Episode.Concerns = list(in.Episode.Concerns)
	in.Episode.Expires = utc(in.Episode.Expires)
	if in.Episode.BreakGlass != nil {
		glass := *in.Episode.BreakGlass
		glass.Starts, glass.Expires = glass.Starts.UTC(), glass.Expires.UTC()
		in.Episode.BreakGlass = &glass
	}
	in.Subjects, in.Categories, in.Flags = list(in.Subjects), list(in.Categories), list(in.Flags)
	in.Consents = list(in.Consents)
	for i := range in.Consents {
		in.Consents[i].Recorded = in.Consents[i].Recorded.UTC()
	}
	in.Organisations = list(in.Organisations)
	for i, organisation := range in.Organisations {
		in.Organisations[i].Holders = list(organisation.Holders)
		in.Organisations[i].Categories = list(organisation.Categories)
	}
	return in
}

// list copies, so that the caller's input stays as it was, and makes nil an empty list.
func list[T any](items []T) []T { return append(make([]T, 0, len(items)), items...) }

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	moment := t.UTC()
	return &moment
}
