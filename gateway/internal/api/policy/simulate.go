package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/scenario"
	"github.com/mashgate/mashgate/policy/simulate"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// simulated is the stream of a simulation.
type simulated interface {
	Context() context.Context
	Send(message *policyv1.SimulateResponse) error
}

// Simulate implements PolicyService. The draft is held to the pack in force without any emergency tightening: that can be lifted, and
// must not hide what the draft would then let out.
func (s *Service) Simulate(req *policyv1.SimulateRequest, stream policyv1.PolicyService_SimulateServer) error {
	return s.simulate(req, stream)
}

func (s *Service) simulate(req *policyv1.SimulateRequest, stream simulated) error {
	ctx := stream.Context()
	c, err := s.begin(ctx, req.GetName())
	if err != nil {
		return err
	}
	leave, err := s.simulating.enter(c.who.Hub)
	if err != nil {
		return err
	}
	defer leave()
	run, err := s.rehearsal(ctx, c, req)
	if err != nil {
		return err
	}
	run.progress = func(p simulate.Progress) {
		// A caller who is gone ends the context, which the run looks at before its next record.
		_ = stream.Send(&policyv1.SimulateResponse{Event: &policyv1.SimulateResponse_Progress{
			Progress: &policyv1.Progress{Done: p.Done, Total: p.Total, SecondsLeft: int64(p.Left.Seconds())},
		}})
	}
	saved, err := run.save(ctx, c)
	if err != nil {
		return err
	}
	return stream.Send(&policyv1.SimulateResponse{Event: &policyv1.SimulateResponse_Draft{Draft: draftOf(saved)}})
}

// rehearsal is one simulation of one draft.
type rehearsal struct {
	*Service
	draft          rollout.Draft
	since          time.Time
	agencies       []simulate.Counts
	inForce        rollout.InForce
	against, under *policy.Revision
	pack           *policy.Pack
	progress       func(simulate.Progress)
}

func (s *Service) rehearsal(ctx context.Context, c session, req *policyv1.SimulateRequest) (*rehearsal, error) {
	r := &rehearsal{Service: s, agencies: counts(req.GetAgencyCounts())}
	if since := req.GetSince(); since != nil {
		r.since = since.AsTime()
	}
	var err error
	if r.draft, err = s.Rollout.Draft(ctx, c.who.Hub, c.name.Draft()); err != nil {
		return nil, err
	}
	if !r.draft.Checked || !r.draft.Tested {
		return nil, fault.Precondition("NOT_TESTED", "The draft has to pass its checks and its tests before it is simulated.")
	}
	if _, r.pack, err = s.Rollout.Open(ctx, r.draft); err != nil {
		return nil, err
	}
	if r.under, err = r.pack.Compile(ctx, policy.CompileOptions{}); err != nil {
		return nil, fmt.Errorf("compiling draft %s: %w", r.draft.ID, err)
	}
	if r.inForce, err = s.Rollout.InForce(ctx, c.who.Hub, s.Clock.Now()); err != nil {
		return nil, err
	}
	if r.against, err = s.Revisions.Pinned(ctx, c.who.Hub, r.inForce.Pack); err != nil {
		return nil, fmt.Errorf("finding the policy in force: %w", err)
	}
	return r, nil
}

func counts(given []*policyv1.AgencyCounts) []simulate.Counts {
	all := make([]simulate.Counts, 0, len(given))
	for _, agency := range given {
		of := simulate.Counts{Organisation: agency.GetOrganisation(), Against: agency.GetAgainst(), Draft: agency.GetDraft()}
		for _, change := range agency.GetChanges() {
			of.Changes = append(of.Changes, simulate.CategoryOf{
				Category: change.GetCategory(), Was: policy.Effect(change.GetWas()), Now: policy.Effect(change.GetNow()), Records: change.GetRecords(),
			})
		}
		all = append(all, of)
	}
	return all
}

// save runs everything, keeps the report on the draft, and forgets where it was stopped before.
func (r *rehearsal) save(ctx context.Context, c session) (rollout.Draft, error) {
	report, err := r.report(ctx)
	if err != nil {
		return rollout.Draft{}, err
	}
	text, err := json.Marshal(report)
	if err != nil {
		return rollout.Draft{}, fmt.Errorf("writing the simulation's report: %w", err)
	}
	saved, err := r.Rollout.SaveReport(ctx, c.who, c.draft(), rollout.Report{
		Kind: rollout.Simulation, JSON: text, Passed: true, Widens: report.Widens(), Against: r.inForce.Number,
	})
	if err != nil {
		return rollout.Draft{}, err
	}
	return saved, r.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		return r.Decisions.DropCheckpoint(ctx, tx, c.who.Hub)
	})
}

// report is what the hub's history says, with what made-up cases say beside it: a widening shows in those also where the hub has no
// history of it.
func (r *rehearsal) report(ctx context.Context) (simulate.Report, error) {
	at, err := r.goOn(ctx)
	if err != nil {
		return simulate.Report{}, err
	}
	if at.MadeUp == nil {
		madeUp, err := r.madeUp(ctx)
		if err != nil {
			return simulate.Report{}, err
		}
		at.MadeUp = &madeUp
		if err := r.keep(ctx, at); err != nil {
			return simulate.Report{}, err
		}
	}
	lived, err := r.history(ctx, at)
	if err != nil {
		return simulate.Report{}, err
	}
	return simulate.Join(lived, *at.MadeUp)
}

// madeUp runs the draft's own scenarios and the fixed grid.
func (r *rehearsal) madeUp(ctx context.Context) (simulate.Report, error) {
	scenarios, err := scenario.LoadFS(r.under, r.pack.Scenarios())
	if err != nil {
		return simulate.Report{}, fmt.Errorf("reading the draft's scenarios: %w", err)
	}
	var reports []simulate.Report
	for _, source := range []struct {
		kind  simulate.Kind
		cases iter.Seq2[simulate.Case, error]
	}{
		{simulate.Scenarios, simulate.FromScenarios(r.under.Vocabulary(), scenarios)},
		{simulate.Combinations, simulate.Grid(r.against)},
	} {
		report, err := simulate.Run(ctx, simulate.Options{
			Kind: source.kind, Against: r.against, Draft: r.under, Records: simulate.FromCases(r.draft.Hub, source.cases),
			Progress: r.progress, Yield: r.Exchange.GiveWay,
		})
		if err != nil {
			return simulate.Report{}, err
		}
		reports = append(reports, report)
	}
	return simulate.Join(reports...)
}

// stopped is where a simulation was stopped: what made-up cases said, once they were through, and the state of the run over the history.
type stopped struct {
	Since   time.Time        `json:"since"`
	Against string           `json:"against"`
	Under   string           `json:"under"`
	MadeUp  *simulate.Report `json:"made_up"`
	State   *simulate.State  `json:"state"`
}

// simulatedKinds leave out attempts: each repeats the ask of its request.
var simulatedKinds = []history.Kind{history.Ask, history.Release, history.Read}

// history is the run over what the hub has decided, from where it was stopped before.
func (r *rehearsal) history(ctx context.Context, at stopped) (simulate.Report, error) {
	query := decision.Query{Hub: r.draft.Hub, Since: r.since, Kinds: simulatedKinds}
	total, _, err := r.Decisions.Count(ctx, query)
	if err != nil {
		return simulate.Report{}, err
	}
	options := simulate.Options{
		Kind: simulate.History, Against: r.against, Draft: r.under, Total: total, Agencies: r.agencies, Progress: r.progress,
		Yield: r.Exchange.GiveWay, State: at.State,
		Checkpoint: func(state simulate.State) error { at.State = &state; return r.keep(ctx, at) },
	}
	if at.State != nil {
		query.AfterSeq = at.State.After
	}
	options.Records = r.Decisions.Each(ctx, query)
	return simulate.Run(ctx, options)
}

// unaltered passes records on. One that is not what was recorded is for replay to tell: here it comes without anything in it.
func unaltered(records iter.Seq2[history.Record, error]) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		for record, err := range records {
			if errors.Is(err, history.ErrAltered) {
				err = nil
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

func (r *rehearsal) run() decision.Run { return decision.Run{Hub: r.draft.Hub, Draft: r.draft.ID} }

// keep writes down where the simulation stands, also when its caller has just gone.
func (r *rehearsal) keep(ctx context.Context, at stopped) error {
	text, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("writing where a simulation stands: %w", err)
	}
	return r.DB.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx store.Tx) error {
		return r.Decisions.SaveCheckpoint(ctx, tx, r.run(), text)
	})
}

// goOn is where the same simulation was stopped; the beginning where there was none, or something has moved since.
func (r *rehearsal) goOn(ctx context.Context) (stopped, error) {
	beginning := stopped{Since: r.since, Against: r.against.ID(), Under: r.under.ID()}
	text, err := r.Decisions.Checkpoint(ctx, r.run())
	if err != nil || text == nil {
		return beginning, err
	}
	var at stopped
	if json.Unmarshal(text, &at) != nil || !at.Since.Equal(r.since) || at.Against != beginning.Against || at.Under != beginning.Under {
		return beginning, nil //nolint:nilerr // a state that cannot be read is of another version: the run begins anew
	}
	return at, nil
}

// oneEach lets one simulation of each hub run at a time.
type oneEach struct {
	mu   sync.Mutex
	hubs map[string]bool
}

func (o *oneEach) enter(hub string) (leave func(), err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hubs[hub] {
		return nil, &fault.Error{Code: codes.Aborted, Reason: "SIMULATION_RUNNING", Public: "Another simulation of this hub is running. Try again when it has ended."}
	}
	o.hubs[hub] = true
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.hubs, hub)
	}, nil
}
