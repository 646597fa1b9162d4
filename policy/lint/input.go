package lint

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// input is everything that a lint in Rego may ask about a pack.
type input struct {
	Kind     string          `json:"kind"`
	Today    string          `json:"today"`
	Manifest policy.Manifest `json:"manifest"`
	Modules  []moduleFacts   `json:"modules"`
	Data     map[string]any  `json:"data"`
	// Base is the data of what an overlay lies over; absent for a pack of its own.
	Base      map[string]any   `json:"base,omitempty"`
	Schemas   map[string]any   `json:"schemas"`
	Catalogue catalogueFacts   `json:"catalogue"`
	Scenarios []map[string]any `json:"scenarios"`
	// Unreached are the rules that no test and no scenario reaches.
	Unreached []lineFacts `json:"unreached"`
}

type catalogueFacts struct {
	Categories     []string `json:"categories"`
	Labels         []string `json:"labels"`
	Classes        []string `json:"classes"`
	Flags          []string `json:"flags"`
	FreeTextFields []string `json:"free_text_fields"`
}

type lineFacts struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func (c *check) input(ctx context.Context, pack, base *policy.Pack) (ast.Value, error) {
	in := input{
		Kind: pack.Manifest().Kind, Today: c.options.Today.Format(time.DateOnly), Manifest: pack.Manifest(), Data: pack.Data(),
		Schemas: pack.Parts().Schemas, Catalogue: factsOfCatalogue(c.options.Catalogue),
	}
	if base != nil {
		in.Base = base.Data()
	}
	modules := pack.Modules()
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		in.Modules = append(in.Modules, factsOf(name, modules[name]))
	}
	var err error
	if in.Scenarios, err = scenarios(pack.Scenarios()); err != nil {
		return nil, err
	}
	if in.Unreached, err = c.unreached(ctx, pack); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("lint: reading the pack: %w", err)
	}
	value, err := ast.ValueFromReader(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("lint: reading the pack: %w", err)
	}
	return value, nil
}

func factsOfCatalogue(catalogue *record.Catalogue) catalogueFacts {
	facts := catalogueFacts{
		Categories: slices.Sorted(maps.Keys(catalogue.Categories)), Labels: catalogue.Labels, Classes: catalogue.Classes,
		Flags: catalogue.Flags, FreeTextFields: []string{},
	}
	for _, code := range facts.Categories {
		for _, field := range catalogue.Categories[code].Fields {
			if field.Class == "free_text" && !slices.Contains(facts.FreeTextFields, field.Name) {
				facts.FreeTextFields = append(facts.FreeTextFields, field.Name)
			}
		}
	}
	return facts
}

// scenarios are the pack's cases as they are written; whether they are well written is for the run to say.
func scenarios(fsys fs.FS) ([]map[string]any, error) {
	cases := []map[string]any{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		var written map[string]any
		if util.Unmarshal(source, &written) == nil && written != nil {
			cases = append(cases, map[string]any{"file": path.Join("scenarios", name), "expect": written["expect"]})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lint: reading the scenarios: %w", err)
	}
	return cases, nil
}
