package policy

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"sync"
	_ "time/tzdata" // days and ages are Europe/London's, also where the host has no zone files

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/mashgate/mashgate/internal/record"
)

// forbidden are the families of builtins that would let a rule reach the network, the clock, chance, the process or a log. What OPA
// itself marks as not deterministic is refused as well, so that an upgrade cannot add to the list unseen. `print` is not on it: the
// compiler erases it.
var forbidden = regexp.MustCompile(`^(http|rand|uuid|io\.jwt|rego|providers|internal\.print|net\.lookup\w*|time\.now_ns|opa\.runtime|trace)(\.|$)`)

// capabilities is what rules may use: pure functions of the input and the pack's data (design.md section 5).
func capabilities() *ast.Capabilities {
	trimmed := ast.CapabilitiesForThisVersion()
	trimmed.AllowNet = []string{}
	trimmed.Builtins = slices.DeleteFunc(slices.Clone(trimmed.Builtins), func(b *ast.Builtin) bool {
		return b.Nondeterministic || forbidden.MatchString(b.Name)
	})
	return trimmed
}

// newCompiler compiles strictly and type-checks against the pack's schemas.
func (p *Pack) newCompiler() *ast.Compiler {
	return ast.NewCompiler().
		WithCapabilities(capabilities()).
		WithStrict(true).
		WithSchemas(p.schemas).
		WithUseTypeCheckAnnotations(true).
		WithDefaultRegoVersion(ast.RegoV1)
}

// compilers are the rules, compiled twice over: partial evaluation writes to the terms it reads, so it has copies of its own, which one
// goroutine uses at a time.
type compilers struct {
	whole, partial *ast.Compiler
	partialMu      sync.Mutex
}

// cache keeps what compiling a pack gives, for variants that differ in data alone, because compiling reads no data. Any number of
// goroutines may use it.
type cache struct {
	mu    sync.Mutex
	rules *compilers
	tests map[string]*ast.Compiler
}

// compile compiles the rules once; variants that differ in data alone share the result. A hub's pack gets the emergency overlay.
func (p *Pack) compile() (*compilers, error) {
	p.cache.mu.Lock()
	defer p.cache.mu.Unlock()
	if p.cache.rules != nil {
		return p.cache.rules, nil
	}
	modules := maps.Clone(p.modules)
	if p.manifest.Kind == KindHub {
		overlay, err := emergencyModules()
		if err != nil {
			return nil, err
		}
		maps.Copy(modules, overlay)
	}
	both := &compilers{whole: p.newCompiler(), partial: p.newCompiler()}
	for _, compiler := range []*ast.Compiler{both.whole, both.partial} {
		if compiler.Compile(modules); compiler.Failed() {
			return nil, fmt.Errorf("policy: compiling: %w", compiler.Errors)
		}
	}
	p.cache.rules = both
	return both, nil
}

// newStore holds data as the terms that rules read.
func newStore(data map[string]any) storage.Store {
	return inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
}

// Compile reads, compiles and checks a hub's pack. What it returns can decide; a pack with anything wrong in it never gets that far.
func Compile(ctx context.Context, fsys fs.FS, options CompileOptions) (*Revision, error) {
	pack, err := ReadPack(fsys)
	if err != nil {
		return nil, err
	}
	return pack.Compile(ctx, options)
}

// CompileOptions says what a pack is compiled against and under.
type CompileOptions struct {
	// Catalogue is the field catalogue; nil takes the built-in one.
	Catalogue *record.Catalogue
	// Tightening is the emergency overlay in force; none for none.
	Tightening []TighteningRule
	// Number is of the last tightening that was set; it stands in the revision's id while Tightening is in force.
	Number int64
	// Tracer, where given, sees every evaluation, and everything is interpreted so that it does: for coverage and explanations.
	Tracer topdown.QueryTracer
}

func (o CompileOptions) catalogue() (*record.Catalogue, error) {
	if o.Catalogue != nil {
		return o.Catalogue, nil
	}
	return record.LoadCatalogue()
}

// revisionID is the pack's, and says which tightening it is under.
func (o CompileOptions) revisionID(pack string) string {
	if len(o.Tightening) == 0 {
		return pack
	}
	return fmt.Sprintf("%s+%d", pack, o.Number)
}

// The entry points of a hub's pack. Each must give exactly one result.
const (
	askEntry     = "data.mashgate.ask.decision"
	releaseEntry = "data.mashgate.release.contributions"
	callEntry    = "data.mashgate.rpc.decision"
)

// Compile makes a hub's pack able to decide. A pack may be compiled by several goroutines, and several times under other tightenings:
// only the first costs a compilation.
func (p *Pack) Compile(ctx context.Context, options CompileOptions) (*Revision, error) {
	if err := p.wanted(KindHub); err != nil {
		return nil, err
	}
	catalogue, err := options.catalogue()
	if err != nil {
		return nil, err
	}
	both, err := p.compile()
	if err != nil {
		return nil, err
	}
	vocabulary, err := readVocabulary(p.data, catalogue)
	if err != nil {
		return nil, err
	}
	if err := checkTightening(options.Tightening, vocabulary, catalogue); err != nil {
		return nil, err
	}
	r := &Revision{
		id: options.revisionID(p.digest), pack: p.digest, manifest: p.manifest, tightening: options.Tightening, catalogue: catalogue,
		labels: sortedSet(catalogue.Labels), vocabulary: vocabulary, locations: ruleLocations(both.whole.Modules),
		residuals: map[residualKey]*residual{}, cells: cells{all: map[cellKey]*cell{}}, interpretAll: options.Tracer != nil,
	}
	r.joiner = joiner{reasons: vocabulary.Reasons, classes: catalogue.Classes, revision: r.id, silence: Deny}
	if err := r.joiner.checkHeads(p.modules, releaseEntry); err != nil {
		return nil, err
	}
	r.joined, r.unlabelled, r.oneLabel = newJoined(r.joiner), r.labelling(nil), map[string]labelling{}
	for _, label := range r.labels {
		r.oneLabel[label] = r.labelling([]string{label})
	}
	data := maps.Clone(p.data)
	data[emergencyData] = tighteningData(options.Tightening)
	return r, r.prepare(ctx, both, data, options.Tracer)
}

// prepare makes the entry points ready to be asked.
func (r *Revision) prepare(ctx context.Context, both *compilers, data map[string]any, tracer topdown.QueryTracer) error {
	store := newStore(data)
	var err error
	for entry, target := range map[string]*query{askEntry: &r.ask, releaseEntry: &r.release, callEntry: &r.call} {
		if *target, err = prepare(ctx, both.whole, store, entry); err != nil {
			return err
		}
		target.tracer = tracer
	}
	r.partialMu = &both.partialMu
	r.partialMu.Lock()
	defer r.partialMu.Unlock()
	r.partial, err = preparePartial(ctx, both.partial, newStore(data), releaseEntry)
	return err
}
