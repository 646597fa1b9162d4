package packtest

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
	"github.com/mashgate/mashgate/policy/scenario"
)

// explained bounds the failures that are looked into: a pack in which everything fails needs no thousand explanations.
const explained = 50

// Failure is an expectation of a scenario that does not hold, with what was decided and by which rules.
type Failure struct {
	scenario.Failure
	// Effect and Masks are the decision on a record; Effect is empty where it is about the request itself.
	Effect policy.Effect `json:"effect,omitempty"`
	Masks  []string      `json:"masks,omitempty"`
	Error  string        `json:"error,omitempty"`
	// Rules are those that fired, the strictest first.
	Rules []Fired `json:"rules"`
}

// Fired is one rule that contributed.
type Fired struct {
	Rule   string        `json:"rule"`
	Effect policy.Effect `json:"effect"`
	Masks  []string      `json:"masks,omitempty"`
	Reason string        `json:"reason"`
	Text   string        `json:"text"`
	// At are where the rule stands: file and line.
	At []policy.Location `json:"at"`
	// Won is true for the strictest, which give the decision its effect.
	Won bool `json:"won"`
}

// explainFailure asks which rules gave what the scenario did not expect, and tells all of it: a pack's author may know every reason.
func explainFailure(ctx context.Context, revision *policy.Revision, f scenario.Failure) (Failure, error) {
	question := explain.Question{Revision: revision, Input: f.Input, Header: f.Header, RulesOnly: true}
	if told := revision.Vocabulary().Explain.ToldEverything; len(told) > 0 {
		question.Audience = told[0]
	}
	why, err := explain.Explain(ctx, question)
	if err != nil {
		return Failure{}, err
	}
	shown := Failure{Failure: f, Effect: why.Effect, Masks: why.Masks, Error: why.Err, Rules: make([]Fired, 0, len(why.Rules))}
	for _, rule := range why.Rules {
		shown.Rules = append(shown.Rules, Fired{
			Rule: rule.Rule, Effect: rule.Effect, Masks: rule.Masks, Reason: rule.Code, Text: rule.Text, At: rule.Locations,
			Won: f.Header == nil || rule.Effect == why.Effect,
		})
	}
	return shown, nil
}

// failedAt runs one failing Rego test again and finds the expression of it that did not hold.
func failedAt(ctx context.Context, pack *policy.Pack, failure policy.TestFailure) (string, error) {
	file, _, _ := strings.Cut(failure.At, ":")
	last := &lastFailure{file: file}
	if _, err := pack.Test(ctx, policy.TestOptions{Only: "^" + regexp.QuoteMeta(failure.Test) + "$", Tracer: last}); err != nil {
		return "", fmt.Errorf("packtest: %w", err)
	}
	return last.expression, nil
}

// lastFailure is a tracer that keeps the last expression of a file that failed.
type lastFailure struct{ file, expression string }

// Enabled and the next two make it a topdown.QueryTracer.
func (*lastFailure) Enabled() bool { return true }

// Config asks for no variables.
func (*lastFailure) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent keeps the place and the text.
func (l *lastFailure) TraceEvent(event topdown.Event) {
	if at := event.Location; event.Op == topdown.FailOp && at != nil && at.File == l.file {
		l.expression = fmt.Sprintf("%s:%d: %s", at.File, at.Row, strings.Join(strings.Fields(string(at.Text)), " "))
	}
}
