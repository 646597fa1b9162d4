package simulate

import (
	"errors"
	"maps"
	"slices"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// State is all that a run remembers between two records, as JSON. It grows with the codes of the policies, never with the records: the
// episodes most changed are kept by a bounded counter and the examples are a bounded few.
type State struct {
	Kind    Kind   `json:"kind"`
	Against string `json:"against"`
	Draft   string `json:"draft"`
	// After is the Seq of the last record counted.
	After     int64 `json:"after"`
	Records   int64 `json:"records"`
	Decisions int64 `json:"decisions"`
	Erased    int64 `json:"erased"`
	// Anew are records that the revision in force had not decided itself.
	Anew int64 `json:"anew"`
	// Errors are records that the draft could not decide, Unreadable those that neither could.
	Errors      int64                `json:"errors"`
	Unreadable  int64                `json:"unreadable"`
	Requests    Requests             `json:"requests"`
	Changes     map[key]int64        `json:"changes"`
	Gates       map[string]*Gate     `json:"gates"`
	Obligations map[string]*Duty     `json:"obligations"`
	Rules       map[string]int64     `json:"rules"`
	Episodes    *top                 `json:"episodes"`
	Examples    map[string]candidate `json:"examples"`
}

// Requests are how gates would have treated requests and readings otherwise.
type Requests struct {
	// Decided are the requests among the records.
	Decided int64 `json:"decided"`
	// Stopped went ahead and would have been stopped, Opened were stopped and would have gone ahead.
	Stopped int64 `json:"stopped"`
	Opened  int64 `json:"opened"`
	// ReadsStopped and ReadsOpened are the same of readings.
	ReadsStopped int64 `json:"reads_stopped"`
	ReadsOpened  int64 `json:"reads_opened"`
	// ToldMore are requests in which agencies would be told the narrative of concern and were not, ToldLess the other way round.
	ToldMore int64 `json:"told_more"`
	ToldLess int64 `json:"told_less"`
}

// Gate is how often one gate would newly have stood, or no longer.
type Gate struct {
	Code   string `json:"code"`
	Stands int64  `json:"stands"`
	Lifted int64  `json:"lifted"`
}

// Duty is how many requests an obligation would newly go with, or no longer.
type Duty struct {
	Code    string `json:"code"`
	Added   int64  `json:"added"`
	Dropped int64  `json:"dropped"`
}

// candidate is a decision that may be shown as an example: the first of its kind.
type candidate struct {
	Change  Change         `json:"change"`
	Gate    string         `json:"gate,omitempty"`
	Seq     int64          `json:"seq"`
	Episode string         `json:"episode"`
	Request string         `json:"request"`
	Subject string         `json:"subject,omitempty"`
	Input   policy.Input   `json:"input"`
	Header  *record.Header `json:"header,omitempty"`
	Count   int64          `json:"count"`
}

func newState(o Options) *State {
	return &State{
		Kind: o.Kind, Against: o.Against.ID(), Draft: o.Draft.ID(), Changes: map[key]int64{}, Gates: map[string]*Gate{},
		Obligations: map[string]*Duty{}, Rules: map[string]int64{}, Episodes: newTop(), Examples: map[string]candidate{},
	}
}

// fits refuses the state of another run.
func (s *State) fits(o Options) error {
	if s.Kind != o.Kind || s.Against != o.Against.ID() || s.Draft != o.Draft.ID() {
		return errors.New("simulate: the state is of another run: other records, another draft or another policy in force")
	}
	if s.Changes == nil || s.Gates == nil || s.Obligations == nil || s.Rules == nil || s.Episodes == nil || s.Examples == nil {
		return errors.New("simulate: the state is not whole")
	}
	return nil
}

// clone is a state that the run no longer writes to.
func (s *State) clone() *State {
	copied := *s
	copied.Changes, copied.Rules, copied.Examples = maps.Clone(s.Changes), maps.Clone(s.Rules), maps.Clone(s.Examples)
	copied.Gates, copied.Obligations, copied.Episodes = cloned(s.Gates), cloned(s.Obligations), s.Episodes.clone()
	return &copied
}

func cloned[T any](of map[string]*T) map[string]*T {
	all := make(map[string]*T, len(of))
	for key, value := range of {
		copied := *value
		all[key] = &copied
	}
	return all
}

// policyError is the code of a decision that the policy could not make.
const policyError = policy.ReasonPolicyError

// count takes one record in.
func (s *State) count(r history.Record, c compared, err error) {
	s.After = r.Seq
	s.Records++
	switch {
	case r.Erased:
		s.Erased++
		return
	case err != nil:
		s.Unreadable++
		return
	}
	if c.anew && s.Kind == History { // nobody has decided made-up records before
		s.Anew++
	}
	if failed(c.now) && !failed(c.was) {
		s.Errors++
	}
	before := s.changes()
	t := tally{State: s, record: r, basis: r.Input.Episode.Basis}
	switch r.Kind {
	case history.Ask:
		t.ask(c)
	case history.Read:
		s.Decisions++ // whether the reader is let in
		t.gates(c, &s.Requests.ReadsStopped, &s.Requests.ReadsOpened)
		t.outcomes(Read, c)
	default:
		t.outcomes(Released, c)
	}
	if moved := s.changes() - before; moved > 0 {
		s.Episodes.add(r.Episode, moved)
	}
}

func failed(v history.Verdict) bool {
	if v.Ask != nil && slices.Contains(v.Ask.Gates, policyError) {
		return true
	}
	return slices.ContainsFunc(v.Outcomes, func(o history.Outcome) bool {
		return slices.ContainsFunc(o.Rules, func(r history.Rule) bool { return r.Code == policyError })
	})
}

// changes are how many changes have been counted.
func (s *State) changes() int64 {
	sum := s.Requests.Stopped + s.Requests.Opened + s.Requests.ReadsStopped + s.Requests.ReadsOpened
	for _, n := range s.Changes {
		sum += n
	}
	return sum
}
