package simulate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/mashgate/mashgate/policy/explain"
)

// printer keeps the first error of many writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// table writes rows under a heading, in columns; nothing where there are none.
func (p *printer) table(heading string, rows [][]string) {
	if len(rows) == 0 || p.err != nil {
		return
	}
	p.line("\n%s", heading)
	w := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = strings.Join(strings.Fields(row[i]), " ") // a pack's own words begin no line of their own
		}
		if _, err := fmt.Fprintln(w, "  "+strings.Join(row, "\t")); p.err == nil {
			p.err = err
		}
	}
	if err := w.Flush(); p.err == nil {
		p.err = err
	}
}

// examplesInText is how many examples of a run are written out at a terminal.
const examplesInText = 2

// WriteText writes the report for a person at a terminal.
func (r Report) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.line("What draft %s would have done, beside %s, which is in force.", r.Draft, r.Against)
	p.line("%s", r.Verdict())
	for _, run := range r.Runs {
		r.writeRun(p, run)
	}
	for _, counts := range r.Agencies {
		var rows [][]string
		for _, c := range counts.Changes {
			rows = append(rows, []string{number(c.Records), string(c.Direction()), c.Category, c.Moved()})
		}
		p.table(fmt.Sprintf("Counted by %s over its own records (records)", counts.Organisation), rows)
	}
	digest, err := r.Digest()
	if err != nil {
		return err
	}
	p.line("\nDigest of this report: %s", digest)
	return p.err
}

func (r Report) writeRun(p *printer, o Outcome) {
	p.line("\n%s\n%s", strings.ToUpper(o.Over()), o.Scope())
	var rows [][]string
	for _, f := range o.Figures {
		rows = append(rows, []string{number(f.Count), f.Name, f.Trust(), f.Says})
	}
	p.table("The figures, and how far each can be trusted", rows)
	p.table("Every change, by direction, kind, basis, category and organisation", changeRows(o.Changes))
	for _, what := range []string{"organisation", "category", "basis"} {
		p.table("By "+what, r.sumRows(o.By(what)))
	}
	rows = nil
	for _, g := range o.Gates {
		rows = append(rows, []string{g.Code, "newly stands " + number(g.Stands), "no longer " + number(g.Lifted), r.Words[g.Code]})
	}
	p.table("Gates (times)", rows)
	if told := o.Requests.Told(); told != "" {
		p.line("\n%s", told)
	}
	rows = nil
	for _, d := range o.Obligations {
		rows = append(rows, []string{d.Code, "newly " + number(d.Added), "no longer " + number(d.Dropped)})
	}
	p.table("Obligations (requests)", rows)
	rows = nil
	for _, c := range o.OtherReasons {
		rows = append(rows, []string{number(c.Count), c.Category})
	}
	p.table("The same effect for other reasons (records)", rows)
	rows = nil
	for _, e := range o.Episodes {
		rows = append(rows, []string{number(e.Changes), e.Episode})
	}
	p.table(o.EpisodesHeading(), rows)
	shown := o.Examples[:min(len(o.Examples), examplesInText)]
	for _, e := range shown {
		writeExample(p, e)
	}
	if more := len(o.Examples) - len(shown); more > 0 {
		p.line("\nThe page (--html) and JSON explain %d more.", more)
	}
}

// EpisodesHeading says whether the list is exact.
func (o Outcome) EpisodesHeading() string {
	if o.EpisodesExact {
		return "The episodes most changed (changes, exact)"
	}
	return "The episodes most changed (changes, each at least; the list may lack one)"
}

func changeRows(changes []Row) [][]string {
	var rows [][]string
	for _, c := range changes {
		rows = append(rows, []string{number(c.Count), string(c.Direction), c.What.Words(), c.Basis, c.Category, c.Organisation, c.Moved()})
	}
	return rows
}

func (r Report) sumRows(sums []Sum) [][]string {
	var rows [][]string
	for _, s := range sums {
		title := ""
		if words := r.Words[s.Of]; words != "" {
			title = words
		}
		rows = append(rows, []string{s.Of, "wider " + number(s.Wider), "tighter " + number(s.Tighter), title})
	}
	return rows
}

func writeExample(p *printer, e Example) {
	p.line("\nExample: %s", e.Heading())
	p.line("  in %s, on basis %s (%s)", e.Place(), e.Change.Basis, e.Alikes())
	for _, side := range []struct {
		title string
		of    explain.Explanation
	}{{"In force", e.Was}, {"Draft", e.Now}} {
		p.line("  %s:", side.title)
		for line := range strings.Lines(side.of.Text()) {
			p.line("    %s", strings.TrimRight(line, "\n"))
		}
	}
}
