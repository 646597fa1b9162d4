package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/internal/city"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// Played is how far a history has come.
type Played struct {
	// Cases have been played, of those Planned so far; Decisions were on record when they were last counted.
	Cases, Planned int
	Decisions      int64
}

const (
	// historyWorkers is how many cases run at a time: the machine is the gateway's and eight agencies' too.
	historyWorkers = 4
	// perCase is the first guess at how many decisions a case comes to; whatever it is, what counts is counted.
	perCase = 400
	// firstCases bounds how many are played before the first count.
	firstCases = 40
	// historyCalls is how many calls a second one of the demo's people may make: a few people play what a hub's do in a year.
	historyCalls = 1000
)

// History plays families through the hub, hand-made ones in turn and generated ones between them, until at least so many decisions are
// on record, and returns how many are. It counts by having the hub decide all of them again: a history that does not come out the same
// is an error. Progress is told from one goroutine at a time; nil tells nobody.
func History(ctx context.Context, h *Hub, decisions int64, progress func(Played)) (int64, error) {
	lines := &lines{hub: h, open: map[string]Line{}}
	players := players{hub: h, lines: lines, progress: progress}
	sofar, err := players.playAll(ctx, decisions)
	return sofar, errors.Join(err, lines.close())
}

// players play a history.
type players struct {
	hub      *Hub
	lines    *lines
	progress func(Played)
	mu       sync.Mutex
	played   Played
}

func (p *players) playAll(ctx context.Context, decisions int64) (int64, error) {
	made, err := city.LoadFamilies()
	if err != nil {
		return 0, err
	}
	next, stop := iter.Pull2(inTurn(ctx, made, p.hub.city))
	defer stop()
	if p.played.Decisions, err = p.count(ctx); err != nil {
		return 0, err
	}
	before := p.played.Decisions
	for p.played.Decisions < decisions {
		each := int64(perCase)
		if p.played.Cases > 0 {
			each = max(1, (p.played.Decisions-before)/int64(p.played.Cases))
		}
		more := int((decisions-p.played.Decisions)/each) + 1
		if p.played.Cases == 0 {
			more = min(more, firstCases)
		}
		if err := p.round(ctx, next, more); err != nil {
			return 0, err
		}
		if p.played.Decisions, err = p.count(ctx); err != nil {
			return 0, err
		}
	}
	p.tell()
	return p.played.Decisions, nil
}

// round plays so many families, a few at a time.
func (p *players) round(ctx context.Context, next func() (city.Family, error, bool), cases int) error {
	p.played.Planned = p.played.Cases + cases
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(historyWorkers)
	for range cases {
		family, err, ok := next()
		if err != nil || !ok {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			cast := Cast{Referrer: "rita", Triage: "tom", Worker: "sara", Requester: player(family.Requester.Role), Dial: p.lines.dial}
			if _, err := Tell(ctx, p.hub, family, cast, io.Discard); err != nil {
				return fmt.Errorf("playing the history: %w", err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.played.Cases++
			p.tell()
			return nil
		})
	}
	return group.Wait()
}

func (p *players) tell() {
	if p.progress != nil {
		p.progress(p.played)
	}
}

// player is the demo's person of a role.
func player(role string) string {
	for _, p := range People() {
		if p.Role == role {
			return p.ID
		}
	}
	return ""
}

// count has the hub decide everything on record again.
func (p *players) count(ctx context.Context) (int64, error) {
	line, err := p.lines.dial("iris")
	if err != nil {
		return 0, err
	}
	stream, err := policyv1.NewPolicyServiceClient(line).Replay(ctx, &policyv1.ReplayRequest{Parent: "hubs/" + HubID})
	if err != nil {
		return 0, fmt.Errorf("counting what is on record: %w", err)
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return 0, fmt.Errorf("counting what is on record: %w", err)
		}
		if d := event.GetDifference(); d != nil {
			return 0, fmt.Errorf("counting what is on record: decision %d does not come out the same: %s %s", d.GetDecision(), d.GetCode(), d.GetDetail())
		}
		if r := event.GetResult(); r != nil {
			return r.GetEqual() + r.GetErased(), nil
		}
	}
}

// lines are one connection for each person, shared by all cases.
type lines struct {
	hub  *Hub
	mu   sync.Mutex
	open map[string]Line
}

// kept is a line that a case cannot close.
type kept struct{ Line }

func (kept) Close() error { return nil }

func (l *lines) dial(person string) (Line, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line, ok := l.open[person]; ok {
		return kept{line}, nil
	}
	line, err := dial.Open(l.hub.Profile(person))
	if err != nil {
		return nil, err
	}
	l.open[person] = line
	return kept{line}, nil
}

func (l *lines) close() error {
	var errs []error
	for _, line := range l.open {
		errs = append(errs, line.Close())
	}
	return errors.Join(errs...)
}
