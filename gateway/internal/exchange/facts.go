package exchange

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/policy"
)

// matter is whose eyes look at which episode.
type matter struct {
	Hub, Episode    string
	Who             directory.Person
	Categories      []policy.Category
	Flags           []policy.Flag
	LocationUnknown bool
	// Past is for what was seen already: whoever saw it may have left since.
	Past bool
}

// facts are what a decision rests on, as they stood at one moment.
type facts struct {
	exchange *Exchange
	episode  episode.Episode
	who      directory.Person
	input    policy.Input
}

// facts reads episode and requester anew.
func (e *Exchange) facts(ctx context.Context, m matter) (*facts, error) {
	ep, err := e.Episodes.Get(ctx, m.Hub, m.Episode)
	if err != nil {
		return nil, err
	}
	who, err := e.Directory.Person(ctx, m.Who.Hub, m.Who.ID)
	if err != nil {
		return nil, fmt.Errorf("looking the requester up: %w", err)
	}
	if !who.Active && !m.Past {
		return nil, denied("requester", "This person is no longer active in the hub's directory.")
	}
	input := ep.PolicyInput(e.Clock.Now())
	if input.Requester, err = e.requester(ctx, who, ep); err != nil {
		return nil, err
	}
	input.Categories, input.Flags, input.LocationUnknown = slices.Clone(m.Categories), m.Flags, m.LocationUnknown
	for i := range input.Categories {
		input.Categories[i].Reason = policy.Said(input.Categories[i].Reason)
	}
	return &facts{exchange: e, episode: ep, who: who, input: input}, nil
}

func (e *Exchange) requester(ctx context.Context, who directory.Person, ep episode.Episode) (policy.Requester, error) {
	subjects := make([]directory.RelationSubject, 0, len(ep.Subjects))
	for _, s := range ep.Subjects {
		subjects = append(subjects, directory.RelationSubject{ID: s.ID, Identity: s.Identity})
	}
	relations, err := e.Directory.Relations(ctx, who, subjects)
	if err != nil {
		return policy.Requester{}, fmt.Errorf("checking relationships: %w", err)
	}
	own, supported := ep.FactsBy(who.ID)
	return policy.Requester{
		Role: who.Role, Agency: who.Agency, Hub: who.Hub, Assigned: ep.AssignedTo(who.ID), Relationships: relations,
		OwnFacts: own, SupportedFacts: supported,
	}, nil
}

// lapses is the next moment at which the facts change by themselves: what expires at a moment is over at that moment (domain.md 4.1).
// It is zero where nothing will.
func (f *facts) lapses() time.Time {
	var next time.Time
	earlier := func(at time.Time) {
		if at.After(f.input.At) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if f.episode.Expires != nil {
		earlier(*f.episode.Expires)
	}
	if f.episode.BreakGlass != nil {
		earlier(f.episode.BreakGlass.Expires)
	}
	return next
}
