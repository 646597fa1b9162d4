package exchange

import (
	"context"
	"errors"
	"log/slog"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Review decides again what somebody has seen of one request: with the facts of now, under the revision the request is pinned to and the
// one in force. It shows nothing to anybody, and so has no entry on the ledger.
type Review struct{ bench *bench }

// LogValue keeps what is decided on out of logs.
func (r *Review) LogValue() slog.Value { return slog.StringValue(r.bench.episode.ID) }

// Review takes up a request for one person who saw something of it. Who they are is not held against what they saw: they may have left,
// or be assigned elsewhere by now. What is decided is whether somebody in their place might see it.
func (e *Exchange) Review(ctx context.Context, person string, ref request.Ref) (*Review, error) {
	v, err := e.viewFor(ctx, matter{Who: directory.Person{Hub: ref.Hub, ID: person}, Past: true}, ref)
	if err != nil {
		return nil, err
	}
	role := v.who.Role
	if !v.revision.Vocabulary().Roles[role].MayRequest {
		role = v.request.Input.Requester.Role
	}
	v.input.Requester = policy.Requester{
		Role: role, Agency: v.who.Agency, Hub: v.who.Hub, Assigned: true, Relationships: []policy.Relationship{},
		OwnFacts: v.input.Requester.OwnFacts, SupportedFacts: v.input.Requester.SupportedFacts,
	}
	pinned, err := e.Policy.Pinned(ctx, ref.Hub, v.request.Revision)
	if errors.Is(err, policy.ErrNoRevision) {
		pinned, err = v.revision, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := v.bench(ctx, pinned, v.revision)
	return &Review{bench: b}, err
}

// Revisions names what decides, as on the ledger.
func (r *Review) Revisions() string { return r.bench.entry("", "").Revision }

// Reviewed is what would be done with one record now.
type Reviewed struct {
	policy.Decision
	// Fields are the names of those released that might still be seen.
	Fields map[string]bool
}

// Decide reviews records as they were released, in order. What was decided then stands: nothing comes out less strict.
func (r *Review) Decide(ctx context.Context, released []request.Released) ([]Reviewed, error) {
	records := make([]record.Record, 0, len(released))
	for _, each := range released {
		records = append(records, each.Record)
	}
	rulings, _, err := r.bench.rule(ctx, records)
	if err != nil {
		return nil, err
	}
	reviewed := make([]Reviewed, 0, len(released))
	for i, each := range released {
		now := Reviewed{Decision: stricter(each.Decision, rulings[i].Decision), Fields: map[string]bool{}}
		if now.Effect.Content() {
			for _, f := range r.bench.mask(each.Record, ruling{Decision: now.Decision, hides: rulings[i].hides}).Record.Fields {
				now.Fields[f.Name] = true
			}
		}
		reviewed = append(reviewed, now)
	}
	return reviewed, nil
}
