package agencies

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Limits of one leg. Over them it ends as too_large, never cut (design.md section 1).
const (
	maxRecords    = 5000
	maxBytes      = 64 << 20
	maxChunkBytes = 1 << 20
)

// Codes that end the answer about a subject in STATUS_ERROR.
const (
	tooLarge        = "too_large"
	malformedRecord = "malformed_record"
	policyError     = "policy_error"
)

// withheldByOriginator is what a requester may be told of a refusal that gives no reason of its own (domain.md 4.2).
const withheldByOriginator = "withheld_by_originator"

// maxHeldBack is how many reasons the wire carries.
const maxHeldBack = 20

var (
	errNoConstraint = errors.New("it allows nothing")
	recordRef       = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// answer is what is said about one subject.
type answer struct {
	subject string
	// records are those that leave: with fields, or as stubs.
	records []*agencyv1.Record
	// held are the reasons that may be told for records that stay.
	held []string
	// objected is set when the organisation's own policy held something back whole; objections are its reasons that may be told, and
	// silent means that one of them may not be.
	objected   bool
	objections []string
	silent     bool
	// failure is the code of an error; there are no records then.
	failure string
}

func failedAnswer(subject, code string) *answer { return &answer{subject: subject, failure: code} }

// refused: nothing leaves, and it is the organisation's own policy that kept it. Where its reason is itself the leak, it is not told
// apart from having nothing.
func (a *answer) refused() bool { return a.objected && !a.silent && len(a.records) == 0 }

func (a *answer) outcome() string {
	switch {
	case a.failure != "":
		return "error"
	case a.refused():
		return "refused"
	}
	return "done"
}

// contents counts the records that leave with fields.
func (a *answer) contents() int {
	n := 0
	for _, r := range a.records {
		if r.GetStub() == "" {
			n++
		}
	}
	return n
}

func (a *answer) completion() *agencyv1.Completion {
	c := &agencyv1.Completion{Subject: a.subject, Status: agencyv1.Completion_STATUS_DONE}
	if a.failure != "" {
		c.Status, c.Reason = agencyv1.Completion_STATUS_ERROR, a.failure
		return c
	}
	held := append(slices.Clone(a.held), a.objections...)
	slices.Sort(held)
	held = slices.Compact(held)
	c.HeldBack = held[:min(len(held), maxHeldBack)]
	if a.refused() {
		c.Status, c.Reason = agencyv1.Completion_STATUS_REFUSED, withheldByOriginator
		if slices.Sort(a.objections); len(a.objections) > 0 && tellableCode.MatchString(a.objections[0]) {
			c.Reason = a.objections[0]
		}
	}
	return c
}

// leg is one Collect at work.
type leg struct {
	agency  *Agency
	request policy.AgencyRequest
	// refs are the record references seen, to refuse one that stands for two records.
	refs           map[string]bool
	records, bytes int
	// objections are the decisions of the organisation's own policy by what it read, so that records alike are decided once.
	objections map[string]policy.Decision
	// tally is what goes into the journal.
	tally tally
}

func (l *leg) tooLarge() bool { return l.records > maxRecords || l.bytes > maxBytes }

// answer decides every record about one subject. An error, of the source or in a record, ends the answer with nothing of it sent: a
// part would read as the whole.
func (l *leg) answer(ctx context.Context, o order) *answer {
	result := &answer{subject: o.subject.ID}
	records, bytes := l.records, l.bytes
	for _, constraint := range o.constraints {
		if failure := l.category(ctx, o, constraint, result); failure != "" {
			l.records, l.bytes = records, bytes
			return failedAnswer(o.subject.ID, failure)
		}
		if l.tooLarge() {
			break
		}
	}
	return result
}

// category decides the records of one category. It returns the code of a failure, or "", and stops when the leg is too large.
func (l *leg) category(ctx context.Context, o order, c policy.Constraint, into *answer) string {
	for r, err := range l.agency.config.Source.Records(ctx, o.ref, c.Category) {
		if err == nil {
			err = ctx.Err() // a source that never ends may not notice
		}
		if err != nil {
			return l.agency.failed(ctx, "reading records", err)
		}
		if failure := l.take(ctx, o, c, r, into); failure != "" {
			l.agency.config.Log.ErrorContext(ctx, "a record cannot be decided",
				"organisation", l.agency.config.Organisation, "category", c.Category, "code", failure)
			return failure
		}
		if l.tooLarge() {
			return ""
		}
	}
	return ""
}

// take decides one record and keeps what may leave of it. It returns the code of a failure, or "".
func (l *leg) take(ctx context.Context, o order, c policy.Constraint, r record.Record, into *answer) string {
	if !l.wellFormed(r, c.Category) {
		return malformedRecord
	}
	l.refs[r.Header.Ref] = true
	r.Header.Organisation, r.Header.Subject = l.agency.config.Organisation, o.subject.ID
	r.Header = r.Header.Normalised()
	ruled, err := l.decide(ctx, o, c, r.Header)
	if err != nil {
		return policyError
	}
	verdict, own := ruled.warrant, ruled.own.Verdict()
	if policy.Stricter(verdict.Effect, policy.Permit) == policy.Deny { // also an effect that nobody knows
		into.held = append(into.held, verdict.Tell...)
		return ""
	}
	if ruled.own.Err != "" {
		return policyError
	}
	switch verdict = verdict.And(own); {
	case verdict.Effect.Content():
		masked, _ := l.agency.catalogue.Mask(r, verdict.Masks, c.HidesField)
		masked.Fields = append(masked.Fields, marks(r, verdict.Masks, l.agency.catalogue, c.HidesField)...)
		l.keep(into, recordOf(masked))
	case verdict.Effect == policy.Review || verdict.Effect == policy.Exist:
		l.keep(into, stubOf(r.Header, string(verdict.Effect), verdict.Tell))
	default:
		into.objected, into.silent = true, into.silent || own.Silent
		into.objections = append(into.objections, own.Tell...)
	}
	return ""
}

// marks stand for the fields that go for a label of their own: name and labels without the value, so that nobody takes what is left
// for the whole record. What a mask of the record takes out needs none: the mask is part of the decision.
func marks(r record.Record, masks []string, catalogue *record.Catalogue, hides func(label string) bool) []record.Field {
	var marks []record.Field
	for _, field := range r.Fields {
		spec, listed := catalogue.Categories[r.Header.Category].Field(field.Name)
		if listed && !slices.Contains(masks, spec.Class) && slices.ContainsFunc(field.Labels, hides) {
			marks = append(marks, record.Field{Name: field.Name, Labels: field.Labels})
		}
	}
	return marks
}

// wellFormed holds a record to the catalogue and to the question: the category asked for, no organisation or subject of the source's
// own, a reference that is one and that no other record has.
func (l *leg) wellFormed(r record.Record, category string) bool {
	h := r.Header
	return h.Category == category && h.Organisation == "" && h.Subject == "" && recordRef.MatchString(h.Ref) && !l.refs[h.Ref] &&
		l.agency.catalogue.Check(r) == nil
}

func (l *leg) keep(into *answer, r *agencyv1.Record) {
	l.records++
	l.bytes += proto.Size(r)
	into.records = append(into.records, r)
}

// objection is what the organisation's own policy says to a record.
func (l *leg) objection(ctx context.Context, o order, h record.Header) (policy.Decision, error) {
	h.Ref = ""
	key, err := json.Marshal(h)
	if err != nil {
		return policy.Decision{}, err
	}
	if known, ok := l.objections[string(key)]; ok {
		return known, nil
	}
	decisions, err := l.agency.config.Policy.Decide(ctx, []policy.AgencyHeader{{
		Request: l.request, Header: h, About: policy.AgencyAbout{Role: o.subject.Role, Child: o.subject.Child},
	}})
	if err != nil {
		return policy.Decision{}, err
	}
	if len(decisions) != 1 {
		return policy.Decision{}, errors.New("agencies: the policy gave no decision, or several")
	}
	l.objections[string(key)] = decisions[0]
	return decisions[0], nil
}
