package simulate

import (
	"iter"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/scenario"
)

// Case is one request with the records that it would find, as a source of made-up history.
type Case struct {
	// Name stands for the episode.
	Name    string
	Input   policy.Input
	Headers []record.Header
}

// FromCases makes history of cases as a live request would: the request, and then each organisation's records about each subject. No
// revision has decided them yet. One case is in memory at a time.
func FromCases(hub string, cases iter.Seq2[Case, error]) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		seq := int64(0)
		for c, err := range cases {
			if err != nil {
				yield(history.Record{}, err)
				return
			}
			for _, r := range c.records(hub) {
				seq++
				r.Seq = seq
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// records are the request and each answer, in the order of the headers.
func (c Case) records(hub string) []history.Record {
	request := history.Record{Hub: hub, Episode: c.Name, Request: c.Name, Time: c.Input.At, Kind: history.Ask, Input: c.Input}
	all := []history.Record{request}
	answer := map[[2]string]int{}
	for _, h := range c.Headers {
		whose := [2]string{h.Organisation, h.Subject}
		at, known := answer[whose]
		if !known {
			at = len(all)
			answer[whose] = at
			r := request
			r.Kind, r.Organisation, r.Subject = history.Release, h.Organisation, h.Subject
			all = append(all, r)
		}
		all[at].Headers = append(all[at].Headers, history.Bare(h))
	}
	return all
}

// FromScenarios are a pack's cases as cases of a simulation.
func FromScenarios(v *policy.Vocabulary, scenarios []scenario.Scenario) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for _, s := range scenarios {
			headers, err := s.Headers(v)
			if !yield(Case{Name: s.Name, Input: s.Input(v), Headers: headers}, err) || err != nil {
				return
			}
		}
	}
}
