package city

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

var refPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// The closed lists of the domain that a family may use.
var (
	roles    = []string{"index_child", "sibling", "other_child", "parent", "carer", "other_adult"}
	stages   = []string{"triage", "mash_episode", "strategy_discussion", "closed"}
	bases    = []string{"s47", "mash", "s17", "early_help", "emergency", "none"}
	kinds    = []string{"referral", "share_with_agencies", "agencies_share_with_us", "service"}
	statuses = []string{"yes", "no", "not_sought", "not_safe_to_seek", "withdrawn", "unknown"}
	answers  = []string{"records", "no_trace", "nothing_to_share", "not_asked", "ambiguous", "withheld", "refused", "not_answered", "error"}
	effects  = []string{"permit", "redact", "review", "exist", "deny", Unreached}
	tells    = []string{"", "identifiers_and_purpose", "with_narrative"}
)

// problems collects everything that is wrong with a family.
type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

func (p *problems) oneOf(what, value string, list []string) {
	if !slices.Contains(list, value) {
		p.add("%s is %q: it must be one of %v", what, value, list)
	}
}

func (f Family) check(catalogue *record.Catalogue) error {
	var p problems
	if f.Title == "" || f.Story == "" || len(f.Referral.Concerns) == 0 || f.Referral.Summary == "" {
		p.add("a family needs a title, a story, a concern and a summary of concerns")
	}
	f.checkPeople(&p)
	f.checkReferral(&p)
	f.checkHoldings(&p, catalogue)
	f.checkExpect(&p, catalogue)
	return errors.Join(p...)
}

// checkPeople holds everybody to identifiers that no real person can have.
func (f Family) checkPeople(p *problems) {
	for id, who := range f.People {
		if who.NHSNumber != "" && (!person.ValidNHSNumber(who.NHSNumber) || !strings.HasPrefix(who.NHSNumber, "999")) {
			p.add("%s: the NHS number is not a valid one of the test range", id)
		}
		if who.UPN != "" && (!person.ValidUPN(who.UPN) || who.UPN[1:4] != fictionalAuthority) {
			p.add("%s: the UPN is not a valid one of an invented authority", id)
		}
		for _, a := range who.Addresses {
			if !strings.HasPrefix(a.Postcode, "ZZ") || person.NormalisePostcode(a.Postcode) != a.Postcode {
				p.add("%s: postcode %s is not one of the invented area ZZ", id, a.Postcode)
			}
		}
		for _, phone := range who.Phones {
			if !strings.HasPrefix(phone, "07700 900") && !strings.HasPrefix(phone, "01632 960") {
				p.add("%s: telephone %s is not one that is kept for drama", id, phone)
			}
		}
	}
}

func (f Family) checkReferral(p *problems) {
	index := 0
	for _, s := range f.Referral.Subjects {
		if _, ok := f.People[s.ID]; !ok {
			p.add("subject %q is nobody of the family", s.ID)
		}
		p.oneOf(s.ID+": role", s.Role, roles)
		for what, value := range map[string]string{
			"gillick_competent": s.GillickCompetent, "pregnant_or_postnatal": s.PregnantOrPostnatal,
			"parental_responsibility": s.ParentalResponsibility, "lives_with_index": s.LivesWithIndex,
		} {
			p.oneOf(s.ID+": "+what, value, []string{"", "yes", "no", "unknown"})
		}
		p.oneOf(s.ID+": identified", s.Identified, []string{"", "yes", "no", "ambiguous"})
		if s.Role == "index_child" {
			index++
		}
	}
	if index != 1 {
		p.add("there are %d index children: there must be one", index)
	}
	for _, c := range slices.Concat(f.Referral.Consents, f.Episode.Consents) {
		p.oneOf("consent", c.Kind, kinds)
		p.oneOf("consent", c.Status, statuses)
		if !f.isSubject(c.Giver) {
			p.add("consent of %q, who is no subject", c.Giver)
		}
	}
	p.oneOf("stage", f.Episode.Stage, stages)
	p.oneOf("basis", f.Episode.Basis, bases)
	if to := f.Requester.RelationshipTo; to != "" && !f.isSubject(to) {
		p.add("the requester is related to %q, who is no subject", to)
	}
}

func (f Family) isSubject(id string) bool {
	return slices.ContainsFunc(f.Referral.Subjects, func(s Subject) bool { return s.ID == id })
}

func (f Family) checkHoldings(p *problems, catalogue *record.Catalogue) {
	number, _, _ := strings.Cut(f.Name, "-")
	for organisation, held := range f.Holdings {
		p.oneOf("organisation", organisation, Organisations())
		refs := map[string]bool{}
		for _, h := range held {
			if _, ok := f.People[h.Person]; !ok {
				p.add("%s holds %q, who is nobody of the family", organisation, h.Person)
			}
			if refs[h.Ref] || !refPattern.MatchString(h.Ref) {
				p.add("%s: person reference %q is malformed or given twice", organisation, h.Ref)
			}
			refs[h.Ref] = true
			for _, flag := range h.Flags {
				p.oneOf(organisation+": flag", flag, catalogue.Flags)
			}
			for _, r := range h.Records {
				if err := catalogue.Check(r); err != nil {
					p.add("%s: %w", r.Header.Ref, err)
				}
				if !strings.HasPrefix(r.Header.Ref, number+"-") || !refPattern.MatchString(r.Header.Ref) {
					p.add("record reference %q does not begin with the family's number", r.Header.Ref)
				}
				if !slices.Contains(categoriesOf(organisation), r.Header.Category) {
					p.add("%s: %s does not hold %s", r.Header.Ref, organisation, r.Header.Category)
				}
			}
		}
	}
}

func (f Family) checkExpect(p *problems, catalogue *record.Catalogue) {
	refs := f.refs()
	for ref, outcome := range f.Expect.Records {
		p.oneOf(ref, outcome.Effect, effects)
		for _, class := range outcome.Masks {
			p.oneOf(ref+": mask", class, catalogue.Classes)
		}
		if !slices.Contains(refs, ref) {
			p.add("expect: %s is no record of the family", ref)
		}
	}
	for _, ref := range refs {
		if _, ok := f.Expect.Records[ref]; !ok {
			p.add("expect: nothing is said about %s", ref)
		}
	}
	p.oneOf("expect: tell", f.Expect.Tell, tells)
	if !f.Expect.Proceed {
		if len(f.Expect.Reasons) == 0 || len(f.Expect.Answers) > 0 {
			p.add("expect: a request that is stopped has reasons and no answers")
		}
		return
	}
	f.checkAnswers(p)
}

// checkAnswers wants exactly one answer per organisation and subject.
func (f Family) checkAnswers(p *problems) {
	for _, organisation := range Organisations() {
		given := f.Expect.Answers[organisation]
		for _, s := range f.Referral.Subjects {
			p.oneOf(fmt.Sprintf("expect: answer of %s about %s", organisation, s.ID), given[s.ID], answers)
		}
		if len(given) != len(f.Referral.Subjects) {
			p.add("expect: %s answers about somebody who is no subject", organisation)
		}
	}
	for organisation, reasons := range f.Expect.AnswerReasons {
		for id := range reasons {
			if f.Expect.Answers[organisation][id] == "" {
				p.add("expect: reasons for %s about %s, which there is no answer for", organisation, id)
			}
		}
	}
	for _, id := range f.Expect.Protected {
		if !f.isSubject(id) {
			p.add("expect: %q is protected and no subject", id)
		}
	}
}

// refs are the references of every record of the family, sorted.
func (f Family) refs() []string {
	var refs []string
	for _, held := range f.Holdings {
		for _, h := range held {
			for _, r := range h.Records {
				refs = append(refs, r.Header.Ref)
			}
		}
	}
	slices.Sort(refs)
	return refs
}

// uniqueRefs: a record's reference names it in the whole city.
func uniqueRefs(families []Family) error {
	var p problems
	seen := map[string]string{}
	for _, f := range families {
		for _, ref := range f.refs() {
			if other, ok := seen[ref]; ok {
				p.add("city: record reference %s is used by %s and %s", ref, other, f.Name)
			}
			seen[ref] = f.Name
		}
	}
	return errors.Join(p...)
}

// categoriesOf are the categories that an organisation of the city holds.
func categoriesOf(organisation string) []string {
	held := map[string][]string{
		"children_social_care": {"csc.status", "csc.chronology", "csc.assessments", "csc.placement"},
		"early_help":           {"eh.plan"},
		"education":            {"edu.enrolment", "edu.attendance", "edu.exclusions", "edu.send", "edu.safeguarding_log"},
		"police":               {"pol.involvement", "pol.missing", "pol.domestic_abuse", "pol.convictions", "pol.intelligence", "pol.live_investigation"},
		"community_health":     {"hlt.registration", "hlt.attendance", "hlt.checks", "hlt.maternity", "hlt.sexual_health", "hlt.restricted"},
		"mental_health":        {"hlt.mental_health_status", "hlt.mental_health_detail", "hlt.substance_misuse", "hlt.attendance"},
		"probation":            {"prb.supervision", "prb.risk"},
		"youth_justice":        {"yj.involvement"},
	}
	return slices.Clone(held[organisation])
}

// sortedKeys are a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
