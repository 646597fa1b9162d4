package lint

import (
	"cmp"
	"slices"
)

// Severity says what a finding means for the pack.
type Severity string

// An error stops the pack; a warning is for a person to weigh.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong, where it stands and how to put it right.
type Finding struct {
	// Rule is the id of the lint.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// File is the file's name in the pack; Base is true where it stands in the pack that an overlay lies over. File is empty for what
	// is wrong with the pack as a whole.
	File string `json:"file"`
	Base bool   `json:"base,omitempty"`
	// Line counts from 1; 0 where there is none.
	Line    int    `json:"line"`
	Message string `json:"message"`
	WayOut  string `json:"way_out"`
	// Doc is where the lint is described.
	Doc string `json:"doc"`
}

// Report is everything that a check found, in the order of files and lines.
type Report struct {
	Pack     string    `json:"pack"`
	Version  string    `json:"version"`
	Kind     string    `json:"kind"`
	Findings []Finding `json:"findings"`
	// NotChecked says, in words, which lints could not be asked, because the pack is too broken for them.
	NotChecked []string `json:"not_checked"`
	// lints are those of the check, for SARIF.
	lints []Lint
}

// OK is true where nothing stops the pack; with strict, where nothing was found at all.
func (r Report) OK(strict bool) bool {
	return len(r.NotChecked) == 0 && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return strict || f.Severity == Error })
}

// Count is how many findings there are of a severity.
func (r Report) Count(severity Severity) int {
	n := 0
	for _, finding := range r.Findings {
		if finding.Severity == severity {
			n++
		}
	}
	return n
}

func sortFindings(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(fromBase(a), fromBase(b)), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings)
}

func fromBase(f Finding) int {
	if f.Base {
		return 1
	}
	return 0
}
