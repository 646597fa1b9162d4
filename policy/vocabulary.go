package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/record"
)

// Vocabulary is a typed view of the pack's codes and words: what the API checks input against, and what people read. It is shared by
// everyone who reads the revision and never changed.
type Vocabulary struct {
	Hub        Hub
	Categories map[string]CategoryWords
	Concerns   map[string]Concern
	Grounds    map[string]Titled
	Bases      map[string]Titled
	Roles      map[string]Role
	// Calls are who may call which RPC: kinds of caller with their roles, by method.
	Calls         map[string]map[string][]string
	Consents      map[string]ConsentKind
	Indicators    map[string]Indicator
	Organisations []OrganisationEntry
	Outcomes      Outcomes
	Exclusions    map[string]Exclusion
	Obligations   map[string]Obligation
	Flags         map[string]Flagging
	Reasons       map[string]ReasonText
	// NeverNamed are categories and labels that a requester must not learn of (domain.md 4.4, what a refusal tells).
	NeverNamed NeverNamed
	Explain    Explaining
	// Changes are the codes for why the policy in force was changed.
	Changes   map[string]Change
	Retention Retention
	// NeverReleased are categories that the pack means no rule ever to release.
	NeverReleased []string
}

// Change is why the policy in force was changed.
type Change struct {
	Text string `json:"text"`
	// For is what the code may be given for: ChangeActivate and so on.
	For []string `json:"for"`
}

// What of the policy in force is changed, and needs a reason or may have one.
const (
	ChangeActivate = "activate"
	ChangeRollBack = "roll_back"
	ChangeTighten  = "tighten"
	ChangeLift     = "lift"
	ChangeReject   = "reject"
)

// Retention is how long the hub keeps what it records about its own decisions.
type Retention struct {
	Decisions Period `json:"decisions"`
	Findings  Period `json:"findings"`
}

// Period is a number of days.
type Period struct {
	Days int `json:"days"`
}

// Duration is the period; a day has 24 hours.
func (p Period) Duration() time.Duration { return time.Duration(p.Days) * 24 * time.Hour }

// Titled is a code in words.
type Titled struct {
	Title  string `json:"title"`
	Source string `json:"source"`
}

// Hub is the hub's own hours, clocks and ratings.
type Hub struct {
	Code       string            `json:"code"`
	Title      string            `json:"title"`
	Timezone   string            `json:"timezone"`
	AdviceLine Desk              `json:"advice_line"`
	OutOfHours Desk              `json:"out_of_hours"`
	Hours      map[string]Hours  `json:"hours"`
	Ratings    map[string]Rating `json:"ratings"`
	BreakGlass struct {
		MaxHours          int `json:"max_hours"`
		ReviewWithinHours int `json:"review_within_hours"`
	} `json:"break_glass"`
	SecondPerson struct {
		WithinHours int `json:"within_hours"`
	} `json:"second_person"`
	DecisionClock DecisionClock `json:"decision_clock"`
}

// Hours are the office hours of one day of the week, as "08:30".
type Hours struct {
	Opens  string `json:"opens"`
	Closes string `json:"closes"`
}

// Desk is who to ring.
type Desk struct {
	Title string `json:"title"`
	Phone string `json:"phone"`
}

// Rating is one code of the hub's scheme: a route with a clock.
type Rating struct {
	Title   string `json:"title"`
	Route   string `json:"route"`
	Clock   Clock  `json:"clock"`
	Meaning string `json:"meaning"`
}

// Clock is a time to answer in, in hours, hours of the hub's working time, or working days; one of them is given.
type Clock struct {
	Hours        *int `json:"hours"`
	WorkingHours *int `json:"working_hours"`
	WorkingDays  *int `json:"working_days"`
}

// DecisionClock is the hub's choice of clock for a decision.
type DecisionClock struct {
	Default string
	Clock   Clock
}

// UnmarshalJSON reads {default: NAME, NAME: clock, …}.
func (d *DecisionClock) UnmarshalJSON(data []byte) error {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return err
	}
	if err := json.Unmarshal(entries["default"], &d.Default); err != nil {
		return fmt.Errorf("decision_clock.default: %w", err)
	}
	if err := json.Unmarshal(entries[d.Default], &d.Clock); err != nil {
		return fmt.Errorf("decision_clock.%s: %w", d.Default, err)
	}
	return nil
}

// CategoryWords are a category's title and the holder kind that keeps it, from the field catalogue.
type CategoryWords struct {
	Title  string
	Holder string
}

// Concern is a concern code with the categories the hub takes to be relevant to it.
type Concern struct {
	Title      string   `json:"title"`
	Categories []string `json:"categories"`
}

// Role is one role a person may have.
type Role struct {
	Title      string `json:"title"`
	MayRequest bool   `json:"may_request"`
}

// ConsentKind is one of the separate consent questions.
type ConsentKind struct {
	Short    string `json:"short"`
	Question string `json:"question"`
}

// Indicator is one line of the threshold table. It guides; it does not decide.
type Indicator struct {
	Title  string `json:"title"`
	Level  int    `json:"level"`
	Domain string `json:"domain"`
	Source string `json:"source"`
}

// OrganisationEntry is one organisation of the hub.
type OrganisationEntry struct {
	ID               string   `json:"id"`
	Title            string   `json:"title"`
	Holders          []string `json:"holders"`
	Categories       []string `json:"categories"`
	BoundByDuty      bool     `json:"bound_by_duty"`
	Connected        bool     `json:"connected"`
	SafeguardingDesk Desk     `json:"safeguarding_desk"`
}

// Organisation is the entry as a request reads it.
func (o OrganisationEntry) Organisation() Organisation {
	return Organisation{ID: o.ID, Holders: o.Holders, Categories: o.Categories, BoundByDuty: o.BoundByDuty, Connected: o.Connected}
}

// Outcomes of triage and of the MASH.
type Outcomes struct {
	Triage             map[string]Titled `json:"triage"`
	MASH               map[string]Titled `json:"mash"`
	StrategyDiscussion struct {
		Quorum []string `json:"quorum"`
	} `json:"strategy_discussion"`
}

// Exclusion is a referral that is not triaged, with what the referrer is told.
type Exclusion struct {
	Gate  string `json:"gate"`
	Title string `json:"title"`
	Tell  string `json:"tell"`
}

// Obligation is something that goes with a decision.
type Obligation struct {
	Text   string `json:"text"`
	Source string `json:"source"`
}

// Flagging says who may set a protective flag.
type Flagging struct {
	Scope  string   `json:"scope"`
	MaySet []string `json:"may_set"`
}

// ReasonText is a reason code in the pack's words.
type ReasonText struct {
	Text     string `json:"text"`
	Source   string `json:"source"`
	Tellable bool   `json:"tellable"`
	Decider  string `json:"decider"`
	// Who resolves a review, and who does out of the hub's hours.
	Who           string   `json:"who"`
	WhoOutOfHours string   `json:"who_out_of_hours"`
	Obligations   []string `json:"obligations"`
}

// NeverNamed is what a requester must not learn of.
type NeverNamed struct {
	Categories []string `json:"categories"`
	Labels     []string `json:"labels"`
}

// readVocabulary reads the codes from the pack's data and checks that they fit each other and the catalogue; it reports every
// problem at once.
func readVocabulary(data map[string]any, catalogue *record.Catalogue) (*Vocabulary, error) {
	v := &Vocabulary{Categories: map[string]CategoryWords{}}
	for code, category := range catalogue.Categories {
		v.Categories[code] = CategoryWords{Title: category.Title, Holder: category.Holder}
	}
	var concerns struct {
		Always []string           `json:"always"`
		Codes  map[string]Concern `json:"codes"`
	}
	var roles struct {
		Roles map[string]Role                `json:"roles"`
		RPC   map[string]map[string][]string `json:"rpc"`
	}
	var consents struct {
		Kinds map[string]ConsentKind `json:"kinds"`
	}
	var indicators struct {
		Indicators map[string]Indicator `json:"indicators"`
	}
	var refusals struct {
		NeverNamed NeverNamed `json:"never_named"`
	}
	var tiers struct {
		NeverReleased []string `json:"never_released"`
	}
	var problems []error
	for name, into := range map[string]any{
		"hub": &v.Hub, "concerns": &concerns, "grounds": &v.Grounds, "bases": &v.Bases, "roles": &roles, "consents": &consents,
		"indicators": &indicators, "organisations": &v.Organisations, "outcomes": &v.Outcomes, "exclusions": &v.Exclusions,
		"obligations": &v.Obligations, "flags": &v.Flags, "reasons": &v.Reasons, "refusals": &refusals,
		"explain": &v.Explain, "changes": &v.Changes, "retention": &v.Retention, "tiers": &tiers,
	} {
		problems = append(problems, readData(data, name, into))
	}
	v.Concerns, v.Roles, v.Consents, v.NeverNamed = concerns.Codes, roles.Roles, consents.Kinds, refusals.NeverNamed
	v.Indicators, v.NeverReleased, v.Calls = indicators.Indicators, tiers.NeverReleased, roles.RPC
	for code, concern := range v.Concerns {
		concern.Categories = sortedSet(append(slices.Clone(concerns.Always), concern.Categories...))
		v.Concerns[code] = concern
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return v, v.check(catalogue)
}

// readData reads one data file into a type. Keys the type does not have are the rules' own business.
func readData(data map[string]any, name string, into any) error {
	value, ok := data[name]
	if !ok {
		return fmt.Errorf("policy: the pack has no data/%s.yaml", name)
	}
	encoded, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(encoded, into)
	}
	if err != nil {
		return fmt.Errorf("policy: data/%s.yaml: %w", name, err)
	}
	return nil
}

// check finds codes that nothing else knows.
func (v *Vocabulary) check(catalogue *record.Catalogue) error {
	var problems []error
	complain := func(format string, args ...any) { problems = append(problems, fmt.Errorf("policy: "+format, args...)) }
	knownCategories := func(where string, codes []string) {
		for _, code := range codes {
			if _, ok := catalogue.Categories[code]; !ok {
				complain("%s: category %q is not in the catalogue", where, code)
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(v.Concerns)) {
		knownCategories("concern "+code, v.Concerns[code].Categories)
	}
	for _, organisation := range v.Organisations {
		knownCategories("organisation "+organisation.ID, organisation.Categories)
	}
	knownCategories("refusals", v.NeverNamed.Categories)
	knownCategories("data/tiers.yaml: never_released", v.NeverReleased)
	for _, code := range slices.Sorted(maps.Keys(v.Reasons)) {
		if problem := v.reasonProblem(v.Reasons[code]); problem != "" {
			complain("reason %s: %s", code, problem)
		}
	}
	if v.Hub.Code == "" || len(v.Hub.Ratings) == 0 || v.Hub.BreakGlass.MaxHours <= 0 {
		complain("data/hub.yaml needs a code, ratings and the longest break-glass")
	}
	if _, err := time.LoadLocation(v.Hub.Timezone); err != nil || v.Hub.Timezone == "" {
		complain("data/hub.yaml: timezone %q is not known", v.Hub.Timezone)
	}
	if v.Reasons[ReasonEmergency].Decider == "" {
		complain("reason %s: every hub's pack has words and a decider for it, because an emergency is no time to find out", ReasonEmergency)
	}
	return errors.Join(append(problems, v.Explain.check(v.Roles), v.checkChanges())...)
}

// checkChanges: a change of policy that cannot be given a reason could not be made, and a record kept for no time could not be replayed.
func (v *Vocabulary) checkChanges() error {
	var problems []error
	changes := []string{ChangeActivate, ChangeRollBack, ChangeTighten, ChangeLift, ChangeReject}
	covered := map[string]bool{}
	for _, code := range slices.Sorted(maps.Keys(v.Changes)) {
		change := v.Changes[code]
		if change.Text == "" || len(change.For) == 0 {
			problems = append(problems, fmt.Errorf("policy: data/changes.yaml: %s: needs a text, and what it may be given for", code))
		}
		for _, what := range change.For {
			if !slices.Contains(changes, what) {
				problems = append(problems, fmt.Errorf("policy: data/changes.yaml: %s: for: %q is none of %v", code, what, changes))
			}
			covered[what] = true
		}
	}
	for _, what := range changes {
		if !covered[what] {
			problems = append(problems, fmt.Errorf("policy: data/changes.yaml: no code may be given for %s", what))
		}
	}
	if v.Retention.Decisions.Days < 1 || v.Retention.Findings.Days < 1 {
		problems = append(problems, errors.New("policy: data/retention.yaml: decisions and findings are kept for a day or more"))
	}
	return errors.Join(problems...)
}

func (v *Vocabulary) reasonProblem(reason ReasonText) string {
	switch {
	case reason.Text == "" || reason.Source == "":
		return "needs a text and a source"
	case !slices.Contains([]string{"", DeciderHub, DeciderHolder}, reason.Decider):
		return fmt.Sprintf("decider %q is neither hub nor holder", reason.Decider)
	case reason.Decider != "" && reason.Who == "":
		return "names no person who decides"
	}
	for _, code := range reason.Obligations {
		if _, ok := v.Obligations[code]; !ok {
			return fmt.Sprintf("obligation %q is not in data.obligations", code)
		}
	}
	return ""
}
