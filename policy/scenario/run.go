package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/policy"
)

// Run decides every case by the revision and compares. The error is cancellation, or a case that could not be run at all; an
// expectation that does not hold is a result.
func Run(ctx context.Context, revision *policy.Revision, scenarios []Scenario) (Result, error) {
	result := Result{Revision: revision.ID(), Scenarios: len(scenarios), Failures: []Failure{}}
	for _, s := range scenarios {
		if err := s.run(ctx, revision, &result); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

func (s Scenario) run(ctx context.Context, revision *policy.Revision, result *Result) error {
	headers, err := s.Headers(revision.Vocabulary())
	if err != nil {
		return err
	}
	input := s.Input(revision.Vocabulary())
	request, err := revision.Open(ctx, input)
	if err != nil {
		return fmt.Errorf("scenario: %s: %w", s.File, err)
	}
	decisions, err := request.Release(ctx, headers)
	if err != nil {
		return fmt.Errorf("scenario: %s: %w", s.File, err)
	}
	s.compareAsk(decided{scenario: s, input: input}, request.Ask(), result)
	for i, row := range s.Expect.Decisions {
		row.compare(decided{scenario: s, input: input, header: &headers[i]}, i, decisions[i], result)
	}
	return nil
}

func (s Scenario) compareAsk(of decided, ask policy.Ask, result *Result) {
	got := askProceed
	if !ask.Proceed {
		got = askStopped
	}
	gates := codes(ask.Gates)
	result.expect(of, "ask", s.Expect.Ask, join(got, ask.Err, gates), got == s.Expect.Ask && ask.Err == "")
	for _, reason := range s.Expect.Reasons {
		result.expect(of, "reasons", reason, list(gates), slices.Contains(gates, reason))
	}
	if s.Expect.TellAgencies != "" {
		result.expect(of, "tell_agencies", s.Expect.TellAgencies, ask.Tell, ask.Tell == s.Expect.TellAgencies)
	}
}

func (r row) compare(of decided, i int, d policy.Decision, result *Result) {
	what := fmt.Sprintf("decisions[%d] %s about %s", i, r.Category, r.About)
	reasons := codes(d.Reasons)
	want, got := r.Effect, join(string(d.Effect), d.Err, reasons)
	holds := string(d.Effect) == r.Effect && d.Err == ""
	if r.Reason != "" {
		want += ", reason " + r.Reason
		holds = holds && slices.Contains(reasons, r.Reason)
	}
	if len(r.Masks) > 0 {
		want += ", masks " + list(r.Masks)
		got += ", masks " + list(d.Masks)
		for _, class := range r.Masks {
			holds = holds && slices.Contains(d.Masks, class)
		}
	}
	result.expect(of, what, want, got, holds)
}

func codes(reasons []policy.Reason) []string {
	var out []string
	for _, reason := range reasons {
		if !slices.Contains(out, reason.Code) {
			out = append(out, reason.Code)
		}
	}
	return out
}

func list(items []string) string {
	if len(items) == 0 {
		return "none"
	}
	return strings.Join(items, " ")
}

func join(what, failure string, reasons []string) string {
	if failure != "" {
		return what + " (" + failure + ")"
	}
	if len(reasons) == 0 {
		return what
	}
	return what + " (" + strings.Join(reasons, " ") + ")"
}
