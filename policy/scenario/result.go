package scenario

import (
	"fmt"
	"io"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Result is how a run went. It marshals to JSON for machines.
type Result struct {
	Revision  string `json:"revision"`
	Scenarios int    `json:"scenarios"`
	// Hold and Total count expectations: the ask, each reason, what agencies are told, each decision.
	Hold     int       `json:"hold"`
	Total    int       `json:"total"`
	Failures []Failure `json:"failures"`
}

// Failure is one expectation that does not hold.
type Failure struct {
	File        string `json:"file"`
	Scenario    string `json:"scenario"`
	Expectation string `json:"expectation"`
	Want        string `json:"want"`
	Got         string `json:"got"`
	// Input and Header are what was decided on, for whoever explains it. Header is nil where the request itself was decided.
	Input  policy.Input   `json:"-"`
	Header *record.Header `json:"-"`
}

func (f Failure) String() string {
	return fmt.Sprintf("%s: %s: want %s, got %s", f.File, f.Expectation, f.Want, f.Got)
}

// OK is true where every expectation holds and there was at least one: a run over nothing shows nothing.
func (r Result) OK() bool { return r.Total > 0 && r.Hold == r.Total }

// WriteText writes a line for each expectation that fails, and the closing count.
func (r Result) WriteText(w io.Writer) error {
	for _, failure := range r.Failures {
		if _, err := fmt.Fprintln(w, failure); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d of %d expectations hold\n", r.Hold, r.Total)
	return err
}

// decided is one decision of a case: what it was made on.
type decided struct {
	scenario Scenario
	input    policy.Input
	header   *record.Header
}

func (r *Result) expect(d decided, what, want, got string, holds bool) {
	r.Total++
	if holds {
		r.Hold++
		return
	}
	r.Failures = append(r.Failures, Failure{
		File: d.scenario.File, Scenario: d.scenario.Name, Expectation: what, Want: want, Got: got, Input: d.input, Header: d.header,
	})
}
