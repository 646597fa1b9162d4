package policy

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	_ "time/tzdata" // days and ages are Europe/London's, also where the host has no zone files

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

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

// compilers are the rules, compiled twice over: partial evaluation writes to the terms it reads, so it has copies of its own.
type compilers struct{ whole, partial *ast.Compiler }

// compile compiles the rules once; variants that differ in data alone share the result.
func (p *Pack) compile() (compilers, error) {
	if p.compiled != nil {
		return *p.compiled, nil
	}
	both := compilers{whole: p.newCompiler(), partial: p.newCompiler()}
	for _, compiler := range []*ast.Compiler{both.whole, both.partial} {
		if compiler.Compile(p.modules); compiler.Failed() {
			return compilers{}, fmt.Errorf("policy: compiling: %w", compiler.Errors)
		}
	}
	p.compiled = &both
	return both, nil
}

// newStore holds the pack's data as the terms that rules read.
func (p *Pack) newStore() storage.Store {
	return inmem.NewFromObjectWithOpts(p.data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
}

// Compile reads, compiles and checks a hub's pack. What it returns can decide; a pack with anything wrong in it never gets that far.
func Compile(ctx context.Context, fsys fs.FS, options CompileOptions) (*Revision, error) {
	pack, err := ReadPack(fsys)
	if err != nil {
		return nil, err
	}
	return pack.Compile(ctx, options)
}

// CompileOptions says what a pack is compiled against.
type CompileOptions struct {
	// Catalogue is the field catalogue; nil takes the built-in one.
	Catalogue *record.Catalogue
}

func (o CompileOptions) catalogue() (*record.Catalogue, error) {
	if o.Catalogue != nil {
		return o.Catalogue, nil
	}
	return record.LoadCatalogue()
}

// The entry points of a hub's pack. Each must give exactly one result.
const (
	askEntry     = "data.mashgate.ask.decision"
	releaseEntry = "data.mashgate.release.contributions"
	callEntry    = "data.mashgate.rpc.decision"
)

// Compile makes the pack able to decide.
func (p *Pack) Compile(ctx context.Context, options CompileOptions) (*Revision, error) {
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
	r := &Revision{
		id: p.digest, catalogue: catalogue, labels: sortedSet(catalogue.Labels), vocabulary: vocabulary,
		locations: ruleLocations(p.modules), residuals: map[string]*residual{},
	}
	r.joiner = joiner{reasons: vocabulary.Reasons, classes: catalogue.Classes, revision: r.id, silence: Deny}
	if err := r.joiner.checkHeads(p.modules, releaseEntry); err != nil {
		return nil, err
	}
	store := p.newStore()
	for entry, target := range map[string]*query{askEntry: &r.ask, releaseEntry: &r.release, callEntry: &r.call} {
		if *target, err = prepare(ctx, both.whole, store, entry); err != nil {
			return nil, err
		}
	}
	r.partial, err = preparePartial(ctx, both.partial, p.newStore(), releaseEntry)
	return r, err
}
