package lint

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

// said is what one lint in Rego says: where, by file and line or by a path in the data, and what is wrong.
type said struct {
	Module  string `json:"module"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Path    []any  `json:"path"`
	Message string `json:"message"`
}

// everything asks every lint at once.
const everything = `[said |
	some module
	some finding in data.mashgate.lint.rules[module].findings
	said := object.union(finding, {"module": module})
]`

// askLints evaluates the lints written in Rego.
func askLints(ctx context.Context, modules map[string]*ast.Module, input ast.Value) ([]said, error) {
	limits, err := readLimits()
	if err != nil {
		return nil, err
	}
	options := []func(*rego.Rego){
		rego.Query(everything), rego.ParsedInput(input), rego.Strict(true), rego.StrictBuiltinErrors(true),
		rego.Store(inmem.NewFromObject(map[string]any{"limits": limits})), rego.SetRegoVersion(ast.RegoV1),
	}
	for _, module := range modules {
		options = append(options, rego.ParsedModule(module))
	}
	results, err := rego.New(options...).Eval(ctx)
	if err != nil {
		return nil, fmt.Errorf("lint: asking the lints: %w", err)
	}
	return readSaid(results)
}

func readSaid(results rego.ResultSet) ([]said, error) {
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("lint: the lints gave %d results, want one", len(results))
	}
	encoded, err := json.Marshal(results[0].Expressions[0].Value)
	if err != nil {
		return nil, fmt.Errorf("lint: reading what the lints say: %w", err)
	}
	var all []said
	if err := json.Unmarshal(encoded, &all); err != nil {
		return nil, fmt.Errorf("lint: reading what the lints say: %w", err)
	}
	return all, nil
}

// readLimits is what the lints measure by.
func readLimits() (map[string]any, error) {
	source, err := fs.ReadFile(embedded, "rules/limits.yaml")
	if err != nil {
		return nil, fmt.Errorf("lint: reading the limits: %w", err)
	}
	var limits map[string]any
	if err := util.Unmarshal(source, &limits); err != nil {
		return nil, fmt.Errorf("lint: reading the limits: %w", err)
	}
	return limits, nil
}
