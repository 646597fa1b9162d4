// Package mutate asks whether a pack's tests would notice if the pack were wrong: it takes out each rule body and changes each cell,
// window, label effect, gate and role of the data, one at a time, and runs the pack's Rego tests and scenarios. A change that nothing
// notices survives, and is a missing test. It stands beside the decision point and trusts only a pack that passes its own tests.
package mutate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/scenario"
)

// Options says what to mutate and what has to notice.
type Options struct {
	// Pack is the pack with its tests.
	Pack fs.FS
	// Scenarios are the cases that have to hold beside the Rego tests.
	Scenarios fs.FS
	// Files are the pack's files to mutate ("data/windows.yaml"); none is all of them.
	Files []string
	// Sample takes this many mutations by Seed; 0 takes all.
	Sample int
	Seed   uint64
	// Workers run at the same time, each with a pack of its own; 0 is one.
	Workers int
	// Progress, where given, is called after each mutation, by one worker at a time.
	Progress func(done, total int)
}

// Mutation is one change to a pack.
type Mutation struct {
	File string `json:"file"`
	// Path is where in the file: a path of keys, or a rule with its line.
	Path   string `json:"path"`
	Change string `json:"change"`

	apply func(*policy.Pack) *policy.Pack
}

func (m Mutation) String() string { return fmt.Sprintf("%s: %s: %s", m.File, m.Path, m.Change) }

// Report is how a run went.
type Report struct {
	// Possible is every mutation there is, Tried those of the sample.
	Possible  int        `json:"possible"`
	Tried     int        `json:"tried"`
	Survivors []Mutation `json:"survivors"`
}

// OK is true where every mutation that was tried was noticed, and there was one.
func (r Report) OK() bool { return r.Tried > 0 && len(r.Survivors) == 0 }

// WriteText writes a line for each survivor, and the closing count.
func (r Report) WriteText(w io.Writer) error {
	for _, survivor := range r.Survivors {
		if _, err := fmt.Fprintf(w, "survived: %s\n", survivor); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d of %d mutations tried, %d survived\n", r.Tried, r.Possible, len(r.Survivors))
	return err
}

// Run makes each mutation and looks whether anything notices. A pack that fails unmutated is an error: it would notice everything.
func Run(ctx context.Context, options Options) (Report, error) {
	first, err := newWorker(options)
	if err != nil {
		return Report{}, err
	}
	if why, err := first.notices(ctx, "", first.pack); err != nil || why != "" {
		return Report{}, errors.Join(err, fmt.Errorf("mutate: the pack does not hold unmutated: %s", why))
	}
	all := slices.DeleteFunc(append(ruleMutations(first.pack), dataMutations(first.pack)...), func(m Mutation) bool {
		return len(options.Files) > 0 && !slices.Contains(options.Files, m.File)
	})
	chosen := sample(all, options)
	report := Report{Possible: len(all), Tried: len(chosen), Survivors: []Mutation{}}
	return report, runAll(ctx, options, first, chosen, &report)
}

func sample(all []Mutation, options Options) []Mutation {
	if options.Sample <= 0 || options.Sample >= len(all) {
		return all
	}
	random := rand.New(rand.NewPCG(options.Seed, 0)) //nolint:gosec // a sample that can be drawn again
	chosen := make([]Mutation, 0, options.Sample)
	drawn := random.Perm(len(all))[:options.Sample]
	slices.Sort(drawn)
	for _, i := range drawn {
		chosen = append(chosen, all[i])
	}
	return chosen
}

// runAll shares the mutations among the workers. Survivors stand in the order of the mutations, whoever found them.
func runAll(ctx context.Context, options Options, first *worker, chosen []Mutation, report *Report) error {
	survived := make([]bool, len(chosen))
	next := make(chan int)
	errs := make(chan error, max(1, options.Workers))
	var progress sync.Mutex
	done := 0
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i := range max(1, options.Workers) {
		wg.Go(func() {
			w, err := first, error(nil)
			if i > 0 {
				w, err = newWorker(options)
			}
			for at := range next {
				if err == nil {
					var why string
					why, err = w.notices(ctx, chosen[at].File, chosen[at].apply(w.pack))
					survived[at] = why == ""
				}
				if err != nil {
					cancel(err)
					continue
				}
				progress.Lock()
				done++
				if options.Progress != nil {
					options.Progress(done, len(chosen))
				}
				progress.Unlock()
			}
			errs <- err
		})
	}
	for at := range chosen {
		next <- at
	}
	close(next)
	wg.Wait()
	close(errs)
	for at, alive := range survived {
		if alive {
			report.Survivors = append(report.Survivors, chosen[at])
		}
	}
	var failed error
	for err := range errs {
		failed = errors.Join(failed, err)
	}
	return failed
}

// worker runs tests and scenarios over variants of its own pack.
type worker struct {
	pack      *policy.Pack
	scenarios fs.FS
	killers   killers
}

func newWorker(options Options) (*worker, error) {
	pack, err := policy.ReadPack(options.Pack)
	if err != nil {
		return nil, err
	}
	return &worker{pack: pack, scenarios: options.Scenarios, killers: killers{}}, nil
}

// notices says what noticed that the variant, which differs in the file, is not the pack, or "" where nothing did. The error is
// cancellation.
func (w *worker) notices(ctx context.Context, file string, variant *policy.Pack) (string, error) {
	revision, err := variant.Compile(ctx, policy.CompileOptions{})
	if err != nil {
		return "it does not compile: " + err.Error(), ctx.Err()
	}
	for _, only := range w.killers.rounds(file) {
		report, err := variant.Test(ctx, policy.TestOptions{StopAtFirst: true, Only: only})
		if ctx.Err() != nil {
			return "", fmt.Errorf("mutate: %w", context.Cause(ctx))
		}
		if err != nil {
			return "its tests do not compile: " + err.Error(), nil
		}
		if len(report.Failures) > 0 {
			w.killers.remember(file, report.Failures[0].Test)
			return report.Failures[0].Test, nil
		}
	}
	return w.scenariosNotice(ctx, revision)
}

func (w *worker) scenariosNotice(ctx context.Context, revision *policy.Revision) (string, error) {
	scenarios, err := scenario.LoadFS(revision, w.scenarios)
	if err != nil {
		return err.Error(), nil
	}
	for _, s := range scenarios {
		result, err := scenario.Run(ctx, revision, []scenario.Scenario{s})
		if ctx.Err() != nil {
			return "", fmt.Errorf("mutate: %w", context.Cause(ctx))
		}
		if err != nil {
			return err.Error(), nil
		}
		if len(result.Failures) > 0 {
			return result.Failures[0].String(), nil
		}
	}
	return "", nil
}
