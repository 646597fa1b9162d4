// Package lint checks a policy pack before anybody approves it: that it reads, is formatted, compiles strictly and is taken by the
// decision point, and then what only this domain asks (a tier cell left open, a default that is not deny, an exception that never
// ends, …). It stands before activation, in mashctl and in PolicyService alike, and changes nothing. It trusts neither the pack nor
// its author: it reads a folder it is handed and reaches for no other, no network and no clock. The domain's lints are Rego in
// rules/, one file each, because the people who write policy should be able to read what it is held to. README.md lists them.
package lint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

// Options says what a pack is checked against.
type Options struct {
	// Today is the day of the check; it is required, because the check has no clock of its own.
	Today time.Time
	// Catalogue is the field catalogue; nil takes the built-in one.
	Catalogue *record.Catalogue
	// Only are the ids of the lints to ask; none for all. An id that no lint has is an error.
	Only []string
}

// check is one check under way.
type check struct {
	options   Options
	fsys      fs.FS
	own       map[string][]byte      // the folder's Rego, by file
	modules   map[string]*ast.Module // the lints that are Rego
	lints     map[string]Lint        // by id
	positions positions
	overlay   bool  // the pack lies over the default pack
	refusal   error // what the decision point has against the pack
	report    Report
}

// Check checks the pack in a folder and reports everything at once. What is wrong with the pack is a finding; the error is
// cancellation, a folder that cannot be read, or options that are not complete. Any number of goroutines may check.
func Check(ctx context.Context, fsys fs.FS, options Options) (Report, error) {
	c, err := newCheck(fsys, options)
	if err != nil {
		return Report{}, err
	}
	c.formatted()
	pack, err := policy.ReadPack(fsys)
	if err != nil {
		if err := c.unreadable(err); err != nil {
			return Report{}, err
		}
		return c.done(), nil
	}
	manifest := pack.Manifest()
	c.report.Pack, c.report.Version, c.report.Kind = manifest.Name, manifest.Version, manifest.Kind
	base, err := c.readPositions(manifest)
	if err != nil {
		return Report{}, err
	}
	if c.refusal, err = c.compile(ctx, pack); err != nil {
		return Report{}, err
	}
	if err := c.domain(ctx, pack, base); err != nil {
		return Report{}, err
	}
	if err := c.slow(ctx, pack); err != nil {
		return Report{}, err
	}
	c.refused(idEngine, c.refusal)
	return c.done(), nil
}

func newCheck(fsys fs.FS, options Options) (*check, error) {
	if options.Today.IsZero() {
		return nil, errors.New("lint: the day of the check is missing")
	}
	if options.Catalogue == nil {
		catalogue, err := record.LoadCatalogue()
		if err != nil {
			return nil, fmt.Errorf("lint: reading the catalogue: %w", err)
		}
		options.Catalogue = catalogue
	}
	modules, err := lintModules()
	if err != nil {
		return nil, err
	}
	lints, err := lintsOf(modules)
	if err != nil {
		return nil, err
	}
	c := &check{options: options, fsys: fsys, modules: modules, lints: map[string]Lint{}, positions: newPositions()}
	c.report = Report{Findings: []Finding{}, NotChecked: []string{}, lints: lints}
	for _, lint := range lints {
		c.lints[lint.ID] = lint
	}
	for _, id := range options.Only {
		if _, ok := c.lints[id]; !ok {
			return nil, fmt.Errorf("lint: there is no lint %q", id)
		}
	}
	if c.own, err = regoFiles(fsys); err != nil {
		return nil, err
	}
	return c, nil
}

// regoFiles are the Rego files in the root of a folder, tests too.
func regoFiles(fsys fs.FS) (map[string][]byte, error) {
	names, err := fs.Glob(fsys, "*.rego")
	if err != nil {
		return nil, fmt.Errorf("lint: reading the folder: %w", err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[name], err = fs.ReadFile(fsys, name); err != nil {
			return nil, fmt.Errorf("lint: reading the folder: %w", err)
		}
	}
	return files, nil
}

// asked tells whether a lint is to be asked.
func (c *check) asked(id string) bool {
	return len(c.options.Only) == 0 || slices.Contains(c.options.Only, id)
}

// add records a finding of a lint.
func (c *check) add(id string, at place, message string) {
	if !c.asked(id) {
		return
	}
	c.report.Findings = append(c.report.Findings, c.lints[id].finding(at, message))
}

// inFile is a place in a file: of the folder, or of what it lies over.
func (c *check) inFile(file string, line int) place {
	_, err := fs.Stat(c.fsys, file)
	return place{file: file, line: line, base: c.overlay && errors.Is(err, fs.ErrNotExist)}
}

// domain asks the lints that are written in Rego.
func (c *check) domain(ctx context.Context, pack, base *policy.Pack) error {
	input, err := c.input(ctx, pack, base)
	if err != nil {
		return err
	}
	findings, err := askLints(ctx, c.modules, input)
	if err != nil {
		return err
	}
	byModule := map[string]Lint{}
	for _, lint := range c.report.lints {
		byModule[lint.module] = lint
	}
	for _, said := range findings {
		lint := byModule[said.Module]
		if slices.Contains(lint.Applies, pack.Manifest().Kind) {
			c.add(lint.ID, c.placeOf(said), said.Message)
		}
	}
	return nil
}

func (c *check) placeOf(finding said) place {
	if finding.File != "" {
		return c.inFile(finding.File, finding.Line)
	}
	path := make([]string, 0, len(finding.Path))
	for _, part := range finding.Path {
		path = append(path, fmt.Sprint(part))
	}
	return c.positions.find(path)
}

// readPositions reads the lines of the data and the manifest, and what the pack lies over; nil where it lies over nothing.
func (c *check) readPositions(manifest policy.Manifest) (*policy.Pack, error) {
	var base *policy.Pack
	if c.overlay = manifest.Base == policy.BaseDefault; c.overlay {
		var err error
		if base, err = policy.ReadPack(rules.FS); err != nil {
			return nil, fmt.Errorf("lint: reading the base: %w", err)
		}
		if err := c.positions.read(rules.FS, "data/*", true); err != nil {
			return nil, err
		}
	}
	if err := c.positions.read(c.fsys, "data/*", false); err != nil {
		return nil, err
	}
	return base, c.positions.read(c.fsys, "manifest.yaml", false)
}

func (c *check) done() Report {
	c.report.Findings = sortFindings(c.report.Findings)
	return c.report
}
