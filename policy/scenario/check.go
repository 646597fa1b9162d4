package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Codes that the path itself fixes; all others are the pack's.
var (
	stages   = []string{"triage", "mash_episode", "strategy_discussion", "closed"}
	roles    = []string{"index_child", "sibling", "other_child", "parent", "carer", "other_adult"}
	statuses = []string{"yes", "no", "not_sought", "not_safe_to_seek", "withdrawn", "unknown"}
	asks     = []string{askProceed, askStopped}
	tells    = []string{"", policy.TellIdentifiers, policy.TellNarrative}
	effects  = []string{string(policy.Deny), string(policy.Review), string(policy.Exist), string(policy.Redact), string(policy.Permit)}
)

const (
	askProceed = "proceed"
	askStopped = "noask"
)

// checker collects everything that is wrong with one case.
type checker struct {
	file     string
	problems []error
}

func (c *checker) complain(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("scenario: %s: %s", c.file, fmt.Sprintf(format, args...)))
}

func (c *checker) oneOf(key, code string, known []string) {
	if !slices.Contains(known, code) {
		c.complain("%s: unknown code %q", key, code)
	}
}

func (c *checker) all(key string, codes, known []string) {
	for _, code := range codes {
		c.oneOf(key, code, known)
	}
}

func (c *checker) day(key, day string) {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		c.complain("%s: %q is not an ISO day", key, day)
	}
}

// check finds every code that neither the path nor the pack knows.
func (s Scenario) check(v *policy.Vocabulary, catalogue *record.Catalogue) error {
	c := &checker{file: s.File}
	if s.Name == "" {
		c.complain("name: is missing")
	}
	if s.At.IsZero() {
		c.complain("at: is missing")
	}
	s.checkRequester(c, v)
	s.checkEpisode(c, v)
	ids := s.checkSubjects(c)
	if s.Requester.RelationshipTo != "" {
		c.oneOf("requester.relationship_to", s.Requester.RelationshipTo, ids)
	}
	for i, consent := range s.Consents {
		at := fmt.Sprintf("consents[%d]", i)
		c.oneOf(at+".kind", consent.Kind, keys(v.Consents))
		c.oneOf(at+".by", consent.By, ids)
		c.oneOf(at+".status", consent.Status, statuses)
	}
	s.checkExpect(c, v, catalogue, ids)
	return errors.Join(c.problems...)
}

func (s Scenario) checkRequester(c *checker, v *policy.Vocabulary) {
	var holders []string
	for _, organisation := range v.Organisations {
		holders = append(holders, organisation.Holders...)
	}
	c.oneOf("requester.role", s.Requester.Role, keys(v.Roles))
	c.oneOf("requester.agency", s.Requester.Agency, holders)
}

func (s Scenario) checkEpisode(c *checker, v *policy.Vocabulary) {
	e := s.Episode
	c.oneOf("episode.stage", e.Stage, stages)
	c.oneOf("episode.rating", e.Rating, keys(v.Hub.Ratings))
	c.oneOf("episode.basis", e.Basis, append(keys(v.Bases), "none"))
	c.all("episode.concerns", e.Concerns, keys(v.Concerns))
	if e.Purpose == "" {
		c.complain("episode.purpose: is missing")
	}
	if e.LevelOfNeed < 1 || e.LevelOfNeed > 4 {
		c.complain("episode.level_of_need: %d is not 1 to 4", e.LevelOfNeed)
	}
	if e.Override != nil {
		c.oneOf("episode.override.ground", e.Override.Ground, keys(v.Grounds))
	}
	if e.BreakGlass != nil && e.BreakGlass.Expires.IsZero() {
		c.complain("episode.break_glass.expires: is missing")
	}
}

func (s Scenario) checkSubjects(c *checker) []string {
	var ids []string
	for i, subject := range s.Subjects {
		at := fmt.Sprintf("subjects[%d]", i)
		if subject.ID == "" || slices.Contains(ids, subject.ID) {
			c.complain("%s.id: %q is empty or given twice", at, subject.ID)
		}
		ids = append(ids, subject.ID)
		c.oneOf(at+".role", subject.Role, roles)
		if subject.Born != "" && subject.Born != "unborn" {
			c.day(at+".born", subject.Born)
		}
		c.oneOf(at+".identified", subject.Identified.or("yes"), []string{"yes", "no", "ambiguous"})
		c.oneOf(at+".gillick_competent", subject.GillickCompetent.or("unknown"), []string{"yes", "no", "unknown"})
		c.oneOf(at+".pregnant_or_postnatal", subject.PregnantOrPostnatal.or("unknown"), []string{"yes", "no", "unknown"})
	}
	if len(ids) == 0 {
		c.complain("subjects: are missing")
	}
	return ids
}

func (s Scenario) checkExpect(c *checker, v *policy.Vocabulary, catalogue *record.Catalogue, ids []string) {
	reasons := append(keys(v.Reasons), policy.ReasonNoRule)
	c.oneOf("expect.ask", s.Expect.Ask, asks)
	c.all("expect.reasons", s.Expect.Reasons, reasons)
	c.oneOf("expect.tell_agencies", s.Expect.TellAgencies, tells)
	for i, row := range s.Expect.Decisions {
		at := fmt.Sprintf("expect.decisions[%d]", i)
		c.oneOf(at+".category", row.Category, catalogue.Codes())
		c.oneOf(at+".about", row.About, ids)
		c.all(at+".labels", row.Labels, catalogue.Labels)
		c.oneOf(at+".effect", row.Effect, effects)
		c.all(at+".masks", row.Masks, catalogue.Classes)
		if row.Reason != "" {
			c.oneOf(at+".reason", row.Reason, reasons)
		}
		row.checkDates(c, at)
	}
}

func (r row) checkDates(c *checker, at string) {
	given := 0
	for _, date := range []struct{ key, day string }{{"event_date", r.EventDate}, {"until", r.Until}} {
		if date.day != "" {
			given++
			c.day(at+"."+date.key, date.day)
		}
	}
	for _, mark := range []bool{r.Current, r.Undated} {
		if mark {
			given++
		}
	}
	if given > 1 {
		c.complain("%s: only one of event_date, until, current and undated can be given", at)
	}
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
