package simulate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
)

// Report is what a draft would have done. It holds no moment and no duration: the same records and revisions give the same report,
// byte for byte, so that its digest can be approved.
type Report struct {
	Against string    `json:"against"`
	Draft   string    `json:"draft"`
	Runs    []Outcome `json:"runs"`
	// Agencies are counts that agencies made over their own records; exact, and theirs.
	Agencies []Counts `json:"agencies"`
	// Tells is what people may newly know or do under the draft, whatever is decided about any record.
	Tells []Tell `json:"tells"`
	// Words are the titles and sentences of the codes in it, by code.
	Words map[string]string `json:"words"`
}

// Outcome is one run's part of a report.
type Outcome struct {
	Kind       Kind     `json:"kind"`
	Records    int64    `json:"records"`
	Decisions  int64    `json:"decisions"`
	Erased     int64    `json:"erased"`
	Anew       int64    `json:"anew"`
	Errors     int64    `json:"errors"`
	Unreadable int64    `json:"unreadable"`
	Requests   Requests `json:"requests"`
	Changes    []Row    `json:"changes"`
	Gates      []Gate   `json:"gates"`
	// Obligations are of requests.
	Obligations []Duty `json:"obligations"`
	// OtherReasons are records that come out the same for other reasons, by category.
	OtherReasons []Category `json:"other_reasons"`
	// Episodes are those most changed. Where EpisodesExact is false, each count is a lower bound and an episode may be missing.
	Episodes      []Episode `json:"episodes"`
	EpisodesExact bool      `json:"episodes_exact"`
	Examples      []Example `json:"examples"`
	Figures       []Figure  `json:"figures"`
}

// Category is a category with a count.
type Category struct {
	Category string `json:"category"`
	Count    int64  `json:"count"`
}

// Example is one decision explained under both revisions: the first of its kind.
type Example struct {
	Change Change `json:"change"`
	// Gate is set where a gate is what changed.
	Gate    string `json:"gate,omitempty"`
	Episode string `json:"episode"`
	Request string `json:"request"`
	// Alike is how many decisions changed in the same way.
	Alike int64               `json:"alike"`
	Was   explain.Explanation `json:"was"`
	Now   explain.Explanation `json:"now"`
}

const (
	episodesShown = 20
	examplesShown = 8
)

func (r *run) report(ctx context.Context) (Report, error) {
	s := r.state
	out := Outcome{
		Kind: s.Kind, Records: s.Records, Decisions: s.Decisions, Erased: s.Erased, Anew: s.Anew, Errors: s.Errors, Unreadable: s.Unreadable,
		Requests: s.Requests, Changes: rows(s.Changes), Gates: inOrder(s.Gates), Obligations: inOrder(s.Obligations),
		OtherReasons: []Category{}, Episodes: s.Episodes.most(episodesShown), EpisodesExact: !s.Episodes.full, Examples: []Example{},
	}
	for _, code := range slices.Sorted(maps.Keys(s.Rules)) {
		out.OtherReasons = append(out.OtherReasons, Category{Category: code, Count: s.Rules[code]})
	}
	agencies := append([]Counts{}, r.Agencies...)
	slices.SortFunc(agencies, func(a, b Counts) int { return cmp.Compare(a.Organisation, b.Organisation) })
	out.Figures = figures(out, agencies)
	var err error
	out.Examples, err = r.examples(ctx)
	return Report{
		Against: s.Against, Draft: s.Draft, Runs: []Outcome{out}, Agencies: agencies,
		Tells: tells(r.Against.Vocabulary(), r.Draft.Vocabulary()), Words: r.words(out, agencies),
	}, err
}

// words are the draft's titles of categories and bases and its sentences for gates and obligations, of those that the report names.
func (r *run) words(o Outcome, agencies []Counts) map[string]string {
	words := map[string]string{}
	for _, v := range []*policy.Vocabulary{r.Against.Vocabulary(), r.Draft.Vocabulary()} {
		add := func(code, title string) {
			if title != "" {
				words[code] = title
			}
		}
		for _, row := range o.Changes {
			add(row.Category, v.Categories[row.Category].Title)
			add(row.Basis, v.Bases[row.Basis].Title)
		}
		for _, counts := range agencies {
			for _, c := range counts.Changes {
				add(c.Category, v.Categories[c.Category].Title)
			}
		}
		for _, gate := range o.Gates {
			add(gate.Code, v.Reasons[gate.Code].Text)
		}
		for _, duty := range o.Obligations {
			add(duty.Code, v.Obligations[duty.Code].Text)
		}
	}
	return words
}

func rows(counts map[key]int64) []Row {
	all := make([]Row, 0, len(counts))
	for change, n := range counts {
		all = append(all, Row{Change: Change(change), Count: n})
	}
	slices.SortFunc(all, func(a, b Row) int { return compareChanges(a.Change, b.Change) })
	return all
}

func inOrder[T any](of map[string]*T) []T {
	all := make([]T, 0, len(of))
	for _, code := range slices.Sorted(maps.Keys(of)) {
		all = append(all, *of[code])
	}
	return all
}

// examples explains the first decisions of the commonest changes, those that widen first. What the audience may not know of is no
// example.
func (r *run) examples(ctx context.Context) ([]Example, error) {
	kinds := slices.SortedFunc(maps.Keys(r.state.Examples), func(a, b string) int {
		x, y := r.state.Examples[a], r.state.Examples[b]
		return cmp.Or(-cmp.Compare(x.Change.Direction, y.Change.Direction), cmp.Compare(y.Count, x.Count), cmp.Compare(a, b))
	})
	shown := []Example{}
	with := explainers{audience: r.Audience, opened: map[string]*explain.Explainer{}}
	for _, kind := range kinds {
		c := r.state.Examples[kind]
		example := Example{Change: c.Change, Gate: c.Gate, Episode: c.Episode, Request: c.Request, Alike: c.Count}
		var err error
		if example.Was, err = with.explain(ctx, r.Against, c); err != nil {
			return nil, err
		}
		if example.Now, err = with.explain(ctx, r.Draft, c); err != nil {
			return nil, err
		}
		if untold(c, example.Was) || untold(c, example.Now) {
			continue
		}
		if r.Kind.lived() {
			example.Was.Inputs, example.Now.Inputs = undated(example.Was.Inputs), undated(example.Now.Inputs)
		}
		if shown = append(shown, example); len(shown) == examplesShown {
			break
		}
	}
	return shown, nil
}

// untold tells that an example, which names the category, would tell more than its explanation does.
func untold(c candidate, x explain.Explanation) bool {
	return x.Untold || c.Header != nil && x.Category == ""
}

// aDay is a date, also as the beginning of a moment.
var aDay = regexp.MustCompile(`"\d{4}-\d{2}-\d{2}`)

// undated leaves out of what was read in life the dates, such as that of a birth, and what a record says of itself. A report is kept with
// its draft for as long as the draft, whatever is erased of the case.
func undated(inputs []explain.Input) []explain.Input {
	return slices.DeleteFunc(inputs, func(i explain.Input) bool {
		of, ok := strings.CutPrefix(i.Path, "record.")
		own := ok && of != "category" && of != "organisation" && !strings.HasPrefix(of, "about.")
		return own || aDay.Match(i.Value)
	})
}

// explainers explain several decisions of one record without opening it anew.
type explainers struct {
	audience string
	opened   map[string]*explain.Explainer
}

func (e explainers) explain(ctx context.Context, revision *policy.Revision, c candidate) (explain.Explanation, error) {
	key := fmt.Sprint(revision.ID(), " ", c.Seq)
	explainer, known := e.opened[key]
	if !known {
		var err error
		if explainer, err = explain.Open(ctx, revision, c.Input, e.audience); err != nil {
			return explain.Explanation{}, fmt.Errorf("simulate: opening an example: %w", err)
		}
		e.opened[key] = explainer
	}
	if c.Header == nil {
		return explainer.Gates(ctx)
	}
	return explainer.Release(ctx, *c.Header)
}

// Count is how many changes in one direction were found in all runs, and told by agencies.
func (r Report) Count(direction Direction) int64 {
	lived, madeUp := r.counts(direction)
	return lived + madeUp
}

// counts tells what was decided in life from what was made up to see what a draft would do.
func (r Report) counts(direction Direction) (lived, madeUp int64) {
	for _, run := range r.Runs {
		if run.Kind.lived() {
			lived += run.count(direction)
		} else {
			madeUp += run.count(direction)
		}
	}
	for _, counts := range r.Agencies {
		for _, c := range counts.Changes {
			if slices.Contains(between(c.Was, c.Now, nil, nil).directions(), direction) {
				lived += c.Records
			}
		}
	}
	return lived, madeUp
}

func (o Outcome) count(direction Direction) int64 {
	q := o.Requests
	sum := map[Direction]int64{
		Wider: q.Opened + q.ReadsOpened + q.ToldMore, Tighter: q.Stopped + q.ReadsStopped + q.ToldLess,
	}[direction]
	for _, row := range o.Changes {
		if row.Direction == direction {
			sum += row.Count
		}
	}
	return sum
}

// Wider and Tighter are Count in either direction.
func (r Report) Wider() int64 { return r.Count(Wider) }

// Tighter counts what would be held back or not asked and is not now.
func (r Report) Tighter() int64 { return r.Count(Tighter) }

// Widens tells whether anything would be released, asked or told that is not now, in any of the runs.
func (r Report) Widens() bool { return r.Wider() > 0 || len(r.Tells) > 0 }

// Same tells whether nothing at all would change.
func (r Report) Same() bool { return len(r.Tells) == 0 && r.same() }

// same tells whether everything would be decided alike.
func (r Report) same() bool {
	return r.Wider() == 0 && r.Tighter() == 0 && !slices.ContainsFunc(r.Runs, func(o Outcome) bool {
		return len(o.Gates)+len(o.Obligations)+len(o.OtherReasons) > 0 || o.Errors > 0
	})
}

// Digest is SHA-256, in hexadecimal, of the report as JSON.
func (r Report) Digest() (string, error) {
	encoded, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("simulate: digesting the report: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:]), nil
}

// Join puts runs of the same two revisions into one report.
func Join(reports ...Report) (Report, error) {
	if len(reports) == 0 {
		return Report{}, errors.New("simulate: no report to join")
	}
	joined := Report{
		Against: reports[0].Against, Draft: reports[0].Draft, Runs: []Outcome{}, Agencies: []Counts{}, Tells: []Tell{}, Words: map[string]string{},
	}
	for _, r := range reports {
		if r.Against != joined.Against || r.Draft != joined.Draft {
			return Report{}, errors.New("simulate: joining reports about different revisions")
		}
		joined.Runs = append(joined.Runs, r.Runs...)
		joined.Agencies = append(joined.Agencies, r.Agencies...)
		for _, tell := range r.Tells {
			if !slices.Contains(joined.Tells, tell) {
				joined.Tells = append(joined.Tells, tell)
			}
		}
		maps.Copy(joined.Words, r.Words)
	}
	return joined, nil
}
