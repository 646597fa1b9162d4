package packtest

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
)

// Coverage is which lines of the rules tests and scenarios reach between them.
type Coverage struct {
	Lines   int            `json:"lines"`
	Covered int            `json:"covered"`
	Rules   []RuleCoverage `json:"rules"`
}

// RuleCoverage is the coverage of one rule.
type RuleCoverage struct {
	// Rule is its package and name ("release.contributions"): the line tells those of one name apart.
	Rule    string `json:"rule"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Lines   int    `json:"lines"`
	Covered int    `json:"covered"`
	Missed  []Span `json:"missed"`
}

// Span is a run of lines, both ends in it.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

func coverageOf(report cover.Report, modules map[string]*ast.Module) Coverage {
	total := Coverage{Rules: []RuleCoverage{}}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		for _, rule := range modules[file].Rules {
			of := ruleCoverage(report.Files[file], file, rule)
			total.Lines += of.Lines
			total.Covered += of.Covered
			total.Rules = append(total.Rules, of)
		}
	}
	return total
}

// ruleCoverage counts the lines of a rule that can be run at all: its head and the expressions of its bodies.
func ruleCoverage(report *cover.FileReport, file string, rule *ast.Rule) RuleCoverage {
	at := rule.Loc()
	name := strings.TrimPrefix(rule.Module.Package.Path.Extend(rule.Head.Ref().GroundPrefix()).String(), "data.mashgate.")
	of := RuleCoverage{Rule: name, File: file, Line: at.Row, Missed: []Span{}}
	for row := at.Row; row <= at.Row+strings.Count(string(at.Text), "\n"); row++ {
		switch {
		case report.IsNotCovered(row):
			of.Lines++
			of.miss(row)
		case report.IsCovered(row):
			of.Lines++
			of.Covered++
		}
	}
	return of
}

func (c *RuleCoverage) miss(row int) {
	if last := len(c.Missed) - 1; last >= 0 && c.Missed[last].To == row-1 {
		c.Missed[last].To = row
		return
	}
	c.Missed = append(c.Missed, Span{From: row, To: row})
}
