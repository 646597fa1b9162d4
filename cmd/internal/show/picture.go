package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Names gives the words for the random ids of an episode's subjects ("Amy Thorn (index child)"). An id without a name is printed
// as it is.
type Names map[string]string

// SubjectNames reads the names from an episode as the reader may see it.
func SubjectNames(e *mashgatev1.Episode) Names {
	names := Names{}
	for _, s := range e.GetSubjects() {
		who := strings.TrimSpace(s.GetIdentity().GetGivenName() + " " + s.GetIdentity().GetFamilyName())
		if who == "" {
			who = "not named"
		}
		names[s.GetId()] = Printable(who) + " (" + Words(s.GetRole().String(), "SUBJECT_ROLE_") + ")"
	}
	return names
}

func (n Names) of(id string) string {
	if who, ok := n[id]; ok {
		return who
	}
	return id
}

// Words turns an enum value into words: "ANSWER_KIND_NO_TRACE" is "no trace".
func Words(enum, prefix string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(enum, prefix)), "_", " ")
}

// Picture prints a picture: who answered what, the chronology, the household, Signs of Safety, conflicts, what is held back.
func Picture(w io.Writer, pic *mashgatev1.Picture, names Names) error {
	p := &page{w: w}
	state := "complete"
	if !pic.GetComplete() {
		state = "NOT COMPLETE: some organisations have not answered yet"
	}
	p.line("Picture %s", pic.GetName())
	p.line("as of %s, %s, policy revision %s", moment(pic.GetTime()), state, pic.GetRevision())
	p.answers(pic, names)
	p.chronology(pic, names)
	p.household(pic, names)
	p.signs(pic, names)
	p.conflicts(pic, names)
	p.heldBack(pic, names)
	p.obligations(pic.GetObligations())
	p.line("")
	p.line("This reading is on the ledger as %s", pic.GetLedgerEntry())
	if pic.GetNextPageToken() != "" {
		p.line("There is more: next page token %s", pic.GetNextPageToken())
	}
	return p.err
}

// answers prints one block an organisation: each kind of answer once, with the people it is about.
func (p *page) answers(pic *mashgatev1.Picture, names Names) {
	p.heading("Who answered what")
	for _, of := range ByOrganisation(pic.GetAnswers()) {
		p.line("  %s", title(of[0].GetOrganisationTitle(), of[0].GetOrganisation()))
		for _, group := range alike(of) {
			p.wrapped(6, whom(group, names)+": "+kindWords(group))
			for _, r := range group[0].GetReasons() {
				p.wrapped(10, r.GetText()+source(r))
			}
		}
	}
}

// ByOrganisation gathers answers by organisation, in the order in which organisations first come.
func ByOrganisation(answers []*mashgatev1.Answer) [][]*mashgatev1.Answer {
	return groupBy(answers, (*mashgatev1.Answer).GetOrganisation)
}

// alike gathers one organisation's answers that say the same about several people.
func alike(answers []*mashgatev1.Answer) [][]*mashgatev1.Answer {
	return groupBy(answers, func(a *mashgatev1.Answer) string {
		key := []string{kindWords([]*mashgatev1.Answer{a})}
		for _, r := range a.GetReasons() {
			key = append(key, r.GetCode())
		}
		return strings.Join(key, "\x00")
	})
}

func groupBy(answers []*mashgatev1.Answer, key func(*mashgatev1.Answer) string) [][]*mashgatev1.Answer {
	var groups [][]*mashgatev1.Answer
	at := map[string]int{}
	for _, a := range answers {
		i, seen := at[key(a)]
		if !seen {
			i = len(groups)
			at[key(a)] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], a)
	}
	return groups
}

func whom(group []*mashgatev1.Answer, names Names) string {
	people := make([]string, 0, len(group))
	for _, a := range group {
		people = append(people, names.of(a.GetSubject()))
	}
	slices.Sort(people)
	return strings.Join(people, ", ")
}

// kindWords says what a group of like answers says. "No trace" always says where, by what and as of when somebody looked.
func kindWords(group []*mashgatev1.Answer) string {
	a := group[0]
	switch a.GetKind() {
	case mashgatev1.AnswerKind_ANSWER_KIND_RECORDS:
		return plural(int(a.GetRecords()), "record")
	case mashgatev1.AnswerKind_ANSWER_KIND_NO_TRACE:
		return "no trace. Looked in " + a.GetLookedIn() + " by " + strings.ReplaceAll(strings.Join(a.GetLookedWith(), ", "), "_", " ") +
			", as of " + moment(a.GetIndexAsOf())
	}
	return Words(a.GetKind().String(), "ANSWER_KIND_")
}

// progress is one organisation's answers in one sentence, for watching a request.
func progress(answers []*mashgatev1.Answer, names Names) string {
	var parts []string
	for _, group := range groupBy(answers, func(a *mashgatev1.Answer) string { return a.GetKind().String() }) {
		kind := Words(group[0].GetKind().String(), "ANSWER_KIND_")
		if group[0].GetKind() == mashgatev1.AnswerKind_ANSWER_KIND_RECORDS {
			n := 0
			for _, a := range group {
				n += int(a.GetRecords())
			}
			kind = plural(n, "record")
		}
		parts = append(parts, kind+" about "+whom(group, names.short()))
	}
	return title(answers[0].GetOrganisationTitle(), answers[0].GetOrganisation()) + ": " + strings.Join(parts, "; ")
}

// short leaves the roles away.
func (n Names) short() Names {
	short := Names{}
	for id, who := range n {
		short[id], _, _ = strings.Cut(who, " (")
	}
	return short
}

func (p *page) chronology(pic *mashgatev1.Picture, names Names) {
	p.heading("Chronology across organisations")
	for _, r := range pic.GetChronology() {
		p.record(r, names)
	}
	if len(pic.GetChronology()) == 0 {
		p.line("  Nothing was released.")
	}
}

func (p *page) record(r *mashgatev1.ReleasedRecord, names Names) {
	mark := ""
	if r.GetOpinion() {
		mark = "  [opinion]"
	}
	p.line("  %-12s %s: %s, about %s%s", when(r), r.GetOrganisation(), r.GetCategoryTitle(), names.of(r.GetSubject()), mark)
	for _, f := range r.GetFields() {
		p.wrapped(15, f.GetTitle()+": "+f.GetValue())
	}
	if len(r.GetMasked()) > 0 {
		p.wrapped(15, "[masked: "+strings.ReplaceAll(strings.Join(r.GetMasked(), ", "), "_", " ")+"]")
	}
}

func when(r *mashgatev1.ReleasedRecord) string {
	switch {
	case r.GetCurrent():
		return "current"
	case r.GetEventDate() != "":
		return r.GetEventDate()
	case r.GetUntil() != "":
		return "to " + r.GetUntil()
	}
	return "undated"
}

func (p *page) household(pic *mashgatev1.Picture, names Names) {
	p.heading("Household")
	for _, m := range pic.GetHousehold() {
		where := "lives elsewhere"
		if m.GetLivesWithIndex() {
			where = "lives with the child"
		}
		if m.GetProtected() {
			where = "whereabouts protected"
		}
		p.line("  %s: %s", names.of(m.GetSubject()), where)
		for _, a := range m.GetAttributes() {
			p.wrapped(6, strings.ReplaceAll(a.GetAttribute(), "_", " ")+": "+a.GetValue()+" ("+a.GetOrganisation()+")")
		}
	}
}

var analysisOrder = []string{
	"harm", "danger_statements", "complicating_factors", "existing_strengths", "existing_safety", "safety_goals", "next_steps", "scaling",
}

func (p *page) signs(pic *mashgatev1.Picture, names Names) {
	p.heading("Signs of Safety")
	for _, category := range analysisOrder {
		items := slices.DeleteFunc(slices.Clone(pic.GetSignsOfSafety()), func(s *mashgatev1.SignOfSafety) bool {
			return s.GetAnalysisCategory() != category
		})
		p.line("  %s", strings.ReplaceAll(category, "_", " "))
		if len(items) == 0 {
			p.line("      nothing released")
		}
		for _, s := range items {
			text := s.GetText()
			if s.GetJudgedBy() != "" {
				text += ", judged by " + s.GetJudgedBy()
			}
			if s.GetOpinion() {
				text += " [opinion]"
			}
			p.wrapped(6, "• "+text+" ("+s.GetOrganisation()+", about "+names.of(s.GetSubject())+")")
		}
	}
}

func (p *page) conflicts(pic *mashgatev1.Picture, names Names) {
	if len(pic.GetConflicts()) == 0 {
		return
	}
	p.heading("Where organisations differ")
	for _, c := range pic.GetConflicts() {
		p.line("  %s: %s", names.of(c.GetSubject()), strings.ReplaceAll(c.GetAttribute(), "_", " "))
		for _, v := range c.GetValues() {
			p.wrapped(6, "• "+v.GetValue()+" ("+v.GetOrganisation()+")")
		}
	}
}

func (p *page) heldBack(pic *mashgatev1.Picture, names Names) {
	p.heading("What was held back, and why")
	for _, h := range pic.GetHeldBack() {
		what := h.GetCategoryTitle()
		if what == "" {
			what = "something is held"
		}
		p.wrapped(2, title(h.GetOrganisationTitle(), h.GetOrganisation())+": "+what+", about "+names.of(h.GetSubject())+": "+effect(h))
		for _, r := range h.GetReasons() {
			p.wrapped(6, r.GetText()+source(r))
		}
		if h.GetDecidedBy() != "" {
			p.wrapped(6, "Decided by: "+h.GetDecidedBy())
		}
		if h.GetSafeguardingDesk() != "" {
			p.wrapped(6, "Ring: "+h.GetSafeguardingDesk())
		}
	}
	if len(pic.GetHeldBack()) == 0 {
		p.line("  Nothing that may be told.")
	}
}

func effect(h *mashgatev1.HeldBack) string {
	switch {
	case h.GetEffect() == mashgatev1.Effect_EFFECT_REVIEW:
		return "held until a named person decides"
	case h.GetEffect() == mashgatev1.Effect_EFFECT_EXIST:
		return "the organisation holds something; ring its desk"
	case h.GetCategory() != "":
		return "not asked for"
	}
	return "not shared"
}

func (p *page) obligations(list []*mashgatev1.Obligation) {
	if len(list) == 0 {
		return
	}
	p.heading("What you must do or know")
	for _, o := range list {
		p.wrapped(2, "• "+o.GetText())
	}
}

func source(r *mashgatev1.Reason) string {
	if r.GetSource() == "" {
		return ""
	}
	return " [" + r.GetSource() + "]"
}

func title(words, code string) string {
	if words != "" {
		return words
	}
	return code
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func moment(t *timestamppb.Timestamp) string {
	if t == nil {
		return "an unknown time"
	}
	return t.AsTime().Local().Format("2006-01-02 15:04 MST")
}
