package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What text and page share: the sentences and sums that a person reads.

// Verdict is what the whole report comes to, in a sentence, and in another what it would newly tell.
func (r Report) Verdict() string {
	if len(r.Tells) == 0 {
		return r.decided()
	}
	return r.decided() + " The draft WIDENS what people may know: " + r.told() + "."
}

// told lists what would newly be told, as far as a sentence can.
func (r Report) told() string {
	var said []string
	for _, tell := range r.Tells[:min(len(r.Tells), toldInSentence)] {
		said = append(said, tell.words())
	}
	if more := len(r.Tells) - toldInSentence; more > 0 {
		said = append(said, fmt.Sprintf("and %s more", number(int64(more))))
	}
	return strings.Join(said, "; ")
}

const toldInSentence = 10

func (r Report) decided() string {
	wider, tighter := r.Wider(), r.Tighter()
	switch {
	case r.same():
		return "Nothing would change."
	case wider == 0 && tighter == 0:
		return "Nothing would be released, asked or held back otherwise; reasons, gates or obligations change."
	case wider == 0:
		return fmt.Sprintf("The draft only tightens: %s would be held back, asked for no longer, or stopped.", r.moved(Tighter))
	case tighter == 0:
		return fmt.Sprintf("The draft WIDENS: %s would let more through than now.", r.moved(Wider))
	}
	return fmt.Sprintf("The draft WIDENS: %s would let more through than now. It also tightens %s.", r.moved(Wider), r.moved(Tighter))
}

// moved counts in words: what is on record apart from what was made up, where the report is of both.
func (r Report) moved(direction Direction) string {
	lived, madeUp := r.counts(direction)
	both := len(r.Agencies) > 0
	for _, run := range r.Runs {
		both = both || run.Kind.lived()
	}
	switch {
	case madeUp == 0:
		return decisions(lived)
	case !both:
		return decisions(madeUp)
	}
	return fmt.Sprintf("%s on record and %s made up", decisions(lived), number(madeUp))
}

func decisions(n int64) string {
	if n == 1 {
		return "1 decision"
	}
	return number(n) + " decisions"
}

// number writes 20000 as 20,000.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && d != '-' && digits[i-1] != '-' && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Over is what a run was over.
func (o Outcome) Over() string {
	return map[Kind]string{
		History: "The hub's recorded decisions", Scenarios: "The pack's scenarios", City: "The made-up city", Combinations: "Every combination of a fixed grid",
		Journal: "The agency's own record of its decisions",
	}[o.Kind]
}

// Scope is how much was decided again, and what could not be.
func (o Outcome) Scope() string {
	text := fmt.Sprintf("%s records with %s were decided again.", number(o.Records-o.Erased-o.Unreadable), decisions(o.Decisions))
	if o.Kind == History && o.Anew > 0 {
		text += fmt.Sprintf(" %s of them were decided by another policy than the one in force, and are compared with what the one in force would have decided.", number(o.Anew))
	}
	if o.Erased > 0 {
		text += fmt.Sprintf(" %s more are erased and can be decided no longer.", number(o.Erased))
	}
	if o.Unreadable > 0 {
		text += fmt.Sprintf(" %s more could not be read; mashctl policy replay says which.", number(o.Unreadable))
	}
	if o.Errors > 0 {
		text += fmt.Sprintf(" ON %s OF THEM THE DRAFT FAILS: it gives no usable answer, and nothing is shared.", number(o.Errors))
	}
	return text
}

// Trust is whether a figure is exact, in a word.
func (f Figure) Trust() string {
	if f.Exact {
		return "exact"
	}
	return "not whole"
}

// In words.

// Words are what kind of change it is.
func (w What) Words() string {
	return map[What]string{
		Released: "record of an answer", Read: "record read again", AskMade: "newly asked for", AskDropped: "no longer asked for",
		AskLimits: "asked for, with other limits", AskHeld: "not asked for, held otherwise",
	}[w]
}

// Moved is from what to what.
func (c Change) Moved() string {
	switch {
	case c.Masks != "":
		return fmt.Sprintf("%s, %s classes masked", c.Was, c.Masks)
	case c.Was == c.Now && c.Direction == Wider:
		return string(c.Was) + ", of more"
	case c.Was == c.Now:
		return string(c.Was) + ", of less"
	}
	return fmt.Sprintf("%s to %s", c.Was, c.Now)
}

// Sum is what changes for one organisation, category or basis.
type Sum struct {
	Of             string
	Wider, Tighter int64
}

// By sums the changes by organisation, category or basis, the most changed first.
func (o Outcome) By(what string) []Sum {
	sums := map[string]*Sum{}
	for _, row := range o.Changes {
		of := map[string]string{"organisation": row.Organisation, "category": row.Category, "basis": row.Basis}[what]
		sum := at(sums, of, Sum{Of: of})
		if row.Direction == Wider {
			sum.Wider += row.Count
		} else {
			sum.Tighter += row.Count
		}
	}
	all := make([]Sum, 0, len(sums))
	for _, sum := range sums {
		all = append(all, *sum)
	}
	slices.SortFunc(all, func(a, b Sum) int {
		return cmp.Or(cmp.Compare(b.Wider+b.Tighter, a.Wider+a.Tighter), cmp.Compare(a.Of, b.Of))
	})
	return all
}

// Told says whether agencies would be told more or less, in a sentence; empty where not.
func (q Requests) Told() string {
	var said []string
	if q.ToldMore > 0 {
		said = append(said, fmt.Sprintf("in %s agencies would be told the narrative of concern and are not now", requests(q.ToldMore)))
	}
	if q.ToldLess > 0 {
		said = append(said, fmt.Sprintf("in %s agencies would no longer be told the narrative of concern", requests(q.ToldLess)))
	}
	if len(said) == 0 {
		return ""
	}
	text := strings.Join(said, "; ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

func requests(n int64) string {
	if n == 1 {
		return "1 request"
	}
	return number(n) + " requests"
}

// Title is the title of a code, or the code where it has none.
func (r Report) Title(code string) string { return cmp.Or(r.Words[code], code) }

// Heading says what an example is an example of.
func (e Example) Heading() string {
	if e.Gate != "" {
		verb := map[Direction]string{Tighter: "newly stands", Wider: "no longer stands"}[e.Change.Direction]
		return fmt.Sprintf("The gate %s %s", e.Gate, verb)
	}
	return fmt.Sprintf("%s, %s, %s: %s", e.Change.Category, e.Change.Organisation, e.Change.What.Words(), e.Change.Moved())
}

// Alikes says how many there are of it.
func (e Example) Alikes() string {
	if e.Alike == 1 {
		return "the only one of its kind"
	}
	return fmt.Sprintf("one of %s of its kind", number(e.Alike))
}

// Moved is from what to what.
func (c CategoryOf) Moved() string { return fmt.Sprintf("%s to %s", c.Was, c.Now) }

// Direction is whether the agency would release more or less.
func (c CategoryOf) Direction() Direction {
	if moved := between(c.Was, c.Now, nil, nil); moved.wider {
		return Wider
	}
	return Tighter
}

// Place is where the example was met: the episode, or the request where the records are an agency's, which is told of no episode.
func (e Example) Place() string {
	if e.Episode == "" {
		return "request " + e.Request
	}
	return e.Episode
}
