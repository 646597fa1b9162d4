package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// WriteText writes the report for people: by file, with the way out beneath each finding.
func (r Report) WriteText(w io.Writer) error {
	out := &printer{w: w}
	for i, finding := range r.Findings {
		if i == 0 || finding.File != r.Findings[i-1].File || finding.Base != r.Findings[i-1].Base {
			out.printf("%s\n", finding.heading())
		}
		out.printf("  %5s  %-7s  %s  [%s]\n", lineText(finding.Line), finding.Severity, finding.Message, finding.Rule)
		out.printf("                  Way out: %s\n", finding.WayOut)
	}
	for _, gap := range r.NotChecked {
		out.printf("Not checked: %s\n", gap)
	}
	out.printf("%s\n", r.Summary())
	return out.err
}

// Summary is the report in one line.
func (r Report) Summary() string {
	name := strings.TrimSpace(r.Pack + " " + r.Version)
	if name == "" {
		name = "The pack"
	}
	if len(r.Findings) == 0 && len(r.NotChecked) == 0 {
		return name + ": nothing found."
	}
	return fmt.Sprintf("%s: %s, %s.", name, count(r.Count(Error), "error"), count(r.Count(Warning), "warning"))
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (f Finding) heading() string {
	switch {
	case f.File == "":
		return "The pack as a whole"
	case f.Base:
		return f.File + " of the default pack"
	default:
		return f.File
	}
}

func lineText(line int) string {
	if line == 0 {
		return "-"
	}
	return strconv.Itoa(line)
}

// printer keeps the first error of many writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// WriteListJSON writes what lints there are, for programs.
func WriteListJSON(w io.Writer, lints []Lint) error { return writeJSON(w, lints) }

// WriteList writes what lints there are, for people.
func WriteList(w io.Writer, lints []Lint) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	out := &printer{w: table}
	for _, lint := range lints {
		out.printf("%s\t%s\t%s\n", lint.ID, lint.Severity, lint.Title)
		out.printf("\t\tWhy: %s\n", lint.Why)
		out.printf("\t\tWay out: %s\n", lint.WayOut)
	}
	if out.err != nil {
		return out.err
	}
	return table.Flush()
}
