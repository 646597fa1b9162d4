package policy

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/mashgate/mashgate/internal/record"
)

// Revision is one pack, compiled and checked: it decides and never changes. Any number of goroutines may use it.
type Revision struct {
	id         string
	pack       string
	manifest   Manifest
	tightening []TighteningRule
	catalogue  *record.Catalogue
	labels     []string // the catalogue's, sorted
	unlabelled labelling
	oneLabel   map[string]labelling
	vocabulary *Vocabulary
	joiner     joiner
	joined     *joined
	cells      cells
	locations  map[string][]Location
	ask        query
	release    query
	call       query

	// partial is used by one goroutine at a time, also where revisions share the compiled rules: OPA's partial evaluation writes to
	// terms it reads.
	partialMu *sync.Mutex
	partial   rego.PreparedPartialQuery
	// interpretAll keeps the compiled rules out, for whoever has to see each rule evaluated.
	interpretAll bool

	mu        sync.Mutex
	residuals map[residualKey]*residual
}

// ID is the digest of everything in the pack that decisions depend on, with "+" and the number of the tightening it is under: two
// revisions that decide differently have different ids.
func (r *Revision) ID() string { return r.id }

// PackID is the digest of the pack, without the tightening.
func (r *Revision) PackID() string { return r.pack }

// Manifest says what pack it is.
func (r *Revision) Manifest() Manifest { return r.manifest }

// Tightening is the emergency overlay it is under; none for none. It is shared: do not change it.
func (r *Revision) Tightening() []TighteningRule { return r.tightening }

// Vocabulary is the pack's codes and words.
func (r *Revision) Vocabulary() *Vocabulary { return r.vocabulary }

// Catalogue is the field catalogue the pack was compiled against.
func (r *Revision) Catalogue() *record.Catalogue { return r.catalogue }

// RuleLocation is where the rule that a reason names stands in the pack; several bodies may share a name.
func (r *Revision) RuleLocation(rule string) []Location { return r.locations[rule] }

// Call is one RPC about to be served.
type Call struct {
	// Method is the full gRPC name, with its leading slash.
	Method    string    `json:"method"`
	Principal Principal `json:"principal"`
	// ResourceHub is the hub of the resource that is called on; "" where there is none.
	ResourceHub string `json:"resource_hub"`
}

// Principal is who is calling. Kinds are never interchangeable (design.md section 4).
type Principal struct {
	Kind string `json:"kind"` // person, service, agency, none
	Role string `json:"role"`
	Hub  string `json:"hub"`
	ID   string `json:"id"`
}

// CallDecision is whether the call may go on.
type CallDecision struct {
	Allow    bool   `json:"allow"`
	Reason   Reason `json:"reason"`
	Revision string `json:"revision"`
	// Err is set where Rego gave no, several or malformed results; the call is then not allowed.
	Err string `json:"error,omitempty"`
}

// MayCall decides who may call which RPC. The error is the caller's own cancellation.
func (r *Revision) MayCall(ctx context.Context, call Call) (CallDecision, error) {
	value, err := toAST(call)
	if err != nil {
		return CallDecision{}, fmt.Errorf("policy: deciding on a call: %w", err)
	}
	answer, err := r.call.one(ctx, value)
	var decision CallDecision
	if err == nil {
		decision, err = r.readCall(answer)
	}
	if errors.Is(err, errEntry) {
		return CallDecision{Reason: errorReason(), Revision: r.id, Err: err.Error()}, nil
	}
	return decision, err
}

func (r *Revision) readCall(value ast.Value) (CallDecision, error) {
	var answer struct {
		Allow  bool   `json:"allow"`
		Reason string `json:"reason"`
	}
	if err := strictly(value, &answer); err != nil {
		return CallDecision{}, fmt.Errorf("%w: %s: %w", errEntry, callEntry, err)
	}
	if _, ok := r.vocabulary.Reasons[answer.Reason]; !ok {
		return CallDecision{}, fmt.Errorf("%w: %s: reason %q is not in data.reasons", errEntry, callEntry, answer.Reason)
	}
	reason := r.joiner.textOf(answer.Reason)
	reason.Rule, reason.Effect = callEntry, Deny
	if answer.Allow {
		reason.Effect = Permit
	}
	return CallDecision{Allow: answer.Allow, Reason: reason, Revision: r.id}, nil
}
