// Package explain says why a decision came out as it did: which rules spoke, in words, with their source and the place where they
// stand; what they read; and what would have changed it, found by deciding again with one fact of the request altered. It stands beside
// the decision point and decides nothing itself: every answer is the engine's own. It trusts a revision and a recorded input, and it
// tells an audience no more than that audience may know: what a refusal may not tell, an explanation does not tell either.
package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Question is one decision to be explained.
type Question struct {
	Revision *policy.Revision
	Input    policy.Input
	// Header is the record that was decided on; nil asks for the gates of the request.
	Header *record.Header
	// Audience is the role of whoever reads the explanation; nobody in particular is told least.
	Audience string
	// RulesOnly leaves out what would have changed the decision, which takes many more decisions to find.
	RulesOnly bool
}

// Explanation is why one decision came out as it did.
type Explanation struct {
	Revision string `json:"revision"`
	// Organisation, Subject and Category are the record's; all are empty where the gates of a request are explained. An audience that is
	// told only that there is something is not told of which category.
	Organisation string `json:"organisation,omitempty"`
	Subject      string `json:"subject,omitempty"`
	Category     string `json:"category,omitempty"`
	// Untold is true where the audience may not even know that there is something to explain: there is then nothing else in it, and
	// it is to be neither shown nor counted.
	Untold bool `json:"untold,omitempty"`
	// Gates is true where the gates of a request are explained; Proceed is then whether none stands, and Effect is empty.
	Gates   bool          `json:"gates,omitempty"`
	Proceed bool          `json:"proceed,omitempty"`
	Effect  policy.Effect `json:"effect,omitempty"`
	Masks   []string      `json:"masks,omitempty"`
	Rules   []Rule        `json:"rules"`
	Inputs  []Input       `json:"inputs"`
	Changes []Change      `json:"changes"`
	// Err says that the policy could not decide.
	Err string `json:"error,omitempty"`
}

// Rule is one rule that contributed.
type Rule struct {
	Rule      string            `json:"rule"`
	Code      string            `json:"code"`
	Effect    policy.Effect     `json:"effect"`
	Masks     []string          `json:"masks,omitempty"`
	Text      string            `json:"text"`
	Source    string            `json:"source"`
	Locations []policy.Location `json:"locations"`
}

// Input is one fact that the rules which spoke have read, as they read it.
type Input struct {
	// Path is the fact: "record.event_date", "request.basis", "subjects[s2].identified".
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// Change is one fact altered, and what would then have been decided.
type Change struct {
	// Text is in words: "Had consent C3 of mother (parent) been yes: permit."
	Text string `json:"text"`
	// Fact is what was altered ("consent agencies_share_with_us of s2"), Value what to.
	Fact  string `json:"fact"`
	Value string `json:"value"`
	// Effect is what would have been decided; empty where gates are explained.
	Effect policy.Effect `json:"effect,omitempty"`
	Masks  []string      `json:"masks,omitempty"`
	// Gates are those that would still have stood, where gates are explained.
	Gates []string `json:"gates,omitempty"`
}

// Explain decides again and says why. The error is a question that cannot be asked, or the caller's own cancellation.
func Explain(ctx context.Context, q Question) (Explanation, error) {
	e, err := Open(ctx, q.Revision, q.Input, q.Audience)
	if err != nil {
		return Explanation{}, err
	}
	e.rulesOnly = q.RulesOnly
	if q.Header == nil {
		return e.Gates(ctx)
	}
	return e.Release(ctx, *q.Header)
}

// Explainer explains decisions of one request: what is found out for one is not found out again for the next. It is not safe for
// concurrent use.
type Explainer struct {
	revision *policy.Revision
	input    policy.Input
	audience audience
	request  *policy.Request
	// rulesOnly leaves out the nearest changes.
	rulesOnly bool
	// altered are the request's other selves, opened when they are first looked at.
	altered map[string]*policy.Request
}

// Open opens the request again. Audience is the role of whoever reads the explanations.
func Open(ctx context.Context, revision *policy.Revision, input policy.Input, audience string) (*Explainer, error) {
	request, err := revision.Open(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	return &Explainer{
		revision: revision, input: input, audience: audienceOf(revision.Vocabulary(), audience), request: request,
		altered: map[string]*policy.Request{},
	}, nil
}

// Gates explains whether the request may go ahead.
func (e *Explainer) Gates(ctx context.Context) (Explanation, error) {
	ask := e.request.Ask()
	told := e.audience.reasons(ask.Gates)
	x := Explanation{Revision: e.revision.ID(), Gates: true, Proceed: ask.Proceed, Err: ask.Err}
	seen := newTracer()
	input, err := e.request.TraceAsk(ctx, seen)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain: tracing the request: %w", err)
	}
	x.Rules, x.Inputs = e.audience.spoke(told, seen, input)
	x.Changes, err = e.nearest(ctx, nil, outcome{proceed: ask.Proceed, gates: codes(told)})
	return x, err
}

// Release explains what may be released of one record.
func (e *Explainer) Release(ctx context.Context, h record.Header) (Explanation, error) {
	h = h.Normalised()
	decision, err := decide(ctx, e.request, h)
	if err != nil {
		return Explanation{}, err
	}
	told := e.audience.outcome(h, decision)
	if told.untold {
		return Explanation{Revision: e.revision.ID(), Untold: true, Rules: []Rule{}, Inputs: []Input{}, Changes: []Change{}}, nil
	}
	x := Explanation{
		Revision: e.revision.ID(), Organisation: h.Organisation, Subject: h.Subject, Category: h.Category,
		Effect: told.effect, Masks: told.masks, Err: decision.Err,
	}
	seen := newTracer()
	input, err := e.request.TraceRelease(ctx, h, seen)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain: tracing the record: %w", err)
	}
	x.Rules, x.Inputs = e.audience.spoke(e.audience.reasons(decision.Reasons), seen, input)
	if !e.audience.everything && !told.effect.Content() {
		x.Inputs = withoutTheRecord(x.Inputs)
	}
	if !e.audience.everything && told.effect == policy.Exist {
		x.Category, x.Inputs, x.Changes = "", []Input{}, []Change{} // each would name the category
		return x, nil
	}
	x.Changes, err = e.nearest(ctx, &h, told)
	return x, err
}

func decide(ctx context.Context, request *policy.Request, h record.Header) (policy.Decision, error) {
	decisions, err := request.Release(ctx, []record.Header{h})
	if err != nil {
		return policy.Decision{}, fmt.Errorf("explain: deciding again: %w", err)
	}
	return decisions[0], nil
}

func codes(reasons []policy.Reason) []string {
	all := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		if !slices.Contains(all, reason.Code) {
			all = append(all, reason.Code)
		}
	}
	return all
}
