package packtest

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteText writes the result for a person: what does not hold with the rules behind it, what nothing reaches, and the counts.
func (r Result) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, problem := range r.Problems {
		fmt.Fprintf(&b, "PROBLEM  %s\n\n", indented(problem))
	}
	for _, failure := range r.Tests.Failures {
		failure.write(&b)
	}
	for _, failure := range r.Scenarios.Failures {
		failure.write(&b)
	}
	r.Coverage.write(&b)
	r.writeCounts(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n         ") }

func (f TestFailure) write(b *strings.Builder) {
	fmt.Fprintf(b, "FAILED   %s: Rego test %s: %s\n", f.At, strings.TrimPrefix(f.Test, "data."), indented(f.Why))
	if f.Expression != "" {
		fmt.Fprintf(b, "  does not hold  %s\n", f.Expression)
	}
	b.WriteString("\n")
}

func (f Failure) write(b *strings.Builder) {
	fmt.Fprintf(b, "FAILED   %s: %s\n", f.File, f.Expectation)
	fmt.Fprintf(b, "  scenario  %s\n  expected  %s\n  decided   %s\n", f.Scenario, f.Want, f.Got)
	if f.Error != "" {
		fmt.Fprintf(b, "  error     %s\n", f.Error)
	}
	if len(f.Rules) > 0 {
		b.WriteString("  rules that fired, the strictest first (> won):\n")
	}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, rule := range f.Rules {
		mark := " "
		if rule.Won {
			mark = ">"
		}
		effect := string(rule.Effect)
		if len(rule.Masks) > 0 {
			effect += " " + strings.Join(rule.Masks, ",")
		}
		fmt.Fprintf(table, "  %s %s\t%s\t%s\t%s\t%s\n", mark, effect, rule.Rule, rule.Reason, rule.places(), rule.Text)
	}
	_ = table.Flush() // a Builder takes everything
	b.WriteString("\n")
}

func (f Fired) places() string {
	places := make([]string, 0, len(f.At))
	for _, at := range f.At {
		places = append(places, at.String())
	}
	return cmp.Or(strings.Join(places, " "), "-")
}

// write names the lines that nothing runs, rule by rule.
func (c Coverage) write(b *strings.Builder) {
	if c.Covered == c.Lines {
		return
	}
	b.WriteString("No test and no scenario runs:\n")
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, rule := range c.Rules {
		if len(rule.Missed) > 0 {
			fmt.Fprintf(table, "  %s:%s\t%s\n", rule.File, rule.missed(), rule.Rule)
		}
	}
	_ = table.Flush() // a Builder takes everything
	b.WriteString("\n")
}

func (c RuleCoverage) missed() string {
	spans := make([]string, 0, len(c.Missed))
	for _, span := range c.Missed {
		lines := strconv.Itoa(span.From)
		if span.To > span.From {
			lines += "-" + strconv.Itoa(span.To)
		}
		spans = append(spans, lines)
	}
	return strings.Join(spans, ",")
}

func (r Result) writeCounts(b *strings.Builder) {
	if r.Manifest.Name != "" {
		fmt.Fprintf(b, "Pack %s %s of hub %s, revision %s\n", r.Manifest.Name, r.Manifest.Version, r.Manifest.Hub, r.Revision)
	}
	fmt.Fprintf(b, "Rego tests: %d of %d hold\n", r.Tests.Hold, r.Tests.Total)
	if r.Scenarios.Total > 0 {
		fmt.Fprintf(b, "Scenarios:  %d of %d expectations hold, in %d cases\n", r.Scenarios.Hold, r.Scenarios.Total, r.Scenarios.Cases)
	}
	if r.Coverage.Lines > 0 {
		fmt.Fprintf(b, "Coverage:   %d of %d lines of rules are run\n", r.Coverage.Covered, r.Coverage.Lines)
	}
	verdict := "Everything holds."
	if !r.OK() {
		verdict = "Not everything holds."
	}
	fmt.Fprintln(b, verdict)
}
