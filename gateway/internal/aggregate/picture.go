// Package aggregate puts what was released into one picture: a chronology across organisations, the household, the analysis
// categories of Signs of Safety, what organisations disagree about, and what was held back and why. It stands between the release
// decisions and the reader. It sees only what policy has released to this reader, refuses to set anything about a protected person
// beside anything else, and keeps no more than one page of records, however long the answers are. It is pure.
package aggregate

import (
	"log/slog"

	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Subject is one person of the episode, as the household view needs them.
type Subject struct {
	ID             string
	Role           string
	LivesWithIndex bool
	// Protected is true where the whereabouts must not become known.
	Protected bool
}

// Position says where a record stands in the request's sequence of chunks; it names a place in the picture without saying anything
// about the record.
type Position struct {
	Seq   int64
	Index int
}

// Visible is a record as this reader may see it now.
type Visible struct {
	At Position
	request.Released
}

// LogValue keeps the record out of logs.
func (v Visible) LogValue() slog.Value { return slog.Int64Value(v.At.Seq) }

// Entry is one record of the chronology.
type Entry struct {
	Visible
	// Opinion, as against fact: it is always shown as such (domain.md 4.4).
	Opinion bool
}

// Member is a person of the episode with what organisations hold about who they are.
type Member struct {
	Subject
	// Attributes are empty for a protected person.
	Attributes []Attribute
}

// LogValue keeps the attributes out of logs.
func (m Member) LogValue() slog.Value { return slog.StringValue(m.ID) }

// Attribute is one organisation's value of one attribute of a person.
type Attribute struct {
	Name         string // date_of_birth, address, household
	Value        string
	Organisation string
}

// LogValue keeps the value out of logs.
func (a Attribute) LogValue() slog.Value { return slog.StringValue(a.Name) }

// Sign is a released field set out under its analysis category.
type Sign struct {
	Category     string // harm, danger_statements, …, scaling
	Text         string
	Organisation string
	Subject      string
	EventDate    string
	Opinion      bool
	// Ref is the record it comes from.
	Ref string
	// JudgedBy says, for scaling, whose judgement it is: there is one for each person who judged, and never a mean.
	JudgedBy string
}

// LogValue keeps the text out of logs.
func (s Sign) LogValue() slog.Value { return slog.StringValue(s.Category) }

// Conflict is one attribute of one person on which organisations differ.
type Conflict struct {
	Subject   string
	Attribute string
	Values    []Attribute
}

// Held is something that exists, or may exist, and is not shown.
type Held struct {
	Organisation string
	Subject      string
	// Category is empty where naming it would tell too much.
	Category string
	Effect   policy.Effect
	// Reasons may all be told.
	Reasons []policy.Reason
	// Desk is whom to ring; empty for a category that was not asked for.
	Desk string
	// DecidedBy says who decides, for a review.
	DecidedBy string
}

// Picture is everything that one reader may see of one request, put together. Chronology and Signs are those of one page; Household
// and Conflicts, which look across all records, stand on the first page.
type Picture struct {
	Answers    []request.Answer
	Chronology []Entry
	Signs      []Sign
	Household  []Member
	Conflicts  []Conflict
	Held       []Held
	// Sources are the records, beyond the page's own, of which a value stands in the household.
	Sources []record.Header
	// Next is where the next page begins after; its zero value is the end.
	Next Position
}

// LogValue tells how much there was, not what.
func (p Picture) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("answers", len(p.Answers)), slog.Int("records", len(p.Chronology)))
}
